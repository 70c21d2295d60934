import { type Clock, systemClock } from '@parapet/core'
import { readOrigins } from '../csrf/csrf.js'
import { knownOptions, optionError } from '../options/check.js'
import type { RedirectReason, RedirectReport, Redirects, RedirectVerdict } from './types.js'

/** What {@link createRedirects} takes. */
export type RedirectOptions = {
  /** origins beside this one that a redirect may lead to, such as `https://accounts.example`; default none */
  readonly origins?: readonly string[]
  /** where {@link Redirects.safe} leads instead; a path or an allowed URL. Default `/` */
  readonly fallback?: string
  /** told of every target that was refused */
  readonly report?: (report: RedirectReport) => void
  readonly clock?: Clock
}

/** Characters of a target; browsers and proxies cut longer ones at different places. */
const LONGEST = 2_048
/** How often a path is decoded to see what hides in it. Whoever encodes more often than that hides something. */
const LAYERS = 4
/** Stands for this application: relative targets are resolved against it. Source: RFC 6761, section 6.4. */
const HERE = 'http://here.invalid'

const refused = (reason: RedirectReason): RedirectVerdict => ({ kind: 'refused', reason })

/** Controls, which the URL standard drops, and the backslash, which it turns into a slash. */
const isOdd = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 32 || c === 92 || (c >= 127 && c < 160)) return true
  }
  return false
}

/** ASCII that is percent-encoded, decoded once. */
const decodeOnce = (text: string): string =>
  text.replaceAll(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** The text as the URL standard reads it, unless it names another host or becomes `//host` on the way. */
const resolveHere = (text: string): URL | undefined => {
  const url = URL.canParse(text, HERE) ? new URL(text, HERE) : undefined
  // `/.//host` has an origin of its own here, and `//host` as its path: sent on, that is another host
  return url === undefined || url.origin !== HERE || url.pathname.startsWith('//') ? undefined : url
}

/** True when a path names a host for one who decodes it, as proxies and routers do before they redirect again. */
const hidesHost = (path: string): boolean => {
  let text = path
  for (let layer = 0; layer < LAYERS; layer++) {
    const next = decodeOnce(text)
    if (next === text) return false
    if (isOdd(next) || resolveHere(next) === undefined) return true
    text = next
  }
  return decodeOnce(text) !== text
}

const allowed = (target: string): RedirectVerdict => (target.length > LONGEST ? refused('too_long') : { kind: 'allowed', target })

const judgePath = (target: string): RedirectVerdict => {
  const url = resolveHere(target)
  return url === undefined || hidesHost(url.pathname) ? refused('hidden_host') : allowed(url.pathname + url.search + url.hash)
}

const judgeAbsolute = (target: string, origins: ReadonlySet<string>): RedirectVerdict => {
  if (!URL.canParse(target)) return refused('not_a_target')
  const url = new URL(target)
  if (url.username !== '' || url.password !== '') return refused('credentials')
  if (!origins.has(url.origin)) return refused('origin_not_declared')
  return url.pathname.startsWith('//') || hidesHost(url.pathname) ? refused('hidden_host') : allowed(url.href)
}

const judge = (target: unknown, origins: ReadonlySet<string>): RedirectVerdict => {
  if (typeof target !== 'string' || target === '') return refused('no_text')
  if (target.length > LONGEST) return refused('too_long')
  if (isOdd(target)) return refused('odd_character')
  if (target.startsWith('//')) return refused('hidden_host')
  if (target.startsWith('/')) return judgePath(target)
  // the URL standard also takes `https:host` and `https:////host`
  return /^https?:\/\/[^/]/i.test(target) ? judgeAbsolute(target, origins) : refused('not_a_target')
}

/**
 * Builds the check of targets that come from a request, such as `?next=`: a path that begins with `/` stays here, an absolute URL must
 * be of a declared origin, everything else is refused. What is allowed is given back as the URL standard writes it. Throws
 * `PPT_CONFIG_INVALID`. Sources: WHATWG URL, section 4.4; CWE-601; ASVS 5.0 V3.7.2.
 */
export const createRedirects = (options: RedirectOptions = {}): Redirects => {
  knownOptions('redirect', options, ['origins', 'fallback', 'report', 'clock'])
  const { fallback = '/', report, clock = systemClock } = options
  const given = options.origins ?? []
  const origins = Array.isArray(given) && given.length === 0 ? new Set<string>() : readOrigins('redirect.origins', given)
  const home = judge(fallback, origins)
  if (home.kind === 'refused') throw optionError('redirect.fallback', fallback, 'give a path such as /, or a URL of redirect.origins')

  const told = (target: unknown): RedirectVerdict => {
    const verdict = judge(target, origins)
    if (verdict.kind === 'refused' && verdict.reason !== 'no_text' && typeof target === 'string')
      report?.({ kind: 'redirect_refused', at: clock(), reason: verdict.reason, target })
    return verdict
  }
  return {
    judge: told,
    safe: (target, instead) => {
      const verdict = told(target)
      if (verdict.kind === 'allowed') return verdict.target
      // it may come from a request as well, such as Referer
      const other = instead === undefined ? home : judge(instead, origins)
      return other.kind === 'allowed' ? other.target : home.target
    },
  }
}
