import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { createGzip, gunzipSync } from 'node:zlib'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import type { AccessEntry } from '../access-audit/types.js'
import type { Guard } from '../app/types.js'
import { koa } from '../koa/index.js'
import { closeAll, listenOn, raw, serve, testGuard, until } from './fixtures/servers.js'
import { node, upgrade } from './index.js'

afterEach(closeAll)

/** A guard that writes each record before the answer, after `ms`; `broken`: no record is taken. */
const holding = ({ ms = 5, broken = false } = {}): { guard: Guard; records: AccessEntry[]; statuses: unknown[] } => {
  const records: AccessEntry[] = []
  const record = async (entries: readonly AccessEntry[]): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms))
    if (broken) throw new Error('the disk is full')
    records.push(...entries)
  }
  const { guard, statuses } = testGuard({ accessAudit: { mode: 'block', sink: { record } } })
  return { guard, records, statuses }
}
const GET = 'GET /api/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)
type Handler = (request: IncomingMessage, response: ServerResponse) => unknown
const answered = async (handler: Handler, guard = holding().guard): Promise<string> => raw(await serve(node(guard)(handler)), GET)

describe('an answer that waits for its record', () => {
  it('is whole for the application: late errors, changes and second answers do nothing to it', async () => {
    const seen: unknown[] = []
    const answer = await answered(async (_request, response) => {
      response.setHeader('Content-Type', 'text/plain')
      response.end('all of it')
      seen.push(response.headersSent, response.writableEnded)
      for (const change of [
        () => response.setHeader('X-Late', '1'),
        () => response.appendHeader('X-Late', '1'),
        () => response.removeHeader('Content-Type'),
      ])
        expect(change).toThrow(expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }))
      response.writeHead(500)
      response.write('more')
      response.end('more')
      await Promise.resolve()
      throw new Error('late')
    })
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer).toContain('Content-Type: text/plain')
    expect([bodyOf(answer), seen]).toEqual(['all of it', [true, true]])
  })

  it('that fails half way ends its connection, and nothing of it is read as another answer', async () => {
    const { guard, records } = holding()
    const port = await serve(
      node(guard)((_request, response) => {
        response.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno')
        throw new Error('half way')
      }),
    )
    expect(await raw(port, GET.replace('close', 'keep-alive')).catch(() => '')).toBe('')
    await until(() => records.length > 0)
    expect(records).toHaveLength(1)
  })

  it('reaches the client through middleware that keeps the methods of the answer and calls them when it is out', async () => {
    // as express-session does: the last part of the body waits until the session is stored
    const answer = await answered((_request, response) => {
      // oxlint-disable-next-line typescript/unbound-method -- called with the response
      const { write, end } = response
      response.end = ((chunk: string) => {
        // Node's own mark of headers that are out is not set yet
        response.writeHead(response.statusCode)
        write.call(response, chunk.slice(0, -1), 'utf8')
        setTimeout(() => end.call(response, chunk.slice(-1), 'utf8'), 40)
        return response
      }) as typeof end
      response.setHeader('Content-Length', 5)
      response.end('hello')
    })
    expect(bodyOf(answer)).toBe('hello')
  })

  it('reaches it packed, by middleware that asks for the headers before each part', async () => {
    const answer = await answered((_request, response) => {
      const { write, end } = response // oxlint-disable-line typescript/unbound-method -- called with the response
      const gzip = createGzip()
      gzip.on('data', (chunk: Buffer) => {
        if (!write.call(response, chunk, 'latin1')) gzip.pause()
      })
      gzip.on('end', () => end.call(response, undefined, 'utf8'))
      response.on('drain', () => gzip.resume())
      response.write = ((chunk: string) => {
        // Node's own mark of headers that are out is not set yet
        response.writeHead(response.statusCode)
        return gzip.write(chunk)
      }) as typeof write
      response.setHeader('Content-Encoding', 'gzip')
      response.write('hel')
      response.write('lo')
      gzip.end()
    })
    const [, size = '', text = ''] = /\r\n\r\n([\da-f]+)\r\n([\s\S]*)/.exec(answer) ?? []
    const parts = [text.slice(0, Number.parseInt(size, 16))]
    for (let rest = text.slice(Number.parseInt(size, 16) + 2); ;) {
      const length = Number.parseInt(rest, 16)
      if (!(length > 0)) break
      const from = rest.indexOf('\r\n') + 2
      parts.push(rest.slice(from, from + length))
      rest = rest.slice(from + length + 2)
    }
    expect(gunzipSync(Buffer.from(parts.join(''), 'latin1')).toString()).toBe('hello')
  })

  it('leaves what was put over its methods meanwhile where it is', async () => {
    let calls = 0
    const answer = await answered((_request, response) => {
      response.flushHeaders()
      const { end } = response // oxlint-disable-line typescript/unbound-method -- called with the response
      response.end = ((...parts: Parameters<typeof end>) => {
        calls++
        return end.apply(response, parts)
      }) as typeof end
      setTimeout(() => response.end('ok', 'utf8'), 40)
    })
    expect([calls, bodyOf(answer)]).toEqual([1, '2\r\nok\r\n0\r\n\r\n'])
  })

  it('is told of as not given to a client that went away before', async () => {
    const { guard, statuses } = holding({ ms: 100 })
    const port = await serve(node(guard)((_request, response) => response.end('x')))
    const socket = connect(port, '127.0.0.1', () => socket.write(GET))
    setTimeout(() => socket.destroy(), 30)
    await until(() => statuses.length > 0)
    expect(statuses).toEqual([499])
  })
})

