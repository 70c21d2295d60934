import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type TestApp } from './fixtures/test-app.js'

let t: TestApp
let port: number
let token: string
beforeAll(async () => {
  t = await createTestApp()
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  port = (t.app.server.address() as { port: number }).port
  token = (await t.makeSource()).token
}, 60_000)
afterAll(() => t.close())

/** Writes bytes to the port and answers everything that comes back until the server closes, or `wait` ms are over. */
const speak = (bytes: string | Buffer, wait = 5_000): Promise<string> =>
  new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    const timer = setTimeout(() => socket.destroy(), wait)
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      done(text)
    })
    socket.write(bytes)
  })
const statusOf = (answer: string): string => answer.split(' ')[1] ?? 'none'
const post = (headers: string[], body: string): string =>
  [
    'POST /v1/events HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    ...headers,
    '',
    body,
  ].join('\r\n')
const event = (id: string): string => JSON.stringify(failedLogin({ 'event.id': id }))

describe('requests that two servers could read differently', () => {
  it('are refused: two lengths, a length beside chunks, and codings that are not chunked', async () => {
    const smuggled = `0\r\n\r\nPOST /v1/events HTTP/1.1\r\nHost: x\r\n\r\n`
    for (const headers of [
      ['Content-Length: 5', 'Content-Length: 6'],
      ['Content-Length: 5, 6'],
      ['Content-Length: +5'],
      ['Content-Length: -1'],
      ['Content-Length: 0x5'],
      [`Content-Length: ${smuggled.length}`, 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 4'],
      ['Transfer-Encoding: xchunked'],
      ['Transfer-Encoding: chunked, identity'],
      ['Transfer-Encoding : chunked'],
    ]) {
      const answer = await speak(post(headers, smuggled))
      expect(statusOf(answer), headers.join(' | ')).toBe('400')
      // the rest of the connection is not read as another request
      expect(answer.match(/HTTP\/1\.1/g), headers.join(' | ')).toHaveLength(1)
    }
  })

  it('are refused with a line folded, a bare carriage return, a NUL, or no host', async () => {
    for (const request of [
      'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\rX-B: 2\r\n\r\n',
      'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n',
      'GET /healthz HTTP/1.1\r\n\r\n',
      'GET /health\u0001z HTTP/1.1\r\nHost: x\r\n\r\n',
    ])
      expect(statusOf(await speak(request)), JSON.stringify(request)).toBe('400')
  })

  it('with more headers than anybody needs are 431, and say nothing', async () => {
    const answer = await speak(
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 40 }, (_, n) => `X-${n}: ${'a'.repeat(1_000)}`).join('\r\n')}\r\n\r\n`,
    )
    expect(statusOf(answer)).toBe('431')
    expect(answer).toMatch(/\r\n\r\n$/)
  })

  it('are answered one after the other when they are plain: a pipeline keeps its order', async () => {
    const one = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await speak(`${one}${one}GET /v1/alerts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '200', '401'])
  })
})

describe('clients that take their time', () => {
  it('have a minute for a request and its headers, whatever they drip', () => {
    const { server } = t.app
    expect(server.requestTimeout).toBe(60_000)
    expect(server.headersTimeout).toBeGreaterThan(0)
    expect(server.headersTimeout).toBeLessThanOrEqual(60_000)
  })

  it('that leave in the middle of a body have sent nothing: no part of a batch is stored', async () => {
    const before = await t.services.events.head()
    const body = `[${event('half-1')},${event('half-2')}]`
    await speak(post([`Content-Length: ${body.length}`], body.slice(0, -40)), 200)
    await speak(post(['Transfer-Encoding: chunked'], `${(50).toString(16)}\r\n${body.slice(0, 50)}\r\n`), 200)
    expect(await t.services.events.head()).toBe(before)
    expect(t.services.inFlight.count).toBe(0)
  })

  it('may send a body in single bytes, and then it counts once', async () => {
    const body = event('drop-by-drop')
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    const answer = new Promise<string>((done) => socket.once('data', (chunk: Buffer) => done(chunk.toString())))
    for (const byte of post([`Content-Length: ${body.length}`, 'Connection: close'], body)) socket.write(byte)
    expect(statusOf(await answer)).toBe('202')
    socket.destroy()
    expect(await t.services.events.byIds(['drop-by-drop'])).toHaveLength(1)
  })
})

describe('bytes that are no HTTP', () => {
  it('are answered with 400 or not at all, and the next request is served', async () => {
    for (const bytes of [
      Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.alloc(100_000, 0xff),
      Buffer.from('\0'.repeat(1_000)),
      Buffer.from('SSH-2.0-OpenSSH_9.2\r\n'),
    ]) {
      const answer = await speak(bytes, 2_000)
      expect(['', '400', 'none']).toContain(answer === '' ? '' : statusOf(answer))
    }
    expect(statusOf(await speak('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))).toBe('200')
  })
})
