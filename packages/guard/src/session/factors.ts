import { ParapetError } from '@parapet/core'
import type { Session } from './record.js'
import type { ProvenFactor } from './types.js'

const NAME = /^[a-z][a-z\d_]{0,31}$/
/** Kinds of factors that one session remembers. */
const MOST = 16

/** The factors of a session once these were proven; each kind once, the newest first. Throws `PPT_INVALID` for a name that is none. */
export const proveFactors = (known: readonly ProvenFactor[], proven: readonly string[], now: number): readonly ProvenFactor[] => {
  for (const factor of proven)
    if (!NAME.test(factor)) throw new ParapetError('PPT_INVALID', 'session factor: lower-case letters, digits and _, at most 32')
  if (proven.length === 0) return known
  return [...[...new Set(proven)].map((factor) => ({ factor, at: now })), ...known.filter(({ factor }) => !proven.includes(factor))].slice(
    0,
    MOST,
  )
}

/** Whether the last proof is young enough. A session at risk is never fresh: whoever uses it now has proven nothing. Source: ASVS 7.5.3. */
export const isFresh = (session: Session, now: number, maxAgeMs: number): boolean =>
  session.flag === undefined && now - session.authenticatedAt <= maxAgeMs

/** Whether one of `factors` (any, when left out) was proven after `since`, ms UTC. */
export const provenSince = (session: Session, since: number, factors?: readonly string[]): boolean =>
  session.flag === undefined &&
  (factors === undefined
    ? session.authenticatedAt > since
    : session.factors.some(({ factor, at }) => at > since && factors.includes(factor)))
