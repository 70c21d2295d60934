import { asGuardRequest, type GuardRequest, splitUrl } from '../request/guard-request.js'
import type { Cleaner } from './describe.js'
import { readProperty } from './describe.js'
import { type Hider, STARS } from './hide.js'
import type { DescribedRequest, ErrorAbout } from './types.js'

const BOUNDS = { path: 2_048, value: 512, name: 100, pairs: 50, depth: 4, secrets: 32, shortest: 4, longest: 1_024 } as const

/** Headers that are logged unless others are asked for. Names only: what is hidden stays hidden whoever asks. */
export const LOGGED_HEADERS = ['host', 'content-type', 'content-length', 'user-agent', 'referer', 'origin', 'sec-fetch-site'] as const

/** Headers whose values sign somebody in; they are looked for in messages. */
const SECRET_HEADERS = ['authorization', 'proxy-authorization', 'x-api-key', 'cookie', 'x-csrf-token', 'x-xsrf-token'] as const

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

const encode = (text: string): string => {
  try {
    return encodeURIComponent(text)
  } catch {
    // half of a pair of surrogates
    return text
  }
}

const queryOf = (query: string | undefined): (readonly [string, string])[] => {
  if (query === undefined || query === '') return []
  return query
    .slice(0, 8_192)
    .split('&', BOUNDS.pairs)
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals < 0 ? ([decode(pair), ''] as const) : ([decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))] as const)
    })
}

/** Parameters as flat names: `user.password`, `items.0`. Getters that throw and cycles end there. */
const flatten = (parameters: unknown): (readonly [string, string])[] => {
  const found: (readonly [string, string])[] = []
  const walk = (value: unknown, name: string, depth: number): void => {
    if (found.length >= BOUNDS.pairs) return
    if (value === null || typeof value !== 'object') {
      if (typeof value === 'string') found.push([name, value])
      else if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
        found.push([name, String(value)])
      else if (value !== undefined) found.push([name, `a ${typeof value}`])
      return
    }
    if (depth >= BOUNDS.depth) {
      found.push([name, Array.isArray(value) ? '[...]' : '{...}'])
      return
    }
    let keys: string[] = []
    try {
      keys = Object.keys(value)
    } catch {
      return
    }
    for (const key of keys.slice(0, BOUNDS.pairs)) walk(readProperty(value, key), name === '' ? key : `${name}.${key}`, depth + 1)
  }
  walk(parameters, '', 0)
  return found
}

/** So that no short one cuts a long one in two. */
const longestFirst = (secrets: ReadonlySet<string>): readonly string[] => [...secrets].toSorted((a, b) => b.length - a.length)

/** A name of which any part is hidden hides what is below it: `password.0`, `user[password]`. */
const hides = (hider: Hider, name: string): boolean =>
  hider.name(name) || name.split(/[.[\]]/, 20).some((part) => part !== '' && hider.name(part))

/** The request as a log may have it, and the texts of it that must not come up in a message. */
export const describeRequest = (
  about: ErrorAbout,
  hider: Hider,
  clean: Cleaner,
  headers: readonly string[],
): { readonly request: DescribedRequest | undefined; readonly secrets: readonly string[] } => {
  const secrets = new Set<string>()
  const keep = (value: string): void => {
    for (const text of [value, encode(value)])
      if (text.length >= BOUNDS.shortest && text.length <= BOUNDS.longest && secrets.size < BOUNDS.secrets) secrets.add(text)
  }
  const describe = (pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> => {
    // no prototype: a parameter may be called __proto__
    const shown = Object.create(null) as Record<string, string>
    for (const [name, value] of pairs) {
      const hidden = hides(hider, name)
      if (hidden) keep(value)
      shown[clean(name, BOUNDS.name)] = hidden ? STARS : clean(value, BOUNDS.value)
    }
    return shown
  }
  const parameters = describe(flatten(about.parameters))
  if (about.request === undefined) return { request: undefined, secrets: longestFirst(secrets) }
  const request: GuardRequest = asGuardRequest(about.request)
  const { path, query } = splitUrl(request.url)
  for (const name of SECRET_HEADERS) {
    const value = request.header(name)
    if (value === undefined) continue
    // `Bearer x`, `a=x; b=y`: the parts are what signs in
    for (const part of value.slice(0, 8_192).split(/[\s;]+/, BOUNDS.secrets))
      keep(part.slice(name === 'cookie' ? part.indexOf('=') + 1 : 0))
  }
  const shown: [string, string][] = []
  for (const name of headers) {
    const value = request.header(name)
    if (value !== undefined) shown.push([name, value])
  }
  return {
    request: {
      method: clean(request.method, 32),
      path: clean(path, BOUNDS.path),
      query: describe(queryOf(query)),
      parameters,
      headers: describe(shown),
    },
    secrets: longestFirst(secrets),
  }
}
