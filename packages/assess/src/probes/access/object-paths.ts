import { readPage } from '../seen/page.js'

const LONGEST = 600
const MOST = 200
const ID_KEYS: ReadonlySet<string> = new Set(['id', '_id', 'uuid', 'key', 'slug', 'href', 'url', 'path', 'link', 'self'])

/** Is this segment of a pattern a place for an id: `*`, `:id` or `{id}`? */
const isHole = (segment: string): boolean => segment === '*' || segment.startsWith(':') || /^\{[^{}]*\}$/.test(segment)

const pathOf = (address: string, origin: string): string | undefined => {
  if (address.length > LONGEST) return undefined
  try {
    const url = new URL(address, `${origin}/`)
    return url.origin === new URL(origin).origin ? url.pathname + url.search : undefined
  } catch {
    return undefined
  }
}

/**
 * The id in a path of this pattern. A pattern is a prefix such as `/documents/` (the id is the next segment, and the last one of the
 * path), or a path with one hole, such as `/api/documents/:id` or `/files/*`. Undefined: the path is none of these.
 */
export const idIn = (path: string, pattern: string): string | undefined => {
  const [bare = ''] = path.split(/[?#]/, 1)
  const wanted = pattern.split('/')
  const given = bare.split('/')
  const holes = wanted.filter(isHole).length
  if (holes === 0) {
    const prefix = pattern.endsWith('/') ? pattern : `${pattern}/`
    const rest = bare.startsWith(prefix) ? bare.slice(prefix.length) : ''
    return rest === '' || rest.includes('/') ? undefined : rest
  }
  if (wanted.length !== given.length) return undefined
  let id: string | undefined
  for (const [i, segment] of wanted.entries()) {
    const here = given[i] ?? ''
    if (isHole(segment)) id ??= here
    else if (segment !== here) return undefined
  }
  return id === '' ? undefined : id
}

/** A path of this pattern with this id. */
export const pathWith = (pattern: string, id: string): string => {
  const segments = pattern.split('/')
  const hole = segments.findIndex(isHole)
  if (hole < 0) return `${pattern.endsWith('/') ? pattern : `${pattern}/`}${encodeURIComponent(id)}`
  return segments.map((segment, i) => (i === hole ? encodeURIComponent(id) : segment)).join('/')
}

const walk = (value: unknown, key: string, into: { ids: string[]; texts: string[] }, depth: number): void => {
  if (depth > 12 || into.ids.length + into.texts.length > 2_000) return
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    if (text.startsWith('/') || text.startsWith('http')) into.texts.push(text)
    else if (ID_KEYS.has(key.toLowerCase()) && text.length <= 200 && text !== '') into.ids.push(text)
  } else if (Array.isArray(value)) for (const one of value) walk(one, key, into, depth + 1)
  else if (value !== null && typeof value === 'object') for (const [name, one] of Object.entries(value)) walk(one, name, into, depth + 1)
}

/**
 * The paths of a pattern that a list names, at most 200: by its links when it is a page; by addresses, else by values of keys such as
 * `id`, when it is JSON. Without a pattern the list names none.
 */
export const pathsIn = (text: string, pattern: string, origin: string): readonly string[] => {
  const found = new Set<string>()
  const take = (addresses: readonly string[]): void => {
    for (const address of addresses) {
      const path = pathOf(address, origin)
      // "new" beside the ids of a list is the form for another one
      if (path !== undefined && found.size < MOST && !['new', 'edit', 'create'].includes(idIn(path, pattern) ?? 'new')) found.add(path)
    }
  }
  try {
    const into = { ids: [] as string[], texts: [] as string[] }
    walk(JSON.parse(text), '', into, 0)
    take(into.texts)
    if (found.size === 0) take(into.ids.map((id) => pathWith(pattern, id)))
  } catch {
    take(readPage(text).addresses)
  }
  return [...found]
}

/** The same path with an id that nothing has: to see what the target says when there is nothing. */
export const missingTwin = (path: string): string => {
  const [bare = '', ...rest] = path.split('?')
  const cut = bare.lastIndexOf('/') + 1
  const id = bare.slice(cut)
  const other = /^\d+$/.test(id) ? '999999999' : id.replaceAll(/[a-y]/gi, (sign) => String.fromCodePoint((sign.codePointAt(0) ?? 0) + 1))
  return [bare.slice(0, cut) + other, ...rest].join('?')
}
