import { optionError, textListOption } from '../options/check.js'

/** Directives and their sources. `null` takes a directive of the preset away; an empty list is a directive without sources. */
export type CspDirectives = Readonly<Record<string, readonly string[] | null>>

/** Sources that stand for `'nonce-...'` in a compiled policy. */
export const NONCE = "'nonce'"

/** Directives of CSP level 3 and its companions that still mean something. */
export const DIRECTIVES: ReadonlySet<string> = new Set([
  'default-src', 'script-src', 'script-src-elem', 'script-src-attr', 'style-src', 'style-src-elem', 'style-src-attr', 'img-src', 'font-src',
  'connect-src', 'media-src', 'object-src', 'frame-src', 'child-src', 'worker-src', 'manifest-src', 'base-uri', 'form-action',
  'frame-ancestors', 'sandbox', 'report-uri', 'report-to', 'require-trusted-types-for', 'trusted-types', 'upgrade-insecure-requests',
]) // prettier-ignore

/** Directives that browsers have given up, and what does their work today. */
const DEAD: ReadonlyMap<string, string> = new Map([
  ['block-all-mixed-content', 'use upgrade-insecure-requests'],
  ['plugin-types', "use object-src 'none'"],
  ['prefetch-src', 'default-src holds for prefetching'],
  ['navigate-to', 'no browser has it; use form-action for forms'],
  ['reflected-xss', 'use script-src with a nonce'],
  ['referrer', 'use the option referrerPolicy'],
  ['require-sri-for', 'no browser has it; put integrity on the elements'],
])

/** Words that only mean something in quotes; without them they name a host. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'self',
  'none',
  'unsafe-inline',
  'unsafe-eval',
  'strict-dynamic',
  'report-sample',
  'wasm-unsafe-eval',
  'unsafe-hashes',
])

/** Source of the checks: CSP3, section 2.2.1. `;` and `,` end a directive or a policy; a line break ends the header. */
const checkSource = (name: string, source: string): void => {
  for (let i = 0; i < source.length; i++) {
    const c = source.charCodeAt(i)
    if (c <= 32 || c >= 127 || c === 59 || c === 44) {
      throw optionError(
        name,
        source,
        'a source holds no space, comma, semicolon, line break or non-ASCII character; encode it, or give several sources',
      )
    }
  }
  if (KEYWORDS.has(source) || source.startsWith('nonce-'))
    throw optionError(name, source, `write "'${source}'", in single quotes, or it names a host`)
}

/** Checks directives and puts them over a base. Throws `PPT_CONFIG_INVALID` naming the directive. */
export const mergeCsp = (option: string, base: CspDirectives, over: CspDirectives): Map<string, readonly string[]> => {
  const merged = new Map<string, readonly string[]>()
  for (const [name, sources] of [...Object.entries(base), ...Object.entries(over)]) {
    const at = `${option}.${name}`
    const dead = DEAD.get(name)
    if (dead !== undefined) throw optionError(option, name, `browsers have given this directive up; ${dead}`)
    if (!DIRECTIVES.has(name)) throw optionError(option, name, 'this is no directive of CSP; write it in lower case, as in script-src')
    if (sources === null) {
      merged.delete(name)
      continue
    }
    for (const source of textListOption(at, sources, 'give a list of sources, such as ["\'self\'"], or null to leave it out'))
      checkSource(at, source)
    if (sources.includes("'none'") && sources.length > 1) throw optionError(at, sources, "'none' stands alone")
    merged.set(name, sources)
  }
  return merged
}

/** Compiles a policy into a function from nonce to header value; without a nonce its place stays empty. */
export const compileCsp = (directives: ReadonlyMap<string, readonly string[]>): ((nonce?: string) => string) => {
  const write = (mark: string | undefined): string =>
    [...directives]
      .map(([name, sources]) =>
        [name, ...sources.flatMap((source) => (source === NONCE ? (mark === undefined ? [] : [mark]) : [source]))].join(' '),
      )
      .join('; ')
  const without = write(undefined)
  // NUL cannot stand in a checked source, so that it marks the places safely
  const parts = write('\u0000').split('\u0000')
  return (nonce) => (nonce === undefined || parts.length === 1 ? without : parts.join(`'nonce-${nonce}'`))
}
