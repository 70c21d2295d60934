import type { ClientAddress } from '../client-address/client-address.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { createCounters, type Parties } from './counters.js'
import { createGate } from './gate.js'
import { type LoginOptions, readLoginOptions } from './options.js'
import { createPace } from './pace.js'
import type { LockScope, LoginMethod, LoginReport } from './report.js'

/**
 * What `verify` may answer where nobody goes by the name that was typed: counted and answered like any failure, but reported as
 * `unknown_user`. Such a name is often a password in the wrong field, and the control plane keeps nothing of it but a keyed hash.
 */
export const UNKNOWN_SUBJECT: unique symbol = Symbol('nobody goes by this name')

/** What `verify` found, where it found something. */
type Found<T> = Exclude<T, false | null | undefined | typeof UNKNOWN_SUBJECT>

/** One attempt to sign in. `credential`, when given, is refused beyond 4 KiB before it is hashed, never cut. */
export type LoginAttempt = {
  readonly subject: string
  readonly method: LoginMethod
  readonly request: RequestLike
  readonly credential?: string
}

/**
 * What became of an attempt. Answer `failed` and `locked` alike, for names that exist and names that do not; `retryAfter` (whole
 * seconds) is for the record and for people who are told by other means.
 */
export type LoginVerdict<T = unknown> =
  | {
      readonly kind: 'ok'
      /** what `verify` found */
      readonly value: T
      /** the canonical subject */
      readonly subject: string
      readonly device: 'known' | 'unknown'
      /** Set-Cookie values for the answer */
      readonly cookies: readonly string[]
    }
  | { readonly kind: 'failed'; readonly remaining?: number }
  | { readonly kind: 'locked'; readonly scope: LockScope; readonly retryAfter: number }
  | { readonly kind: 'limited'; readonly reason: 'busy'; readonly retryAfter: number }
  /** the store or `verify` failed: nobody is signed in */
  | { readonly kind: 'degraded'; readonly reason: 'store' | 'verify'; readonly cause: unknown }

/** The login shield. */
export type Login = {
  /**
   * The one way in for every kind of credential. `verify` is told nothing about the verdict so far, and is not called
   * for locked subjects; anything falsy from it is a failure, and so is {@link UNKNOWN_SUBJECT}. Never throws.
   */
  attempt: <T>(attempt: LoginAttempt, verify: () => T | Promise<T>) => Promise<LoginVerdict<Found<T>>>
  /** lifts the lock of a subject on unknown devices; rejects when the store does not answer */
  unlock: (subject: string) => Promise<void>
  /** lifts the lock of an address key, as the client address part makes it */
  unlockAddress: (addressKey: string) => Promise<void>
  /** `deviceCookies` is off without a keyring or a secret: then a locked user is locked out on his own devices too */
  status: () => { readonly deviceCookies: 'on' | 'off'; readonly verifying: number; readonly waiting: number }
}

/** Bytes of a subject or a credential. */
const MOST_INPUT = 4_096

type Outcome<T> = {
  readonly verdict: LoginVerdict<T>
  readonly reason: string | undefined
  readonly lock?: LockScope | undefined
}

/**
 * Builds the shield: counts before it checks, locks (subject, unknown device), keeps a budget of its own for each known
 * device, and locks address prefixes that try many subjects. Throws `PPT_CONFIG_INVALID`. Sources: ASVS 5.0 V6.3, OWASP device cookies.
 */
