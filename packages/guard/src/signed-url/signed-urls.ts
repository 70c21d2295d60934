import {
  type Clock,
  DAY,
  type Keyring,
  ParapetError,
  type RandomSource,
  randomToken,
  type Store,
  systemClock,
  systemRandom,
} from '@parapet/core'
import { knownOptions, optionError } from '../options/check.js'
import { asGuardRequest, type RequestLike, splitUrl } from '../request/guard-request.js'
import { canonicalPath, canonicalQuery, readQuery, writeQuery } from './canonical.js'
import type { SignedUrlReport, SignedUrls, SignedUrlVerdict, UrlToSign } from './types.js'

/** What {@link createSignedUrls} takes. */
export type SignedUrlOptions = {
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  /** remembers what was used; URLs for single use need it */
  readonly store?: Pick<Store, 'read' | 'write'>
  /** name of the parameter that holds the signature; default `signature` */
  readonly parameter?: string
  /** told of URLs that were changed or used twice; not of those without a signature */
  readonly report?: (report: SignedUrlReport) => void
  readonly clock?: Clock
  readonly random?: RandomSource
}

const PURPOSE = 'guard.url'
const [SHORTEST_MS, LONGEST_MS] = [1_000, 366 * DAY] as const
const HERE = 'http://here.invalid'
/** Time of expiry in base 36, mark of a single use or nothing, and what the keyring wrote. */
const SIGNATURE = /^([0-9a-z]{1,11})\.([\w-]{22})?\.([\w.-]{20,200})$/

/** What is signed: no field but the last can hold a line break, so that no two read alike. */
const signedText = (fields: {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly expires: string
  readonly once: string
  readonly subject: string | undefined
}): string => {
  const { method, path, query, expires, once, subject } = fields
  return ['1', method, path, query, expires, once, subject === undefined ? '-' : `=${subject}`].join('\n')
}

const invalid = (detail: string): ParapetError => new ParapetError('PPT_INVALID', detail)

/** The parts of a URL or path to sign. `before` is its origin where it has one. */
const readUrl = (given: unknown): { before: string; path: string; query: string; hash: string } => {
  const text = typeof given === 'string' && given.length <= 8_192 ? given : ''
  const absolute = /^https?:\/\/[^/]/i.test(text)
  const url = (absolute || text.startsWith('/')) && URL.canParse(text, HERE) ? new URL(text, HERE) : undefined
  if (url === undefined || (!absolute && (url.origin !== HERE || url.pathname.startsWith('//'))) || url.username + url.password !== '')
    throw invalid('url: give a path such as /files/42, or an absolute URL of http or https')
  return { before: absolute ? url.origin : '', path: url.pathname, query: url.search.slice(1), hash: url.hash }
}

/** Parameters that are given beside a URL, as a query. */
const writeGiven = (given: UrlToSign['query']): string =>
  writeQuery(
    Object.entries(given ?? {}).flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((one) => ({ name, value: String(one) })),
    ),
  )

/**
 * Builds a signer of URLs that expire: path, method, parameters and, where given, subject and single use are bound by a keyed signature
 * in one parameter. The host is not, as `Host` is the sender's to choose: applications that share a keyring name themselves in `subject`.
 * Throws `PPT_CONFIG_INVALID`. Sources: RFC 3986, RFC 2104; CWE-347.
 */
