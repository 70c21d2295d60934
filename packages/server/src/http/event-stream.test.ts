import { connect } from 'node:net'
import Fastify from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { type EventStream, openEventStream } from './event-stream.js'

const apps: { close: () => Promise<unknown> }[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

/** A server with one stream, and a client of it that reads only when told. */
const open = async (buffer: number, stallMs = 60_000) => {
  const app = Fastify({ forceCloseConnections: true })
  apps.push(app)
  const opened = new Promise<EventStream>((done) => {
    app.get('/', async (_request, reply) => {
      void reply.header('x-test', 'kept')
      done(openEventStream(reply, { buffer, stallMs }))
      return reply
    })
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  return { stream: await opened, socket }
}
const read = (socket: NodeJS.ReadableStream, until: string): Promise<string> =>
  new Promise((done) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes(until)) done(text)
    })
  })

describe('openEventStream', () => {
  it('writes messages as the standard says, and keeps headers set before', async () => {
    const { stream, socket } = await open(10_000)
    stream.send({ event: 'alert', id: 7, data: { text: 'two\nlines\r\nand \u2028 more' } })
    stream.heartbeat()
    const text = await read(socket, ': heartbeat')
    expect(text).toMatch(/x-test: kept/i)
    expect(text).toMatch(/content-type: text\/event-stream/i)
    expect(text).toContain('retry: 2000\n\n')
    // hostile text cannot end its message or begin another
    expect(text).toContain('event: alert\nid: 7\ndata: {"text":"two\\nlines\\r\\nand \u2028 more"}\n\n')
    socket.destroy()
  })

  it('cuts a client that does not read, instead of holding everything for it', async () => {
    const { stream, socket } = await open(100_000)
    socket.pause()
    let closed = false
    stream.onClose(() => (closed = true))
    let sent = 0
    while (stream.send({ event: 'x', data: 'y'.repeat(10_000) }) && sent < 5_000) sent++
    expect(sent).toBeLessThan(5_000)
    expect([closed, stream.closed, stream.send({ event: 'x', data: 1 })]).toEqual([true, true, false])
    socket.destroy()
  })

  it('says that it is closed when the client goes, once, also to whoever asks later', async () => {
    const { stream, socket } = await open(10_000)
    let times = 0
    stream.onClose(() => times++)
    socket.destroy()
    await expect.poll(() => stream.closed).toBe(true)
    stream.close()
    stream.onClose(() => times++)
    expect(times).toBe(2)
  })

  it('sends much more than its buffer to a slow client that is waited for', async () => {
    const { stream, socket } = await open(100_000)
    let received = 0
    const slow = async (): Promise<void> => {
      for await (const chunk of socket) {
        received += (chunk as Buffer).length
        if ((chunk as Buffer).toString().endsWith('0\r\n\r\n')) return
        if (received % 7 === 0) await new Promise((done) => setTimeout(done, 1))
      }
    }
    const reading = slow()
    for (let n = 0; n < 400; n++) {
      expect(stream.send({ event: 'x', data: 'y'.repeat(50_000) })).toBe(true)
      await stream.drained()
    }
    stream.close()
    await reading
    expect(received).toBeGreaterThan(400 * 50_000)
  })

  it('waits for a client that takes nothing only so long', async () => {
    const { stream, socket } = await open(100_000_000, 200)
    socket.pause()
    for (let n = 0; n < 200; n++) stream.send({ event: 'x', data: 'y'.repeat(50_000) })
    await stream.drained()
    expect(stream.closed).toBe(true)
    await stream.drained()
    socket.destroy()
  })

  it('ends a wait when the client goes in the middle of it', async () => {
    const { stream, socket } = await open(100_000_000)
    socket.pause()
    for (let n = 0; n < 200; n++) stream.send({ event: 'x', data: 'y'.repeat(50_000) })
    setTimeout(() => socket.destroy(), 20)
    await stream.drained()
    expect(stream.closed).toBe(true)
  })

  it('is closed from the start for a client that left before it began', async () => {
    const app = Fastify({ forceCloseConnections: true })
    apps.push(app)
    let left: () => void = () => undefined
    const gone = new Promise<void>((done) => (left = done))
    const opened = new Promise<EventStream>((done) => {
      app.get('/', async (_request, reply) => {
        await gone
        done(openEventStream(reply))
        return reply
      })
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    app.server.on('connection', (socket) => socket.on('close', () => left()))
    const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    setTimeout(() => socket.destroy(), 50)
    const stream = await opened
    let told = 0
    stream.onClose(() => told++)
    // else it would keep a place of its principal until the next restart
    expect([stream.closed, told, stream.send({ event: 'x', data: 1 })]).toEqual([true, 1, false])
  })

  it('ends cleanly when we end it', async () => {
    const { stream, socket } = await open(10_000)
    const ended = new Promise<void>((done) =>
      socket.on('data', (chunk: Buffer) => (chunk.toString().endsWith('0\r\n\r\n') ? done() : undefined)),
    )
    stream.close()
    await ended
    expect(stream.closed).toBe(true)
    socket.destroy()
  })
})
