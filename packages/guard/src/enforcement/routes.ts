import { optionError, textListOption } from '../options/check.js'
import { isSafeMethod } from '../csrf/csrf.js'

/** Whether a request goes to one of the routes declared. */
export type RouteList = (method: string, path: string) => boolean

/** Escapes of ASCII one by one: a broken one elsewhere in the path must not keep the others as they are. Routes are ASCII. */
const decode = (path: string): string =>
  path.replaceAll(/%([0-7][\da-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

/** Whether a path is its own normal form: small letters, digits and the like, no empty, dotted or last empty segment. Most paths are. */
const isNormal = (path: string): boolean => {
  const { length } = path
  if (length > 4_096 || path.charCodeAt(0) !== 47 || (length > 1 && path.charCodeAt(length - 1) === 47)) return false
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
 * trailing slashes, dot segments, parameters after `;`. What it makes equal is only ever restricted more.
 */
export const normalPath = (path: string): string => {
  if (isNormal(path)) return path
  // twice, so that what a proxy decodes once and a framework again is seen as both see it
  const segments: string[] = []
  for (const segment of decode(decode(path.slice(0, 4_096)))
    .toLowerCase()
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => part.split(';', 1)[0] ?? '')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

/**
 * Reads routes such as `/login` (every method that changes something: a lock must not hide the page) or `POST /login`.
 * Throws `PPT_CONFIG_INVALID`.
 */
export const readRoutes = (option: string, value: unknown): RouteList => {
  const fix = "give exact paths, with a method before them if only that one counts, such as ['/login', 'POST /api/session']"
  const any = new Set<string>()
  const byMethod = new Set<string>()
  for (const route of textListOption(option, value, fix)) {
    const parts = /^(?:([A-Z]{3,10}) )?(\/[\w\-./~]*)$/.exec(route)
    if (parts === null) throw optionError(option, route, fix)
    const [, method, path = '/'] = parts
    if (method === undefined) any.add(normalPath(path))
    else byMethod.add(`${method === 'HEAD' ? 'GET' : method} ${normalPath(path)}`)
  }
  if (any.size + byMethod.size === 0) return () => false
  return (method, path) => {
    const normal = normalPath(path)
    if (any.has(normal) && !isSafeMethod(method)) return true
    // frameworks answer HEAD by the handler of GET, and what that does is done
    return byMethod.size > 0 && byMethod.has(`${method === 'HEAD' ? 'GET' : method} ${normal}`)
  }
}
