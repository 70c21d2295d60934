/** Bytes of a Cookie header that are looked at: Node stops at 16 KiB of all headers. */
const LONGEST = 16_384

/**
 * The value of one cookie of a Cookie header; the first when a name comes twice. Linear, never throws,
 * and does not decode: our own cookies are plain. Source: RFC 6265bis, section 5.8.
 */
export const readCookie = (header: string | undefined, name: string): string | undefined => {
  if (header === undefined || header.length > LONGEST) return undefined
  let from = 0
  while (from < header.length) {
    let end = header.indexOf(';', from)
    if (end < 0) end = header.length
    const equals = header.indexOf('=', from)
    if (equals > 0 && equals < end && header.slice(from, equals).trim() === name) return header.slice(equals + 1, end).trim()
    from = end + 1
  }
  return undefined
}

/** How a cookie of the guard is written. */
export type CookieShape = {
  /** without prefix; `__Host-` is put before it when `secure` */
  readonly name: string
  readonly secure: boolean
  readonly sameSite: 'strict' | 'lax'
}

/** The full name: `__Host-` binds the cookie to this host, path `/` and TLS, so that no sibling domain can plant one. */
export const cookieName = (shape: CookieShape): string => (shape.secure ? `__Host-${shape.name}` : shape.name)

/** A Set-Cookie value. `maxAge` in seconds; left out, the cookie ends with the browser. */
export const writeCookie = (shape: CookieShape, value: string, maxAge?: number): string =>
  `${cookieName(shape)}=${value}; Path=/; HttpOnly${shape.secure ? '; Secure' : ''}; SameSite=${shape.sameSite === 'strict' ? 'Strict' : 'Lax'}` +
  (maxAge === undefined ? '' : `; Max-Age=${maxAge}`)
