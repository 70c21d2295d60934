import { type Clock, HOUR, type RandomSource, type Store, systemClock, systemRandom } from '@parapet/core'
import { type ClientAddress, createClientAddress } from '../client-address/client-address.js'
import type { GeoLookup } from '../geo/types.js'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError } from '../options/check.js'
import type { CookieShape } from '../request/cookies.js'
import type { GuardRequest, RequestLike } from '../request/guard-request.js'
import type { Session } from './record.js'
import { RISK_DEFAULTS, type RiskPolicy } from './risk.js'
import type { RiskLevel, RiskSignal, SessionBinding, SessionReport } from './types.js'

/** What {@link createSessions} takes. Times in ms. */
export type SessionsOptions = {
  readonly store: Store
  /** `secure: false` is for plain http on localhost: browsers refuse `__Host-` there */
  readonly cookie?: { readonly name?: string; readonly secure?: boolean; readonly sameSite?: 'strict' | 'lax' }
  /** unused for this long, it is over; 1 h */
  readonly idleMs?: number
  /** over whatever happens; 12 h */
  readonly absoluteMs?: number
  /** how long a rotated id still works, for requests under way; 10 s */
  readonly graceMs?: number
  /** sessions of one subject at a time; 10. The one unused for longest goes */
  readonly maxPerSubject?: number
  readonly clientAddress?: (request: RequestLike) => ClientAddress
  /** tells place and network of addresses; `createGeo` of `@parapet/guard/geo` is one */
  readonly geo?: GeoLookup
  /**
   * `score` (default) weighs signs of a stolen session; `strict` ends a session whose address is not the one that signed in, which phones
   * and offices with two lines do not survive; a function chooses for each request, by route or by role:
   * `off` for calls that your own server makes in a user's name, which look like another browser.
   */
  readonly binding?: SessionBinding | ((session: Session, request: GuardRequest) => SessionBinding)
  /** bits of an address that `strict` compares; 32 and 64 */
  readonly strict?: { readonly v4Prefix?: number; readonly v6Prefix?: number }
  /** `mode: 'observe'` weighs and tells, and does nothing; the numbers are those of {@link RISK_DEFAULTS} */
  readonly risk?: {
    readonly mode?: 'enforce' | 'observe'
    readonly weights?: Partial<RiskPolicy['weights']>
    readonly thresholds?: Partial<RiskPolicy['thresholds']>
    readonly maxKmh?: number
  }
  readonly clock?: Clock
  readonly random?: RandomSource
  /** told of every replay */
  readonly onReplay?: (session: { readonly id: string; readonly subject: string }, request: GuardRequest) => void
  /** told of sessions at risk and of those that were ended other than by sign-out; what it throws is ignored */
  readonly report?: (report: SessionReport, request: GuardRequest | undefined) => void
}

export type SessionSettings = {
  readonly store: Store
  readonly shape: CookieShape
  readonly idleMs: number
  readonly absoluteMs: number
  readonly graceMs: number
  readonly maxPerSubject: number
  readonly clientAddress: (request: RequestLike) => ClientAddress
  readonly geo: GeoLookup | undefined
  readonly bindingOf: (session: Session, request: GuardRequest) => SessionBinding
  readonly strict: { readonly v4Prefix: number; readonly v6Prefix: number }
  readonly enforceRisk: boolean
  readonly policy: RiskPolicy
  readonly clock: Clock
  readonly random: RandomSource
  readonly onReplay: (session: { readonly id: string; readonly subject: string }, request: GuardRequest) => void
  readonly report: (report: SessionReport, request: GuardRequest | undefined) => void
}

const NAMES = [
  'store', 'cookie', 'idleMs', 'absoluteMs', 'graceMs', 'maxPerSubject', 'clientAddress', 'geo', 'binding', 'strict', 'risk', 'clock',
  'random', 'onReplay', 'report',
] as const // prettier-ignore
const BINDINGS = ['score', 'strict', 'off'] as const

const bindingOption = (value: SessionsOptions['binding']): SessionSettings['bindingOf'] => {
  if (typeof value !== 'function') {
    const binding = choiceOption('session.binding', value, 'score', BINDINGS)
    return () => binding
  }
  return (session, request) => {
    const chosen: unknown = value(session, request)
    // an answer that means nothing must not switch the check off
    return BINDINGS.find((one) => one === chosen) ?? 'score'
  }
}

