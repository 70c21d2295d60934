/** A policy as browsers read it: lower-case names, the first of equal directives, sources as written. Source: CSP3, section 2.2.1. */
export type Policy = ReadonlyMap<string, readonly string[]>

/** What a policy lets happen. `key` names it for good; grave ones let a script of an attacker run. */
export type Weakness = { readonly key: string; readonly says: string; readonly severity: 'medium' | 'low' }

const LONGEST = 16_000

/** The policies of a header, which a comma parts. Hostile text gives odd policies, never an error. */
export const parsePolicies = (header: string): readonly Policy[] =>
  header
    .slice(0, LONGEST)
    .split(',')
    .map((text) => {
      const policy = new Map<string, readonly string[]>()
      for (const part of text.split(';')) {
        const [name, ...sources] = part.split(/[\t\n\f\r ]+/).filter((word) => word !== '')
        if (name !== undefined && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources)
      }
      return policy
    })
    .filter((policy) => policy.size > 0)

const FALLBACK: Readonly<Record<string, readonly string[]>> = {
  'script-src-elem': ['script-src', 'default-src'],
  'script-src-attr': ['script-src', 'default-src'],
  'script-src': ['default-src'],
  'worker-src': ['child-src', 'script-src', 'default-src'],
  'object-src': ['default-src'],
}

/** The sources that hold for a directive, by itself or by what it falls back to; undefined: anything goes. Source: CSP3, section 6.8.3. */
export const sourcesFor = (policy: Policy, directive: string): readonly string[] | undefined =>
  [directive, ...(FALLBACK[directive] ?? [])].map((name) => policy.get(name)).find((sources) => sources !== undefined)

/** The nonces that a policy names, without `'nonce-` and the quote. */
export const noncesOf = (policy: Policy): readonly string[] =>
  [...policy.values()].flatMap((sources) => sources.flatMap((source) => /^'nonce-([^']*)'$/i.exec(source)?.[1] ?? []))

const lower = (sources: readonly string[]): readonly string[] => sources.map((source) => source.toLowerCase())
const isMarked = (source: string): boolean => /^'(?:nonce-[\w+/=-]+|sha(?:256|384|512)-[\w+/=-]+)'$/.test(source)
const ANYWHERE: ReadonlySet<string> = new Set([
  '*',
  'http:',
  'https:',
  'data:',
  'blob:',
  'filesystem:',
  'ws:',
  'wss:',
  'http://*',
  'https://*',
  '*:*',
])
const isTopWildcard = (source: string): boolean => /^(?:https?:\/\/)?\*\.[a-z]{2,}(?::\S+)?$/.test(source)

/** Hosts from which anybody’s scripts come: libraries that run what stands in the page, or JSONP. Source: "CSP Is Dead, Long Live CSP" (2016). */
const SHARED: ReadonlySet<string> = new Set([
  'cdnjs.cloudflare.com', 'cdn.jsdelivr.net', 'unpkg.com', 'ajax.googleapis.com', 'raw.githubusercontent.com', 'rawgit.com', 'esm.sh',
  'cdn.skypack.dev', 'yastatic.net', 'accounts.google.com', 'www.google.com', 'storage.googleapis.com', 's3.amazonaws.com', '*.googleapis.com',
  '*.amazonaws.com', '*.cloudfront.net', '*.herokuapp.com', '*.github.io', '*.azurewebsites.net',
]) // prettier-ignore

