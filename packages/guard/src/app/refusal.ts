import { type Decision, type ErrorCode, type HeldLockdown, type Masker, type Problem, toProblem } from '@parapet/core'
import { errorPage } from '../errors/page.js'
import { maskText } from '../events/mask-event.js'
import { limitHeaders, limitProblem } from '../limiter/answer.js'
import type { LimitVerdict } from '../limiter/types.js'

/** An answer that the guard gives instead of the application. */
export type Refusal = {
  readonly status: number
  /** on top of the passage's, which has them already */
  readonly headers: readonly (readonly [string, string])[]
  readonly problem: Problem
  /** a page for the browser that asked, instead of the problem; comes with a policy and a nonce of its own */
  readonly html?: string
  /** a text of the guard's own, such as its consent to an assessment */
  readonly plain?: string
  /** status and headers are the whole answer: a redirect, or a report that was taken */
  readonly bare?: true
  /** for the event: `decision`, `limited`, `csrf`, `guard_error` */
  readonly reason: string
  readonly decisionId?: string
}

/** What an adapter sends for a refusal, beside `Cache-Control: no-store` and the passage's headers. `text` in UTF-8. */
export const refusalBody = (
  refusal: Pick<Refusal, 'problem' | 'html' | 'plain' | 'bare'>,
): { readonly contentType: string; readonly text: string } | undefined => {
  if (refusal.bare === true) return undefined
  if (refusal.plain !== undefined) return { contentType: 'text/plain; charset=utf-8', text: refusal.plain }
  return refusal.html === undefined
    ? { contentType: 'application/problem+json', text: JSON.stringify(refusal.problem) }
    : { contentType: 'text/html; charset=utf-8', text: refusal.html }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The reference that a person gives to the operator: the decision's, or the request's where that is none. */
export const referenceOf = (decision: Pick<Decision, 'id'>, requestId: string): string => (UUID.test(decision.id) ? decision.id : requestId)

/** Tells the person a reference to give to the operator, and nothing about the rule. */
export const blockedRefusal = (decision: Decision, requestId: string): Refusal => ({
  status: 403,
  headers: [],
  problem: toProblem('PPT_BLOCKED', { instance: referenceOf(decision, requestId) }),
  reason: 'decision',
  decisionId: decision.id,
})

/** `verdicts` are all that hold on the request: the client is told of each. */
export const limitedRefusal = (verdicts: readonly LimitVerdict[]): Refusal => ({
  status: 429,
  headers: limitHeaders(verdicts),
  problem: limitProblem(verdicts),
  reason: 'limited',
})

/** A limit that a decision set. On sign-in routes nothing but when to come back: an attacker is not told his budget. */
export const throttledRefusal = (decision: Decision, verdict: LimitVerdict & { readonly kind: 'limited' }, atLogin: boolean): Refusal => ({
  status: 429,
  headers: atLogin ? [['Retry-After', String(verdict.retryAfter)]] : limitHeaders([verdict]),
  problem: limitProblem([verdict]),
  reason: 'throttled',
  decisionId: decision.id,
})

/** Longest time after which a client may ask whether a lockdown is over, s: it may be extended, and it may be ended before its time. */
const MOST_RETRY = 300

/** Nobody but whom the lockdown lets in. `why` is a sentence for people. */
export const lockdownRefusal = (held: HeldLockdown, why: string, now: number, requestId: string): Refusal => ({
  status: 503,
  headers: [['Retry-After', String(Math.min(MOST_RETRY, Math.max(1, Math.ceil((held.expiresAt - now) / 1_000))))]],
  problem: {
    ...toProblem('PPT_LOCKDOWN', { detail: why, instance: referenceOf(held, requestId) }),
    type: 'https://parapet.dev/problems/lockdown',
  },
  reason: 'lockdown',
  decisionId: held.id,
})

/** The same for a browser: a page that says what happens and that what was sent was not kept. `now` in ms UTC. */
export const lockdownPage = (refusal: Refusal, held: Pick<HeldLockdown, 'mode'>, now: number, nonce: string): Refusal => ({
  ...refusal,
  html: errorPage(
    {
      type: refusal.problem.type,
      title: held.mode === 'read_only' ? 'Nothing can be changed at the moment' : 'This site is closed for a while',
      status: refusal.status,
      code: 'PPT_LOCKDOWN',
      detail:
        held.mode === 'read_only'
          ? 'The people who run this site have stopped all changes for safety. You can go on reading. What you have just sent was not saved: keep it, and send it again later.'
          : 'The people who run this site have closed it for safety. Your data is where it was. Try again later; you need not do anything.',
      time: new Date(now).toISOString(),
      instance: refusal.problem.instance ?? '',
    },
    nonce,
  ),
  headers: [
    ...refusal.headers,
    [
      'Content-Security-Policy',
      `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    ],
  ],
})

/** What was asked for cannot be told: routers would each take another path out of it. */
export const targetRefusal = (requestId: string): Refusal => ({
  status: 400,
  headers: [],
  problem: toProblem('PPT_INVALID', {
    detail: 'the request target is not clear: send a path that begins with one slash',
    instance: requestId,
  }),
  reason: 'target',
})

/** The answer depends on headers that a cache must not mix up. */
export const csrfRefusal = (reason: string, requestId: string): Refusal => ({
  status: 403,
  headers: [['Vary', 'Sec-Fetch-Site, Origin']],
  problem: toProblem('PPT_CSRF', { detail: reason, instance: requestId }),
  reason: 'csrf',
})

/** Our own failure where passing on would fail open. */
export const errorRefusal = (requestId: string, reason = 'guard_error'): Refusal => ({
  status: 503,
  headers: [['Retry-After', '5']],
  problem: { ...toProblem('PPT_INTERNAL', { instance: requestId }), status: 503 },
  reason,
})

/** What a signed-in user, or a browser nobody knows, owes before it goes on: the problem types of decision effects. */
const OWED: Readonly<Record<'challenge' | 'step_up' | 'mfa', { readonly code: ErrorCode; readonly type: string }>> = {
  challenge: { code: 'PPT_CHALLENGE_REQUIRED', type: 'challenge-required' },
  step_up: { code: 'PPT_STEP_UP_REQUIRED', type: 'step-up-required' },
  mfa: { code: 'PPT_MFA_REQUIRED', type: 'mfa-required' },
}

/** What somebody owes, as problem type and as the reason in events. */
export type Owed = keyof typeof OWED

/** Something is owed first: 401 with a problem type that a program can act on. `decision` is left out where a session's own flag asks. */
export const owedRefusal = (owed: Owed, requestId: string, decision?: Pick<Decision, 'id'>): Refusal => ({
  status: 401,
  // RFC 9110 wants a scheme with every 401; browsers ask nobody for a password by one that they do not know
  headers: [['WWW-Authenticate', `Parapet realm="${OWED[owed].type}"`]],
  problem: {
    ...toProblem(OWED[owed].code, { instance: decision === undefined ? requestId : referenceOf(decision, requestId) }),
    type: `https://parapet.dev/problems/${OWED[owed].type}`,
  },
  reason: owed,
  ...(decision === undefined ? {} : { decisionId: decision.id }),
})

/** The same for a browser: to a page of the application, and back from there. `target` is a path of ours, escaped by the caller. */
export const redirectRefusal = (refusal: Refusal, target: string): Refusal => ({
  ...refusal,
  status: 303,
  headers: [['Location', target]],
  bare: true,
})

/** A refusal whose body has passed the masker. */
export const maskRefusal = (refusal: Refusal, masker: Pick<Masker, 'text'> | undefined): Refusal => {
  const { detail } = refusal.problem
  return detail === undefined ? refusal : { ...refusal, problem: { ...refusal.problem, detail: maskText(detail, masker) } }
}
