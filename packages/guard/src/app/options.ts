import process from 'node:process'
import {
  type Clock,
  HOUR,
  type Keyring,
  type Masker,
  MINUTE,
  type RandomSource,
  type SecurityEvent,
  type Store,
  systemClock,
  systemRandom,
} from '@parapet/core'
import type { Topology } from '../client-address/client-address.js'
import { type CsrfOptions, readOrigins } from '../csrf/csrf.js'
import { type RouteList, readRoutes } from '../enforcement/routes.js'
import type { HeaderOverrides } from '../headers/headers.js'
import type { HeaderPreset } from '../headers/presets.js'
import type { LimitPolicy } from '../limiter/limiter.js'
import type { LoginOptions } from '../login/options.js'
import { booleanOption, choiceOption, knownOptions, optionError } from '../options/check.js'
import type { SessionsOptions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import type { Diagnostic } from './diagnostics.js'

/** What `createGuard` takes. Only the first two have no default: how requests arrive, and under which names. */
export type GuardOptions = {
  readonly clientAddress: Topology
  /** where browsers reach the application, such as `https://app.example`; all https makes cookies `Secure` and sends HSTS */
  readonly publicOrigins: readonly string[]
  /** `observe` reports what decisions, limits and the cross-site check would refuse, and lets it pass; the login shield always enforces */
  readonly mode?: 'enforce' | 'observe'
  /** the control plane: events go up, decisions come down */
  readonly controlPlane?: { readonly url: string; readonly token: string } | undefined
  /** where sessions and counts are kept; in this process by default */
  readonly store?: Store
  readonly keyring?: Keyring
  /** 32 random characters or more: signs device cookies */
  readonly secret?: string | undefined
  /** routes where credentials are checked; decisions of scope `login` hold there. Default `/login` */
  readonly loginRoutes?: readonly string[]
  /** sign-up, reset request, code resend, contact: 5 an hour for somebody who is not signed in */
  readonly sensitiveRoutes?: readonly string[]
  /** `unknown`: all requests of one TCP peer together whose client cannot be known; without it they are told of, and not limited */
  readonly limits?: {
    readonly anonymous?: LimitPolicy
    readonly user?: LimitPolicy
    readonly sensitive?: LimitPolicy
    readonly unknown?: LimitPolicy
  }
  readonly preset?: HeaderPreset
  readonly headers?: Omit<HeaderOverrides, 'https'>
  readonly csrf?: Pick<CsrfOptions, 'exempt'>
  readonly session?: Pick<SessionsOptions, 'idleMs' | 'absoluteMs' | 'graceMs' | 'maxPerSubject'> & { readonly sameSite?: 'strict' | 'lax' }
  readonly login?: Omit<LoginOptions, 'store' | 'clock' | 'random' | 'clientAddress' | 'keyring' | 'secret' | 'cookie' | 'blockedUntil'>
  /** one event for each answered request; default true */
  readonly requestEvents?: boolean
  /** told of every event, with or without a control plane */
  readonly onEvent?: (event: SecurityEvent) => void
  /** told of trouble with the guard itself; a process warning by default */
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void
  /** masks the text of events, of problem details and of diagnostics before they leave; `createMasker` of `@parapet/privacy` makes one */
  readonly masker?: Pick<Masker, 'text'> | undefined
  readonly clock?: Clock
  readonly random?: RandomSource
}

export type GuardSettings = {
  readonly options: GuardOptions
  readonly observe: boolean
  readonly store: Store
  /** counts and locks of sign-in: in memory apart from sessions, so that a flood of attempts pushes out nobody's session */
  readonly loginStore: Store
  readonly secure: boolean
  /** origins of plain http that are not this machine */
  readonly cleartext: readonly string[]
  /** every public origin is this machine */
  readonly development: boolean
  readonly isLogin: RouteList
  readonly isSensitive: RouteList
  readonly limits: Readonly<Record<string, LimitPolicy>>
  readonly requestEvents: boolean
  readonly clock: Clock
  readonly random: RandomSource
  readonly onEvent: (event: SecurityEvent) => void
  readonly onDiagnostic: (diagnostic: Diagnostic) => void
}

const NAMES = [
  'clientAddress', 'publicOrigins', 'mode', 'controlPlane', 'store', 'keyring', 'secret', 'loginRoutes', 'sensitiveRoutes', 'limits', 'preset',
  'headers', 'csrf', 'session', 'login', 'requestEvents', 'onEvent', 'onDiagnostic', 'clock', 'random', 'masker',
] as const // prettier-ignore

/** `sensitive` never lets more than five through in any hour, however they are spread. */
const LIMITS = {
  anonymous: { limit: 120, windowMs: MINUTE },
  user: { limit: 1_000, windowMs: HOUR },
  sensitive: { limit: 5, windowMs: HOUR, burst: 3 },
} as const

const isLoopbackOrigin = (origin: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname)

const warn = ({ code, detail }: Diagnostic): void =>
  process.emitWarning(detail, { type: 'ParapetGuard', code: `PARAPET_${code.toUpperCase()}` })

/** Checks what concerns the guard as a whole; each part checks its own. Throws `PPT_CONFIG_INVALID`. */
export const readGuardOptions = (options: GuardOptions): GuardSettings => {
  knownOptions('createGuard', options, NAMES)
  knownOptions('limits', options.limits ?? {}, ['anonymous', 'user', 'sensitive', 'unknown'])
  knownOptions('session', options.session ?? {}, ['idleMs', 'absoluteMs', 'graceMs', 'maxPerSubject', 'sameSite'])
  knownOptions('csrf', options.csrf ?? {}, ['exempt'])
  const { controlPlane, masker } = options
  if (masker !== undefined && (typeof masker !== 'object' || masker === null || typeof masker.text !== 'function'))
    throw optionError('masker', typeof masker, 'give a masker, such as createMasker() of @parapet/privacy, or leave it out')
  if (controlPlane !== undefined && (typeof controlPlane !== 'object' || controlPlane === null))
    throw optionError('controlPlane', controlPlane, 'give { url, token }, or leave it out')
  if (controlPlane !== undefined) knownOptions('controlPlane', controlPlane, ['url', 'token'])
  const origins = [...readOrigins('publicOrigins', options.publicOrigins)]
  const plain = origins.filter((origin) => origin.startsWith('http:'))
  const cleartext = plain.filter((origin) => !isLoopbackOrigin(origin))
  if (cleartext.length > 0 && plain.length < origins.length)
    throw optionError('publicOrigins', cleartext, 'leave the http origins out: their cookies would travel in clear beside the https ones')
  const clock = options.clock ?? systemClock
  return {
    options,
    observe: choiceOption('mode', options.mode, 'enforce', ['enforce', 'observe']) === 'observe',
    store: options.store ?? memoryStore({ clock }),
    loginStore: options.store ?? memoryStore({ clock }),
    secure: plain.length < origins.length,
    cleartext,
    development: origins.every((origin) => isLoopbackOrigin(origin)),
    isLogin: readRoutes('loginRoutes', options.loginRoutes ?? ['/login']),
    isSensitive: readRoutes('sensitiveRoutes', options.sensitiveRoutes ?? []),
    limits: { ...LIMITS, ...options.limits },
    requestEvents: booleanOption('requestEvents', options.requestEvents, true),
    clock,
    random: options.random ?? systemRandom,
    onEvent: options.onEvent ?? (() => undefined),
    onDiagnostic: options.onDiagnostic ?? warn,
  }
}
