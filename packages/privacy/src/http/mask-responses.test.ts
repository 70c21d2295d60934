import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { createGzip, gunzipSync } from 'node:zlib'
import express5, { type Express, type RequestHandler } from 'express'
// @ts-expect-error -- version 4 has no types here; what is used of it is the same
import express4 from 'express4'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createView } from '../masking/view.js'
import { leaksIn, PLANTED } from '../masking/surfaces/fixtures/test-planted.js'
import { maskResponses, type MaskResponsesOptions } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

const { email, card, password } = PLANTED
const view = createView({}, { admin: { '*': 'show' }, support: { personal: 'mask', secret: 'redact' } })
const user = { id: 7, email, cardNumber: card, password, note: `call ${email}` }

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const listen = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const errors: string[] = []
const middleware = (options: Partial<MaskResponsesOptions> = {}): ReturnType<typeof maskResponses> =>
  maskResponses({
    view,
    role: ({ headers }) => {
      if (headers['x-role'] === 'throws') throw new Error('no session')
      return headers['x-role'] as string | undefined
    },
    onError: (error) => errors.push(error.message),
    ...options,
  })
const plain = (
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: Partial<MaskResponsesOptions> = {},
): Promise<string> => {
  const mask = middleware(options)
  return listen((request, response) => mask(request, response, () => handler(request, response)))
}
/** An answer byte for byte, without what `fetch` does to it. */
const raw = (
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, method }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }))
      answer.on('error', reject)
    })
    request.on('error', reject)
    request.end()
  })

const APPS: readonly (readonly [string, (route: (request: IncomingMessage, response: ServerResponse & { json: (value: unknown) => void; send: (value: unknown) => void }) => void) => Promise<string>])[] = (
  [['5', express5], ['4', express4 as typeof express5]] as const
).map(([version, expressApp]) => [
  version,
  async (route) => {
    const app: Express = expressApp()
    app.use(middleware({ headers: ['X-User-Email'] }) as unknown as RequestHandler)
    app.use(route as unknown as RequestHandler)
    return listen(app)
  },
]) // prettier-ignore

describe.each(APPS)('Express %s', (_version, start) => {
  it('answers each role what it may see, and an unknown one the least', async () => {
    const url = await start((_request, response) => response.json(user))
    expect(await (await fetch(url, { headers: { 'x-role': 'admin' } })).json()).toEqual(user)
    const support = (await (await fetch(url, { headers: { 'x-role': 'support' } })).json()) as typeof user
    expect(support).toMatchObject({ id: 7, cardNumber: '****1111' })
    expect(leaksIn(JSON.stringify(support))).toEqual([])
    for (const role of ['throws', 'other', 'constructor']) {
      const least = await (await fetch(url, { headers: { 'x-role': role } })).text()
      expect(leaksIn(least)).toEqual([])
      expect(least).not.toContain('1111')
    }
  })

  it('keeps length, tag, 304 and HEAD right, for the masked body only', async () => {
    const url = await start((_request, response) => response.json(user))
    const first = await raw(url)
    expect(Number(first.headers['content-length'])).toBe(first.body.length)
    const etag = first.headers.etag ?? ''
    expect(etag).toMatch(/^W\/"/)
    const again = await raw(url, { 'if-none-match': `"other", ${etag}` })
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag])
    const shown = await raw(url, { 'x-role': 'admin' })
    expect(shown.headers.etag).not.toBe(etag)
    // the tag of the unmasked body must not tell whether a guess of it is right
    expect((await raw(url, { 'if-none-match': shown.headers.etag ?? '' })).status).toBe(200)
    const head = await raw(url, {}, 'HEAD')
    expect([head.status, head.body.length, head.headers['content-length'], head.headers.etag]).toEqual([200, 0, undefined, undefined])
    expect(first.headers.vary).toContain('Authorization, Cookie')
  })

  it('masks text, listed headers and errors of the framework; leaves redirects, 204 and binary bodies', async () => {
    const url = await start((request, response) => {
      response.setHeader('X-User-Email', email)
      response.setHeader('X-Other', 'kept')
      switch (request.url ?? '') {
        case '/text':
          response.send(`write to ${email}`)
          return
        case '/empty':
          response.statusCode = 204
          response.end()
          return
        case '/binary':
          response.setHeader('content-type', 'image/png')
          response.send(Buffer.from([0, 255, 64, 128]))
          return
        default:
          throw new Error(`cannot find ${email} with password=${password}`)
      }
    })
    const text = await fetch(`${url}/text`)
    expect(await text.text()).toMatch(/^write to \[/)
    expect([text.headers.get('x-user-email')?.includes('planted'), text.headers.get('x-other')]).toEqual([false, 'kept'])
    const empty = await raw(`${url}/empty`)
    expect([empty.status, empty.body.length]).toEqual([204, 0])
    expect([...(await raw(`${url}/binary`)).body]).toEqual([0, 255, 64, 128])
    const failed = await raw(`${url}/fails`)
    expect(failed.status).toBe(500)
    expect(leaksIn(failed.body.toString())).toEqual([])
  })

  it('masks a file that is sent as a stream', async () => {
    const url = await start((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.setHeader('content-length', JSON.stringify([user, user]).length)
      response.setHeader('etag', '"of the unmasked one"')
      Readable.from(JSON.stringify([user, user]).match(/.{1,7}/gs) ?? []).pipe(response)
    })
    const answer = await raw(url, { 'x-role': 'support' })
    expect(leaksIn(answer.body.toString())).toEqual([])
    expect(JSON.parse(answer.body.toString())).toHaveLength(2)
    expect([answer.headers['content-length'], answer.headers.etag, answer.headers['transfer-encoding']]).toEqual([
      undefined,
      undefined,
      'chunked',
    ])
  })
})

