import { type Clock, type Keyring, MINUTE, type RandomSource, type Store, systemClock, systemRandom } from '@parapet/core'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError } from '../options/check.js'
import type { CookieShape } from '../request/cookies.js'
import type { RequestLike } from '../request/guard-request.js'
import type { FactorStore } from './factor-store.js'
import type { TotpShape } from './totp.js'
import type { MfaOptions, MfaReport } from './types.js'

/** What a guard hands to its parts: all of it may be spread into the options of one, which takes what it needs. */
export const GUARD_PARTS: readonly string[] = ['store', 'keyring', 'clock', 'random', 'clientAddress', 'emit', 'login', 'sessions']

const NAMES: readonly string[] = [
  ...GUARD_PARTS, 'issuer', 'factors', 'passkeys', 'mayEnrol', 'credentialsSince', 'digits', 'algorithm', 'skew', 'attempts', 'enrolmentMs', 'pendingMs',
  'cookie', 'report',
] // prettier-ignore

/** As the application gives it; untyped code may answer anything. */
export type EnrolHook = (subject: string, request: RequestLike) => unknown

/** Anything but a clear yes is a no, an error of the hook too. */
export const saysYes = async (hook: EnrolHook, subject: string, request: RequestLike): Promise<boolean> => {
  try {
    return (await hook(subject, request)) === true
  } catch {
    return false
  }
}

/** The options with every default filled in. */
export type MfaSettings = {
  readonly issuer: string
  readonly login: MfaOptions['login'] | undefined
  readonly sessions: MfaOptions['sessions'] | undefined
  readonly passkeys: MfaOptions['passkeys'] | undefined
  readonly store: Store
  readonly factors: FactorStore
  readonly keyring: Keyring
  /** whatever it answers: only a clear yes counts */
  readonly mayEnrol: EnrolHook
  readonly credentialsSince: MfaOptions['credentialsSince'] | undefined
  readonly shape: TotpShape
  readonly skew: 0 | 1
  readonly attempts: number
  readonly enrolmentMs: number
  readonly pendingMs: number
  readonly cookie: CookieShape
  readonly clock: Clock
  readonly random: RandomSource
  readonly report: (report: MfaReport) => void
}

/** A port by its structure: an object with these methods. Throws `PPT_CONFIG_INVALID` naming the part and the option. */
export const portOption = <T extends object>(
  name: string,
  value: T | undefined,
  methods: readonly (keyof T & string)[],
  fix: string,
): T => {
  if (typeof value !== 'object' || value === null) throw optionError(name, value === undefined ? undefined : typeof value, fix)
  for (const method of methods) if (typeof value[method] !== 'function') throw optionError(`${name}.${method}`, typeof value[method], fix)
  return value
}

/** The name and the flags of a cookie. Throws `PPT_CONFIG_INVALID`. */
export const cookieOption = (
  part: string,
  value: { readonly name?: string; readonly secure?: boolean } | undefined,
  fallback: string,
): CookieShape => {
  knownOptions(`${part}.cookie`, value ?? {}, ['name', 'secure'])
  const name = value?.name ?? fallback
  if (!/^[a-z][\w-]{0,40}$/i.test(name) || /^__(?:host|secure)-/i.test(name))
    throw optionError(`${part}.cookie.name`, name, 'give letters, digits, - and _; the prefix is added')
  return { name, secure: booleanOption(`${part}.cookie.secure`, value?.secure, true), sameSite: 'lax' }
}

/** A function, or its default when left out. Throws `PPT_CONFIG_INVALID`. */
export const hookOption = <T>(name: string, value: T | undefined, fallback: T): T => {
  if (value !== undefined && typeof value !== 'function') throw optionError(name, value, 'give a function')
  return value ?? fallback
}

/** Checks the options once and fills in what was left out. Throws `PPT_CONFIG_INVALID`. */
export const readMfaOptions = (options: MfaOptions): MfaSettings => {
  knownOptions('mfa', options, NAMES)
  const { issuer, digits = 6 } = options
  if (typeof issuer !== 'string' || issuer.trim() === '' || issuer.length > 64 || issuer.includes(':'))
    throw optionError('mfa.issuer', issuer, 'give the name of the application, up to 64 characters without a colon')
  if (digits !== 6 && digits !== 8) throw optionError('mfa.digits', digits, 'give 6 or 8')
  const optional = <T extends object>(name: string, value: T | undefined, methods: readonly (keyof T & string)[]): T | undefined =>
    value === undefined ? undefined : portOption(name, value, methods, `give what ${methods.join(' and ')} belong to, or leave it out`)
  return {
    issuer,
    store: portOption('mfa.store', options.store, ['read', 'write', 'remove'], 'give a store, such as memoryStore()'),
    factors: portOption(
      'mfa.factors',
      options.factors,
      ['read', 'write', 'remove', 'subjectOf'],
      'give the place where factors are kept for good, or memoryFactors() to try things out',
    ),
    keyring: portOption(
      'mfa.keyring',
      options.keyring,
      ['sign', 'verify', 'seal', 'open'],
      'give a keyring, such as createKeyring({ keys })',
    ),
    login: optional('mfa.login', options.login, ['attempt']),
    sessions: optional('mfa.sessions', options.sessions, ['read', 'rotate']),
    passkeys: optional('mfa.passkeys', options.passkeys, ['finishAuthentication']),
    mayEnrol: hookOption<EnrolHook>('mfa.mayEnrol', options.mayEnrol, () => true),
    credentialsSince: hookOption<MfaOptions['credentialsSince']>('mfa.credentialsSince', options.credentialsSince, undefined),
    shape: {
      algorithm: choiceOption('mfa.algorithm', options.algorithm, 'SHA1', ['SHA1', 'SHA256', 'SHA512']),
      digits,
    },
    skew: integerOption('mfa.skew', options.skew, 1, 0, 1) === 1 ? 1 : 0,
    attempts: integerOption('mfa.attempts', options.attempts, 5, 1, 20),
    enrolmentMs: integerOption('mfa.enrolmentMs', options.enrolmentMs, 10 * MINUTE, 60_000, 60 * MINUTE),
    pendingMs: integerOption('mfa.pendingMs', options.pendingMs, 5 * MINUTE, 30_000, 30 * MINUTE),
    cookie: cookieOption('mfa', options.cookie, 'mfa'),
    clock: hookOption('mfa.clock', options.clock, systemClock),
    random: hookOption('mfa.random', options.random, systemRandom),
    report: hookOption('mfa.report', options.report, () => {}),
  }
}