export const createSignedUrls = (options: SignedUrlOptions): SignedUrls => {
  knownOptions('url', options, ['keyring', 'store', 'parameter', 'report', 'clock', 'random'])
  const { keyring, store, parameter = 'signature', report, clock = systemClock, random = systemRandom } = options
  if (typeof (keyring as Partial<Keyring> | undefined)?.verify !== 'function')
    throw optionError('url.keyring', typeof keyring, 'signed URLs need a keyring: createKeyring({ keys: [...] })')
  if (typeof parameter !== 'string' || !/^[a-z][\w-]{0,31}$/i.test(parameter))
    throw optionError('url.parameter', parameter, 'give a name of letters, digits, - and _, such as signature')

  const sign = (input: UrlToSign): string => {
    const { method = 'GET', expiresInMs, subject, singleUse = false } = input
    const { before, path: plainPath, query, hash } = readUrl(input.url)
    if (!/^[A-Z]{1,20}$/.test(method) || method === 'HEAD')
      throw invalid('method: give it in upper case, such as GET, which serves HEAD as well')
    if (!Number.isSafeInteger(expiresInMs) || expiresInMs < SHORTEST_MS || expiresInMs > LONGEST_MS)
      throw invalid(`expiresInMs: give ${SHORTEST_MS} to ${LONGEST_MS}`)
    if (subject !== undefined && typeof subject !== 'string') throw invalid('subject: give a text, or leave it out')
    if (singleUse && store === undefined)
      throw optionError('url.store', undefined, 'URLs for single use need a store that remembers which were used')
    const path = canonicalPath(plainPath)
    const parameters = readQuery([query, writeGiven(input.query)].filter((part) => part !== '').join('&'))
    if (path === undefined || parameters === undefined)
      throw invalid('url: percent-encode what its path and query hold, and ; in a query as %3B; at most 256 parameters')
    if (parameters.some(({ name }) => name === parameter)) throw invalid(`url: the parameter ${parameter} is for the signature`)
    const expires = (clock() + expiresInMs).toString(36)
    const once = singleUse ? randomToken(16, random) : ''
    const text = signedText({ method, path, query: canonicalQuery(parameters), expires, once, subject })
    const signature = { name: parameter, value: `${expires}.${once}.${keyring.sign(PURPOSE, text)}` }
    return `${before}${path}?${writeQuery([...parameters, signature])}${hash}`
  }

  /** What the signature says, before anything is used up; the mark of a single use with a good one. */
  const inspect = (target: string, method: string, subject: string | undefined): { verdict: SignedUrlVerdict; once: string } => {
    const no = (reason: (SignedUrlVerdict & { kind: 'tampered' })['reason']): ReturnType<typeof inspect> => ({
      verdict: { kind: 'tampered', reason },
      once: '',
    })
    const { path: plainPath, query = '' } = splitUrl(target)
    const [path, parameters] = [canonicalPath(plainPath), readQuery(query)]
    if (path === undefined || parameters === undefined) return no('malformed')
    const given = parameters.filter(({ name }) => name === parameter)
    const [first] = given
    if (first === undefined) return no('unsigned')
    const parts = given.length === 1 ? SIGNATURE.exec(first.value) : null
    if (parts === null) return no('malformed')
    const [, expires = '', once = '', signature = ''] = parts
    const rest = canonicalQuery(parameters.filter((one) => one !== first))
    const text = signedText({ method: method === 'HEAD' ? 'GET' : method, path, query: rest, expires, once, subject })
    if (!keyring.verify(PURPOSE, text, signature)) return no('mismatch')
    // frameworks run for it what a GET would do, such as a reset, and mail scanners send it: it uses nothing up, and does nothing
    if (method === 'HEAD' && once !== '') return no('head')
    const expiresAt = Number.parseInt(expires, 36)
    return { verdict: clock() < expiresAt ? { kind: 'valid', expiresAt } : { kind: 'expired', expiredAt: expiresAt }, once }
  }

  /** Makes the single use, or only looks whether it was made. */
  const useOnce = async (once: string, expiresAt: number, use: boolean): Promise<boolean> => {
    if (store === undefined) throw new Error('no store')
    const key = `url:${once}`
    if (!use) return (await store.read(key)) === undefined
    return store.write(key, '1', { ttlMs: Math.max(1, expiresAt - clock()), ifVersion: null })
  }

  const judge = async (target: string, method: string, subject: string | undefined, use: boolean): Promise<SignedUrlVerdict> => {
    try {
      const { verdict, once } = inspect(target, method, subject)
      if (verdict.kind !== 'valid' || once === '') return verdict
      return (await useOnce(once, verdict.expiresAt, use)) ? verdict : { kind: 'used' }
    } catch (error) {
      return { kind: 'degraded', reason: error instanceof Error ? error.message : 'unknown' }
    }
  }

  return {
    sign,
    verify: async (what, how = {}) => {
      const request: RequestLike | undefined = typeof what === 'string' ? undefined : what
      const { url, method } = typeof what === 'string' ? { url: what, method: 'GET' } : asGuardRequest(what)
      const verdict = await judge(url, how.method ?? method, how.subject, how.use ?? true)
      if (
        report !== undefined &&
        (verdict.kind === 'used' || (verdict.kind === 'tampered' && verdict.reason !== 'unsigned' && verdict.reason !== 'head'))
      )
        report({ kind: verdict.kind === 'used' ? 'url_used' : 'url_tampered', at: clock(), url, request })
      return verdict
    },
  }
}
