import { type Clock, DAY, type Keyring, MINUTE, type RandomSource, type Store, systemClock, systemRandom } from '@parapet/core'
import { type ClientAddress, createClientAddress } from '../client-address/client-address.js'
import type { GeoLookup } from '../geo/types.js'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError } from '../options/check.js'
import type { RequestLike } from '../request/guard-request.js'
import { createDeviceCookies, type DeviceCookies } from './device-cookie.js'
import type { LoginReport } from './report.js'
import { keyringOfSecret } from '../keyring/keyring.js'
import { CAMPAIGN_DEFAULTS, type CampaignPolicy } from './campaigns.js'
import { LOCK_DEFAULTS, type LockPolicy } from './tally.js'
import type { CampaignReport, CampaignResponse, LoginHold } from './types.js'
import { createUnlockLinks, type UnlockLinks } from './unlock-link.js'

/** What `createLogin` takes. Times in ms. */
export type LoginOptions = {
  readonly store: Store
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly clientAddress?: (request: RequestLike) => ClientAddress
  /** signs device cookies, and hides names in the store's keys; without it and without `secret` there are no cookies, and names are hashed plainly */
  readonly keyring?: Keyring
  /** 32 random characters or more, instead of a keyring */
  readonly secret?: string
  readonly cookie?: { readonly name?: string; readonly secure?: boolean }
  /**
   * Folds the names of one account (e-mail, user name, spelling) to one subject, so that they share one budget. Must answer
   * for names that do not exist as well. Default: trimmed, NFKC, lower case.
   */
  readonly canonicalSubject?: (subject: string) => string | Promise<string>
  /** failures that lock; 5 */
  readonly failures?: number
  /** within this time; 15 min */
  readonly windowMs?: number
  /** how long the first lock lasts, the second, and every further one; 15 min, 1 h, 24 h */
  readonly tiersMs?: readonly number[]
  readonly addressSubjects?: number
  readonly addressFailures?: number
  /** credentials checked at a time; 8. `maxWaiting` more wait, 256 */
  readonly maxVerifying?: number
  readonly maxWaiting?: number
  /** `adaptive` (default) makes refusals take as long as checks do */
  readonly delay?: 'adaptive' | 'none'
  /** adds `remaining` to `failed`, for applications that show it; default false, since it tells an attacker his budget */
  readonly revealRemaining?: boolean
  /** asked before anything is counted: until when (ms UTC) a decision keeps this subject or client from signing in */
  readonly blockedUntil?: (subject: string, typed: string, client: ClientAddress) => number | undefined
  /** asked with it: what else a decision says about this subject or client */
  readonly hold?: (subject: string, typed: string, client: ClientAddress) => LoginHold | undefined | Promise<LoginHold | undefined>
  /** tells whose network an address belongs to, so that lists tried from all over one provider are seen */
  readonly geo?: GeoLookup
  /** told when an attack on many accounts begins and when it has ended */
  readonly onCampaign?: (report: CampaignReport) => void
  /** what is done about unknown devices while one lasts; `report` */
  readonly campaignResponse?: CampaignResponse
  /** when many accounts are under attack; the numbers are those of `CAMPAIGN_DEFAULTS` */
  readonly campaigns?: Partial<CampaignPolicy>
  /** how long an unlock link works; 30 min */
  readonly unlockLinkMs?: number
  /** told of every attempt */
  readonly report?: (report: LoginReport) => void
  readonly sleep?: (ms: number) => Promise<void>
}

export type LoginSettings = {
  readonly store: Store
  readonly clock: Clock
  readonly clientAddress: (request: RequestLike) => ClientAddress
  readonly devices: DeviceCookies | undefined
  /** also hides names in the store's keys */
  readonly keyring: Keyring | undefined
  readonly canonicalSubject: (subject: string) => string | Promise<string>
  readonly policy: LockPolicy
  readonly maxVerifying: number
  readonly maxWaiting: number
  readonly adaptive: boolean
  readonly revealRemaining: boolean
  readonly blockedUntil: (subject: string, typed: string, client: ClientAddress) => number | undefined
  readonly hold: (subject: string, typed: string, client: ClientAddress) => LoginHold | undefined | Promise<LoginHold | undefined>
  readonly geo: GeoLookup | undefined
  readonly onCampaign: (report: CampaignReport) => void
  readonly campaignResponse: CampaignResponse
  readonly campaigns: CampaignPolicy
  readonly links: UnlockLinks | undefined
  readonly report: (report: LoginReport) => void
  readonly sleep: (ms: number) => Promise<void>
}

const NAMES = [
  'store', 'clock', 'random', 'clientAddress', 'keyring', 'secret', 'cookie', 'canonicalSubject', 'failures', 'windowMs', 'tiersMs',
  'addressSubjects', 'addressFailures', 'maxVerifying', 'maxWaiting', 'delay', 'revealRemaining', 'blockedUntil', 'hold',
  'geo', 'onCampaign', 'campaignResponse', 'campaigns', 'unlockLinkMs', 'report', 'sleep',
] as const // prettier-ignore