export const createLogin = (options: LoginOptions): Login => {
  const settings = readLoginOptions(options)
  const { clock, devices, policy } = settings
  const counters = createCounters(settings.store, policy, settings.keyring)
  const gate = createGate({ running: settings.maxVerifying, waiting: settings.maxWaiting, perKey: Math.max(1, settings.maxWaiting >> 2) })
  const pace = createPace()

  const locked = (scope: LockScope, until: number): Outcome<never> => ({
    verdict: { kind: 'locked', scope, retryAfter: Math.max(1, Math.ceil((until - clock()) / 1_000)) },
    reason: scope === 'decision' ? 'decision' : 'locked',
    lock: scope,
  })
  const outage = (cause: unknown): Outcome<never> => ({ verdict: { kind: 'degraded', reason: 'store', cause }, reason: 'store' })

  const tooLong = (text: string | undefined): boolean =>
    text !== undefined && (text.length > MOST_INPUT || Buffer.byteLength(text) > MOST_INPUT)

  const check = async <T>(parties: Parties, attempt: LoginAttempt, verify: () => T | Promise<T>): Promise<Outcome<Found<T>>> => {
    const reserved = await counters.reserve(parties, clock())
    if (reserved.kind === 'locked') return locked(reserved.scope, reserved.until)
    let value: T
    const began = clock()
    try {
      value = await verify()
    } catch (cause) {
      // what was reserved stays counted: a check that throws on a wrong password must not be free
      return { verdict: { kind: 'degraded', reason: 'verify', cause }, reason: 'verify' }
    } finally {
      pace.note(clock() - began)
    }
    const now = clock()
    const isUnknown = value === UNKNOWN_SUBJECT
    if (!value || isUnknown) {
      const addressLocked = await counters.failed(parties, now)
      return {
        verdict: {
          kind: 'failed',
          ...(settings.revealRemaining && reserved.remaining !== undefined ? { remaining: reserved.remaining } : {}),
        },
        reason: isUnknown ? 'unknown_user' : `bad_${attempt.method}`,
        lock: reserved.locks === true ? (parties.device === undefined ? 'subject' : 'device') : addressLocked ? 'address' : undefined,
      }
    }
    await counters.succeeded(parties, now)
    const cookies = devices === undefined || parties.device !== undefined ? [] : [devices.issue(parties.subject, now)]
    return {
      verdict: {
        kind: 'ok',
        value: value as Found<T>,
        subject: parties.subject,
        device: parties.device === undefined ? 'unknown' : 'known',
        cookies,
      },
      reason: undefined,
    }
  }

  const judge = async <T>(
    parties: Parties,
    client: ClientAddress,
    attempt: LoginAttempt,
    verify: () => T | Promise<T>,
  ): Promise<Outcome<Found<T>>> => {
    if (tooLong(attempt.subject) || tooLong(attempt.credential)) {
      await counters.failed(parties, clock())
      return { verdict: { kind: 'failed' }, reason: 'too_long' }
    }
    const until = settings.blockedUntil(parties.subject, attempt.subject, client)
    if (until !== undefined) return locked('decision', until)
    const standing = await counters.standing(parties, clock())
    if (standing.kind === 'locked') return locked(standing.scope, standing.until)
    const entered = gate.enter(parties.addressKey ?? 'unknown')
    if (entered === undefined) return { verdict: { kind: 'limited', reason: 'busy', retryAfter: 1 }, reason: 'busy' }
    const leave = await entered
    try {
      return await check(parties, attempt, verify)
    } finally {
      leave()
    }
  }

  const attempt = async <T>(input: LoginAttempt, verify: () => T | Promise<T>): Promise<LoginVerdict<Found<T>>> => {
    const request: GuardRequest = asGuardRequest(input.request)
    const began = clock()
    const typed = typeof input.subject === 'string' ? input.subject : ''
    const client = settings.clientAddress(request)
    let parties: Parties = {
      subject: typed.slice(0, MOST_INPUT),
      device: undefined,
      addressKey: client.kind === 'known' ? client.key : undefined,
    }
    let outcome: Outcome<Found<T>>
    try {
      const subject = tooLong(typed) ? parties.subject : await settings.canonicalSubject(typed)
      parties = { ...parties, subject, device: devices?.read(request.header('cookie'), subject, began) }
      outcome = await judge(parties, client, { ...input, subject: typed }, verify)
    } catch (cause) {
      outcome = outage(cause)
    }
    const report: LoginReport = {
      at: clock(),
      outcome: outcome.verdict.kind,
      reason: outcome.reason,
      method: input.method,
      subject: typed.slice(0, MOST_INPUT),
      device: parties.device === undefined ? 'unknown' : 'known',
      client,
      request,
      lock: outcome.lock,
    }
    try {
      settings.report(report)
    } catch {
      // whoever listens must not decide who gets in
    }
    const missing = settings.adaptive && outcome.verdict.kind !== 'ok' ? pace.missing(clock() - began) : 0
    if (missing > 0) await settings.sleep(missing)
    return outcome.verdict
  }

  return {
    attempt,
    unlock: async (subject) => counters.forgetSubject(await settings.canonicalSubject(subject)),
    unlockAddress: (key) => counters.forgetAddress(key),
    status: () => ({ deviceCookies: devices === undefined ? 'off' : 'on', verifying: gate.running, waiting: gate.waiting }),
  }
}
