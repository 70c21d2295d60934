import { ParapetError, type RandomSource, randomToken, systemRandom } from '@parapet/core'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { pooledRandom } from '../request/pooled-random.js'
import { compileCsp, type CspDirectives, mergeCsp } from './csp.js'
import { lintCsp } from './lint-csp.js'
import { type HeaderPreset, PERMISSIONS, PRESETS } from './presets.js'

/** What an application changes about a preset. */
export type HeaderOverrides = {
  /** the site is reached over TLS: sends HSTS and `upgrade-insecure-requests`. Default true, for `dev` false */
  readonly https?: boolean
  /** who may frame the pages; default nobody */
  readonly embedding?: 'none' | 'same-origin' | readonly string[]
  /** directives over those of the preset; `null` takes one away */
  readonly csp?: CspDirectives
  /** a second policy that only reports, beside the enforced one */
  readonly cspReportOnly?: CspDirectives
  /** where browsers send reports, an absolute https URL or a path */
  readonly reportTo?: string
  /** `maxAge` in seconds; `false` sends none. Default one year with subdomains */
  readonly hsts?: false | { readonly maxAge?: number; readonly includeSubDomains?: boolean; readonly preload?: boolean }
  /** what other sites learn of the page that led to them. Default `strict-origin-when-cross-origin`, for `api` and `static` `no-referrer` */
  readonly referrerPolicy?: 'no-referrer' | 'same-origin' | 'strict-origin' | 'strict-origin-when-cross-origin'
  /** features given back, such as `{ geolocation: ['self'] }` */
  readonly permissions?: Readonly<Record<string, readonly string[]>>
  /** which sites may load what comes from here. Default `same-origin`, for `static` `cross-origin` */
  readonly resourcePolicy?: 'same-origin' | 'same-site' | 'cross-origin'
  /** who keeps a handle on a window: `same-origin-allow-popups` for sign-in in a window of another site. Default `same-origin` */
  readonly openerPolicy?: 'same-origin' | 'same-origin-allow-popups'
}

/** A header's name and value. */
type HeaderPair = readonly [name: string, value: string]

/** Compiled security headers. */
export type SecurityHeaders = {
  /** all headers of an answer without a nonce: one list, made once */
  readonly plain: readonly HeaderPair[]
  /**
   * What is put over {@link plain} for an answer whose page has the nonce in it: the policies with it, and `Cache-Control: no-store`,
   * because a page from a cache comes with the nonce of another answer. Throws PPT_INVALID for a nonce that is none.
   */
  readonly page: (nonce: string) => readonly HeaderPair[]
  /** all headers for one response; `nonce` must be fresh for each, and then the answer must not be cached: see {@link page} */
  apply: (nonce?: string) => readonly HeaderPair[]
  /** a nonce of 128 random bits for one response, never to be cached with the page */
  nonce: () => string
  /** what the configuration allows that it better did not */
  readonly warnings: readonly string[]
}

const OVERRIDES = [
  'https',
  'embedding',
  'csp',
  'cspReportOnly',
  'reportTo',
  'hsts',
  'referrerPolicy',
  'permissions',
  'resourcePolicy',
  'openerPolicy',
] as const
const REFERRER = ['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'] as const

const BLIND_FORMS =
  "referrerPolicy 'no-referrer' makes browsers send Origin: null with forms, which the check against cross-site requests refuses"

const UNHEARD = 'cspReportOnly without reportTo: what the policy would stop is told to nobody but the console of the browser'

const originOption = (name: string, value: string): string => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  // the URL standard lets quotes and brackets stand in a host
  if (url === undefined || url.origin !== value || !/^https?:\/\/[a-z0-9.:[\]-]+$/.test(value))
    throw optionError(name, value, 'give an origin such as https://portal.example')
  return value
}

const readEmbedding = (value: HeaderOverrides['embedding']): { ancestors: readonly string[]; frameOptions: string | undefined } => {
  if (value === undefined || value === 'none') return { ancestors: ["'none'"], frameOptions: 'DENY' }
  if (value === 'same-origin') return { ancestors: ["'self'"], frameOptions: 'SAMEORIGIN' }
  const fix = "give 'none', 'same-origin' or a list of origins"
  const origins = textListOption('headers.embedding', value, fix)
  if (origins.length === 0) throw optionError('headers.embedding', value, fix)
  // X-Frame-Options knows no list of origins: ALLOW-FROM is ignored today and would fail open
  return { ancestors: ["'self'", ...origins.map((origin) => originOption('headers.embedding', origin))], frameOptions: undefined }
}

