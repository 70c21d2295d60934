import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs } from './needs.js'
import { startRedis, type TestRedis } from './redis.js'

const { ok, note } = needs('redis-server')

/** Sends one command and gives its answer, `undefined` when none comes in time or nobody listens. */
const ask = async (port: number, command: string, ms = 300): Promise<string | undefined> => {
  const socket = connect(port, '127.0.0.1')
  try {
    const answer = Promise.race([
      once(socket, 'data').then(([data]) => String(data).trim()),
      new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms)),
    ])
    socket.write(`${command}\r\n`)
    return await answer
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

describe.runIf(ok)(`startRedis${note}`, () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('answers on loopback, and keeps nothing on disk', async () => {
    expect(await ask(redis.port, 'PING')).toBe('+PONG')
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
    expect(await ask(redis.port, 'CONFIG GET save')).toContain('save')
  })

  it('hangs while it is paused, with its port open, and goes on where it was', async () => {
    await ask(redis.port, 'SET kept 1')
    redis.pause()
    expect(await ask(redis.port, 'PING')).toBeUndefined()
    redis.resume()
    expect(await ask(redis.port, 'GET kept', 2_000)).toContain('1')
  })

  it('is gone when it was killed, and comes back empty on the same port', async () => {
    await redis.kill()
    expect(await ask(redis.port, 'PING')).toBeUndefined()
    await redis.restart()
    expect(await ask(redis.port, 'GET kept', 2_000)).toBe('$-1')
  })

  it('can be stopped while it is paused, and twice', async () => {
    const other = await startRedis()
    other.pause()
    await other.stop()
    await other.stop()
    expect(await ask(other.port, 'PING')).toBeUndefined()
  })

  it('takes more of the command line', async () => {
    const other = await startRedis(['--maxmemory', '3mb'])
    expect(await ask(other.port, 'CONFIG GET maxmemory', 2_000)).toContain('3145728')
    await other.stop()
  })
})
