import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { Guard, Passage } from '../app/types.js'
import { closeAll, listenOn, raw, serve, testGuard, until } from './fixtures/servers.js'
import { malformed, node, upgrade } from './index.js'

afterEach(closeAll)

const closed = (target: string, extra = ''): string => `${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${extra}\r\n`
const get = (port: number, path = '/', init: RequestInit = {}): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`, init)
const over = (guard: Guard, changed: Partial<Guard>): Guard => Object.assign(Object.create(guard) as Guard, changed)
const passageOf = async (guard: Guard, changed: Partial<Passage>): Promise<Passage> => {
  const request = { method: 'GET', url: '/', headers: {}, socket: { remoteAddress: '127.0.0.1' } }
  return { ...(await guard.enter(request)), done: () => undefined, ...changed }
}

describe('a handler that fails', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('secret')
      },
    ],
    [
      'later',
      async () => {
        await Promise.resolve()
        throw new Error('secret')
      },
    ],
    [
      'with nothing',
      () => {
        throw null
      },
    ],
  ] as const)('is answered %s, and the server goes on', async (_when, handler) => {
    // prettier-ignore
    const { guard, log } = testGuard()
    const port = await serve(node(guard)(handler))
    for (let i = 0; i < 2; i++) {
      const answer = await get(port)
      expect(answer.status).toBe(500)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.headers.get('x-frame-options')).toBe('DENY')
      expect(await answer.text()).not.toContain('secret')
    }
    expect(log).toHaveLength(2)
  })

  it('loses the headers of the body that it meant to send, and keeps its cookies', async () => {
    const { guard } = testGuard()
    const port = await serve(
      node(guard)((_request, response) => {
        response.statusMessage = 'All is well'
        response.setHeader('Content-Encoding', 'gzip')
        response.setHeader('ETag', '"x"')
        response.setHeader('Content-Length', 5)
        response.setHeader('Cache-Control', 'public, max-age=600')
        response.setHeader('Set-Cookie', 'a=1')
        throw new Error('x')
      }),
    )
    const answer = await get(port)
    expect(answer.statusText).toBe('Internal Server Error')
    expect([answer.headers.get('content-encoding'), answer.headers.get('etag'), answer.headers.get('cache-control')]).toEqual([
      null,
      null,
      'no-store',
    ])
    expect(answer.headers.get('set-cookie')).toBe('a=1')
    expect(((await answer.json()) as { code: string }).code).toBe('PPT_INTERNAL')
  })

  it('after the beginning of its answer breaks the connection: half an answer must not look whole', async () => {
    const { guard, log, statuses } = testGuard()
    const port = await serve(
      node(guard)(async (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
        response.write('the beginning')
        await new Promise((resolve) => setTimeout(resolve, 20))
        throw new Error('in the middle')
      }),
    )
    await expect(get(port).then((answer) => answer.text())).rejects.toThrow(/terminated/)
    await until(() => statuses.length > 0)
    expect(log[0]?.error.message).toBe('in the middle')
    expect(statuses).toEqual([200])
  })
})

describe('the entrance', () => {
  it('calls the application at once where no store has to be asked', () => {
    const { guard } = testGuard()
    let called = false
    const request = { method: 'GET', url: '/', headers: {}, socket: { remoteAddress: '127.0.0.1' }, httpVersionMajor: 1 }
    const response = {
      headersSent: false,
      destroyed: false,
      on: () => undefined,
      removeHeader: () => undefined,
      setHeader: () => undefined,
      appendHeader: () => undefined,
    }
    node(guard)(() => {
      called = true
    })(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    expect(called).toBe(true)
  })

  it('tells of a client that went away while a store was asked, once, and does not call the application', async () => {
    const { guard, statuses } = testGuard()
    let [arrived, called] = [false, 0]
    let release: () => void = () => undefined
    const slow = over(guard, {
      enter: async (request) => {
        arrived = true
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return guard.enter(request)
      },
    })
    const port = await serve(node(slow)(() => called++))
    const request = httpRequest({ port, host: '127.0.0.1' })
    request.on('error', () => undefined)
    request.end()
    await until(() => arrived)
    request.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    release()
    await until(() => statuses.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([statuses, called]).toEqual([[499], 0])
  })

  it('sends the page of a refusal, or a bare answer', async () => {
    const { guard } = testGuard()
    const problem = { type: 'about:blank', title: 'x', status: 401, code: 'PPT_BLOCKED' } as const
    const refusal = { status: 401, headers: [], problem, reason: 'challenge' }
    const page = over(guard, { enter: () => passageOf(guard, { refusal: { ...refusal, html: '<p>work</p>' } }) })
    const answer = await get(await serve(node(page)(() => undefined)))
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      401,
      'text/html; charset=utf-8',
      '<p>work</p>',
    ])
    const bare = over(guard, {
      enter: () => passageOf(guard, { refusal: { ...refusal, status: 303, bare: true }, headers: [['Location', '/verify']] }),
    })
    const moved = await get(await serve(node(bare)(() => undefined)), '/', { redirect: 'manual' })
    expect([moved.status, moved.headers.get('location'), moved.headers.get('content-type'), await moved.text()]).toEqual([
      303,
      '/verify',
      null,
      '',
    ])
  })

  it('trap: fail-open in a catch block: a guard that fails in any way lets nothing through [ASVS 16.5.3]', async () => {
    const { guard } = testGuard()
    const fails = (): never => {
      throw new Error('secret')
    }
    const broken: readonly Partial<Guard>[] = [
      { enter: fails },
      { enter: () => Promise.reject(new Error('secret')) },
      { remember: fails },
      { enter: async () => undefined as unknown as Passage },
      { enter: () => passageOf(guard, { headers: [['Bad\r\nName', 'x']] }) },
      { enter: () => passageOf(guard, { headers: [['X-Bad', 'a\r\nSet-Cookie: b=1']] }) },
    ]
    for (const changed of broken) {
      let called = 0
      const port = await serve(node(over(guard, changed))(() => called++))
      const answer = await get(port, '/', { method: 'POST', body: 'x' })
      expect([called, answer.status]).toEqual([0, 500])
      expect(await answer.text()).not.toContain('secret')
    }
  })
})

describe('an answer that waits for its record', () => {
  const holding = (guard: Guard, hold: Passage['hold'] & object): Guard => over(guard, { enter: () => passageOf(guard, { hold }) })
  const later = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(resolve, ms, undefined))

  it('goes out whole, in its order, and not before', async () => {
    const { guard } = testGuard()
    const seen: unknown[] = []
    let written = false
    const held = holding(guard, async (answered) => {
      seen.push(answered)
      await later(60)
      written = true
      return undefined
    })
    const port = await serve(
      node(held)(async (_request, response) => {
        response.writeHead(201, { 'x-own': 'yes' })
        response.flushHeaders()
        expect(response.write('one ')).toBe(false)
        response.write('two ')
        await new Promise((resolve) => response.once('drain', resolve))
        expect(written).toBe(true)
        response.write('three')
        response.end(' four')
      }),
    )
    const answer = await get(port)
    expect(written).toBe(true)
    expect([answer.status, answer.headers.get('x-own'), await answer.text()]).toEqual([201, 'yes', 'one two three four'])
    expect(seen).toEqual([{ status: 201, route: undefined }])
  })

  it('is replaced when the record cannot be written, and never sent when the guard fails there', async () => {
    const { guard } = testGuard()
    const problem = { type: 'about:blank', title: 'x', status: 503, code: 'PPT_INTERNAL' } as const
    const refusing = holding(guard, async () => ({ status: 503, headers: [['Retry-After', '5']], problem, reason: 'access_audit' }))
    const handler = (_request: IncomingMessage, response: ServerResponse): void => {
      response.setHeader('Content-Type', 'text/secret')
      response.end('the secret')
    }
    const answer = await get(await serve(node(refusing)(handler)))
    expect([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')]).toEqual([
      503,
      '5',
      'application/problem+json',
    ])
    expect(await answer.text()).not.toContain('the secret')
    const failing = holding(guard, () => Promise.reject(new Error('x')))
    await expect(get(await serve(node(failing)(handler)))).rejects.toThrow(/fetch failed/)
  })
})

describe('malformed', () => {
  const start = async (): Promise<{ readonly port: number; readonly log: ReturnType<typeof testGuard>['log'] }> => {
    const { guard, log } = testGuard()
    const server = createServer(node(guard)((_request, response) => response.end('hello')))
    server.on('clientError', malformed(guard))
    return { port: await listenOn(server), log }
  }

  it.each([
    ['no HTTP at all', '\u0016\u0003\u0001\u0002\u0000\u0001', 400],
    ['headers over 16 KiB', closed('GET /', `X: ${'a'.repeat(20_000)}\r\n`), 431],
    ['a NUL', closed('GET /a\0b'), 400],
    ['a bare CR in a header', closed('GET /', 'X: a\rb\r\n'), 400],
    ['obsolete folding', closed('GET /', 'X: a\r\n\tb: c\0\r\n'), 400],
    ['two lengths', closed('POST /', 'Content-Length: 1\r\nContent-Length: 2\r\n'), 400],
  ])('answers %s with a problem that repeats nothing', async (_what, bytes, status) => {
    const { port, log } = await start()
    const answer = await raw(port, bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('Content-Type: application/problem+json')
    expect(answer).toContain('Connection: close')
    const [, body = ''] = answer.split('\r\n\r\n')
    expect(JSON.parse(body)).toMatchObject({ status, code: 'PPT_REQUEST' })
    expect(answer).not.toMatch(/aaaa|stack|HPE_|Parse Error/)
    expect(log).toHaveLength(1)
  })

  it('adds nothing to an answer that has begun', async () => {
    const { guard } = testGuard()
    const server = createServer(
      node(guard)((_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('begun')
      }),
    )
    server.on('clientError', malformed(guard))
    const port = await listenOn(server)
    const answer = await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n')
    expect((answer.match(/HTTP\/1\.1/g) ?? []).length).toBeLessThanOrEqual(1)
    expect(answer).not.toContain('problem+json')
  })
})

describe('upgrade', () => {
  const handshake = (origin: string): string =>
    `GET /socket HTTP/1.1\r\nHost: x\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  const start = async (
    around: (guard: Guard) => Guard = (guard) => guard,
  ): Promise<{ port: number; opened: () => number; statuses: unknown[] }> => {
    const { guard, statuses } = testGuard()
    let opened = 0
    const server = createServer(node(guard)((_request, response) => response.end()))
    server.on(
      'upgrade',
      upgrade(around(guard))((request, socket) => {
        opened++
        socket.end(`HTTP/1.1 101 Switching Protocols\r\nX-Known: ${guard.of(request)?.client.kind ?? ''}\r\n\r\n`)
      }),
    )
    return { port: await listenOn(server), opened: () => opened, statuses }
  }

  it('takes a handshake of the own origin, and knows its context', async () => {
    const { port, opened, statuses } = await start()
    expect(await raw(port, handshake('https://shop.example'))).toContain('X-Known: known')
    expect([opened(), statuses]).toEqual([1, [101]])
  })

  it('answers one of another site with the problem and the headers of any refusal, and ends the connection', async () => {
    const { port, opened, statuses } = await start()
    const answer = await raw(port, handshake('https://evil.example'))
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
    expect(answer).toContain('X-Frame-Options: DENY')
    expect(answer.match(/Cache-Control/g)).toHaveLength(1)
    expect(answer).toContain('PPT_CSRF')
    expect([opened(), statuses]).toEqual([0, [403]])
  })

  it('lets nothing through when the guard fails', async () => {
    for (const enter of [
      () => Promise.reject(new Error('secret')),
      () => {
        throw new Error('secret')
      },
    ]) {
      const { port, opened } = await start((guard) => over(guard, { enter }))
      const answer = await raw(port, handshake('https://shop.example'))
      expect(answer).toMatch(/^HTTP\/1\.1 500 /)
      expect(answer).not.toContain('secret')
      expect(opened()).toBe(0)
    }
  })

  it('leaves out a header that would break the answer in two', async () => {
    const { port } = await start((guard) =>
      over(guard, {
        enter: () =>
          passageOf(guard, {
            headers: [['X-Bad', 'a\r\nSet-Cookie: b=1']],
            refusal: { status: 403, headers: [], problem: { type: '', title: '', status: 403, code: 'PPT_BLOCKED' }, reason: 'x' },
          }),
      }),
    )
    expect(await raw(port, handshake('https://shop.example'))).not.toMatch(/X-Bad|Set-Cookie/)
  })
})
