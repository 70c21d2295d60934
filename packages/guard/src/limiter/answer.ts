import { type Problem, toProblem } from '@parapet/core'
import type { LimitVerdict } from './limiter.js'

/** Seconds, rounded up: a client that waits them is never a tick early. */
const seconds = (ms: number): number => Math.ceil(ms / 1_000)

/**
 * `RateLimit-Policy` and `RateLimit` for the verdicts that hold on a request, and `Retry-After` when one of them limits.
 * Source: draft-ietf-httpapi-ratelimit-headers-10. Not for sign-in routes, where it would tell an attacker his budget.
 */
export const limitHeaders = (verdicts: readonly LimitVerdict[]): (readonly [string, string])[] => {
  if (verdicts.length === 0) return []
  const headers: [string, string][] = [
    ['RateLimit-Policy', verdicts.map(({ policy, limit, windowMs }) => `"${policy}";q=${limit};w=${seconds(windowMs)}`).join(', ')],
    [
      'RateLimit',
      verdicts.map((v) => `"${v.policy}";r=${v.remaining};t=${v.kind === 'limited' ? v.retryAfter : seconds(v.resetMs)}`).join(', '),
    ],
  ]
  let wait = 0
  for (const verdict of verdicts) if (verdict.kind === 'limited') wait = Math.max(wait, verdict.retryAfter)
  if (wait > 0) headers.push(['Retry-After', String(wait)])
  return headers
}

/** The body of a 429. Source: the `quota-exceeded` problem type of the same draft, in the shape of RFC 9457. */
export const limitProblem = (verdicts: readonly LimitVerdict[]): Problem => ({
  ...toProblem('PPT_RATE_LIMITED'),
  type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
  'violated-policies': verdicts.flatMap((verdict) => (verdict.kind === 'limited' ? [verdict.policy] : [])),
})
