import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import type { GuardRequest } from '../request/guard-request.js'
import { type Csrf, createCsrf, type CsrfOptions } from './csrf.js'

fc.configureGlobal({ seed: 20_261_122 })

const ORIGIN = 'https://app.example'
const SESSION = '__Host-session'
const keyring = createKeyring({ keys: [Buffer.alloc(32, 1)] })
const make = (over: Partial<CsrfOptions> = {}): Csrf =>
  createCsrf({ origins: [ORIGIN], sessionCookies: [SESSION], keyring, exempt: ['/login'], ...over })
const csrf = make()

/** A request of a browser that sends neither `Sec-Fetch-Site` nor `Origin`. */
const old = (cookie: string | undefined, headers: Record<string, string> = {}, url = '/transfer'): GuardRequest => ({
  method: 'POST',
  url,
  header: (name) => (name === 'cookie' ? cookie : headers[name]),
  peer: '203.0.113.7',
  secure: true,
})
const said = (verdict: ReturnType<Csrf>): string => (verdict.kind === 'allowed' ? 'allowed' : verdict.reason)

/** A browser that has opened a page: its cookies and the token of that page. */
const open = (session: string | undefined, by = csrf): { cookie: string; token: string; own: string } => {
  const before = session === undefined ? undefined : `${SESSION}=${session}`
  const { token, setCookie = '' } = by.token(old(before))
  const own = setCookie.split(';', 1)[0] ?? ''
  return { cookie: before === undefined ? own : `${before}; ${own}`, token, own }
}

