import { NONCE } from './csp.js'

/** Directives under which code runs or what runs is decided, and so where a wide source is a hole. */
const RUNNING = ['script-src', 'script-src-elem', 'script-src-attr', 'worker-src', 'object-src', 'default-src'] as const

/** Sources that are anywhere: an attacker's host as well. */
const ANYWHERE: ReadonlySet<string> = new Set(['*', 'https:', 'http:', 'data:', 'blob:', 'filesystem:', '*:*', 'https://*', 'http://*'])

const isHash = (source: string): boolean => /^'sha(?:256|384|512)-/.test(source)
/** A host with a star for its beginning, or a scheme with a star. */
const isWildcard = (source: string): boolean => /^(?:[a-z][a-z\d+.-]*:\/\/)?\*[.:]/.test(source)
const isCleartext = (source: string): boolean => /^(?:http|ws|ftp):/.test(source)

const lintScripts = (scripts: readonly string[]): string[] => {
  const found: string[] = []
  const marked = scripts.some((source) => source === NONCE || isHash(source))
  const dynamic = scripts.includes("'strict-dynamic'")
  // browsers that know nonces pass over 'unsafe-inline' beside one
  if (scripts.includes("'unsafe-inline'") && !marked) found.push("CSP: 'unsafe-inline' in script-src lets an injected script run")
  if (scripts.includes("'unsafe-eval'"))
    found.push("CSP: 'unsafe-eval' in script-src makes text into code: an injection into a text is enough")
  if (scripts.includes("'unsafe-hashes'")) found.push("CSP: 'unsafe-hashes' lets an injected element reuse a handler that is allowed")
  if (dynamic && !marked) found.push("CSP: 'strict-dynamic' without a nonce or a hash lets no script run")
  if (dynamic && scripts.some((source) => !source.startsWith("'")))
    found.push("CSP: beside 'strict-dynamic' the hosts in script-src mean nothing; leave them out")
  return found
}

/**
 * What a policy allows that it better did not, in words, for the log at start. `https`: the site is reached over TLS. Sources: CSP3;
 * ASVS 5.0 V3.4.3 and V3.4.6; "CSP Is Dead, Long Live CSP" (2016) for what makes a list of hosts worthless.
 */
export const lintCsp = (directives: ReadonlyMap<string, readonly string[]>, https = true): string[] => {
  const found: string[] = []
  const fallback = directives.get('default-src')
  const scripts = directives.get('script-src') ?? fallback
  if (scripts === undefined) found.push('CSP: neither script-src nor default-src is set, so that any script runs')
  else found.push(...lintScripts(scripts))
  for (const name of RUNNING) {
    const sources = directives.get(name) ?? []
    // default-src is told of under its own name only
    const wide = sources.filter((source) => ANYWHERE.has(source))
    if (wide.length > 0) found.push(`CSP: ${name} allows scripts from anywhere (${wide.join(' ')})`)
    const starred = sources.filter((source) => isWildcard(source) && !ANYWHERE.has(source))
    if (starred.length > 0) found.push(`CSP: ${starred.join(' ')} in ${name} takes every host below it, also one that somebody else runs`)
  }
  if (https) {
    const clear = [...directives].flatMap(([name, sources]) => sources.filter((one) => isCleartext(one)).map((one) => `${one} in ${name}`))
    if (clear.length > 0) found.push(`CSP: ${clear.join(', ')}: what is fetched in clear can be changed on its way`)
  }
  if (!(directives.get('object-src') ?? fallback ?? []).includes("'none'"))
    found.push("CSP: without object-src 'none' an injected <object> runs what it likes")
  if (!directives.has('base-uri')) found.push("CSP: without base-uri 'none' an injected <base> redirects relative scripts")
  if (!directives.has('form-action')) found.push('CSP: without form-action an injected form sends what people type to anywhere')
  const ancestors = directives.get('frame-ancestors')
  if (ancestors === undefined) found.push('CSP: without frame-ancestors any site may frame this one')
  else if (ancestors.some((source) => ANYWHERE.has(source))) found.push('CSP: frame-ancestors lets any site frame this one')
  return found
}
