import { type Clock, ParapetError, SECOND } from '@parapet/core'
import type { EventStream } from './event-stream.js'
import { type Principal, principalKey } from './principal.js'

/** All live streams of this process: bounded, kept alive, and closed when their principal may no longer read. */
export type StreamHub = {
  /** Throws `PPT_RATE_LIMITED` when this principal, or everyone together, holds too many. Call before the reply is taken over. */
  assertRoom: (principal: Principal) => void
  add: (principal: Principal, stream: EventStream) => void
  closeFor: (key: string) => void
  closeAll: () => void
  /** one round: heartbeats, and the end of streams whose principal expired or was revoked */
  beat: () => Promise<void>
  readonly size: number
}

/** Time between heartbeats, ms. */
export const HEARTBEAT_MS = 15 * SECOND

/** Creates the hub. `isLive` asks whether a principal may still read; when it rejects (the database is away) streams stay. */
export const createStreamHub = (deps: {
  clock: Clock
  isLive: (principal: Principal) => Promise<boolean>
  maxTotal?: number
  maxPerPrincipal?: number
}): StreamHub => {
  const { clock, maxTotal = 512, maxPerPrincipal = 32 } = deps
  const open = new Map<string, Map<EventStream, Principal>>()
  let size = 0
  const closeFor = (key: string): void => {
    for (const stream of Array.from(open.get(key)?.keys() ?? [])) stream.close()
  }
  const expired = (principal: Principal): boolean =>
    'expiresAt' in principal && principal.expiresAt !== undefined && clock() >= principal.expiresAt
  return {
    assertRoom: (principal) => {
      const held = open.get(principalKey(principal))?.size ?? 0
      if (held >= maxPerPrincipal || size >= maxTotal)
        throw Object.assign(new ParapetError('PPT_RATE_LIMITED', 'too many open streams'), { retryAfterSeconds: 15 })
    },
    add: (principal, stream) => {
      const key = principalKey(principal)
      const streams = open.get(key) ?? new Map<EventStream, Principal>()
      open.set(key, streams)
      streams.set(stream, principal)
      size++
      stream.onClose(() => {
        if (!streams.delete(stream)) return
        size--
        if (streams.size === 0 && open.get(key) === streams) open.delete(key)
      })
    },
    closeFor,
    closeAll: () => {
      for (const key of Array.from(open.keys())) closeFor(key)
    },
    beat: async () => {
      for (const [key, streams] of Array.from(open)) {
        const principal = streams.values().next().value
        if (principal === undefined) continue
        const live = !expired(principal) && (await deps.isLive(principal).catch(() => true))
        if (live) for (const stream of streams.keys()) stream.heartbeat()
        else closeFor(key)
      }
    },
    get size() {
      return size
    },
  }
}