describe('a token for old browsers [ASVS 3.5.1]', () => {
  it('lets a request through that says nothing of its origin', () => {
    const { cookie, token } = open('anna')
    expect(said(csrf(old(cookie)))).toBe('no_origin')
    expect(said(csrf(old(cookie, { 'x-csrf-token': token })))).toBe('allowed')
    expect(said(csrf.verify(old(cookie), token))).toBe('allowed')
  })

  it('never stands in for what the browser says', () => {
    const { cookie, token } = open('anna')
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const reason = said(csrf(old(cookie, headers)))
      expect(reason).not.toBe('allowed')
      expect(said(csrf(old(cookie, { ...headers, 'x-csrf-token': token })))).toBe(reason)
      expect(said(csrf.verify(old(cookie, headers), token))).toBe(reason)
    }
  })

  it('is not asked for where the browser says enough', () => {
    expect(said(csrf(old(`${SESSION}=anna`, { origin: ORIGIN })))).toBe('allowed')
    expect(said(csrf.verify(old(`${SESSION}=anna`, { 'sec-fetch-site': 'same-origin' }), undefined))).toBe('allowed')
  })

  it('comes in a cookie of this host that no script reads [ASVS 3.3.1, 3.3.2, 3.3.3, 3.3.4]', () => {
    const { setCookie } = csrf.token(old(undefined))
    expect(setCookie).toMatch(/^__Host-csrf=[\w-]{22}\.[\w-]{8}\.[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
    expect(make({ secure: false }).token(old(undefined)).setCookie).toMatch(/^csrf=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/)
  })

  it('fits a cookie with room to spare, also under the longest id of a key [ASVS 3.3.5]', () => {
    const { setCookie = '' } = csrf.token(old(`${SESSION}=${'x'.repeat(4_000)}`))
    expect(setCookie.split(';', 1)[0]?.length).toBeLessThan(256)
  })

  it('is another one in every answer, over one cookie', () => {
    const { cookie, token } = open('anna')
    const tokens = Array.from({ length: 100 }, () => {
      const next = csrf.token(old(cookie))
      expect(next.setCookie).toBeUndefined()
      return next.token
    })
    expect(new Set([token, ...tokens]).size).toBe(101)
    for (const one of tokens) expect(said(csrf(old(cookie, { 'x-csrf-token': one })))).toBe('allowed')
    // no character stays where it is, so that compression has nothing to guess at
    for (let i = 0; i < 43; i++) expect(new Set(tokens.map((one) => one[i])).size).toBeGreaterThan(1)
    const secret = /csrf=([\w-]+)/.exec(cookie)?.[1] ?? ''
    for (const one of tokens) expect(one).not.toContain(secret.slice(0, 8))
  })
})

describe('a token of somebody else', () => {
  it('is refused with another session, also with the cookie that it came with', () => {
    const anna = open('anna')
    const bert = open('bert')
    expect(said(csrf(old(anna.cookie, { 'x-csrf-token': bert.token })))).toBe('token_invalid')
    expect(said(csrf(old(`${SESSION}=anna; ${bert.own}`, { 'x-csrf-token': bert.token })))).toBe('token_invalid')
  })

  it('from before a sign-in is worth nothing after it', () => {
    const before = open(undefined)
    expect(said(csrf(old(`${SESSION}=anna; ${before.own}`, { 'x-csrf-token': before.token })))).toBe('token_invalid')
    const { setCookie } = csrf.token(old(`${SESSION}=anna; ${before.own}`))
    expect(setCookie).toContain('__Host-csrf=')
  })

  it('of an attacker signs nobody in as him: sign-in needs the cookie of the browser itself', () => {
    const attacker = open(undefined)
    const victim = open(undefined)
    expect(said(csrf.verify(old(victim.cookie, {}, '/login'), victim.token))).toBe('allowed')
    expect(said(csrf.verify(old(victim.cookie, {}, '/login'), attacker.token))).toBe('token_invalid')
    expect(said(csrf.verify(old(undefined, {}, '/login'), attacker.token))).toBe('token_invalid')
    // the form of an exempt path is judged all the same, with and without a session
    expect(said(csrf(old(undefined, {}, '/login')))).toBe('allowed')
    for (const field of [undefined, '']) expect(said(csrf.verify(old(undefined, {}, '/login'), field))).toBe('no_origin')
  })

  it('cannot be planted by a sibling domain, which cannot write a cookie of that name', () => {
    const { token, own } = open('anna')
    expect(said(csrf(old(`${SESSION}=anna; ${own.replace('__Host-csrf', 'csrf')}`, { 'x-csrf-token': token })))).toBe('token_invalid')
  })

  it('made with another key is refused', () => {
    const other = make({ keyring: createKeyring({ keys: [Buffer.alloc(32, 2)] }) })
    const { cookie, token } = open('anna', other)
    expect(said(csrf(old(cookie, { 'x-csrf-token': token })))).toBe('token_invalid')
  })

  it('is refused whichever of its characters is another, and so is its cookie', () => {
    const { cookie, token } = open('anna')
    // the last character has two bits to spare
    for (let i = 0; i < token.length - 1; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1)
      expect(said(csrf(old(cookie, { 'x-csrf-token': changed })))).toBe('token_invalid')
    }
    const at = cookie.indexOf('__Host-csrf=') + '__Host-csrf='.length
    for (let i = at; i < cookie.length; i++) {
      const changed = cookie.slice(0, i) + (cookie[i] === 'A' ? 'B' : 'A') + cookie.slice(i + 1)
      expect(said(csrf(old(changed, { 'x-csrf-token': token })))).toBe('token_invalid')
    }
  })

  it('is looked for in one place: a field is no header, and a header is no field', () => {
    const { cookie, token } = open('anna')
    expect(said(csrf(old(cookie, {}, `/transfer?csrf=${token}&x-csrf-token=${token}`)))).toBe('no_origin')
    expect(said(csrf.verify(old(cookie, { 'x-csrf-token': token }), undefined))).toBe('no_origin')
    expect(said(csrf.verify(old(cookie, { 'x-csrf-token': token }), 'wrong'))).toBe('token_invalid')
    expect(said(csrf(old(cookie, { 'x-csrf-token': `${token}, ${token}` })))).toBe('token_invalid')
  })

  it('never throws, whatever the field and the cookie', () => {
    const { cookie } = open('anna')
    fc.assert(
      fc.property(fc.anything(), fc.string(), (field, text) => {
        expect(csrf.verify(old(cookie), field).kind).toBe('refused')
        expect(csrf.verify(old(`__Host-csrf=${text}`), text).kind).toBe('refused')
        expect(csrf(old(cookie, { 'x-csrf-token': text })).kind).toBe('refused')
      }),
    )
  })
})

describe('options of tokens', () => {
  it('refuse a keyring without the names of session cookies, and tokens without a keyring', () => {
    expect(() => createCsrf({ origins: [ORIGIN], keyring })).toThrow('csrf.sessionCookies')
    const bare = createCsrf({ origins: [ORIGIN], sessionCookies: [SESSION] })
    expect(() => bare.token(old(undefined))).toThrow('csrf.keyring')
    expect(said(bare.verify(old(undefined), 'x'.repeat(43)))).toBe('no_origin')
  })

  it('bind a token to all session cookies that are named', () => {
    const two = make({ sessionCookies: ['a', 'b'] })
    const { setCookie = '', token } = two.token(old('a=1; b=2'))
    const own = setCookie.split(';', 1)[0] ?? ''
    expect(said(two(old(`a=1; b=2; ${own}`, { 'x-csrf-token': token })))).toBe('allowed')
    for (const other of ['a=1', 'b=2', 'a=2; b=1', 'a=12; b=', 'b=1; a=2'])
      expect(said(two(old(`${other}; ${own}`, { 'x-csrf-token': token })))).toBe('token_invalid')
  })

  it('say what caches must tell apart', () => {
    expect(csrf.vary).toBe('Sec-Fetch-Site, Origin')
  })
})
