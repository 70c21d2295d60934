import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { createCsrf, type CsrfOptions, isSafeMethod, readOrigins } from './csrf.js'

const ORIGIN = 'https://app.example'
const csrf = (options: Partial<CsrfOptions> = {}): ((headers: Record<string, string>, method?: string, url?: string) => string) => {
  const judge = createCsrf({ origins: [ORIGIN], ...options })
  return (headers, method = 'POST', url = '/transfer') => {
    const request: GuardRequest = { method, url, header: (name) => headers[name], peer: '203.0.113.7', secure: true }
    const verdict = judge(request)
    return verdict.kind === 'allowed' ? 'allowed' : verdict.reason
  }
}
const ask = csrf()

describe('fetch metadata [ASVS 3.5.1]', () => {
  it('lets the own pages and typed addresses through', () => {
    expect(ask({ 'sec-fetch-site': 'same-origin', origin: ORIGIN })).toBe('allowed')
    expect(ask({ 'sec-fetch-site': 'same-origin' })).toBe('allowed')
    expect(ask({ 'sec-fetch-site': 'none' })).toBe('allowed')
  })

  it('refuses other sites and sibling domains, also with a declared Origin', () => {
    expect(ask({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })).toBe('cross_site')
    expect(ask({ 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' })).toBe('same_site')
    expect(ask({ 'sec-fetch-site': 'cross-site', origin: ORIGIN })).toBe('cross_site')
    expect(ask({ 'sec-fetch-site': 'same-site', origin: ORIGIN })).toBe('same_site')
  })

  it('refuses a value that no browser sends', () => {
    for (const value of ['', 'SAME-ORIGIN', 'same-origin, cross-site', 'x']) expect(ask({ 'sec-fetch-site': value })).toBe('cross_site')
  })

  it('must agree with Origin: a name rebound to this address is refused', () => {
    expect(ask({ 'sec-fetch-site': 'same-origin', origin: 'http://rebound.example' })).toBe('origin_not_declared')
    expect(ask({ 'sec-fetch-site': 'none', origin: 'null' })).toBe('origin_null')
  })
})

describe('Origin [ASVS 3.5.1]', () => {
  it('is compared with what was declared, never with Host', () => {
    expect(ask({ origin: ORIGIN })).toBe('allowed')
    expect(ask({ origin: 'https://evil.example', host: 'evil.example', 'x-forwarded-host': 'evil.example' })).toBe('origin_not_declared')
  })

  it('is compared whole: scheme, host and port', () => {
    for (const origin of [
      'http://app.example',
      'https://app.example:8443',
      'https://app.example.evil.example',
      'https://evilapp.example',
      `${ORIGIN}, ${ORIGIN}`,
      `${ORIGIN}/`,
      '',
    ]) {
      expect(ask({ origin })).toBe('origin_not_declared')
    }
  })

  it('trap: `Origin: null`: is refused, even if somebody lists it', () => {
    expect(ask({ origin: 'null' })).toBe('origin_null')
    expect(() => createCsrf({ origins: ['null'] })).toThrow('csrf.origins')
  })
})

describe('clients that send neither header', () => {
  it('are refused when they carry a session cookie', () => {
    const named = csrf({ sessionCookies: ['__Host-session'] })
    expect(named({ cookie: 'a=1; __Host-session=x' })).toBe('no_origin')
    expect(named({ cookie: 'theme=dark' })).toBe('allowed')
    expect(named({})).toBe('allowed')
  })

  it('are refused with any cookie while none is named', () => {
    expect(ask({ cookie: 'theme=dark' })).toBe('no_origin')
    expect(ask({})).toBe('allowed')
  })
})

describe('what is judged', () => {
  const evil = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }

  it('is every unsafe method, known or not [ASVS 3.5.3]', () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'head', ''])
      expect(ask(evil, method)).toBe('cross_site')
    for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(ask(evil, method)).toBe('allowed')
    expect(isSafeMethod('Get')).toBe(false)
  })

  it('trap: missing or odd Content-Type: does not depend on the content type [ASVS 3.5.2]', () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data', 'TEXT/PLAIN;x', '', 'application/csp-report']) {
      expect(ask({ ...evil, 'content-type': type })).toBe('cross_site')
    }
    expect(ask(evil)).toBe('cross_site')
  })

  it('includes WebSocket handshakes, which are GETs [ASVS 4.4.2]', () => {
    expect(ask({ ...evil, upgrade: 'WebSocket' }, 'GET')).toBe('cross_site')
    expect(ask({ origin: ORIGIN, upgrade: 'websocket' }, 'GET')).toBe('allowed')
  })

  it('trap: prefix exemptions: exempts exact paths only', () => {
    const exempting = csrf({ exempt: ['/hooks/mail'] })
    expect(exempting(evil, 'POST', '/hooks/mail')).toBe('allowed')
    expect(exempting(evil, 'POST', '/hooks/mail?x=1')).toBe('allowed')
    for (const url of [
      '/hooks/mail/',
      '/hooks/mail/../../admin',
      '/hooks/mailx',
      '/hooks',
      '/HOOKS/MAIL',
      '/hooks%2fmail',
      '//hooks/mail',
      'http://x/hooks/mail',
      '/hooks/mail#/../../admin',
      '/hooks/mail;x',
    ]) {
      expect(exempting(evil, 'POST', url)).toBe('cross_site')
    }
  })
})

describe('any headers', () => {
  it('let an unsafe request through only as one of ours or as one without a session', () => {
    const header = fc.option(
      fc.oneof(
        fc.constantFrom(ORIGIN, 'null', 'same-origin', 'none', 'same-site', 'cross-site', 'https://evil.example'),
        fc.string({ maxLength: 12 }),
      ),
      { nil: undefined },
    )
    fc.assert(
      fc.property(header, header, fc.boolean(), (site, origin, cookie) => {
        const headers: Record<string, string> = {
          ...(site === undefined ? {} : { 'sec-fetch-site': site }),
          ...(origin === undefined ? {} : { origin }),
          ...(cookie ? { cookie: 'a=1' } : {}),
        }
        if (ask(headers) !== 'allowed') return
        expect(origin === undefined || origin === ORIGIN).toBe(true)
        expect(site === undefined || site === 'same-origin' || site === 'none').toBe(true)
        expect(cookie && site === undefined && origin === undefined).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('options', () => {
  it('take a loopback name for all its spellings, at its port and scheme', () => {
    expect([...readOrigins('o', ['http://localhost:3000'])]).toEqual([
      'http://localhost:3000',
      'http://127.0.0.1:3000',
      'http://[::1]:3000',
    ])
    expect(readOrigins('o', ['https://localhost']).has('http://127.0.0.1')).toBe(false)
  })

  it.each([
    [undefined],
    [[]],
    ['https://app.example'],
    [['app.example']],
    [['https://app.example/']],
    [['https://APP.example']],
    [['https://app.example:443']],
    [['https://user@app.example']],
    [['*']],
    [['https://*.app.example']],
    [['file:///x']],
    [['javascript:alert(1)']],
  ])('refuse the origins %j at start', (origins) => {
    expect(() => createCsrf({ origins: origins as string[] })).toThrow('csrf.origins')
  })

  it('refuse an exemption that is a pattern', () => {
    for (const path of ['/hooks/*', 'hooks', '/a?b', '/a%2f', ''])
      expect(() => createCsrf({ origins: [ORIGIN], exempt: [path] })).toThrow('csrf.exempt')
  })
})
