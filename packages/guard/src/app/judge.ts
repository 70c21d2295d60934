import type { Clock, Decision, DecisionSubject, HeldLockdown } from '@parapet/core'
import { ANSWER_HEADER, type Challenge } from '../challenge/challenge.js'
import type { ClientAddress } from '../client-address/client-address.js'
import type { CsrfVerdict } from '../csrf/csrf.js'
import type { Enforcement } from '../enforcement/enforcement.js'
import { asksSession, type Lockdowns } from '../enforcement/lockdown.js'
import type { RouteList, Routes } from '../enforcement/routes.js'
import type { Throttle } from '../enforcement/throttle.js'
import type { EnforcementVerdict } from '../enforcement/types.js'
import type { EnforcementFacts } from '../enforcement/weigh.js'
import { prefersHtml } from '../errors/accept.js'
import { challengePolicy } from '../challenge/page.js'
import type { GeoLookup } from '../geo/types.js'
import { readCookie } from '../request/cookies.js'
import type { GuardRequest } from '../request/guard-request.js'
import { isClearTarget } from '../request/target.js'
import type { Session } from '../session/record.js'
import type { Sessions } from '../session/sessions.js'
import { type Case, NOBODY } from './case.js'
import type { DiagnosticCode } from './diagnostics.js'
import type { Limits } from './limits.js'
import type { WatchedPolicy } from './options.js'
import {
  blockedRefusal,
  csrfRefusal,
  errorRefusal,
  lockdownPage,
  lockdownRefusal,
  type Owed,
  owedRefusal,
  redirectRefusal,
  referenceOf,
  type Refusal,
  targetRefusal,
  throttledRefusal,
} from './refusal.js'

/** What judging needs of the parts. */
export type JudgeDeps = {
  readonly clientAddress: (request: GuardRequest) => ClientAddress
  readonly geo: GeoLookup | undefined
  readonly enforcement: Enforcement
  readonly lockdowns: Lockdowns
  readonly throttle: Throttle
  readonly challenge: Challenge | undefined
  readonly sessions: Pick<Sessions, 'look' | 'cookieName' | 'clearCookie'>
  readonly csrf: (request: GuardRequest) => CsrfVerdict
  readonly limits: Limits
  /** routes where what is owed can be given */
  readonly isOpen: RouteList
  readonly logins: Routes
  readonly pages: { readonly stepUp: string | undefined; readonly mfa: string | undefined }
  /** answers requests that are for the guard itself */
  readonly own: (c: Case) => Promise<Refusal | undefined> | undefined
  readonly watches: (policy: WatchedPolicy) => boolean
  /** when the session store is away: go on as nobody's, or refuse */
  readonly refuseUnread: boolean
  readonly accounts: {
    /** when the subject last set a new password, `undefined` where nobody knows */
    readonly passwordAt: (subject: string) => Promise<number | undefined>
    /** ends what the decision says shall end; never rejects */
    readonly end: (decision: Decision, session: Session) => Promise<void>
    /** keeps the subject from enrolling factors until then: a session of it was flagged, and its holder may sign in anew */
    readonly flag: (subject: string, until: number) => Promise<void>
  }
  readonly clock: Clock
  readonly degraded: (part: 'sessions' | 'limits' | 'challenge' | 'accounts') => void
  readonly tell: (code: DiagnosticCode, detail: string) => void
}

/** Factors that are second to none: a password proves nothing anew when a factor is asked for. */
const FIRST: ReadonlySet<string> = new Set(['password', 'reset_token', 'api_key'])

/** When a session last showed a second factor, ms UTC. */
export const factorAt = (session: Pick<Session, 'factors'>): number | undefined => {
  let latest: number | undefined
  for (const { factor, at } of session.factors) if (!FIRST.has(factor) && (latest === undefined || at > latest)) latest = at
  return latest
}

/**
 * Builds the judge of requests, in this order: client address, decisions on it, limits, request target, cross-site check, session,
 * decisions on the user, his limits. What needs no store is done at once, without a promise. May throw or reject: the caller decides then
 * what goes on.
 */
