import process from 'node:process'
import {
  type Clock,
  DECISION_ACTIONS,
  type DecisionAction,
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
import type { AccessAuditOptions } from '../access-audit/access-audit.js'
import type { AssessmentOption } from '../assessment/assessment.js'
import type { ChallengeOptions } from '../challenge/challenge.js'
import type { ClientAddressOptions, Topology } from '../client-address/client-address.js'
import type { CspCollectorOptions } from '../csp-collector/csp-collector.js'
import { type CsrfOptions, readOrigins } from '../csrf/csrf.js'
import { isPlainlyBelow, type RouteList, readRoutes, type Routes } from '../enforcement/routes.js'
import type { ErrorsOptions } from '../errors/types.js'
import type { GeoLookup } from '../geo/types.js'
import type { HeaderOverrides } from '../headers/headers.js'
import type { HeaderPreset } from '../headers/presets.js'
import type { LimitPolicy } from '../limiter/types.js'
import type { LoginOptions } from '../login/options.js'
import type { NoticesOptions } from '../notices/notices.js'
import type { Notice } from '../notices/types.js'
import { booleanOption, choiceOption, knownOptions, optionError, textListOption } from '../options/check.js'
import type { PublicIdTypes } from '../public-id/types.js'
import type { RedirectOptions } from '../redirect/redirect.js'
import type { SessionsOptions } from '../session/options.js'
import type { SignedUrlOptions } from '../signed-url/signed-urls.js'
import { memoryStore } from '../store/memory-store.js'
import { ownKeyring } from './own-keyring.js'
import type { CredentialsEnded } from './accounts.js'
import type { Diagnostic } from './diagnostics.js'

/** The limits of the guard, by who is counted. */
export type LimitName = 'anonymous' | 'user' | 'sensitive' | 'unknown'

/** What can be set to be watched only, each by itself. `decisions` are all actions; `session` is what a session at risk has to answer for. */
export type WatchedPolicy = 'target' | 'decisions' | DecisionAction | 'csrf' | 'session' | 'limits' | `limits.${LimitName}`

/** What `createGuard` takes. Only the first two have no default: how requests arrive, and under which names. Times in ms. */
export type GuardOptions = {
  readonly clientAddress: Topology
  /** how much of an IPv6 network one client owns; a /64 */
  readonly clientPrefix?: ClientAddressOptions
  /** where browsers reach the application, such as `https://app.example`; all https makes cookies `Secure` and sends HSTS */
  readonly publicOrigins: readonly string[]
  /** `observe` reports what decisions, limits and the cross-site check would refuse, and lets it pass; the login shield always enforces */
  readonly mode?: 'enforce' | 'observe'
  /** policies that only watch while all others enforce */
  readonly observe?: readonly WatchedPolicy[]
  /** the control plane: events go up, decisions come down */
  readonly controlPlane?: { readonly url: string; readonly token: string } | undefined
  /** where sessions and counts are kept; in this process by default */
  readonly store?: Store
  /** signs and seals: device cookies, challenges, signed URLs, public ids */
  readonly keyring?: Keyring
  /** 32 random characters or more, instead of a keyring */
  readonly secret?: string | undefined
  /** routes where credentials are checked; decisions of scope `login` hold there. Default `/login` */
  readonly loginRoutes?: readonly string[]
  /** sign-up, reset request, code resend, contact: 5 an hour for somebody who is not signed in */
  readonly sensitiveRoutes?: readonly string[]
  /** `unknown`: all requests of one TCP peer together whose client cannot be known; without it they are told of, and not limited */
  readonly limits?: { readonly [Name in LimitName]?: LimitPolicy }
  /** `app` (default) for pages, `api` for data, `static` for files, `dev` for pages under a development server */
  readonly preset?: HeaderPreset
  /** what is changed about the preset: policy, HSTS, embedding, permissions */
  readonly headers?: Omit<HeaderOverrides, 'https'>
  /** exact paths that the cross-site check leaves out, such as webhooks that authenticate otherwise */
  readonly csrf?: Pick<CsrfOptions, 'exempt'>
  /** `onOutage`: while the store is away go on as nobody's (`anonymous`, the default), or refuse whoever brings a session cookie (`closed`) */
  readonly session?: Pick<SessionsOptions, 'idleMs' | 'absoluteMs' | 'graceMs' | 'maxPerSubject' | 'binding' | 'strict' | 'risk'> & {
    readonly sameSite?: 'strict' | 'lax'
    readonly onOutage?: 'anonymous' | 'closed'
  }
  /** the login shield: locks, delays, known devices, campaigns */
  readonly login?: Omit<
    LoginOptions,
    'store' | 'clock' | 'random' | 'clientAddress' | 'keyring' | 'secret' | 'cookie' | 'blockedUntil' | 'hold' | 'geo'
  >
  /** place and network of addresses, for decisions on countries and networks and for sessions: `createGeo` of `@parapet/guard/geo` */
  readonly geo?: GeoLookup
  /** the proof of work of `challenge` decisions; needs a keyring or a secret */
  readonly challenge?: Pick<ChallengeOptions, 'bits' | 'solveMs' | 'clearanceMs' | 'contact'>
  /**
   * Pages of the application where a browser gives what is owed: `page` to prove anew who it is, `mfaPage` to show a factor. `open`: what
   * these pages need (routes that check, sign-out; a path that ends in `/` opens what is below it for reading). Without pages browsers get
   * the problem as programs do.
   */
  readonly stepUp?: { readonly page?: string; readonly mfaPage?: string; readonly open?: readonly string[] }
  /** told when a subject's credentials end: end its API keys and tokens */
  readonly onCredentialsEnd?: (ended: CredentialsEnded) => unknown
  /** origins beside the public ones that a redirect may lead to, and where it leads otherwise */
  readonly redirect?: Pick<RedirectOptions, 'origins' | 'fallback'>
  /** the name of the parameter that holds a signature */
  readonly signedUrls?: Pick<SignedUrlOptions, 'parameter'>
  /** types of public ids, such as `{ doc: 'integer' }`; needs a keyring or a secret */
  readonly publicIds?: PublicIdTypes
  /** where browsers report about the content security policy; the guard answers there itself, and the headers name it */
  readonly reports?: { readonly path: string } & Omit<CspCollectorOptions, 'report' | 'clock' | 'origins' | 'clientAddress'>
  /** consent to `parapet attack`: the guard shows the token's hash and knows the requests of the kit, so that they ban nobody */
  readonly assessment?: AssessmentOption | undefined
  /** what becomes of errors that the application throws: log, hidden names, development pages */
  readonly errors?: Omit<ErrorsOptions, 'publicOrigins' | 'masker' | 'clock' | 'random'>
  /** sends a notice to the person it is about; see `notices` for what they say */
  readonly onNotice?: (notice: Notice) => unknown
  /** the name of the site and the one link that mails hold, and how many go out; needs `onNotice` */
  readonly notices?: Omit<NoticesOptions, 'onNotice' | 'clock'>
  /** who saw and changed what; with `{}` it goes up as events */
  readonly accessAudit?: Omit<AccessAuditOptions, 'sink' | 'clock' | 'report' | 'publicIds'> & {
    readonly sink?: AccessAuditOptions['sink']
  }
  /** one event for each answered request; default true. What is refused is told of in any case */
  readonly requestEvents?: boolean
  /** the application's name in every event (`service.name` of ECS), where several send with one token */
  readonly service?: string
  /** labels of every event (`tags` of ECS), such as `production`; up to 16 */
  readonly tags?: readonly string[]
  /** told of every event, with or without a control plane */
  readonly onEvent?: (event: SecurityEvent) => void
  /** told of trouble with the guard itself; a process warning by default */
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void
  /** masks the text of events, of problem details and of diagnostics before they leave; `createMasker` of `@parapet/privacy` makes one */
  readonly masker?: Pick<Masker, 'text'> | undefined
  /** the current time in ms UTC; the machine's by default */
  readonly clock?: Clock
  /** cryptographic randomness; the machine's by default */
  readonly random?: RandomSource
}

export type GuardSettings = {
  readonly options: GuardOptions
  readonly observe: boolean
  readonly watches: (policy: WatchedPolicy) => boolean
  readonly store: Store
  /** counts and locks of sign-in: in memory apart from sessions, so that a flood of attempts pushes out nobody's session */
  readonly loginStore: Store
  readonly keyring: Keyring | undefined
  readonly secure: boolean
  readonly origins: readonly string[]
  /** origins of plain http that are not this machine */
  readonly cleartext: readonly string[]
  /** every public origin is this machine */
  readonly development: boolean
  readonly logins: Routes
  readonly isSensitive: RouteList
  /** where what is owed can be given */
  readonly isOpen: RouteList
  readonly pages: { readonly stepUp: string | undefined; readonly mfa: string | undefined }
  readonly isReports: RouteList | undefined
  readonly refuseUnread: boolean
  readonly limits: Readonly<Record<string, LimitPolicy>>
  readonly requestEvents: boolean
  /** what every event says beside what happened */
  readonly about: Pick<SecurityEvent, 'service.name' | 'tags'> | undefined
  readonly clock: Clock
  readonly random: RandomSource
  readonly onEvent: (event: SecurityEvent) => void
  readonly onDiagnostic: (diagnostic: Diagnostic) => void
}

const NAMES = [
  'clientAddress', 'clientPrefix', 'publicOrigins', 'mode', 'observe', 'controlPlane', 'store', 'keyring', 'secret', 'loginRoutes',
  'sensitiveRoutes', 'limits', 'preset', 'headers', 'csrf', 'session', 'login', 'geo', 'challenge', 'stepUp', 'onCredentialsEnd', 'redirect',
  'signedUrls', 'publicIds', 'reports', 'assessment', 'errors', 'onNotice', 'notices', 'accessAudit', 'requestEvents', 'service', 'tags', 'onEvent', 'onDiagnostic', 'masker',
  'clock', 'random',
] as const // prettier-ignore

const MOST_TAGS = 16

/** Names that a terminal and a table can show. */
const readAbout = ({ service, tags }: Pick<GuardOptions, 'service' | 'tags'>): GuardSettings['about'] => {
  if (service === undefined && tags === undefined) return undefined
  const isName = (value: unknown): boolean =>
    typeof value === 'string' && /^[\p{L}\p{N}](?:[\p{L}\p{N} ._:/-]{0,62}[\p{L}\p{N}])?$/u.test(value)
  if (service !== undefined && !isName(service))
    throw optionError('service', service, "give a name of up to 64 letters, digits, spaces and . _ : / -, such as 'shop'")
  if (tags !== undefined && !(Array.isArray(tags) && tags.length <= MOST_TAGS && tags.every(isName)))
    throw optionError('tags', tags, "give up to 16 names of letters, digits, spaces and . _ : / -, such as ['production']")
  return { ...(service === undefined ? {} : { 'service.name': service }), ...(tags === undefined ? {} : { tags: [...tags] }) }
}

const LIMIT_NAMES = ['anonymous', 'user', 'sensitive', 'unknown'] as const
const POLICIES: readonly WatchedPolicy[] = [
  'target',
  'decisions',
  ...DECISION_ACTIONS,
  'csrf',
  'session',
  'limits',
  ...LIMIT_NAMES.map((name) => `limits.${name}` as const),
]
const ACTIONS: ReadonlySet<string> = new Set(DECISION_ACTIONS)

/** `sensitive` never lets more than five through in any hour, however they are spread. */
const LIMITS = {
  anonymous: { limit: 120, windowMs: MINUTE },
  user: { limit: 1_000, windowMs: HOUR },
  sensitive: { limit: 5, windowMs: HOUR, burst: 3 },
} as const

const isLoopbackOrigin = (origin: string): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(new URL(origin).hostname)

const warn = ({ code, detail }: Diagnostic): void =>
  process.emitWarning(detail, { type: 'ParapetGuard', code: `PARAPET_${code.toUpperCase()}` })

/** An object, so that what is meant as an option is not lost because it is something else. */
const objectOption = (name: string, value: unknown): void => {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value)))
    throw optionError(name, value, 'give an object of options, or leave it out')
}