const hostOf = (source: string): string => source.replace(/^[a-z][a-z\d+.-]*:\/\//, '').split(/[/:]/, 1)[0] ?? ''

const KNOWN = new Set(
  (
    'default-src script-src script-src-elem script-src-attr style-src style-src-elem style-src-attr img-src font-src connect-src media-src object-src frame-src ' +
    'child-src worker-src manifest-src prefetch-src fenced-frame-src base-uri form-action frame-ancestors navigate-to sandbox report-uri report-to plugin-types ' +
    'upgrade-insecure-requests block-all-mixed-content require-trusted-types-for trusted-types require-sri-for referrer webrtc'
  ).split(' '),
)
const UNQUOTED = new Set([
  'self',
  'none',
  'unsafe-inline',
  'unsafe-eval',
  'strict-dynamic',
  'unsafe-hashes',
  'report-sample',
  'wasm-unsafe-eval',
])

const scriptWeaknesses = (policy: Policy): readonly Weakness[] => {
  const found: Weakness[] = []
  const add = (key: string, says: string, severity: Weakness['severity'] = 'medium'): void => void found.push({ key, says, severity })
  const given = sourcesFor(policy, 'script-src-elem')
  if (given === undefined)
    return [{ key: 'any script', says: 'neither script-src nor default-src is set: any script runs', severity: 'medium' }]
  const sources = lower(given)
  const marked = given.some((source) => isMarked(source.replace(/^'(?:nonce|sha\d+)-/i, (start) => start.toLowerCase())))
  const dynamic = sources.includes("'strict-dynamic'")
  // browsers pass over 'unsafe-inline' beside a nonce, a hash or 'strict-dynamic', and over hosts beside 'strict-dynamic'
  if (sources.includes("'unsafe-inline'") && !marked && !dynamic)
    add('unsafe-inline', "'unsafe-inline' lets a script that was put into the page run")
  const handlers = lower(sourcesFor(policy, 'script-src-attr') ?? [])
  if (policy.has('script-src-attr') && handlers.includes("'unsafe-inline'") && !handlers.some((source) => isMarked(source)))
    add('unsafe-inline handlers', "'unsafe-inline' in script-src-attr lets a handler that was put into the page run")
  const evals = lower(sourcesFor(policy, 'script-src') ?? [])
  if (evals.includes("'unsafe-eval'")) add('unsafe-eval', "'unsafe-eval' lets a text become code")
  if (evals.includes("'unsafe-hashes'"))
    add('unsafe-hashes', "'unsafe-hashes' lets an element that was put in use an allowed handler", 'low')
  if (dynamic) return found
  const wide = sources.filter((source) => ANYWHERE.has(source) || isTopWildcard(source))
  if (wide.length > 0) add('anywhere', `scripts may come from anywhere (${wide.slice(0, 4).join(' ')})`)
  const shared = sources.filter((source) => !source.startsWith("'") && SHARED.has(hostOf(source)))
  if (shared.length > 0) add('shared hosts', `scripts may come from hosts that serve anybody’s (${shared.slice(0, 4).join(' ')})`)
  const clear = sources.filter((source) => source.startsWith('http://') && !ANYWHERE.has(source))
  if (clear.length > 0) add('in clear', `scripts may come over plain HTTP (${clear.slice(0, 4).join(' ')})`, 'low')
  return found
}

/** What one policy lets happen. */
export const weaknessesOf = (policy: Policy): readonly Weakness[] => {
  const found: Weakness[] = [...scriptWeaknesses(policy)]
  const objects = sourcesFor(policy, 'object-src')
  const blocked = (sources: readonly string[]): boolean => sources.length === 0 || lower(sources).join(' ') === "'none'"
  if (objects === undefined)
    found.push({
      key: 'object-src',
      says: 'neither object-src nor default-src is set: an <object> that was put in loads what it likes',
      severity: 'medium',
    })
  else if (lower(objects).some((source) => ANYWHERE.has(source)))
    found.push({ key: 'object-src', says: `an <object> may come from anywhere (${objects.slice(0, 4).join(' ')})`, severity: 'medium' })
  else if (!blocked(objects)) found.push({ key: 'object-src', says: "object-src is not 'none'", severity: 'low' })
  const base = policy.get('base-uri')
  const scripts = sourcesFor(policy, 'script-src-elem')
  // with every script blocked there is none that a <base> could lead elsewhere
  if (scripts === undefined || !blocked(scripts)) {
    if (base === undefined)
      found.push({
        key: 'base-uri',
        says: 'base-uri is missing: a <base> that was put in leads the page’s own scripts elsewhere',
        severity: 'medium',
      })
    else if (lower(base).some((source) => ANYWHERE.has(source)))
      found.push({ key: 'base-uri', says: 'base-uri allows any address', severity: 'medium' })
  }
  const unknown = [...policy.keys()].filter((name) => !KNOWN.has(name))
  if (unknown.length > 0)
    found.push({
      key: 'unknown directive',
      says: `a directive is not known to any browser (${unknown.slice(0, 3).join(' ').slice(0, 80)})`,
      severity: 'low',
    })
  for (const [name, sources] of policy) {
    if (name === 'report-uri' || name === 'report-to' || name === 'trusted-types') continue
    const swallowed = lower(sources).find((source) => KNOWN.has(source))
    if (swallowed !== undefined)
      found.push({
        key: 'missing semicolon',
        says: `${swallowed} stands among the sources of ${name.slice(0, 40)}: a semicolon is missing`,
        severity: 'medium',
      })
    const bare = name === 'sandbox' ? undefined : lower(sources).find((source) => UNQUOTED.has(source))
    if (bare !== undefined)
      found.push({
        key: 'missing quotes',
        says: `${bare} in ${name.slice(0, 40)} stands without quotes and is read as a host`,
        severity: 'low',
      })
  }
  return found
}

/** What all policies together let happen: each must allow it. */
export const weaknessesOfAll = (policies: readonly Policy[]): readonly Weakness[] => {
  const [first = [], ...rest] = policies.map((policy) => weaknessesOf(policy))
  return first.filter(({ key }) => rest.every((others) => others.some((other) => other.key === key)))
}
