import { describe, expect, it } from 'vitest'
import type { EventStream } from './event-stream.js'
import type { Principal } from './principal.js'
import { createStreamHub } from './stream-hub.js'

/** What the hub uses of a stream, remembered. */
const makeStream = (): EventStream & { beats: number } => {
  const listeners: (() => void)[] = []
  let closed = false
  const stream = {
    beats: 0,
    send: () => true,
    drained: () => Promise.resolve(),
    heartbeat: () => {
      stream.beats++
    },
    close: () => {
      if (closed) return
      closed = true
      for (const listener of listeners) listener()
    },
    get closed() {
      return closed
    },
    onClose: (listener: () => void) => {
      listeners.push(listener)
    },
  }
  return stream
}
const token = (id: string, expiresAt?: number): Principal => ({
  kind: 'token',
  id,
  name: id,
  scopes: new Set(),
  ...(expiresAt === undefined ? {} : { expiresAt }),
})

describe('createStreamHub', () => {
  const make = (live: (principal: Principal) => Promise<boolean> = async () => true) => {
    let now = 0
    const hub = createStreamHub({ clock: () => now, isLive: live, maxTotal: 3, maxPerPrincipal: 2 })
    return { hub, advance: (ms: number) => (now += ms) }
  }

  it('has room for so many of one principal, and of all together', () => {
    const { hub } = make()
    for (const id of ['a', 'a', 'b']) {
      hub.assertRoom(token(id))
      hub.add(token(id), makeStream())
    }
    expect(() => hub.assertRoom(token('a'))).toThrow(expect.objectContaining({ code: 'PPT_RATE_LIMITED' }))
    expect(() => hub.assertRoom(token('c'))).toThrow(expect.objectContaining({ code: 'PPT_RATE_LIMITED' }))
    expect(hub.size).toBe(3)
  })

  it('gives the room back when a stream ends, once', () => {
    const { hub } = make()
    const stream = makeStream()
    hub.add(token('a'), stream)
    stream.close()
    stream.close()
    expect(hub.size).toBe(0)
  })

  it('ends the streams of one principal and of no other', () => {
    const { hub } = make()
    const [a, b] = [makeStream(), makeStream()]
    hub.add(token('a'), a)
    hub.add(token('b'), b)
    hub.closeFor('token:a')
    expect([a.closed, b.closed]).toEqual([true, false])
    hub.closeAll()
    expect(b.closed).toBe(true)
    expect(hub.size).toBe(0)
  })

  it('beats for who may still read, and ends the others', async () => {
    const { hub, advance } = make(async (principal) => principal.kind === 'token' && principal.id !== 'revoked')
    const [good, expiring, revoked] = [makeStream(), makeStream(), makeStream()]
    hub.add(token('good'), good)
    hub.add(token('expiring', 1_000), expiring)
    hub.add(token('revoked'), revoked)
    advance(999)
    await hub.beat()
    expect([good.beats, expiring.beats, revoked.beats]).toEqual([1, 1, 0])
    expect(revoked.closed).toBe(true)
    advance(1)
    await hub.beat()
    expect([good.closed, expiring.closed]).toEqual([false, true])
  })

  it('keeps streams while nobody can tell: the database is away, and enforcers must not lose their line with it', async () => {
    const { hub } = make(() => Promise.reject(new Error('away')))
    const stream = makeStream()
    hub.add(token('a'), stream)
    await hub.beat()
    expect([stream.closed, stream.beats]).toEqual([false, 1])
  })
})