const functionOption = (name: string, value: unknown): void => {
  if (value !== undefined && typeof value !== 'function') throw optionError(name, value, 'give a function, or leave it out')
}

const readWatched = (mode: GuardOptions['mode'], list: readonly string[] | undefined): GuardSettings['watches'] => {
  if (choiceOption('mode', mode, 'enforce', ['enforce', 'observe']) === 'observe') return () => true
  const set = new Set(textListOption('observe', list ?? [], `give a list of ${POLICIES.join(', ')}`))
  for (const policy of set)
    if (!POLICIES.some((one) => one === policy)) throw optionError('observe', policy, `give a list of ${POLICIES.join(', ')}`)
  if (set.size === 0) return () => false
  return (policy) => set.has(policy) || (policy.startsWith('limits.') && set.has('limits')) || (ACTIONS.has(policy) && set.has('decisions'))
}

/** Paths of pages are exact; what they need may be opened by its folder, for reading only. */
const readOpen = (stepUp: NonNullable<GuardOptions['stepUp']>, logins: Routes): RouteList => {
  const given = textListOption('stepUp.open', stepUp.open ?? [], "give paths, such as ['/verify', '/assets/']")
  const folders = given.filter((path) => path.endsWith('/') && path !== '/')
  for (const folder of folders)
    if (!/^\/(?:[\w\-~][\w\-.~]*\/)+$/.test(folder)) throw optionError('stepUp.open', folder, "give a folder, such as '/assets/'")
  const pages = [stepUp.page, stepUp.mfaPage].filter((page) => page !== undefined)
  const exact = [...given.filter((path) => !folders.includes(path)), ...pages]
  const reading = readRoutes(
    'stepUp.open',
    exact.flatMap((path) => (path.includes(' ') ? [] : [`GET ${path}`])),
  )
  const changing = readRoutes('stepUp.open', exact)
  return (method, path) =>
    logins.opens(method, path) ||
    changing.opens(method, path) ||
    reading.opens(method, path) ||
    ((method === 'GET' || method === 'HEAD') && isPlainlyBelow(path, folders))
}