describe('node:http', () => {
  it('gives the same body for any way of writing it', async () => {
    const url = await plain((request, response) => {
      const cuts = JSON.parse(decodeURIComponent(request.url?.slice(1) ?? '')) as number[]
      response.writeHead(200, 'Fine', ['Content-Type', 'application/json', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
      const body = Buffer.from(JSON.stringify({ ...user, é: `\u{1f511} ${email}` }))
      let from = 0
      for (const cut of cuts.toSorted((a, b) => a - b)) {
        response.write(body.subarray(from, cut))
        from = Math.max(from, cut)
      }
      response.end(body.subarray(from))
    })
    const whole = await raw(`${url}/[]`)
    expect(whole.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(leaksIn(whole.body.toString())).toEqual([])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(180), { maxLength: 6 }), async (cuts) => {
        expect((await raw(`${url}/${encodeURIComponent(JSON.stringify(cuts))}`)).body.toString()).toBe(whole.body.toString())
      }),
      { numRuns: 40 },
    )
  })

  it('masks text in every form: cut between pieces, without a type, in ISO 8859-1, HTML and XML', async () => {
    for (const type of ['text/plain', 'text/html; charset=utf-8', 'application/xml', '', 'text/plain; charset=ISO-8859-1']) {
      const url = await plain((_request, response) => {
        if (type !== '') response.setHeader('content-type', type)
        const body = Buffer.from(`gr\u00fc\u00dfe ${email} und ${card}\n`, type.includes('8859') ? 'latin1' : 'utf8')
        for (let i = 0; i < body.length; i += 3) response.write(body.subarray(i, i + 3))
        response.end()
      })
      const body = (await raw(url)).body.toString(type.includes('8859') ? 'latin1' : 'utf8')
      expect(leaksIn(body)).toEqual([])
      expect(body).toMatch(/^gr\u00fc\u00dfe \[.*\] und .*\n$/)
    }
  })

  it('sends events and lines when they are written, not when the next one comes', async () => {
    let more: (() => void) | undefined
    const url = await plain((_request, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.flushHeaders()
      response.write(`data: ${JSON.stringify(user)}\n\n`)
      more = () => response.end(`data: {"token":"${password}"}\n\n`)
    })
    const answer = await fetch(url)
    const reader = answer.body?.getReader()
    const first = Buffer.from((await reader?.read())?.value ?? []).toString()
    expect(first).toMatch(/^data: \{.*\}\n\n$/)
    expect(leaksIn(first)).toEqual([])
    more?.()
    expect(leaksIn(Buffer.from((await reader?.read())?.value ?? []).toString())).toEqual([])
  })

  it('keeps back pressure and callbacks: a slow reader holds the writer', async () => {
    const order: string[] = []
    const url = await plain((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.write('[')
      let sent = 0
      const go = (): void => {
        while (sent < 3_000) {
          sent++
          if (!response.write(`${JSON.stringify({ ...user, pad: 'x'.repeat(1_000) })},`)) {
            order.push(`waits at ${sent}`)
            response.once('drain', go)
            return
          }
        }
        response.end('0]', () => order.push('ended'))
      }
      go()
    })
    const { body } = await raw(url)
    expect(JSON.parse(body.toString())).toHaveLength(3_001)
    expect(order[0]).toMatch(/^waits at \d{1,3}$/)
    expect(order.at(-1)).toBe('ended')
  })

  it('refuses what it cannot mask, and tells why without the body', async () => {
    errors.length = 0
    const cases: readonly [string, (response: ServerResponse) => void][] = [
      ['compressed (gzip)', (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        const gzip = createGzip()
        gzip.pipe(response)
        gzip.end(JSON.stringify(user))
      }],
      ['a part of a body', (response) => response.writeHead(206, { 'content-type': 'text/plain', 'content-range': 'bytes 0-3/9' }).end(email)],
      ['encoding other than', (response) => response.setHeader('content-type', 'text/plain; charset=utf-16').end(Buffer.from(email, 'utf16le'))],
    ] // prettier-ignore
    for (const [reason, answer] of cases) {
      const url = await plain((_request, response) => answer(response))
      const refused = await raw(url)
      expect([refused.status, refused.headers['content-type']]).toEqual([500, 'application/problem+json'])
      expect(refused.headers['content-encoding']).toBeUndefined()
      expect(leaksIn(refused.body.toString())).toEqual([])
      expect(errors.at(-1)).toContain(reason)
    }
  })

  it('passes compressed bodies only where it is told to, and masks before a compression that comes after', async () => {
    const url = await plain(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': 'gzip' })
        const gzip = createGzip()
        gzip.pipe(response)
        gzip.end('as it is')
      },
      { compressed: 'pass' },
    )
    expect(gunzipSync((await raw(url)).body).toString()).toBe('as it is')

    const mask = middleware()
    const compressing = await listen((request, response) => {
      // what a compression middleware does that was mounted first
      const gzip = createGzip()
      const [write, end] = [response.write.bind(response), response.end.bind(response)]
      const begin = (): void => {
        response.removeHeader('content-length')
        response.setHeader('content-encoding', 'gzip')
      }
      gzip.on('data', (chunk: Buffer) => write(chunk))
      gzip.on('end', () => end())
      response.write = ((chunk: Buffer) => (begin(), gzip.write(chunk))) as typeof response.write
      response.end = ((chunk?: Buffer) => (begin(), gzip.end(chunk), response)) as typeof response.end
      mask(request, response, () => response.setHeader('content-type', 'application/json').end(JSON.stringify(user)))
    })
    const answer = await raw(compressing)
    expect(answer.headers['content-encoding']).toBe('gzip')
    const body = gunzipSync(answer.body).toString()
    expect(JSON.parse(body)).toMatchObject({ id: 7 })
    expect(leaksIn(body)).toEqual([])
  })

  it('breaks off a body that turns out not to be JSON once it was sent in part', async () => {
    const url = await plain((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.write('{"a":1,')
      response.write(`"b":${email}`)
      response.end('}')
    })
    await expect(raw(url)).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    expect(errors.at(-1)).toContain('not JSON')
  })

  it('masks a whole body that only says it is JSON as text', async () => {
    const url = await plain((_request, response) => response.setHeader('content-type', 'application/json').end(`not json, ${email}`))
    expect((await raw(url)).body.toString()).toMatch(/^not json, \[/)
  })

  it('answers a request for a range and a condition as if they were not there', async () => {
    const seen: unknown[] = []
    const url = await plain((request, response) => {
      seen.push(request.headers.range, request.headers['if-none-match'], request.headers['if-range'])
      response.end('x')
    })
    await raw(url, { range: 'bytes=0-3', 'if-none-match': '"x"', 'if-range': '"y"' })
    expect(seen).toEqual([undefined, undefined, undefined])
  })

  it('keeps the contract of writeHead, headersSent and HEAD with a body', async () => {
    const seen: unknown[] = []
    const url = await plain((_request, response) => {
      seen.push(response.headersSent)
      response.writeHead(201, { 'content-type': 'application/json', 'x-user': 'a' })
      seen.push(response.headersSent)
      expect(() => response.writeHead(200)).toThrow(/sent already/)
      response.end(JSON.stringify(user))
      seen.push(response.headersSent, response.writableEnded)
      response.end('more')
    })
    const head = await raw(url, {}, 'HEAD')
    const get = await raw(url)
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([201, 0, String(get.body.length)])
    expect(seen.slice(0, 4)).toEqual([false, true, true, true])
  })

  it('refuses a list of headers that would break the answer', () => {
    expect(() => middleware({ headers: ['Content-Length'] })).toThrow(/are not masked/)
  })
})
