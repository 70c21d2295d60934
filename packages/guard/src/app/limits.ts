import type { RouteList } from '../enforcement/routes.js'
import { limitHeaders } from '../limiter/answer.js'
import type { KeyPart } from '../limiter/key.js'
import type { Limiter } from '../limiter/limiter.js'
import type { LimitOutcome, SharedLimiter } from '../limiter/types.js'
import type { Case } from './case.js'
import type { DiagnosticCode } from './diagnostics.js'
import type { LimitName } from './options.js'
import { errorRefusal, limitedRefusal, type Refusal } from './refusal.js'

/** A limit that is used up, or that cannot be judged and is declared to refuse then. */
export type LimitRefusal = { readonly policy: LimitName; readonly refusal: Refusal }

/** Counts requests against the limits of the guard. */
export type Limits = {
  /** `undefined`: goes on. At once in this process, a promise only with a shared store. Never rejects for the store's sake */
  readonly take: (c: Case) => LimitRefusal | undefined | Promise<LimitRefusal | undefined>
  /** for a request that holds a slot of a concurrency limit, when its answer is out */
  readonly release: (c: Case) => void
}

/** Which limit a request counts against, and for whom; `undefined` for none. */
export const limitOfCase = (
  c: Pick<Case, 'request' | 'path' | 'signsIn' | 'client' | 'session'>,
  isSensitive: RouteList,
  hasUnknown: boolean,
): { readonly policy: LimitName; readonly key: readonly KeyPart[] } | undefined => {
  // sign-in is governed by the login shield alone, and nothing there tells an attacker his budget
  if (c.signsIn) return undefined
  if (c.session.kind === 'active') return { policy: 'user', key: [c.session.session.subject] }
  // an address that cannot be known would be one bucket for everybody: only who asks for that gets it
  if (c.client.kind === 'unknown') return hasUnknown ? { policy: 'unknown', key: [c.request.peer ?? 'no peer'] } : undefined
  return isSensitive(c.request.method, c.path)
    ? { policy: 'sensitive', key: [c.client.key, 'sensitive'] }
    : { policy: 'anonymous', key: [c.client.key] }
}

/** Builds the part over the limiter of this process, or over the one that processes share. */
export const createLimits = (deps: {
  readonly limiter: Pick<Limiter, 'check' | 'take' | 'release'>
  readonly shared: Pick<SharedLimiter, 'take' | 'release'> | undefined
  readonly isSensitive: RouteList
  readonly hasUnknown: boolean
  /** requests at a time are counted, which are given back */
  readonly isConcurrent: (policy: LimitName) => boolean
  readonly degraded: () => void
  readonly tell: (code: DiagnosticCode, detail: string) => void
}): Limits => {
  const { limiter, shared, isSensitive, hasUnknown } = deps

  const settle = (c: Case, policy: LimitName, outcome: LimitOutcome): LimitRefusal | undefined => {
    if (outcome.kind === 'limited') return { policy, refusal: limitedRefusal(outcome.verdicts) }
    if (outcome.kind === 'degraded') {
      deps.degraded()
      deps.tell('limit_store_away', `${outcome.reason}: ${outcome.policies.join(', ')} ${outcome.pass ? 'let pass unjudged' : 'refuse'}`)
      return outcome.pass ? undefined : { policy, refusal: errorRefusal(c.id(), 'store') }
    }
    if (outcome.by === 'local') deps.degraded()
    if (outcome.verdicts.some(({ concurrent }) => concurrent === true)) c.receipt = outcome.receipt
    c.headers.push(...limitHeaders(outcome.verdicts))
    return undefined
  }

  /** Takes a slot in this process. */
  const occupy = (c: Case, policy: LimitName, key: readonly KeyPart[]): LimitRefusal | undefined => {
    const outcome = limiter.take([{ policy, key }])
    if (outcome.kind === 'limited') return { policy, refusal: limitedRefusal(outcome.verdicts) }
    c.receipt = outcome.receipt
    c.headers.push(...limitHeaders(outcome.verdicts))
    return undefined
  }

  return {
    take: (c) => {
      const wanted = limitOfCase(c, isSensitive, hasUnknown)
      if (wanted === undefined) return undefined
      const { policy, key } = wanted
      if (shared !== undefined) return shared.take([{ policy, key }]).then((outcome) => settle(c, policy, outcome))
      if (deps.isConcurrent(policy)) return occupy(c, policy, key)
      const verdict = limiter.check(policy, key)
      if (verdict.kind === 'limited') return { policy, refusal: limitedRefusal([verdict]) }
      c.headers.push(...limitHeaders([verdict]))
      return undefined
    },
    release: (c) => {
      if (c.receipt !== undefined) void (shared ?? limiter).release(c.receipt)
      c.receipt = undefined
    },
  }
}