const pageOption = (name: string, value: unknown): string | undefined => {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !/^\/(?!\/)[\w\-./~]{0,200}$/.test(value))
    throw optionError(name, value, "give a path of the application, such as '/step-up'")
  return value
}

/** Checks what concerns the guard as a whole; each part checks its own. Throws `PPT_CONFIG_INVALID`. */
export const readGuardOptions = (options: GuardOptions): GuardSettings => {
  knownOptions('createGuard', options, NAMES)
  for (const name of [
    'limits',
    'headers',
    'csrf',
    'session',
    'login',
    'challenge',
    'stepUp',
    'redirect',
    'signedUrls',
    'reports',
    'errors',
    'notices',
    'accessAudit',
  ] as const)
    objectOption(name, options[name])
  for (const name of ['onEvent', 'onDiagnostic', 'onNotice', 'onCredentialsEnd', 'clock', 'random'] as const)
    functionOption(name, options[name])
  knownOptions('limits', options.limits ?? {}, LIMIT_NAMES)
  knownOptions('session', options.session ?? {}, [
    'idleMs',
    'absoluteMs',
    'graceMs',
    'maxPerSubject',
    'binding',
    'strict',
    'risk',
    'sameSite',
    'onOutage',
  ])
  knownOptions('csrf', options.csrf ?? {}, ['exempt'])
  knownOptions('challenge', options.challenge ?? {}, ['bits', 'solveMs', 'clearanceMs', 'contact'])
  knownOptions('stepUp', options.stepUp ?? {}, ['page', 'mfaPage', 'open'])
  const { controlPlane, masker, stepUp = {} } = options
  if (masker !== undefined && (typeof masker !== 'object' || masker === null || typeof masker.text !== 'function'))
    throw optionError('masker', typeof masker, 'give a masker, such as createMasker() of @parapet/privacy, or leave it out')
  if (controlPlane !== undefined && (typeof controlPlane !== 'object' || controlPlane === null))
    throw optionError('controlPlane', controlPlane, 'give { url, token }, or leave it out')
  if (controlPlane !== undefined) knownOptions('controlPlane', controlPlane, ['url', 'token'])
  if (options.notices !== undefined && options.onNotice === undefined)
    throw optionError('notices', 'set', 'give onNotice as well: it sends them')
  const origins = [...readOrigins('publicOrigins', options.publicOrigins)]
  const plain = origins.filter((origin) => origin.startsWith('http:'))
  const cleartext = plain.filter((origin) => !isLoopbackOrigin(origin))
  if (cleartext.length > 0 && plain.length < origins.length)
    throw optionError('publicOrigins', cleartext, 'leave the http origins out: their cookies would travel in clear beside the https ones')
  const clock = options.clock ?? systemClock
  const pages = { stepUp: pageOption('stepUp.page', stepUp.page), mfa: pageOption('stepUp.mfaPage', stepUp.mfaPage) }
  const logins = readRoutes('loginRoutes', options.loginRoutes ?? ['/login'])
  const reports = options.reports === undefined ? undefined : pageOption('reports.path', options.reports.path ?? '')
  return {
    options,
    observe: options.mode === 'observe',
    watches: readWatched(options.mode, options.observe),
    store: options.store ?? memoryStore({ clock }),
    loginStore: options.store ?? memoryStore({ clock }),
    keyring: ownKeyring(options.keyring, options.secret),
    secure: plain.length < origins.length,
    origins,
    cleartext,
    development: origins.every((origin) => isLoopbackOrigin(origin)),
    logins,
    isSensitive: readRoutes('sensitiveRoutes', options.sensitiveRoutes ?? []).covers,
    isOpen: readOpen(stepUp, logins),
    pages,
    isReports: reports === undefined ? undefined : readRoutes('reports.path', [`POST ${reports}`]).opens,
    refuseUnread: choiceOption('session.onOutage', options.session?.onOutage, 'anonymous', ['anonymous', 'closed']) === 'closed',
    limits: { ...LIMITS, ...options.limits },
    requestEvents: booleanOption('requestEvents', options.requestEvents, true),
    about: readAbout(options),
    clock,
    random: options.random ?? systemRandom,
    onEvent: options.onEvent ?? (() => undefined),
    onDiagnostic: options.onDiagnostic ?? warn,
  }
}
