import { formatRange, parseAddress, prefixOf } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { optionError } from '../options/check.js'
import { createCampaigns } from './campaigns.js'
import { createCounters, type Parties } from './counters.js'
import { createGate } from './gate.js'
import { type LoginOptions, readLoginOptions } from './options.js'
import { createPace } from './pace.js'
import type { LockScope, LoginMethod, LoginReport } from './report.js'
import type { LoginHold, UnlockLink, UnlockVerdict } from './types.js'

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
  /** this request has passed a challenge, so that it is not asked for one again */
  readonly challengePassed?: boolean
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
  /** many accounts are under attack, and nothing was checked: let this browser work, and ask again with `challengePassed` */
  | { readonly kind: 'challenge'; readonly reason: 'spraying' | 'stuffing' }
  /** the credential was right and is not taken: lead this subject to a reset by mail */
  | { readonly kind: 'reset_required'; readonly subject: string }
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
  /**
   * Makes the token of a link that lifts a subject's lock once. Send it to the address that you hold for the subject, and only there;
   * answer alike when there is none. Throws `PPT_CONFIG_INVALID` without a keyring or a secret.
   */
  unlockLink: (subject: string) => Promise<UnlockLink>
  unlockWith: (token: string) => Promise<UnlockVerdict>
  /** Makes every device known for a subject unknown again, as after a reset; rejects when the store does not answer. */
  forgetDevices: (subject: string) => Promise<void>
  /** `deviceCookies` is off without a keyring or a secret: then a locked user is locked out on his own devices too */
  status: () => { readonly deviceCookies: 'on' | 'off'; readonly verifying: number; readonly waiting: number }
}

/** Failures that lock a subject on an unknown device while many accounts are under attack. */
const TIGHTENED = 2

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
  const campaigns = createCampaigns(settings.campaigns)
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

  /** The networks that an attempt belongs to, wider than one client: an attacker's own, or his provider. */
  const sourcesOf = (client: ClientAddress): readonly string[] => {
    if (client.kind === 'unknown') return []
    const address = parseAddress(client.address)
    if (address === undefined) return []
    const asn = settings.geo?.lookup(client.address)?.asn
    return [formatRange(prefixOf(address, address.family === 4 ? 24 : 48)), ...(asn === undefined ? [] : [`as${asn}`])]
  }

  const noteCampaign = (parties: Parties, client: ClientAddress, outcome: 'ok' | 'failed' | 'unknown'): void => {
    // a known device that mistypes is no part of a campaign
    if (parties.device !== undefined && outcome !== 'ok') return
    const noted = campaigns.note(clock(), {
      subject: counters.nameOf(parties.subject),
      outcome,
      addressKey: parties.addressKey,
      sources: sourcesOf(client),
    })
    for (const report of noted) {
      try {
        settings.onCampaign(report)
      } catch {
        // whoever listens must not decide who gets in
      }
    }
  }

  /** What a right credential is worth under a decision about its subject. */
  const heldBack = (hold: LoginHold | undefined, method: LoginMethod): 'suspended' | 'reset_required' | 'key_ended' | undefined => {
    if (hold?.kind === 'suspend') return 'suspended'
    if (hold?.kind !== 'reset' || method === 'reset_token') return undefined
    return method === 'api_key' ? 'key_ended' : 'reset_required'
  }

  const check = async <T>(
    parties: Parties,
    client: ClientAddress,
    attempt: LoginAttempt,
    verify: () => T | Promise<T>,
    about: { readonly hold: LoginHold | undefined; readonly tightened: boolean },
  ): Promise<Outcome<Found<T>>> => {
    const reserved = await counters.reserve(parties, clock(), about.tightened ? TIGHTENED : undefined)
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
    const held = value && !isUnknown ? heldBack(about.hold, attempt.method) : undefined
    if (!value || isUnknown || held === 'suspended' || held === 'key_ended') {
      noteCampaign(parties, client, isUnknown ? 'unknown' : 'failed')
      const addressLocked = await counters.failed(parties, now)
      return {
        verdict: {
          kind: 'failed',
          ...(settings.revealRemaining && reserved.remaining !== undefined ? { remaining: reserved.remaining } : {}),
        },
        reason: held === 'suspended' ? held : isUnknown ? 'unknown_user' : `bad_${attempt.method}`,
        lock: reserved.locks === true ? (parties.device === undefined ? 'subject' : 'device') : addressLocked ? 'address' : undefined,
      }
    }
    await counters.succeeded(parties, now)
    noteCampaign(parties, client, 'ok')
    if (held === 'reset_required') return { verdict: { kind: 'reset_required', subject: parties.subject }, reason: held }
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
    const hold = await settings.hold(parties.subject, attempt.subject, client)
    if (hold?.kind === 'block') return locked('decision', hold.until)
    const respond = settings.campaignResponse
    const campaign = respond === 'report' || parties.device !== undefined ? undefined : campaigns.current(clock(), sourcesOf(client))
    if (campaign !== undefined && respond === 'challenge' && attempt.challengePassed !== true)
      return { verdict: { kind: 'challenge', reason: campaign }, reason: campaign }
    const standing = await counters.standing(parties, clock())
    if (standing.kind === 'locked') return locked(standing.scope, standing.until)
    // in the line of known people a name counts, not an address: who owns one account must not fill it from many
    const entered =
      parties.device === undefined
        ? gate.enter(`at ${parties.addressKey ?? 'unknown'}`)
        : gate.enter(`is ${counters.nameOf(parties.subject)}`, 'known')
    if (entered === undefined) return { verdict: { kind: 'limited', reason: 'busy', retryAfter: 1 }, reason: 'busy' }
    const leave = await entered
    try {
      return await check(parties, client, attempt, verify, { hold, tightened: campaign !== undefined && respond === 'tighten' })
    } finally {
      leave()
    }
  }

  /** A device that is known for the subject, unless its devices were forgotten since. */
  const deviceOf = async (request: GuardRequest, subject: string, now: number): Promise<string | undefined> => {
    const device = devices?.read(request.header('cookie'), subject, now)
    if (device === undefined) return undefined
    return device.issuedAt < (await counters.devicesSince(subject)) ? undefined : device.id
  }

  const unlockWith = async (token: string): Promise<UnlockVerdict> => {
    try {
      const subject = await settings.links?.spend(token)
      if (subject === undefined) return { kind: 'invalid' }
      await counters.forgetSubject(subject)
      return { kind: 'unlocked', subject, cookies: devices === undefined ? [] : [devices.issue(subject, clock())] }
    } catch {
      return { kind: 'degraded', reason: 'the store does not answer' }
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
      parties = { ...parties, subject, device: await deviceOf(request, subject, began) }
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
    unlockLink: async (subject) => {
      if (settings.links === undefined)
        throw optionError('login.keyring', undefined, 'give a keyring or a secret: unlock links are sealed with it')
      return settings.links.make(await settings.canonicalSubject(subject))
    },
    unlockWith,
    forgetDevices: async (subject) => counters.forgetDevices(await settings.canonicalSubject(subject), clock()),
    status: () => ({ deviceCookies: devices === undefined ? 'off' : 'on', verifying: gate.running, waiting: gate.waiting }),
  }
}
