import { type Decision, type Masker, type Problem, toProblem } from '@parapet/core'
import { maskText } from '../events/mask-event.js'
import { limitHeaders, limitProblem } from '../limiter/answer.js'
import type { LimitVerdict } from '../limiter/limiter.js'

/** An answer that the guard gives instead of the application. */
export type Refusal = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly problem: Problem
  /** for the event: `decision`, `limited`, `csrf`, `guard_error` */
  readonly reason: string
  readonly decisionId?: string
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Tells the person a reference to give to the operator, and nothing about the rule. */
export const blockedRefusal = (decision: Decision, requestId: string): Refusal => ({
  status: 403,
  headers: [],
  problem: toProblem('PPT_BLOCKED', { instance: UUID.test(decision.id) ? decision.id : requestId }),
  reason: 'decision',
  decisionId: decision.id,
})

export const limitedRefusal = (verdict: LimitVerdict): Refusal => ({
  status: 429,
  headers: limitHeaders([verdict]),
  problem: limitProblem([verdict]),
  reason: 'limited',
})

/** The answer depends on headers that a cache must not mix up. */
export const csrfRefusal = (reason: string, requestId: string): Refusal => ({
  status: 403,
  headers: [['Vary', 'Sec-Fetch-Site, Origin']],
  problem: toProblem('PPT_CSRF', { detail: reason, instance: requestId }),
  reason: 'csrf',
})

/** Our own failure where passing on would fail open. */
export const errorRefusal = (requestId: string): Refusal => ({
  status: 503,
  headers: [['Retry-After', '5']],
  problem: { ...toProblem('PPT_INTERNAL', { instance: requestId }), status: 503 },
  reason: 'guard_error',
})

/** A refusal whose body has passed the masker. */
export const maskRefusal = (refusal: Refusal, masker: Pick<Masker, 'text'> | undefined): Refusal => {
  const { detail } = refusal.problem
  return detail === undefined ? refusal : { ...refusal, problem: { ...refusal.problem, detail: maskText(detail, masker) } }
}