describe('an answer whose record could not be written', () => {
  it('says and does nothing of what the application meant', async () => {
    const answer = await answered(
      (_request, response) => {
        response.setHeader('Set-Cookie', 'signed=in')
        response.setHeader('Location', '/secret')
        response.setHeader('X-Secret', 's3cret')
        response.setHeader('Content-Encoding', 'gzip')
        response.setHeader('Access-Control-Allow-Origin', 'https://partner.example')
        response.statusCode = 303
        response.end('s3cret')
      },
      holding({ broken: true }).guard,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(answer).not.toMatch(/signed=in|Location|s3cret|gzip/)
    expect(answer).toContain('Access-Control-Allow-Origin: https://partner.example')
    expect(answer).toContain('X-Frame-Options: DENY')
    expect(answer.match(/Content-Security-Policy/g)).toHaveLength(1)
  })

  it('is refused by Koa also where the application has thrown', async () => {
    for (const broken of [false, true]) {
      const { guard, records } = holding({ broken })
      const app = new Koa()
      app.silent = true
      app.use(koa(guard) as never)
      app.use((context) => context.throw(403, 'no'))
      const listener = app.callback()
      const answer = await raw(await serve((request, response) => void listener(request, response)), GET)
      expect(answer.slice(9, 12)).toBe(broken ? '503' : '403')
      expect(records.map(({ status }) => status)).toEqual(broken ? [] : [403])
    }
  })
})

describe('a handshake', () => {
  const HANDSHAKE =
    'GET /api/socket HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const open = async (guard: Guard, handler: Parameters<ReturnType<typeof upgrade>>[0]): Promise<string> => {
    const server = createServer()
    server.on('upgrade', upgrade(guard)(handler))
    return raw(await listenOn(server), HANDSHAKE)
  }

  it('opens no channel without its record', async () => {
    const taken = holding()
    expect(await open(taken.guard, (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 101 /,
    )
    expect(taken.records.map(({ status }) => status)).toEqual([101])
    const lost = holding({ broken: true })
    expect(await open(lost.guard, (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'))).toMatch(/^HTTP\/1\.1 503 /)
    expect(lost.statuses).toEqual([503])
  })

  it('whose handler rejects is answered before it was taken, and ends after', async () => {
    const { guard } = testGuard()
    const failing = async (): Promise<void> => {
      await Promise.resolve()
      throw new Error('secret')
    }
    expect(await open(guard, failing)).toMatch(/^HTTP\/1\.1 500 /)
    const after = await open(guard, async (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
      await new Promise((resolve) => setTimeout(resolve, 20))
      throw new Error('secret')
    })
    expect(after).toBe('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
})