const foldName = (subject: string): string => subject.normalize('NFKC').trim().toLowerCase()

const tiersOption = (value: unknown): readonly number[] => {
  if (value === undefined) return LOCK_DEFAULTS.tiersMs
  if (!Array.isArray(value) || value.length === 0 || value.length > 10)
    throw optionError('login.tiersMs', value, 'give one to ten times in ms')
  return value.map((tier: unknown, i) => integerOption(`login.tiersMs[${i}]`, tier, 1_000, 1_000, 7 * DAY))
}

const campaignsOption = (given: Partial<CampaignPolicy>): CampaignPolicy => {
  knownOptions('login.campaigns', given, Object.keys(CAMPAIGN_DEFAULTS))
  const whole = (name: keyof CampaignPolicy, least: number, most: number): number =>
    integerOption(`login.campaigns.${name}`, given[name], CAMPAIGN_DEFAULTS[name], least, most)
  const share = (name: 'failedShare' | 'unknownShare'): number => {
    const value: unknown = given[name] ?? CAMPAIGN_DEFAULTS[name]
    if (typeof value !== 'number' || !(value > 0 && value <= 1))
      throw optionError(`login.campaigns.${name}`, value, 'give a share above 0 and up to 1')
    return value
  }
  return {
    windowMs: whole('windowMs', 1_000, DAY),
    sprayedSubjects: whole('sprayedSubjects', 2, 4_096),
    fewTries: whole('fewTries', 1, 100),
    failedShare: share('failedShare'),
    stuffedSubjects: whole('stuffedSubjects', 2, 256),
    unknownShare: share('unknownShare'),
    lastsMs: whole('lastsMs', 1_000, DAY),
  }
}

/** Checks the options once and fills in what was left out. Throws `PPT_CONFIG_INVALID`. */
export const readLoginOptions = (options: LoginOptions): LoginSettings => {
  knownOptions('login', options, NAMES)
  const { store } = options
  if (typeof store !== 'object' || store === null || typeof store.read !== 'function')
    throw optionError('login.store', typeof store, 'give a store, such as memoryStore()')
  if (options.keyring !== undefined && options.secret !== undefined)
    throw optionError('login.secret', 'set', 'give a keyring or a secret, not both')
  knownOptions('login.cookie', options.cookie ?? {}, ['name', 'secure'])
  const name = options.cookie?.name ?? 'device'
  if (!/^[a-z][\w-]{0,40}$/i.test(name)) throw optionError('login.cookie.name', name, 'give letters, digits, - and _; the prefix is added')
  const shape = { name, secure: booleanOption('login.cookie.secure', options.cookie?.secure, true), sameSite: 'lax' as const }
  const keyring = options.secret === undefined ? options.keyring : keyringOfSecret('login.secret', options.secret)
  const { clock = systemClock, random = systemRandom, geo } = options
  if (geo !== undefined && (typeof geo !== 'object' || geo === null || typeof geo.lookup !== 'function'))
    throw optionError('login.geo', typeof geo, 'give { lookup }, such as createGeo({ path }) of @parapet/guard/geo')
  const ttlMs = integerOption('login.unlockLinkMs', options.unlockLinkMs, 30 * MINUTE, MINUTE, DAY)
  return {
    store,
    clock,
    clientAddress: options.clientAddress ?? createClientAddress('direct'),
    keyring,
    devices: keyring === undefined ? undefined : createDeviceCookies(keyring, shape, random),
    canonicalSubject: options.canonicalSubject ?? foldName,
    policy: {
      failures: integerOption('login.failures', options.failures, LOCK_DEFAULTS.failures, 1, 100),
      windowMs: integerOption('login.windowMs', options.windowMs, LOCK_DEFAULTS.windowMs, 1_000, DAY),
      tiersMs: tiersOption(options.tiersMs),
      addressSubjects: integerOption('login.addressSubjects', options.addressSubjects, LOCK_DEFAULTS.addressSubjects, 2, 1_000),
      addressFailures: integerOption('login.addressFailures', options.addressFailures, LOCK_DEFAULTS.addressFailures, 2, 1_000),
    },
    maxVerifying: integerOption('login.maxVerifying', options.maxVerifying, 8, 1, 1_024),
    maxWaiting: integerOption('login.maxWaiting', options.maxWaiting, 256, 0, 100_000),
    adaptive: choiceOption('login.delay', options.delay, 'adaptive', ['adaptive', 'none']) === 'adaptive',
    revealRemaining: booleanOption('login.revealRemaining', options.revealRemaining, false),
    blockedUntil: options.blockedUntil ?? (() => undefined),
    hold: options.hold ?? (() => undefined),
    geo,
    onCampaign: options.onCampaign ?? (() => undefined),
    campaignResponse: choiceOption('login.campaignResponse', options.campaignResponse, 'report', ['report', 'challenge', 'tighten']),
    campaigns: campaignsOption(options.campaigns ?? {}),
    links: keyring === undefined ? undefined : createUnlockLinks({ keyring, store, clock, random, ttlMs }),
    report: options.report ?? (() => undefined),
    sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
  }
}
