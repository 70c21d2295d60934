/** Characters of a query, and parameters in it, that are looked at. */
const [LONGEST, MOST] = [8_192, 256] as const

/** Encodes all but the unreserved characters. Source: RFC 3986, section 2.3. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/** Decodes as forms are decoded: `+` is a space. `undefined` for what is no UTF-8 or a lone `%`. */
const decode = (text: string): string | undefined => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return undefined
  }
}

/** One parameter, decoded. */
export type Parameter = { readonly name: string; readonly value: string }

/**
 * The parameters of a query as every common parser reads them. `undefined` where parsers differ: a bare `;`, which some take for `&`,
 * characters that no client sends bare, broken encoding, too many. `a` and `a=` are the same; empty ones are passed over.
 */
export const readQuery = (query: string): readonly Parameter[] | undefined => {
  if (query.length > LONGEST || !/^[!-~]*$/.test(query) || /[;#\\]/.test(query)) return undefined
  const found: Parameter[] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined || found.length === MOST) return undefined
    found.push({ name, value })
  }
  return found
}

/** Parameters as text, in their order. */
export const writeQuery = (parameters: readonly Parameter[]): string =>
  parameters.map(({ name, value }) => `${encode(name)}=${encode(value)}`).join('&')

/** `a`, `a[]` and `a[0]` are one thing to parsers that nest, and their order is what it holds. */
const family = (name: string): string => {
  const bracket = name.indexOf('[')
  return bracket < 1 ? name : name.slice(0, bracket)
}

/** Parameters as they are signed: sorted by name, those of one name in their order. */
export const canonicalQuery = (parameters: readonly Parameter[]): string =>
  writeQuery(
    parameters.toSorted((a, b) => {
      const [left, right] = [family(a.name), family(b.name)]
      if (left === right) return 0
      return left < right ? -1 : 1
    }),
  )

/**
 * A path as it is signed: escapes in upper case, unreserved characters bare. `%2F` stays, as it is no `/`; case, slashes and dots stay,
 * as they lead elsewhere. `undefined` for characters that no client sends bare. Source: RFC 3986, section 6.2.2.
 */
export const canonicalPath = (path: string): string | undefined => {
  if (path.length > LONGEST || !path.startsWith('/') || !/^[!-~]+$/.test(path) || /["#<>?\\]/.test(path)) return undefined
  // browsers send some characters bare that RFC 3986 does not allow there, and proxies write them out
  return path
    .replaceAll(/[[\]^`{|}]/g, (c) => encodeURIComponent(c))
    .replaceAll(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
      const c = String.fromCharCode(Number.parseInt(hex, 16))
      return /[\w.~-]/.test(c) ? c : escape.toUpperCase()
    })
}
