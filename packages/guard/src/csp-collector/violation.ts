import { isRecord } from '@parapet/core'
import { DIRECTIVES } from '../headers/csp.js'
import type { CspDrop, CspReport, CspSuggestion } from './types.js'

/** One violation as a browser reported it, stripped and bounded. */
export type Violation = Omit<CspReport, 'count' | 'firstAt' | 'lastAt'>

/** What a body holds, or why one of its entries was let fall. */
export type ReadReport = { readonly kind: 'violation'; readonly violation: Violation } | { readonly kind: 'dropped'; readonly why: CspDrop }

/** Characters of a URL that are read, and of one and of a sample that are kept. */
const [READ, URL_KEPT, SAMPLE_KEPT] = [4_096, 300, 40] as const

/** What browsers name instead of a URL. Source: CSP3, sections 2.4 and 5. */
const WORDS: ReadonlySet<string> = new Set(['inline', 'eval', 'wasm-eval', 'self', 'trusted-types-policy', 'trusted-types-sink'])

/** Where extensions and the browser itself put what the page never asked for. */
const NOISE: ReadonlySet<string> = new Set([
  'chrome-extension:', 'moz-extension:', 'safari-extension:', 'safari-web-extension:', 'ms-browser-extension:', 'webkit-masked-url:',
  'user-script:', 'resource:', 'chrome:', 'edge:', 'opera:', 'brave:', 'about:',
]) // prettier-ignore

const text = (value: unknown): string => (typeof value === 'string' && value.length <= READ ? value : '')

/**
 * What is kept of a URL: origin and path, for anything but the web its scheme alone. Query and fragment hold tokens, and what stands
 * before `@` a password.
 */
export const strippedUrl = (value: unknown): string => {
  const given = text(value)
  if (given === '' || WORDS.has(given)) return given
  if (/^[a-z][a-z\d+.-]{0,30}$/i.test(given)) return `${given.toLowerCase()}:`
  if (!URL.canParse(given)) return 'other'
  const url = new URL(given)
  if (!/^(?:https?|wss?):$/.test(url.protocol)) return url.protocol.slice(0, 32)
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, URL_KEPT)
}

const originOf = (stripped: string): string | undefined => /^(?:https?|wss?):\/\/[a-z\d.:[\]-]+/.exec(stripped)?.[0]

const schemeOf = (stripped: string): string => stripped.slice(0, stripped.indexOf(':') + 1)

/** Directives under which whatever runs was loaded. */
const runs = (directive: string): boolean => /^(?:script|worker|object|frame|child|default|manifest|base|form)/.test(directive)

/** What would allow it, in the directive that people write. `undefined` where nothing would, or where it is not to be. */
export const suggest = (effective: string, blocked: string, document: string): CspSuggestion | undefined => {
  const attribute = effective.endsWith('-attr')
  const directive = attribute ? effective : effective.replace(/-elem$/, '')
  if (!/-src(?:-attr)?$/.test(directive) && directive !== 'form-action' && directive !== 'base-uri') return undefined
  if (blocked === 'inline')
    return attribute ? { directive, source: "'unsafe-inline'", weakens: true } : { directive, source: "'nonce'", weakens: false }
  if (blocked === 'eval') return { directive, source: "'unsafe-eval'", weakens: true }
  if (blocked === 'wasm-eval') return { directive, source: "'wasm-unsafe-eval'", weakens: false }
  if (blocked === 'data:' || blocked === 'blob:') return { directive, source: blocked, weakens: runs(directive) }
  const origin = originOf(blocked)
  if (origin === undefined) return undefined
  if (origin === originOf(document)) return { directive, source: "'self'", weakens: false }
  return { directive, source: origin, weakens: /^(?:http|ws):/.test(origin) }
}

/** What the two formats call the same thing. */
type Names = Readonly<
  Record<'document' | 'directive' | 'blocked' | 'disposition' | 'source' | 'sample', readonly [name: string, olderName?: string]>
>
const OLD: Names = {
  document: ['document-uri'],
  directive: ['effective-directive', 'violated-directive'],
  blocked: ['blocked-uri'],
  disposition: ['disposition'],
  source: ['source-file'],
  sample: ['script-sample'],
}
const NEW: Names = {
  document: ['documentURL'],
  directive: ['effectiveDirective'],
  blocked: ['blockedURL'],
  disposition: ['disposition'],
  source: ['sourceFile'],
  sample: ['sample'],
}

const readViolation = (
  body: Readonly<Record<string, unknown>>,
  names: Names,
  isOurs: (origin: string | undefined) => boolean,
): ReadReport => {
  const field = ([name, older]: readonly [string, string?]): unknown =>
    Object.hasOwn(body, name) ? body[name] : older !== undefined && Object.hasOwn(body, older) ? body[older] : undefined
  // older browsers name the directive with its sources
  const [directive = ''] = text(field(names.directive)).split(' ', 1)
  const document = strippedUrl(field(names.document))
  if (!DIRECTIVES.has(directive) || document === '') return { kind: 'dropped', why: 'malformed' }
  const blocked = strippedUrl(field(names.blocked))
  const source = strippedUrl(field(names.source))
  if (NOISE.has(schemeOf(blocked)) || NOISE.has(schemeOf(source))) return { kind: 'dropped', why: 'extension' }
  if (!isOurs(originOf(document))) return { kind: 'dropped', why: 'foreign_document' }
  const sample = field(names.sample)
  return {
    kind: 'violation',
    violation: {
      document,
      directive,
      blocked,
      disposition: field(names.disposition) === 'report' ? 'report' : 'enforce',
      source: source === '' ? undefined : source,
      sample: typeof sample === 'string' && sample !== '' ? sample.slice(0, SAMPLE_KEPT) : undefined,
      suggestion: suggest(directive, blocked, document),
    },
  }
}

/**
 * Reads a body of either format. `undefined` when it is neither. Sources: CSP3, section 5.3 (`application/csp-report`); W3C Reporting
 * API, section 2.4 (`application/reports+json`).
 */
export const readReports = (
  body: unknown,
  format: 'csp-report' | 'reports+json',
  most: number,
  isOurs: (origin: string | undefined) => boolean,
): readonly ReadReport[] | undefined => {
  if (format === 'csp-report') {
    const report = isRecord(body) && Object.hasOwn(body, 'csp-report') ? body['csp-report'] : undefined
    return isRecord(report) ? [readViolation(report, OLD, isOurs)] : undefined
  }
  // one report by itself was sent by the first browsers
  const entries: readonly unknown[] = Array.isArray(body) ? body : [body]
  const found: ReadReport[] = entries.slice(0, most).map((entry) => {
    if (!isRecord(entry)) return { kind: 'dropped', why: 'malformed' }
    if (entry['type'] !== 'csp-violation') return { kind: 'dropped', why: 'other_type' }
    return isRecord(entry['body']) ? readViolation(entry['body'], NEW, isOurs) : { kind: 'dropped', why: 'malformed' }
  })
  for (let i = most; i < Math.min(entries.length, 2 * most); i++) found.push({ kind: 'dropped', why: 'too_many' })
  return found
}