export const createJudge = (deps: JudgeDeps): ((c: Case) => Promise<unknown> | undefined) => {
  const { enforcement, throttle, challenge, sessions, limits, watches } = deps

  /** True: the request ends here. In observe mode the first refusal is noted and the request goes on. */
  const refuse = (c: Case, policy: WatchedPolicy, refusal: Refusal): boolean => {
    if (watches(policy)) {
      c.watched ??= refusal
      return false
    }
    c.refusal = refusal
    return true
  }

  const clientKey = (c: Case): string => (c.client.kind === 'known' ? c.client.key : `unknown:${c.request.peer ?? ''}`)

  const subjectOf = (c: Case): DecisionSubject => {
    const address = c.client.kind === 'known' ? c.client.address : undefined
    if (deps.geo === undefined || address === undefined) return { address }
    const place = deps.geo.lookup(address)
    return { address, country: place?.country, asn: place?.asn === undefined ? undefined : String(place.asn) }
  }

  const factsOf = (c: Case, session: EnforcementFacts['session'], passwordAt?: number): EnforcementFacts => ({
    login: c.atLogin,
    loginPage: deps.logins.covers('POST', c.path),
    open: deps.isOpen(c.request.method, c.path),
    session,
    clearedAt: session === undefined ? challenge?.clearedAt(c.request.header('cookie'), clientKey(c)) : undefined,
    passwordAt,
    canChallenge: challenge !== undefined,
  })

  /** Where a browser comes back to. A path of ours only: `//host` would lead away, and what was posted cannot be repeated. */
  const wayBack = ({ request }: Case): string => {
    if (request.method !== 'GET' || !/^\/(?![/\\])/.test(request.url)) return ''
    return `?return=${encodeURIComponent(request.url.slice(0, 2_000).replaceAll(/[\ud800-\udfff]/gu, ''))}`
  }

  /** A browser is led to the page where it can give what is owed; a program is told by a problem type. */
  const owe = (c: Case, owed: Owed, page: string | undefined, decision?: Decision): Refusal => {
    const refusal = owedRefusal(owed, c.id(), decision)
    if (page === undefined || !prefersHtml(c.request)) return refusal
    return redirectRefusal(refusal, `${page}${wayBack(c)}`)
  }

  const challenged = (c: Case, part: Challenge, decision: Decision): Refusal => {
    const refusal = owedRefusal('challenge', c.id(), decision)
    if (!prefersHtml(c.request)) return refusal
    const nonce = c.freshNonce()
    const html = part.page(part.issue(clientKey(c)), { nonce, reference: referenceOf(decision, c.id()) })
    return { ...refusal, html, headers: [...refusal.headers, ['Content-Security-Policy', challengePolicy(nonce)]] }
  }

  /** An answer to a puzzle clears the client; the page goes on from there. */
  const solved = async (c: Case, part: Challenge, decision: Decision, text: string): Promise<boolean> => {
    const verdict = await part.answer(text, clientKey(c))
    if (verdict.kind === 'degraded') {
      deps.degraded('challenge')
      deps.tell('challenge_store_away', verdict.reason)
      c.refusal = errorRefusal(c.id(), 'store')
    } else if (verdict.kind === 'wrong') {
      c.refusal = { ...owedRefusal('challenge', c.id(), decision), reason: `challenge_${verdict.reason}` }
    } else {
      const done = owedRefusal('challenge', c.id(), decision)
      c.refusal = { ...done, status: 204, bare: true, headers: [['Set-Cookie', verdict.cookie]], reason: 'challenge_solved' }
    }
    return true
  }

  /** True: the request ends here. Effects on a session are the caller's. */
  const apply = (c: Case, verdict: EnforcementVerdict, key: string): boolean | Promise<boolean> => {
    if (verdict.kind !== 'denied' && verdict.observed !== undefined) c.watched ??= blockedRefusal(verdict.observed, c.id())
    if (verdict.kind === 'denied') {
      c.refusal = blockedRefusal(verdict.decision, c.id())
      return true
    }
    if (verdict.kind === 'throttled') {
      const over = throttle.take(verdict.decisions, key)
      if (over === undefined) return false
      c.refusal = throttledRefusal(over.decision, over.verdict, c.atLogin)
      return true
    }
    if (verdict.kind === 'step_up' || verdict.kind === 'mfa_required') {
      const [owed, page] = verdict.kind === 'step_up' ? (['step_up', deps.pages.stepUp] as const) : (['mfa', deps.pages.mfa] as const)
      c.refusal = owe(c, owed, page, verdict.decision)
      return true
    }
    // `weigh` gives this only where there is one; what ends a session is the caller's
    if (verdict.kind !== 'challenged' || challenge === undefined) return false
    const text = c.request.header(ANSWER_HEADER)
    if (text !== undefined) return solved(c, challenge, verdict.decision, text)
    c.refusal = challenged(c, challenge, verdict.decision)
    return true
  }

  /** What a lockdown says to a request, with whatever is known of its session by now. True: the request ends here. */
  const lockedOut = (c: Case, held: HeldLockdown): boolean => {
    const session = c.session.kind === 'active' ? c.session.session : undefined
    const { method } = c.request
    const { outcome, why } = deps.lockdowns.judge(held, {
      address: c.client.kind === 'known' ? c.client.address : undefined,
      method,
      // what a sign-in needs: its page, its steps, and the proof that is owed there
      purpose: deps.logins.opens('POST', c.path) || deps.isOpen(method, c.path) ? 'sign_in' : undefined,
      session: session === undefined ? undefined : { startedAt: session.createdAt, secondFactor: factorAt(session) !== undefined },
    })
    if (outcome !== 'refuse') return false
    const now = deps.clock()
    const refusal = lockdownRefusal(held, why, now, c.id())
    c.refusal = prefersHtml(c.request) ? lockdownPage(refusal, held, now, c.freshNonce()) : refusal
    return true
  }

  /** True: the request ends here. One that has to know the session first is judged when that was read. */
  const lock = (c: Case): boolean => {
    const among = deps.lockdowns.among(c.network)
    if (among === undefined) return false
    const { held, watched } = among
    if (watched !== undefined && c.watched === undefined && !(c.carried && asksSession(watched))) {
      // what it would do is tried, and taken back
      if (lockedOut(c, watched)) c.watched = c.refusal
      c.refusal = undefined
    }
    if (held === undefined) return false
    if (c.carried && asksSession(held)) {
      c.lockdown = held
      return false
    }
    return lockedOut(c, held)
  }

  /** True: the request ends here, for where it goes or comes from. */
  const stray = (c: Case): boolean => {
    if (!isClearTarget(c.request.url) && refuse(c, 'target', targetRefusal(c.id()))) return true
    const site = deps.csrf(c.request)
    return site.kind === 'refused' && refuse(c, 'csrf', csrfRefusal(site.reason, c.id()))
  }

  /** True: the request ends here. */
  const limit = (c: Case): boolean | Promise<boolean> => {
    const outcome = limits.take(c)
    if (outcome === undefined) return false
    if (!('then' in outcome)) return refuse(c, `limits.${outcome.policy}`, outcome.refusal)
    return outcome.then((late) => late !== undefined && refuse(c, `limits.${late.policy}`, late.refusal))
  }

  const lateAnonymous = async (c: Case, limited: Promise<boolean>): Promise<void> => {
    if (!(await limited)) stray(c)
  }

  const anonymous = (c: Case): Promise<void> | undefined => {
    const limited = limit(c)
    if (typeof limited === 'object') return lateAnonymous(c, limited)
    if (!limited) stray(c)
    return undefined
  }

  /** True: the request ends here, because its session was seen at risk and has not proven itself since. */
  const atRisk = (c: Case, { flag }: Session): boolean => {
    const risk = flag?.kind
    if (risk === undefined || risk === 'none' || risk === 'observe' || deps.isOpen(c.request.method, c.path)) return false
    return refuse(c, 'session', owe(c, 'step_up', deps.pages.stepUp))
  }

  /** Weighs the decisions there are on a session, its user and its network. True: the request ends here. */
  const carryOut = async (c: Case, session: Session, all: readonly Decision[], network: readonly Decision[]): Promise<boolean> => {
    const known = { authenticatedAt: session.authenticatedAt, factorAt: factorAt(session), startedAt: session.createdAt }
    let verdict = enforcement.weigh(all, factsOf(c, known))
    if (verdict.kind === 'reset_required') {
      const passwordAt = await deps.accounts.passwordAt(session.subject)
      if (passwordAt !== undefined) verdict = enforcement.weigh(all, factsOf(c, known, passwordAt))
    }
    if (verdict.kind === 'suspended' || verdict.kind === 'reset_required' || verdict.kind === 'sessions_ended') {
      c.session = NOBODY
      // the last one counts: one of a rotation may stand before it
      c.headers.push(['Set-Cookie', sessions.clearCookie()])
      c.acted = { reason: verdict.kind, decisionId: verdict.decision.id }
      await deps.accounts.end(verdict.decision, session)
      return await apply(c, enforcement.weigh(network, factsOf(c, undefined)), clientKey(c))
    }
    if ('decision' in verdict && verdict.decision.target.kind === 'session')
      await deps.accounts.flag(session.subject, verdict.decision.expiresAt)
    return (await apply(c, verdict, session.subject)) || atRisk(c, session)
  }

  /** Decisions on a session and its user. True: the request ends here. The session may end, and the request goes on as nobody's. */
  const decideOn = (c: Case, session: Session): boolean | Promise<boolean> => {
    const own = enforcement.matchNamed(session.subject, session.id)
    // denials and limits of the network were applied before the session was read
    const network = c.network.length === 0 ? c.network : c.network.filter(({ action }) => action !== 'deny' && action !== 'throttle')
    const all = own.length === 0 ? network : network.length === 0 ? own : [...own, ...network]
    return all.length === 0 ? atRisk(c, session) : carryOut(c, session, all, network)
  }

  /** Decisions on the network of a request that has no session, whatever its cookie says. True: the request ends here. */
  const decideOnNobody = (c: Case): boolean | Promise<boolean> => {
    if (c.network.length === 0) return false
    const verdict = enforcement.weigh(c.network, factsOf(c, undefined))
    // its limits were counted before the session was read
    return verdict.kind !== 'throttled' && apply(c, verdict, clientKey(c))
  }

  const last = (c: Case): Promise<unknown> | undefined => {
    if (c.lockdown !== undefined && lockedOut(c, c.lockdown)) return undefined
    const limited = limit(c)
    return typeof limited === 'object' ? limited : undefined
  }

  /** Goes on with what is known of the session. */
  const recognised = (c: Case, session: Case['session']): Promise<unknown> | undefined => {
    c.session = session
    if (session.kind === 'degraded') {
      deps.degraded('sessions')
      deps.tell('session_store_away', `${session.reason}: nobody can be recognised as signed in`)
      if (deps.refuseUnread) {
        c.refusal = errorRefusal(c.id(), 'store')
        return undefined
      }
    }
    // it was ended as stolen: its cookie stands for nothing any more
    if (session.kind === 'replayed' || session.kind === 'revoked') c.headers.push(['Set-Cookie', sessions.clearCookie()])
    if (session.kind === 'active' && session.cookie !== undefined) c.headers.push(['Set-Cookie', session.cookie])
    const stop = session.kind === 'active' ? decideOn(c, session.session) : decideOnNobody(c)
    if (typeof stop === 'object') return stop.then((ended) => (ended ? undefined : last(c)))
    return stop ? undefined : last(c)
  }

  const withSession = (c: Case): Promise<unknown> | undefined => {
    if (stray(c)) return undefined
    const session = sessions.look(c.request)
    return session instanceof Promise ? session.then((came) => recognised(c, came)) : recognised(c, session)
  }

  const go = (c: Case): Promise<unknown> | undefined => (c.carried ? withSession(c) : anonymous(c))

  return (c) => {
    c.client = deps.clientAddress(c.request)
    if (c.client.kind === 'unknown')
      deps.tell('client_address_unknown', `clientAddress does not fit how requests arrive: ${c.client.reason}`)
    c.network = enforcement.match(subjectOf(c))
    c.carried = readCookie(c.request.header('cookie'), sessions.cookieName) !== undefined
    if (c.network.length > 0) {
      const stop = apply(c, enforcement.weigh(c.network, factsOf(c, c.carried ? 'unread' : undefined)), clientKey(c))
      if (typeof stop === 'object') return stop.then((ended) => (ended || lock(c) ? undefined : go(c)))
      if (stop || lock(c)) return undefined
    }
    const own = deps.own(c)
    if (own !== undefined)
      return own.then((answer) => {
        if (answer === undefined) return go(c)
        c.refusal = answer
        return undefined
      })
    return go(c)
  }
}
