import { type Clock, type Decision, THROTTLE_DEFAULT, type ThrottleLimit } from '@parapet/core'
import { createLimiter, type Limiter, type LimitVerdict } from '../limiter/limiter.js'

/** Limits of different size that are held at a time; a control plane has a handful. */
const MOST_SIZES = 32
/** Clients counted for each size. */
const MOST_KEYS = 20_000

/** Counts requests against the limits that decisions carry. */
export type Throttle = {
  /** the first limit that is used up, `undefined` when all let it pass; the key is the client's or the user's */
  readonly take: (
    decisions: readonly Decision[],
    key: string,
  ) => { readonly decision: Decision; readonly verdict: LimitVerdict & { readonly kind: 'limited' } } | undefined
}

const bounded = (value: unknown, fallback: number, least: number, most: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? Math.min(most, Math.max(least, Math.trunc(value))) : fallback

/** The limit of a decision within bounds: what came down must not break the limiter. */
export const limitOf = (decision: Pick<Decision, 'limit'>): ThrottleLimit => {
  const given: { readonly limit?: unknown; readonly windowMs?: unknown } = decision.limit ?? THROTTLE_DEFAULT
  return {
    limit: bounded(given.limit, THROTTLE_DEFAULT.limit, 1, 100_000),
    windowMs: bounded(given.windowMs, THROTTLE_DEFAULT.windowMs, 1_000, 86_400_000),
  }
}

/**
 * Builds the counter, in this process: each client or user has the whole limit for itself, so that a throttled network is not one bucket that
 * its worst member empties for all.
 */
export const createThrottle = (deps: { readonly clock: Clock }): Throttle => {
  const sizes = new Map<string, Limiter>()
  const limiterOf = ({ limit, windowMs }: ThrottleLimit): Limiter => {
    const size = `${limit}/${windowMs}`
    const held = sizes.get(size)
    if (held !== undefined) return held
    if (sizes.size >= MOST_SIZES) sizes.delete(sizes.keys().next().value ?? '')
    const made = createLimiter({ policies: { throttle: { limit, windowMs } }, clock: deps.clock, maxKeys: MOST_KEYS })
    sizes.set(size, made)
    return made
  }
  return {
    take: (decisions, key) => {
      for (const decision of decisions) {
        const verdict = limiterOf(limitOf(decision)).check('throttle', [decision.id, key])
        if (verdict.kind === 'limited') return { decision, verdict }
      }
      return undefined
    },
  }
}
