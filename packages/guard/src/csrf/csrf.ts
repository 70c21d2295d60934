import { type Keyring, type RandomSource, systemRandom } from '@parapet/core'
import { booleanOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { readCookie } from '../request/cookies.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { pooledRandom } from '../request/pooled-random.js'
import { createCsrfTokens, type CsrfToken } from './tokens.js'

/** Why a request was taken for one of another site. */
export type CsrfReason =
  /** `Sec-Fetch-Site` says that another site, or a sibling domain, made it */
  | 'cross_site'
  | 'same_site'
  /** `Origin: null`: a sandboxed frame, a data URL or a redirect between sites */
  | 'origin_null'
  /** `Origin` is none of the public origins declared */
  | 'origin_not_declared'
  /** neither header, but a session cookie: a client that cannot say where the request came from */
  | 'no_origin'
  /** a token that was made for another session, or by nobody */
  | 'token_invalid'

/** What {@link createCsrf} says about one request. */
export type CsrfVerdict = { readonly kind: 'allowed' } | { readonly kind: 'refused'; readonly reason: CsrfReason }

/** What {@link createCsrf} takes. */
export type CsrfOptions = {
  /** where browsers reach the application, such as `https://app.example`; never taken from `Host` */
  readonly origins: readonly string[]
  /** exact paths of webhooks and the like that authenticate otherwise; no prefixes, no patterns */
  readonly exempt?: readonly string[]
  /** names of the cookies that sign somebody in; left out, any cookie counts as one */
  readonly sessionCookies?: readonly string[]
  /** signs tokens for browsers so old that they say nothing of where a request comes from; needs `sessionCookies` */
  readonly keyring?: Pick<Keyring, 'sign' | 'verify'>
  /** the site is reached over TLS: the cookie of tokens is `__Host-csrf`. Default true */
  readonly secure?: boolean
  readonly random?: RandomSource
}

/** The check, and tokens for old browsers beside it. */
export type Csrf = {
  /** judges a request; where it says nothing of its origin but carries a session, the token in its `X-CSRF-Token` counts */
  (request: RequestLike): CsrfVerdict
  /**
   * Judges a form whose body has been read, whether its path is exempt or not; where the request says nothing of its origin, the token in
   * its field counts and must be there, with a session or before one: so nobody is signed in as somebody else.
   */
  readonly verify: (request: RequestLike, field: unknown) => CsrfVerdict
  /** A token for one answer, which must not be cached. Throws `PPT_CONFIG_INVALID` without a keyring. */
  readonly token: (request: RequestLike) => CsrfToken
  /** a Vary value for every answer that would be another one from another site */
  readonly vary: string
}

/** Methods that change nothing. Source: RFC 9110, section 9.2.1; a method in lower case is another method. */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'] as const
const ALLOWED: CsrfVerdict = { kind: 'allowed' }
/** The header of tokens; they are looked for nowhere else, and in the field only by `verify`. */
const TOKEN_HEADER = 'x-csrf-token'

const refused = (reason: CsrfReason): CsrfVerdict => ({ kind: 'refused', reason })

/** True for a method that must not change anything. */
export const isSafeMethod = (method: string): boolean => SAFE.has(method)

/**
 * Reads public origins: `https://app.example`, no path, no default port. A loopback name stands for all three of
 * its spellings. Throws `PPT_CONFIG_INVALID`.
 */
export const readOrigins = (option: string, value: unknown): ReadonlySet<string> => {
  const fix = "give the origins under which browsers reach the application, such as ['https://app.example']"
  const list = textListOption(option, value, fix)
  if (list.length === 0) throw optionError(option, list, fix)
  const origins = new Set<string>()
  for (const item of list) {
    const url = URL.canParse(item) ? new URL(item) : undefined
    if (url === undefined || !/^https?:\/\/[a-z0-9.:[\]-]+$/.test(item) || url.origin !== item) {
      throw optionError(
        option,
        item,
        url === undefined || url.origin === 'null' ? fix : `write ${url.origin}, without path and in lower case`,
      )
    }
    origins.add(item)
    if (LOOPBACK.some((name) => name === url.hostname)) {
      for (const name of LOOPBACK) origins.add(`${url.protocol}//${name}${url.port === '' ? '' : `:${url.port}`}`)
    }
  }
  return origins
}

/**
 * Builds the check against cross-site requests: fetch metadata first, then `Origin` against the declared ones; both must agree. Signed
 * tokens stand in for browsers that send neither. Every unsafe method and any content type is judged. Sources: W3C Fetch Metadata,
 * ASVS 5.0 V3.5.1 to V3.5.3.
 */
export const createCsrf = (options: CsrfOptions): Csrf => {
  knownOptions('csrf', options, ['origins', 'exempt', 'sessionCookies', 'keyring', 'secure', 'random'])
  const origins = readOrigins('csrf.origins', options.origins)
  const exempt = new Set(textListOption('csrf.exempt', options.exempt ?? [], "give exact paths, such as ['/webhooks/mail']"))
  for (const path of exempt)
    if (!/^\/[\w\-./~]*$/.test(path)) throw optionError('csrf.exempt', path, 'give an exact path; patterns exempt more than they look')
  const cookies =
    options.sessionCookies === undefined ? undefined : textListOption('csrf.sessionCookies', options.sessionCookies, 'give cookie names')
  const secure = booleanOption('csrf.secure', options.secure, true)
  const { keyring, random = pooledRandom(systemRandom) } = options
  if (keyring !== undefined && cookies === undefined)
    throw optionError('csrf.sessionCookies', undefined, 'tokens are bound to the session: name its cookies')
  const tokens =
    keyring === undefined || cookies === undefined ? undefined : createCsrfTokens({ keyring, sessionCookies: cookies, secure, random })

  const carriesSession = (request: GuardRequest): boolean => {
    const header = request.header('cookie')
    return cookies === undefined ? header !== undefined : cookies.some((name) => readCookie(header, name) !== undefined)
  }

  /** What the browser says of where it comes from; `undefined` when it says nothing. */
  const judgeOrigin = (request: GuardRequest): CsrfVerdict | undefined => {
    const site = request.header('sec-fetch-site')
    const origin = request.header('origin')
    if (site === 'same-site') return refused('same_site')
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return refused('cross_site')
    if (origin === 'null') return refused('origin_null')
    // also when the metadata say same-origin: a name that an attacker rebinds to this address is of its own origin
    if (origin !== undefined) return origins.has(origin) ? ALLOWED : refused('origin_not_declared')
    return site === undefined ? undefined : ALLOWED
  }

  const judgeToken = (request: GuardRequest, token: unknown): CsrfVerdict => {
    if (tokens === undefined || token === undefined || token === '') return refused('no_origin')
    return typeof token === 'string' && tokens.verify(request, token) ? ALLOWED : refused('token_invalid')
  }

  const judge = (request: GuardRequest): CsrfVerdict => {
    // a WebSocket handshake is a GET that opens a two-way channel with the user's cookies, and CORS does not stop it
    if (SAFE.has(request.method) && request.header('upgrade')?.toLowerCase() !== 'websocket') return ALLOWED
    // as it was sent: a target in another form, which routers may read in their own ways, is not exempt
    if (exempt.size > 0 && exempt.has(request.url.split('?', 1)[0] ?? '')) return ALLOWED
    const said = judgeOrigin(request)
    if (said !== undefined) return said
    return carriesSession(request) ? judgeToken(request, request.header(TOKEN_HEADER)) : ALLOWED
  }

  return Object.assign((like: RequestLike): CsrfVerdict => judge(asGuardRequest(like)), {
    verify: (like: RequestLike, field: unknown): CsrfVerdict => {
      const request = asGuardRequest(like)
      return judgeOrigin(request) ?? judgeToken(request, field)
    },
    token: (like: RequestLike): CsrfToken => {
      if (tokens === undefined) throw optionError('csrf.keyring', undefined, 'tokens need a keyring: createKeyring({ keys: [...] })')
      return tokens.issue(asGuardRequest(like))
    },
    vary: 'Sec-Fetch-Site, Origin',
  })
}