const readHsts = (value: HeaderOverrides['hsts']): string | undefined => {
  if (value === false) return undefined
  const given = value ?? {}
  knownOptions('headers.hsts', given, ['maxAge', 'includeSubDomains', 'preload'])
  const maxAge = integerOption('headers.hsts.maxAge', given.maxAge, 31_536_000, 0, 315_360_000)
  const subdomains = booleanOption('headers.hsts.includeSubDomains', given.includeSubDomains, true)
  const preload = booleanOption('headers.hsts.preload', given.preload, false)
  if (preload && (!subdomains || maxAge < 31_536_000))
    throw optionError('headers.hsts.preload', preload, 'browsers preload only one year or more, with subdomains')
  return `max-age=${maxAge}${subdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

const readPermissions = (over: HeaderOverrides['permissions']): string => {
  const merged = new Map(Object.entries(PERMISSIONS))
  for (const [feature, allowed] of Object.entries(over ?? {})) {
    const at = `headers.permissions.${feature}`
    if (!/^[a-z][a-z-]{1,60}$/.test(feature))
      throw optionError('headers.permissions', feature, 'name a feature in lower case, such as geolocation')
    const list = textListOption(at, allowed, "give a list of 'self', '*' and origins")
    merged.set(
      feature,
      list.map((item) => (item === 'self' || item === '*' ? item : `"${originOption(at, item)}"`)),
    )
  }
  return [...merged]
    .map(([feature, allowed]) => (allowed.length === 1 && allowed[0] === '*' ? `${feature}=*` : `${feature}=(${allowed.join(' ')})`))
    .join(', ')
}

const readReportTo = (value: unknown): string | undefined => {
  if (value === undefined) return undefined
  const text = typeof value === 'string' ? value : ''
  const good = text.startsWith('/')
    ? /^\/[\w\-./~]{0,500}$/.test(text) && !text.startsWith('//')
    : URL.canParse(text) && new URL(text).href === text && /^https:\/\/[^\s"\\;,]+$/.test(text)
  if (!good) throw optionError('headers.reportTo', value, 'give a path such as /csp-reports or an absolute https URL')
  return text
}

/**
 * Compiles a preset and what is changed about it into headers. Everything is checked here, once; a response costs a join.
 * Throws `PPT_CONFIG_INVALID`. Sources: ASVS 5.0 V3.4; RFC 6797 (no HSTS over plain http).
 */
export const createHeaders = (
  preset: HeaderPreset,
  overrides: HeaderOverrides = {},
  random: RandomSource = pooledRandom(systemRandom),
): SecurityHeaders => {
  const base = PRESETS[choiceOption('headers.preset', preset, preset, ['app', 'api', 'static', 'dev'])]
  knownOptions('headers', overrides, OVERRIDES)
  const https = booleanOption('headers.https', overrides.https, base.https)
  const { ancestors, frameOptions } = readEmbedding(overrides.embedding)
  const reportTo = readReportTo(overrides.reportTo)
  const reporting: CspDirectives = reportTo === undefined ? {} : { 'report-uri': [reportTo], 'report-to': ['csp'] }

  const enforced = mergeCsp('headers.csp', { ...base.csp, 'frame-ancestors': ancestors }, overrides.csp ?? {})
  // on plain http it turns every request of the page into one that nobody answers
  if (https && base.pages && overrides.csp?.['upgrade-insecure-requests'] === undefined) enforced.set('upgrade-insecure-requests', [])
  if (!https) enforced.delete('upgrade-insecure-requests')
  for (const [name, sources] of Object.entries(reporting)) if (sources !== null) enforced.set(name, sources)
  if (enforced.size === 0) throw optionError('headers.csp', overrides.csp, 'leave a directive in: without any there is no policy')
  if (overrides.cspReportOnly !== undefined && Object.keys(overrides.cspReportOnly).length === 0)
    throw optionError('headers.cspReportOnly', overrides.cspReportOnly, 'give directives to try, or leave it out')
  const policy = compileCsp(enforced)
  const reportOnly =
    overrides.cspReportOnly === undefined
      ? undefined
      : compileCsp(mergeCsp('headers.cspReportOnly', {}, { ...overrides.cspReportOnly, ...reporting }))

  const fixed: HeaderPair[] = []
  const hsts = readHsts(overrides.hsts)
  if (https && hsts !== undefined) fixed.push(['Strict-Transport-Security', hsts])
  fixed.push(['X-Content-Type-Options', 'nosniff'])
  fixed.push(['Referrer-Policy', choiceOption('headers.referrerPolicy', overrides.referrerPolicy, base.referrerPolicy, REFERRER)])
  const permissions = readPermissions(overrides.permissions)
  const opener = choiceOption('headers.openerPolicy', overrides.openerPolicy, 'same-origin', ['same-origin', 'same-origin-allow-popups'])
  if (base.pages) fixed.push(['Permissions-Policy', permissions], ['Cross-Origin-Opener-Policy', opener], ['Origin-Agent-Cluster', '?1'])
  fixed.push([
    'Cross-Origin-Resource-Policy',
    choiceOption('headers.resourcePolicy', overrides.resourcePolicy, base.resourcePolicy, ['same-origin', 'same-site', 'cross-origin']),
  ])
  if (frameOptions !== undefined) fixed.push(['X-Frame-Options', frameOptions])
  // the old filter could be used to break a page; 0 turns it off where it still exists
  fixed.push(['X-XSS-Protection', '0'])
  if (base.noStore) fixed.push(['Cache-Control', 'no-store'])
  if (reportTo !== undefined) fixed.push(['Reporting-Endpoints', `csp="${reportTo}"`])

  const policies = (nonce?: string): HeaderPair[] => {
    if (nonce !== undefined && !/^[\w+/-]{16,128}={0,2}$/.test(nonce))
      throw new ParapetError('PPT_INVALID', 'nonce: 16 to 128 characters of base64')
    const pairs: HeaderPair[] = [['Content-Security-Policy', policy(nonce)]]
    if (reportOnly !== undefined) pairs.push(['Content-Security-Policy-Report-Only', reportOnly(nonce)])
    return pairs
  }
  const plain: readonly HeaderPair[] = Object.freeze([...policies(), ...fixed])

  return {
    plain,
    page: (nonce) => [...policies(nonce), ['Cache-Control', 'no-store']],
    apply: (nonce) => (nonce === undefined ? plain : [...policies(nonce), ...fixed]),
    nonce: () => randomToken(16, random),
    warnings: [
      ...lintCsp(enforced, https),
      ...(base.pages && overrides.referrerPolicy === 'no-referrer' ? [BLIND_FORMS] : []),
      ...(reportOnly !== undefined && reportTo === undefined ? [UNHEARD] : []),
    ],
  }
}
