type Kept = { readonly value: string; readonly path: string }

/** Cookies of one visitor. */
export type Jar = {
  readonly get: (name: string) => string | undefined
  readonly set: (name: string, value: string) => void
  readonly names: () => readonly string[]
  readonly clear: () => void
  /** takes what an answer sets and drops */
  readonly take: (setCookies: readonly string[], now: number) => void
  /** the `Cookie` header for a path; undefined when there is none */
  readonly header: (requestPath: string) => string | undefined
}

const MOST_COOKIES = 100
const LONGEST_COOKIE = 8_192

/** RFC 6265, section 5.1.4: `/a` covers `/a`, `/a/` and `/a/b`, not `/ab`. */
const covers = (cookiePath: string, requestPath: string): boolean =>
  requestPath === cookiePath || (requestPath.startsWith(cookiePath) && (cookiePath.endsWith('/') || requestPath[cookiePath.length] === '/'))

const pathOf = (url: string): string => {
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

const isExpired = (attributes: ReadonlyMap<string, string>, now: number): boolean => {
  const age = attributes.get('max-age')
  if (age !== undefined && /^-?\d{1,12}$/.test(age)) return Number(age) <= 0
  const expires = Date.parse(attributes.get('expires') ?? '')
  return !Number.isNaN(expires) && expires <= now
}

/**
 * One `Set-Cookie` header, taken apart: the name, the value as it is, and its attributes with names in lower case (`secure`, `samesite`,
 * ...). Undefined for one without a name or too long. Source: RFC 6265, section 5.2.
 */
export const parseSetCookie = (
  line: string,
): { readonly name: string; readonly value: string; readonly attributes: ReadonlyMap<string, string> } | undefined => {
  if (line.length > LONGEST_COOKIE) return undefined
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  if (name === '') return undefined
  const attributes = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    attributes.set((at < 0 ? part : part.slice(0, at)).trim().toLowerCase(), at < 0 ? '' : part.slice(at + 1).trim())
  }
  return { name, value: pair.slice(equals + 1).trim(), attributes }
}

/** A jar like a browser's for one origin: paths and expiry count; `Secure` does not, so that a target on plain HTTP can be tried too. */
export const createJar = (): Jar => {
  const kept = new Map<string, Kept>()
  return {
    get: (name) => kept.get(name)?.value,
    set: (name, value) => void kept.set(name, { value, path: '/' }),
    names: () => [...kept.keys()],
    clear: () => kept.clear(),
    take: (setCookies, now) => {
      for (const line of setCookies) {
        const cookie = parseSetCookie(line)
        if (cookie === undefined) continue
        const path = cookie.attributes.get('path')
        if (isExpired(cookie.attributes, now)) kept.delete(cookie.name)
        else if (kept.size < MOST_COOKIES || kept.has(cookie.name)) {
          kept.set(cookie.name, { value: cookie.value, path: path?.startsWith('/') === true ? path : '/' })
        }
      }
    },
    header: (requestPath) => {
      const path = pathOf(requestPath)
      const pairs = [...kept].filter(([, cookie]) => covers(cookie.path, path)).map(([name, { value }]) => `${name}=${value}`)
      return pairs.length === 0 ? undefined : pairs.join('; ')
    },
  }
}
