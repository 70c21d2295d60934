import { type Clock, MINUTE, type RandomSource, type Store, systemClock, systemRandom } from '@parapet/core'
import { readOrigins } from '../csrf/csrf.js'
import type { FactorStore } from '../mfa/factor-store.js'
import { cookieOption, type EnrolHook, GUARD_PARTS, hookOption, portOption } from '../mfa/options.js'
import { choiceOption, integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import type { CookieShape } from '../request/cookies.js'
import type { PasskeysOptions, PasskeysReport } from './types.js'

/** The options with every default filled in. */
export type PasskeysSettings = {
  readonly rpName: string
  readonly rpId: string
  readonly origins: readonly string[]
  readonly store: Store
  readonly factors: FactorStore
  readonly login: PasskeysOptions['login'] | undefined
  readonly mayEnrol: EnrolHook
  readonly challengeMs: number
  readonly maxPerSubject: number
  readonly onClone: 'refuse' | 'report'
  readonly cookie: CookieShape
  readonly clock: Clock
  readonly random: RandomSource
  readonly report: (report: PasskeysReport) => void
}

const NAMES: readonly string[] = [
  ...GUARD_PARTS, 'rpName', 'rpId', 'origins', 'factors', 'mayEnrol', 'challengeMs', 'maxPerSubject', 'onClone', 'cookie', 'report',
] // prettier-ignore

const isAddress = (host: string): boolean => host.startsWith('[') || /^[\d.]+$/.test(host)

/** The hosts of the origins. Throws `PPT_CONFIG_INVALID` for an address and for plain http beyond localhost: browsers offer no passkeys there. */
const readHosts = (origins: readonly string[]): readonly string[] =>
  origins.map((origin) => {
    readOrigins('passkeys.origins', [origin])
    const { hostname, protocol } = new URL(origin)
    if (isAddress(hostname))
      throw optionError(
        'passkeys.origins',
        origin,
        'give a name instead of the IP address, such as http://localhost:3000: browsers refuse passkeys there',
      )
    if (protocol !== 'https:' && hostname !== 'localhost' && !hostname.endsWith('.localhost'))
      throw optionError('passkeys.origins', origin, 'write https: browsers offer passkeys on plain http on localhost only')
    return hostname
  })

const readRpId = (value: string | undefined, hosts: readonly string[]): string => {
  const [first] = hosts
  if (value === undefined) {
    if (first !== undefined && hosts.every((host) => host === first)) return first
    throw optionError('passkeys.rpId', value, 'give the domain that all origins share, such as example.com')
  }
  if (typeof value !== 'string' || !/^[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){0,20}$/.test(value) || isAddress(value))
    throw optionError('passkeys.rpId', value, 'give a domain in lower case, such as example.com')
  const stranger = hosts.find((host) => host !== value && !host.endsWith(`.${value}`))
  if (stranger !== undefined) throw optionError('passkeys.rpId', value, `give a domain that ${stranger} belongs to`)
  return value
}

/** Checks the options once and fills in what was left out. Throws `PPT_CONFIG_INVALID`. */
export const readPasskeysOptions = (options: PasskeysOptions): PasskeysSettings => {
  knownOptions('passkeys', options, NAMES)
  const { rpName } = options
  if (typeof rpName !== 'string' || rpName.trim() === '' || rpName.length > 64)
    throw optionError('passkeys.rpName', rpName, 'give the name of the application, up to 64 characters')
  const fix = "give the origins under which browsers reach the application, such as ['https://app.example']"
  const origins = textListOption('passkeys.origins', options.origins, fix)
  if (origins.length === 0) throw optionError('passkeys.origins', origins, fix)
  const hosts = readHosts(origins)
  const https = origins.every((origin) => origin.startsWith('https:'))
  return {
    rpName,
    origins,
    rpId: readRpId(options.rpId, hosts),
    store: portOption('passkeys.store', options.store, ['read', 'write', 'remove'], 'give a store, such as memoryStore()'),
    factors: portOption(
      'passkeys.factors',
      options.factors,
      ['read', 'write', 'remove', 'subjectOf'],
      'give the place where factors are kept for good, or memoryFactors() to try things out',
    ),
    login: options.login === undefined ? undefined : portOption('passkeys.login', options.login, ['attempt'], 'give the login shield'),
    mayEnrol: hookOption<EnrolHook>('passkeys.mayEnrol', options.mayEnrol, () => true),
    challengeMs: integerOption('passkeys.challengeMs', options.challengeMs, 5 * MINUTE, 30_000, 30 * MINUTE),
    maxPerSubject: integerOption('passkeys.maxPerSubject', options.maxPerSubject, 20, 1, 50),
    onClone: choiceOption('passkeys.onClone', options.onClone, 'refuse', ['refuse', 'report']),
    cookie: cookieOption('passkeys', { secure: https, ...options.cookie }, 'passkey'),
    clock: hookOption('passkeys.clock', options.clock, systemClock),
    random: hookOption('passkeys.random', options.random, systemRandom),
    report: hookOption('passkeys.report', options.report, () => {}),
  }
}
