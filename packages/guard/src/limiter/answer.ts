import { type Problem, toProblem } from '@parapet/core'
import type { LimitVerdict } from './types.js'

/** Seconds, rounded up: a client that waits them is never a tick early. */
const seconds = (ms: number): number => Math.ceil(ms / 1_000)

/** Quota and window as text, by policy: the same for all requests, and most of what writing the fields costs. */
const quotas = new Map<string, { readonly limit: number; readonly windowMs: number; readonly text: string }>()
/** Names are declared in code; who makes them up as he goes does not fill memory. */
const MOST_QUOTAS = 256

/** Quota and window of a policy; for what runs at the same time the unit instead of a window. */
const quota = ({ policy, limit, windowMs, concurrent }: LimitVerdict): string => {
  const held = quotas.get(policy)
  if (held !== undefined && held.limit === limit && held.windowMs === windowMs && concurrent !== true) return held.text
  if (concurrent === true) return `"${policy}";q=${limit};qu="concurrent-requests"`
  const text = `"${policy}";q=${limit};w=${seconds(windowMs)}`
  if (quotas.size >= MOST_QUOTAS) quotas.clear()
  quotas.set(policy, { limit, windowMs, text })
  return text
}

const left = (verdict: LimitVerdict): string => {
  if (verdict.kind === 'limited') return `"${verdict.policy}";r=0;t=${verdict.retryAfter}`
  return `"${verdict.policy}";r=${verdict.remaining};t=${seconds(verdict.resetMs)}`
}

/**
 * `RateLimit-Policy` and `RateLimit` for the verdicts that hold on a request, and `Retry-After` when one of them limits.
 * Source: draft-ietf-httpapi-ratelimit-headers-10. Policies that guard a sign-in are left out: they would tell an attacker his budget.
 */
export const limitHeaders = (verdicts: readonly LimitVerdict[]): (readonly [string, string])[] => {
  const [only] = verdicts
  // nearly every request is judged by one policy, and passes
  if (verdicts.length === 1 && only?.kind === 'allowed' && only.login !== true) {
    return [
      ['RateLimit-Policy', quota(only)],
      ['RateLimit', left(only)],
    ]
  }
  const told = verdicts.filter(({ login }) => login !== true)
  if (told.length === 0) return []
  const headers: [string, string][] = [
    ['RateLimit-Policy', told.map(quota).join(', ')],
    ['RateLimit', told.map(left).join(', ')],
  ]
  let wait = 0
  for (const verdict of told) if (verdict.kind === 'limited') wait = Math.max(wait, verdict.retryAfter)
  if (wait > 0) headers.push(['Retry-After', String(wait)])
  return headers
}

/** The body of a 429. Source: the `quota-exceeded` problem type of the same draft, in the shape of RFC 9457. */
export const limitProblem = (verdicts: readonly LimitVerdict[]): Problem => ({
  ...toProblem('PPT_RATE_LIMITED'),
  type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  'violated-policies': verdicts.flatMap(({ kind, policy, login }) => (kind === 'limited' && login !== true ? [policy] : [])),
})
