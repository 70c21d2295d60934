import { connect } from 'node:net'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { HOSTILITIES, serveHostile, whole } from '../fixtures/hostile.js'
import { serve, type Seen } from '../fixtures/serve.js'
import { createAddressPool } from './addresses.js'
import { createProbeClient, type Standing, type Traffic } from './client.js'
import { endpointOf } from './endpoint.js'
import { createJar, parseSetCookie } from './jar.js'
import { readRawAnswer } from './raw-answer.js'
import type { ClientOptions, NoAnswer, ProbeAnswer, ProbeClient } from './types.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

const clientOf = (
  origin: string,
  over: Partial<Traffic> = {},
  who: { readonly address?: string; readonly program?: NonNullable<ClientOptions['program']> } = {},
): ProbeClient =>
  createProbeClient(
    {
      endpoint: endpointOf(origin),
      publicOrigin: origin,
      standing: { kind: 'none' },
      clock: Date.now,
      admit: () => Promise.resolve(undefined),
      seen: () => undefined,
      headers: {},
      ...over,
    },
    { name: 'visitor', address: who.address, program: who.program ?? 'desktop' },
  )

/** A server that answers with what it saw: request line, header lines, body. */
const echo = async (): Promise<string> => {
  const server = await serve((request: Seen, response) => {
    const lines = request.rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${request.rawHeaders[i + 1]}`] : []))
    response.end([`${request.method} ${request.url}`, ...lines, '', request.text].join('\n'))
  })
  open.push(server)
  return server.origin
}
const hostile = async (name: string): Promise<string> => {
  const server = await serveHostile(HOSTILITIES[name]!)
  open.push(server)
  return server.origin
}
const textOf = (answer: ProbeAnswer | NoAnswer): string =>
  answer.kind === 'answer' ? answer.text : `none: ${answer.why}: ${answer.detail}`

describe('what a visitor sends', () => {
  it('is what a browser sends: program, language, and where a request comes from', async () => {
    const origin = await echo()
    const client = clientOf(origin)
    const page = textOf(await client.send({ path: '/a?b=c' }))
    expect(page).toMatch(/^GET \/a\?b=c\n/)
    expect(page).toMatch(/user-agent: Mozilla.*\n/)
    expect(page).toContain('sec-fetch-site: none')
    expect(page).not.toContain('origin:')
    const posted = textOf(await client.send({ path: '/x', form: { a: '1 2', b: 'ä' } }))
    expect(posted).toContain(`origin: ${origin}`)
    expect(posted).toContain('sec-fetch-site: same-origin')
    expect(posted).toContain('content-type: application/x-www-form-urlencoded')
    expect(posted).toMatch(/\n\na=1\+2&b=%C3%A4$/)
  })

  it('proves nothing when it is bare, nor when it is a script', async () => {
    const origin = await echo()
    for (const text of [
      textOf(await clientOf(origin).send({ path: '/', form: {}, bare: true })),
      textOf(await clientOf(origin, {}, { program: 'script' }).send({ path: '/', json: { a: 1 } })),
    ]) {
      expect(text).not.toMatch(/^(?:origin|sec-fetch-)/m)
    }
  })

  it('is the path as it stands, and the headers that the probe gives in place of its own', async () => {
    const client = clientOf(await echo(), { headers: { 'parapet-assessment': 'v1.run' } })
    const text = textOf(
      await client.send({
        method: 'PROPFIND',
        path: '/a/../b//%2e%2e/;x?<>',
        headers: { 'User-Agent': 'me', Origin: 'https://evil.example', 'X-Two': ['1', '2'] },
      }),
    )
    expect(text).toMatch(/^PROPFIND \/a\/\.\.\/b\/\/%2e%2e\/;x\?<>\n/)
    expect(text.match(/^user-agent: .*$/gim)).toEqual(['user-agent: me'])
    expect(text).toContain('origin: https://evil.example')
    expect(text.match(/^x-two: .*$/gim)).toEqual(['x-two: 1', 'x-two: 2'])
    expect(text).toContain('parapet-assessment: v1.run')
  })

  it('names its address last behind a proxy, after what it claims itself, in the words of either header', async () => {
    const origin = await echo()
    const ask = async (standing: Standing, address: string, headers = {}): Promise<string> =>
      textOf(await clientOf(origin, { standing, publicOrigin: 'https://app.example' }, { address }).send({ path: '/', headers }))
    expect(await ask({ kind: 'forwarded', header: 'x-forwarded-for' }, '240.0.0.1', { 'X-Forwarded-For': '1.2.3.4' })).toContain(
      'x-forwarded-for: 1.2.3.4, 240.0.0.1\n',
    )
    expect(await ask({ kind: 'forwarded', header: 'forwarded' }, '2001:db8::1')).toContain('forwarded: for="[2001:db8::1]"\n')
    expect(await ask({ kind: 'forwarded', header: 'x-forwarded-for' }, '240.0.0.1')).toContain('x-forwarded-proto: https\n')
    expect(await ask({ kind: 'none' }, '240.0.0.1')).not.toContain('forwarded')
  })

  it('keeps cookies by path and age, and neither sends nor keeps any when told so', async () => {
    const server = await serve((request, response) => {
      if (request.path === '/set')
        response.setHeader('set-cookie', [
          'a=1; Path=/',
          'b=2; Path=/deep',
          'c=3; Max-Age=0',
          'old=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        ])
      response.end(request.headers.cookie ?? 'none')
    })
    open.push(server)
    const client = clientOf(server.origin)
    await client.send({ path: '/set', cookies: false })
    expect(client.cookies.names()).toEqual([])
    await client.send({ path: '/set' })
    expect(textOf(await client.send({ path: '/' }))).toBe('a=1')
    expect(textOf(await client.send({ path: '/deep/er?x=/' }))).toBe('a=1; b=2')
    expect(textOf(await client.send({ path: '/deeper' }))).toBe('a=1')
    expect(textOf(await client.send({ path: '/', cookies: false }))).toBe('none')
    expect(textOf(await client.send({ path: '/', headers: { cookie: 'mine=1' } }))).toBe('mine=1')
  })

  it('is nothing when the run does not admit it', async () => {
    const client = clientOf(await echo(), { admit: () => Promise.resolve('enough') })
    expect(await client.send({ path: '/' })).toMatchObject({ kind: 'none', why: 'capped', detail: 'enough' })
    expect(await client.sendRaw('GET / HTTP/1.1\r\n\r\n')).toMatchObject({ kind: 'none', why: 'capped' })
  })
})

describe('what comes back', () => {
  it('is taken as it is: status, headers of one name joined, cookies apart, redirects not followed', async () => {
    const server = await serve((_request, response) => {
      response
        .writeHead(
          302,
          [
            ['Location', '/next'],
            ['X-A', '1'],
            ['X-A', '2'],
            ['Set-Cookie', 'a=1'],
            ['Set-Cookie', 'b=2'],
          ].flat(),
        )
        .end('moved')
    })
    open.push(server)
    const answer = await clientOf(server.origin).send({ path: '/' })
    expect(answer).toMatchObject({ kind: 'answer', status: 302, setCookies: ['a=1', 'b=2'], text: 'moved', cut: false })
    expect(answer.kind === 'answer' && answer.headers.get('x-a')).toBe('1, 2')
  })

  it.each<[string, string]>([
    ['hangs at once', 'timeout'],
    ['hangs in the head', 'timeout'],
    ['hangs in the body', 'timeout'],
    ['closes at once', 'reset'],
    ['sends garbage', 'garbage'],
    ['speaks HTTP/0.9', 'garbage'],
    ['sends an endless head', 'garbage'],
    ['sends a head of 1 MB', 'garbage'],
    ['sends two lengths', 'garbage'],
  ])('is no answer from a target that %s: %s, told and not thrown', async (name, why) => {
    const client = clientOf(await hostile(name))
    const answer = await client.send({ path: '/', timeoutMs: 400 })
    expect(answer).toMatchObject({ kind: 'none', why })
    expect(answer.waitMs).toBeLessThan(2_000)
  })

  it.each(['closes in the body', 'sends an endless body'])('is cut, and says so, from a target that %s', async (name) => {
    const answer = await clientOf(await hostile(name)).send({ path: '/', timeoutMs: 5_000 })
    expect(answer).toMatchObject({ kind: 'answer', status: 200, cut: true })
    expect(answer.kind === 'answer' && answer.body.length).toBeLessThanOrEqual(1_048_576)
  })

  it.each(Object.keys(HOSTILITIES))('is a value over a raw connection too: %s', async (name) => {
    const answer = await clientOf(await hostile(name)).sendRaw('GET / HTTP/1.1\r\nHost: x\r\n\r\n', { timeoutMs: 300 })
    expect(['answer', 'none']).toContain(answer.kind)
    expect(answer.waitMs).toBeLessThan(2_000)
  })

  it('is "refused" where nobody listens', async () => {
    const server = await serve(() => undefined)
    await server.close()
    expect(await clientOf(server.origin).send({ path: '/' })).toMatchObject({ kind: 'none', why: 'refused' })
    expect(await clientOf(server.origin).sendRaw('GET / HTTP/1.1\r\n\r\n')).toMatchObject({ kind: 'none', why: 'refused' })
  })

  it('is the refusal of a body that is too long, although the target closes before its end', async () => {
    const server = await serve(() => undefined)
    await server.close()
    const early = await serveHostile((socket) => {
      socket.pause()
      socket.end(whole('413 Payload Too Large'))
    })
    open.push(early)
    const answer = await clientOf(early.origin).send({ path: '/', body: Buffer.alloc(12_000_000), method: 'POST', timeoutMs: 5_000 })
    expect(answer).toMatchObject({ kind: 'answer', status: 413 })
  })

  it('is timed from the last byte sent to the first that comes', async () => {
    const server = await serve(async (_request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 80))
      response.write('first')
      setTimeout(() => response.end('second'), 200)
    })
    open.push(server)
    const { waitMs } = await clientOf(server.origin).send({ path: '/' })
    expect(waitMs).toBeGreaterThan(70)
    expect(waitMs).toBeLessThan(200)
  })
})

describe('raw bytes', () => {
  it('go as they are, with the tag and the address behind their first line', async () => {
    const client = clientOf(
      await echo(),
      { standing: { kind: 'forwarded', header: 'x-forwarded-for' }, headers: { 'parapet-assessment': 'v1.r' } },
      { address: '240.1.2.3' },
    )
    const text = textOf(await client.sendRaw('GET /raw HTTP/1.1\r\nHost:  odd \r\nX-ODD: 1\r\n\r\n'))
    expect(text).toMatch(
      /^GET \/raw\nparapet-assessment: v1\.r\nx-forwarded-for: 240\.1\.2\.3\nx-forwarded-proto: http\nHost: odd\nX-ODD: 1\n/,
    )
  })

  it('may drip, so that a target shows how long it waits', async () => {
    const client = clientOf(await echo())
    const text = textOf(
      await client.sendRaw('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n', {
        drip: { text: 'abc', everyMs: 20 },
        timeoutMs: 3_000,
      }),
    )
    expect(text).toMatch(/\n\nabc$/)
  })

  it('tell a connection that stays open from one that was closed', async () => {
    const waiting = await clientOf(await echo()).sendRaw('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na', { timeoutMs: 200 })
    expect(waiting).toMatchObject({ kind: 'none', why: 'timeout' })
    expect(await clientOf(await hostile('closes at once')).sendRaw('GET / HTTP/1.1\r\n\r\n')).toMatchObject({ kind: 'none', why: 'reset' })
  })
})

describe('reading raw answers', () => {
  const read = (text: string): ReturnType<typeof readRawAnswer> => readRawAnswer(Buffer.from(text, 'latin1'), 1)

  it('knows the end by length, by chunks, and by a status without a body', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')).toMatchObject({
      kind: 'head',
      whole: true,
      answer: { text: 'hi', cut: false },
    })
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n')).toMatchObject({
      kind: 'head',
      whole: true,
      answer: { text: 'hi' },
    })
    expect(read('HTTP/1.1 204 No\r\n\r\n')).toMatchObject({ kind: 'head', whole: true })
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi')).toMatchObject({ kind: 'head', whole: false, answer: { cut: true } })
    expect(read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')).toMatchObject({
      kind: 'head',
      answer: { status: 200 },
    })
  })

  it('calls what is no HTTP/1 garbage, and what may become it unfinished', () => {
    for (const text of [
      'SSH-2.0',
      'HTTP/2 200',
      'HTTP/1.1 2x0 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
      `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
    ]) {
      expect(read(`${text}${text.includes('\r\n\r\n') || text.length > 1_000 ? '' : '\r\n\r\n'}`).kind).toBe('garbage')
    }
    for (const text of ['', 'HT', 'HTTP/1.1 200 OK\r\nContent-']) expect(read(text).kind).toBe('more')
  })

  it('never throws, and says of a longer text no less than of its beginning', () => {
    const parts = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 404 \r\n',
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '\r\n',
      '\r',
      '\n',
      '3\r\nabc\r\n',
      '0\r\n\r\n',
      'ffffffff\r\n',
      ':',
      'x',
      '\0',
      'Set-Cookie: a=1\r\n',
      'HTTP/1.1 100 C\r\n\r\n',
    )
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), fc.nat(200), (list, at) => {
        const text = list.join('')
        const [early, late] = [read(text.slice(0, at)).kind, read(text).kind]
        expect([early, late]).toEqual([early, early === 'more' ? late : early])
      }),
      { seed: 41, numRuns: 500 },
    )
  })
})