const policyOption = (given: NonNullable<SessionsOptions['risk']>): RiskPolicy => {
  knownOptions('session.risk', given, ['mode', 'weights', 'thresholds', 'maxKmh'])
  knownOptions('session.risk.weights', given.weights ?? {}, Object.keys(RISK_DEFAULTS.weights))
  knownOptions('session.risk.thresholds', given.thresholds ?? {}, Object.keys(RISK_DEFAULTS.thresholds))
  const weights = { ...RISK_DEFAULTS.weights }
  for (const name of Object.keys(weights) as RiskSignal[])
    weights[name] = integerOption(`session.risk.weights.${name}`, given.weights?.[name], weights[name], 0, 1_000)
  const thresholds = { ...RISK_DEFAULTS.thresholds }
  let below = 0
  for (const name of Object.keys(thresholds) as Exclude<RiskLevel, 'none'>[]) {
    thresholds[name] = integerOption(`session.risk.thresholds.${name}`, given.thresholds?.[name], thresholds[name], 1, 1_000_000)
    if (thresholds[name] < below)
      throw optionError(`session.risk.thresholds.${name}`, thresholds[name], `give ${below} or more: they rise from observe to revoke`)
    below = thresholds[name]
  }
  return { weights, thresholds, maxKmh: integerOption('session.risk.maxKmh', given.maxKmh, RISK_DEFAULTS.maxKmh, 50, 100_000) }
}

/** Checks the options once and fills in what was left out. Throws `PPT_CONFIG_INVALID`. */
export const readSessionsOptions = (options: SessionsOptions): SessionSettings => {
  knownOptions('session', options, NAMES)
  const { store, geo, risk = {}, strict = {} } = options
  if (typeof store !== 'object' || store === null || typeof store.read !== 'function')
    throw optionError('session.store', typeof store, 'give a store, such as memoryStore()')
  if (geo !== undefined && (typeof geo !== 'object' || geo === null || typeof geo.lookup !== 'function'))
    throw optionError('session.geo', typeof geo, 'give { lookup }, such as createGeo({ path }) of @parapet/guard/geo')
  knownOptions('session.cookie', options.cookie ?? {}, ['name', 'secure', 'sameSite'])
  knownOptions('session.strict', strict, ['v4Prefix', 'v6Prefix'])
  const name = options.cookie?.name ?? 'session'
  if (!/^[a-z][\w-]{0,40}$/i.test(name) || /^__(?:host|secure)-/i.test(name))
    throw optionError('session.cookie.name', name, 'give letters, digits, - and _; the prefix is added')
  const absoluteMs = integerOption('session.absoluteMs', options.absoluteMs, 12 * HOUR, 1_000, 90 * 24 * HOUR)
  return {
    store,
    shape: {
      name,
      secure: booleanOption('session.cookie.secure', options.cookie?.secure, true),
      sameSite: choiceOption('session.cookie.sameSite', options.cookie?.sameSite, 'lax', ['strict', 'lax']),
    },
    absoluteMs,
    idleMs: integerOption('session.idleMs', options.idleMs, Math.min(HOUR, absoluteMs), 1_000, absoluteMs),
    graceMs: integerOption('session.graceMs', options.graceMs, 10_000, 0, 60_000),
    maxPerSubject: integerOption('session.maxPerSubject', options.maxPerSubject, 10, 1, 1_000),
    clientAddress: options.clientAddress ?? createClientAddress('direct'),
    geo,
    bindingOf: bindingOption(options.binding),
    strict: {
      v4Prefix: integerOption('session.strict.v4Prefix', strict.v4Prefix, 32, 8, 32),
      v6Prefix: integerOption('session.strict.v6Prefix', strict.v6Prefix, 64, 16, 128),
    },
    enforceRisk: choiceOption('session.risk.mode', risk.mode, 'enforce', ['enforce', 'observe']) === 'enforce',
    policy: policyOption(risk),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    onReplay: options.onReplay ?? (() => undefined),
    report: options.report ?? (() => undefined),
  }
}
