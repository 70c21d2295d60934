import { optionError } from '../options/check.js'
import type { AccessAction, AccessEntry } from './types.js'

/** What a request goes to: the pattern it matched, the kind of thing, and which one. */
export type Resource = { readonly route: string; readonly type: string; readonly id?: string }

/** Segments of a path that a guess is made from, and characters of one that are kept. */
const [MOST_SEGMENTS, LONGEST] = [32, 128] as const

const isParameter = (segment: string): boolean => segment.startsWith(':') || segment.startsWith('[') || segment.startsWith('{')

/** One spelling for the patterns of frameworks: `:id`, `[id]`, `{id}`, `*`. */
const nameOf = (segment: string): string => segment.replaceAll(/^[:[{.]+|[\]}?*+]+$/g, '')

/** What stands for a value that would be a key to something, were it kept. */
const HIDDEN = '***'

/**
 * Whether an id looks like a secret: long and random-looking, so that whoever reads the record could use it. Ids of databases (numbers,
 * UUIDs, ULIDs, 24 hexadecimal digits) are none, and neither are names.
 */
export const looksSecret = (text: string): boolean => {
  if (text.length < 20 || /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return false
  if (text.length > 64) return !text.includes(' ')
  if (/^\d+$/.test(text) || /^[\da-f]{24}$/i.test(text) || /^[0-7][\dA-HJKMNP-TV-Z]{25}$/i.test(text)) return false
  if (/\.[\w-]{8,}\.[\w-]{8,}/.test(text)) return true
  if (!/^[\w\-+/=.~]+$/.test(text)) return false
  const [lower, upper, digits] = [/[a-z]/.test(text), /[A-Z]/.test(text), /\d/.test(text)]
  if (lower && upper) return digits || text.length >= 28
  // words with a year between them are a name; as many letters and digits without a break are none
  return (lower || upper) && digits && text.length >= 32 && !text.includes('-')
}

const isId = (segment: string): boolean =>
  /^\d+$/.test(segment) ||
  /^[\da-f]{8}-/i.test(segment) ||
  /^[\da-f]{24}$/i.test(segment) ||
  /^[a-z]{1,8}_[\w-]{8,}$/i.test(segment) ||
  segment.length >= 20

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** Types of public ids, as `createPublicIds` writes them: random-looking, and no key to anything. */
export type IdTypes = ReadonlySet<string>
const NO_TYPES: IdTypes = new Set()

const isPublicId = (text: string, types: IdTypes): boolean => {
  const end = text.indexOf('_')
  return end > 0 && types.has(text.slice(0, end)) && /^[\da-z]{32,71}$/.test(text.slice(end + 1))
}

const idOf = (segment: string, types: IdTypes): string => {
  const text = decoded(segment).slice(0, LONGEST + 1)
  return (looksSecret(text) && !isPublicId(text, types)) || text.length > LONGEST ? HIDDEN : text
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '')

/** The segments that are left when dots were followed, as routers that read a path as a URL do. */
const followed = (path: string): string[] => {
  const segments: string[] = []
  for (const segment of segmentsOf(path.replaceAll('\\', '/'))) {
    const dots = segment.replaceAll(/%2e/gi, '.')
    if (dots === '..') segments.pop()
    else if (dots !== '.') segments.push(segment)
  }
  return segments
}

/** The segments of a path that a pattern of so many words has matched: as they stand where they are as many, else without dots. */
const readingOf = (path: string): ((words: number) => readonly string[]) => {
  const [plain, without] = [segmentsOf(path), followed(path)]
  return (words) => (plain.length === words ? plain : without)
}

/** A resource from a pattern and the path that it matched: the last parameter is the id, the last word before it the type. */
const fromPattern = (pattern: string, path: string, types: IdTypes): Resource => {
  const words = segmentsOf(pattern)
  const parts = readingOf(path)(words.length)
  let [type, id]: [string | undefined, string | undefined] = [undefined, undefined]
  // a router that was mounted knows its own end of the path only
  const shift = Math.max(0, parts.length - words.length)
  for (const [i, word] of words.entries()) {
    if (isParameter(word) || word === '*') id = parts[i + shift]
    else {
      type = word
      id = undefined
    }
  }
  const parameter = words.findLast(isParameter)
  const named = type ?? (parameter === undefined ? undefined : nameOf(parameter)) ?? 'root'
  return { route: pattern.slice(0, 256), type: named.slice(0, LONGEST), ...(id === undefined ? {} : { id: idOf(id, types) }) }
}

/** A resource by guess, where no pattern is known: what looks like an id is one, and stands as `:id` in the route. */
const fromPath = (path: string, types: IdTypes): Resource => {
  const parts = followed(path).slice(0, MOST_SEGMENTS)
  let [type, id]: [string | undefined, string | undefined] = [undefined, undefined]
  const words = parts.map((part) => {
    const text = decoded(part)
    if (isId(text) || looksSecret(text)) {
      id = part
      return ':id'
    }
    // a version is no thing: `/api/v1/documents`
    if (!/^v\d+$/i.test(text) || type === undefined) type = text
    id = undefined
    return text.slice(0, LONGEST)
  })
  return {
    route: `/${words.join('/')}`.slice(0, 256),
    type: (type ?? 'root').slice(0, LONGEST),
    ...(id === undefined ? {} : { id: idOf(id, types) }),
  }
}

/** Reads patterns such as `/api/documents/:id`, longest first. Throws `PPT_CONFIG_INVALID`. */
export const readPatterns = (
  option: string,
  patterns: readonly string[],
): readonly { readonly pattern: string; readonly words: readonly string[] }[] => {
  for (const pattern of patterns)
    if (!/^\/[\w\-./:~*]*$/.test(pattern) || pattern.length > 256)
      throw optionError(option, pattern, 'give paths such as /api/documents/:id')
  return patterns.map((pattern) => ({ pattern, words: segmentsOf(pattern) })).toSorted((a, b) => b.words.length - a.words.length)
}

/**
 * What a request goes to: by the pattern that the framework matched, else by the first configured one that fits, else by guess. Linear,
 * never throws.
 */
export const resourceOf = (
  path: string,
  matched: string | undefined,
  patterns: ReturnType<typeof readPatterns>,
  types: IdTypes = NO_TYPES,
): Resource => {
  if (matched !== undefined && matched.startsWith('/') && segmentsOf(matched).some((word) => isParameter(word)))
    return fromPattern(matched, path, types)
  const reading = readingOf(path)
  for (const { pattern, words } of patterns) {
    const parts = reading(words.length)
    if (words.length !== parts.length) continue
    if (words.every((word, i) => isParameter(word) || word === '*' || word === decoded(parts[i] ?? '')))
      return fromPattern(pattern, path, types)
  }
  return fromPath(path, types)
}

/** What a method does to a resource. `POST` to a thing that has an id changes that thing. */
export const actionOf = (method: string, hasId: boolean): AccessAction => {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'QUERY') return 'view'
  if (method === 'POST') return hasId ? 'edit' : 'create'
  return method === 'DELETE' ? 'delete' : 'edit'
}

/** What a status says about an access. */
export const outcomeOf = (status: number, refused: boolean): AccessEntry['outcome'] =>
  refused || status === 401 || status === 403 || status === 429 ? 'refused' : status >= 400 ? 'failure' : 'success'
