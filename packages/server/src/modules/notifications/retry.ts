import { DAY, HOUR, type Level, SECOND } from '@parapet/core'
import type { SendResult } from './types.js'

/** Tries of one delivery, and how long they go on, ms: then it has failed, and is shown as that. */
export const MOST_ATTEMPTS = 20
const LONGEST_MS = 2 * DAY
const LONGEST_WAIT_MS = HOUR

/** What follows a try that did not succeed. `at`: ms UTC. */
export type NextTry = { readonly kind: 'retry'; readonly at: number } | { readonly kind: 'give_up'; readonly detail: string }

/**
 * When to try again: after 5 s (critical) or 15 s, then twice as long each time, at most an hour, each with up to half of it taken off by
 * chance so that many do not come at once; never before the other side allows it. `chance`: 0 to 1.
 */
export const nextTry = (
  result: Extract<SendResult, { readonly ok: false }>,
  delivery: { readonly attempts: number; readonly createdAt: number; readonly level: Level },
  now: number,
  chance: number,
): NextTry => {
  const { detail, retry, afterMs } = result
  if (!retry) return { kind: 'give_up', detail }
  if (delivery.attempts >= MOST_ATTEMPTS || now - delivery.createdAt >= LONGEST_MS)
    return { kind: 'give_up', detail: `given up after ${delivery.attempts} tries; the last one: ${detail}` }
  const first = delivery.level === 'critical' ? 5 * SECOND : 15 * SECOND
  const full = Math.min(LONGEST_WAIT_MS, first * 2 ** Math.max(0, delivery.attempts - 1))
  const wait = full * (1 - chance / 2)
  return { kind: 'retry', at: Math.ceil(now + Math.max(wait, afterMs ?? 0)) }
}
