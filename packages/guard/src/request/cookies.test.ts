import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cookieName, type CookieShape, readCookie, writeCookie } from './cookies.js'

const plain: CookieShape = { name: 'session', secure: false, sameSite: 'lax' }
const secure: CookieShape = { name: 'session', secure: true, sameSite: 'strict' }

describe('readCookie', () => {
  it('finds a cookie among others and by its whole name only', () => {
    expect(readCookie('a=1; session=xyz; b=2', 'session')).toBe('xyz')
    expect(readCookie('xsession=bad; session=good', 'session')).toBe('good')
    expect(readCookie('session-old=bad', 'session')).toBeUndefined()
    expect(readCookie('session=a=b', 'session')).toBe('a=b')
  })

  it('takes the first of two: a planted second one changes nothing', () => {
    expect(readCookie('session=first; session=second', 'session')).toBe('first')
  })

  it('does not read a value across the end of a nameless part', () => {
    expect(readCookie('junk; session=x', 'session')).toBe('x')
    expect(readCookie('session; other=x', 'session')).toBeUndefined()
    expect(readCookie('=x; session=y', 'session')).toBe('y')
  })

  it('finds nothing in nothing, and nothing in an oversized header', () => {
    expect(readCookie(undefined, 'session')).toBeUndefined()
    expect(readCookie('', 'session')).toBeUndefined()
    expect(readCookie(`session=x; ${'a'.repeat(20_000)}`, 'session')).toBeUndefined()
  })

  it('never throws, whatever the header', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.constantFrom('session', '__proto__', ''), (header, name) => {
        const value = readCookie(header, name)
        expect(value === undefined || header.includes(value)).toBe(true)
      }),
    )
  })

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{1,60}$/), fc.boolean(), (value, tls) => {
        const shape = tls ? secure : plain
        const pair = writeCookie(shape, value).split(';')[0] ?? ''
        expect(readCookie(`x=1; ${pair}; y=2`, cookieName(shape))).toBe(value)
      }),
    )
  })
})

describe('writeCookie', () => {
  it('binds the cookie to this host over TLS [ASVS 3.3.1, 3.3.3, 3.3.4]', () => {
    expect(writeCookie(secure, 'v')).toBe('__Host-session=v; Path=/; HttpOnly; Secure; SameSite=Strict')
  })

  it('uses a plain name on plain http, where a browser would refuse the prefix', () => {
    expect(writeCookie(plain, 'v')).toBe('session=v; Path=/; HttpOnly; SameSite=Lax')
  })

  it('never sets a Domain: siblings must not see it [ASVS 3.3.3]', () => {
    for (const shape of [plain, secure]) expect(writeCookie(shape, 'v', 10)).not.toMatch(/domain/i)
    expect(writeCookie(plain, '', 0)).toMatch(/; Max-Age=0$/)
  })
})