describe('cookies', () => {
  it('are taken apart: name, value with its equals signs, attributes in small letters', () => {
    expect(parseSetCookie('__Host-a=b=c; Path=/; HttpOnly; SameSite=Lax')).toEqual({
      name: '__Host-a',
      value: 'b=c',
      attributes: new Map([
        ['path', '/'],
        ['httponly', ''],
        ['samesite', 'Lax'],
      ]),
    })
    for (const line of ['', '=x', 'noequals', `a=${'x'.repeat(9_000)}`]) expect(parseSetCookie(line)).toBeUndefined()
  })

  it('are bounded in number, and no line of them throws', () => {
    const jar = createJar()
    jar.take(
      Array.from({ length: 500 }, (_, i) => `c${i}=1`),
      0,
    )
    expect(jar.names()).toHaveLength(100)
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 60 }), { maxLength: 10 }), fc.string({ maxLength: 20 }), (lines, path) => {
        const own = createJar()
        own.take(lines, 0)
        expect(['string', 'undefined']).toContain(typeof own.header(path))
      }),
      { seed: 42 },
    )
  })
})

describe('addresses', () => {
  const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(255)

  it('are of another network each behind a proxy, and of nobody', () => {
    const pool = createAddressPool({ kind: 'forwarded', header: 'x-forwarded-for' }, random)
    const list = [...pool.several('v4', 4_000), pool.fresh() ?? '']
    expect(new Set(list.map((address) => address.replace(/\.\d+$/, ''))).size).toBe(4_001)
    for (const address of list) expect(address).toMatch(/^2(?:4\d|5[0-4])\.\d{1,3}\.\d{1,3}\.\d{1,3}$/)
  })

  it('of IPv6 are of one /64 a call, another each time', () => {
    const pool = createAddressPool({ kind: 'forwarded', header: 'x-forwarded-for' }, random)
    const [first, second] = [pool.several('v6', 300), pool.several('v6', 3)]
    expect(new Set(first).size).toBe(300)
    const networks = [...first, ...second].map((address) => address.split(':').slice(0, 4).join(':'))
    expect(new Set(networks).size).toBe(2)
  })

  it('are none where they cannot be chosen', () => {
    const pool = createAddressPool({ kind: 'none' }, random)
    expect([pool.many, pool.fresh(), pool.several('v4', 5), pool.several('v6', 5)]).toEqual([false, undefined, [], []])
    expect(createAddressPool({ kind: 'loopback' }, random).several('v6', 5)).toEqual([])
  })

  it.runIf(process.platform === 'linux')('of loopback can be connected from', async () => {
    const server = await serve((_request, response) => void response.end('ok'))
    open.push(server)
    const [localAddress = ''] = createAddressPool({ kind: 'loopback' }, random).several('v4', 1)
    const socket = connect({ host: '127.0.0.1', port: server.port, localAddress })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    expect(socket.localAddress).toBe(localAddress)
    socket.destroy()
  })
})
