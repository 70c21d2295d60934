import { type Clock, type Keyring, type RandomSource, type Store, systemClock, systemRandom } from '@parapet/core'
import { type ClientAddress, createClientAddress } from '../client-address/client-address.js'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError } from '../options/check.js'
import type { RequestLike } from '../request/guard-request.js'
import { createDeviceCookies, type DeviceCookies } from './device-cookie.js'
import type { LoginReport } from './report.js'
import { secretKeyring } from './secret-keyring.js'
import { LOCK_DEFAULTS, type LockPolicy } from './tally.js'

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
  readonly report: (report: LoginReport) => void
  readonly sleep: (ms: number) => Promise<void>
}

const NAMES = [
  'store', 'clock', 'random', 'clientAddress', 'keyring', 'secret', 'cookie', 'canonicalSubject', 'failures', 'windowMs', 'tiersMs',
  'addressSubjects', 'addressFailures', 'maxVerifying', 'maxWaiting', 'delay', 'revealRemaining', 'blockedUntil', 'report', 'sleep',
] as const // prettier-ignore

const DAY = 86_400_000

const foldName = (subject: string): string => subject.normalize('NFKC').trim().toLowerCase()

const tiersOption = (value: unknown): readonly number[] => {
  if (value === undefined) return LOCK_DEFAULTS.tiersMs
  if (!Array.isArray(value) || value.length === 0 || value.length > 10)
    throw optionError('login.tiersMs', value, 'give one to ten times in ms')
  return value.map((tier: unknown, i) => integerOption(`login.tiersMs[${i}]`, tier, 1_000, 1_000, 7 * DAY))
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
  const keyring = options.secret === undefined ? options.keyring : secretKeyring('login.secret', options.secret)
  return {
    store,
    clock: options.clock ?? systemClock,
    clientAddress: options.clientAddress ?? createClientAddress('direct'),
    keyring,
    devices: keyring === undefined ? undefined : createDeviceCookies(keyring, shape, options.random ?? systemRandom),
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
    report: options.report ?? (() => undefined),
    sleep: options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
  }
}
