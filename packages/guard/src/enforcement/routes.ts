import { optionError, textListOption } from '../options/check.js'
import { isSafeMethod } from '../csrf/csrf.js'

/** Whether a request goes to one of the routes declared. */
export type RouteList = (method: string, path: string) => boolean

/** The routes declared, read in two ways: a request that is spelt oddly is held by both, and freed by neither. */
export type Routes = {
  /** for what restricts: however the path is spelt, if some framework takes it for one of them */
  readonly covers: RouteList
  /** for what lets something through: the path as it was declared, a last slash aside. Another spelling may be another route to some router */
  readonly opens: RouteList
}

/** What is no UTF-8 becomes a sign that no route has: a broken escape must not keep the others as they are. */
const decode = (path: string): string =>
  path.replaceAll(/(?:%[\da-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

/** Whether a path is its own normal form: small letters, digits and the like, no empty, dotted or last empty segment. Most paths are. */
const isNormal = (path: string): boolean => {
  const { length } = path
  if (path.charCodeAt(0) !== 47 || (length > 1 && path.charCodeAt(length - 1) === 47)) return false
  let before = 0
  for (let i = 0; i < length; i++) {
    const code = path.charCodeAt(i)
    if (code === 47 || code === 46) {
      if (before === 47) return false
    } else if (!((code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45 || code === 95)) return false
    before = code
  }
  return true
}

/**
 * One spelling for all spellings of a path that some framework takes for the same: case, percent-encoding, doubled and
 * trailing slashes, dot segments, parameters after `;`. For what restricts only: what it makes equal may be two routes. Linear; the whole
 * path is read, however long, since what lies behind a cut would be judged as something else.
 */
export const normalPath = (path: string): string => {
  if (isNormal(path)) return path
  // twice, so that what a proxy decodes once and a framework again is seen as both see it
  const segments: string[] = []
  for (const segment of decode(decode(path))
    .toLowerCase()
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => part.split(';', 1)[0] ?? '')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

/** Whether `test` holds for a normal form of a path; there are two where Fastify may have been told to end a path at its first `;`. */
export const isSpelt = (path: string, test: (normal: string) => boolean): boolean => {
  if (test(normalPath(path))) return true
  const end = path.indexOf(';')
  return end >= 0 && test(normalPath(path.slice(0, end)))
}

/** A path by which an exact one is found. */
export const withoutLastSlash = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)

/**
 * Whether a path lies, as it was sent, below one of the folders (each ends in `/`). One with escapes, parameters, dot segments or doubled
 * slashes lies below none: some router reads it as another folder.
 */
export const isPlainlyBelow = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(folder)) && !/[%\\;]|\/\.|\/\//.test(path)

/**
 * Reads routes such as `/login` (every method that changes something: a lock must not hide the page) or `POST /login`.
 * Throws `PPT_CONFIG_INVALID`.
 */
export const readRoutes = (option: string, value: unknown): Routes => {
  const fix = "give exact paths, with a method before them if only that one counts, such as ['/login', 'POST /api/session']"
  const declared: { readonly method: string | undefined; readonly path: string }[] = []
  for (const route of textListOption(option, value, fix)) {
    const parts = /^(?:([A-Z]{3,10}) )?(\/[\w\-./~]*)$/.exec(route)
    if (parts === null) throw optionError(option, route, fix)
    const [, method, path = '/'] = parts
    declared.push({ method: method === 'HEAD' ? 'GET' : method, path })
  }
  const listOf = (spell: (path: string) => string): RouteList => {
    const any = new Set<string>()
    const byMethod = new Set<string>()
    for (const { method, path } of declared) {
      if (method === undefined) any.add(spell(path))
      else byMethod.add(`${method} ${spell(path)}`)
    }
    return (method, path) => {
      if (any.has(path) && !isSafeMethod(method)) return true
      // frameworks answer HEAD by the handler of GET, and what that does is done
      return byMethod.size > 0 && byMethod.has(`${method === 'HEAD' ? 'GET' : method} ${path}`)
    }
  }
  if (declared.length === 0) return { covers: () => false, opens: () => false }
  const [normal, exact] = [listOf(normalPath), listOf(withoutLastSlash)]
  return {
    covers: (method, path) => isSpelt(path, (spelt) => normal(method, spelt)),
    opens: (method, path) => exact(method, withoutLastSlash(path)),
  }
}
