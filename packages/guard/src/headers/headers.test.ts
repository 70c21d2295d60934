import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHeaders, type HeaderOverrides } from './headers.js'
import type { HeaderPreset } from './presets.js'

const of = (preset: HeaderPreset, overrides: HeaderOverrides = {}, nonce?: string): Map<string, string> =>
  new Map(createHeaders(preset, overrides).apply(nonce))
const csp = (preset: HeaderPreset, overrides: HeaderOverrides = {}, nonce?: string): string =>
  of(preset, overrides, nonce).get('Content-Security-Policy') ?? ''
const NONCE = 'abcdefghijklmnop'

describe('the app preset', () => {
  it('sends what ASVS V3.4 asks for [ASVS 3.4.1, 3.4.3, 3.4.4, 3.4.5, 3.4.6, 3.4.8, 3.5.8]', () => {
    const headers = of('app')
    expect(headers.get('Strict-Transport-Security')).toBe('max-age=31536000; includeSubDomains')
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('strict-origin-when-cross-origin')
    expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin')
    expect(headers.get('Origin-Agent-Cluster')).toBe('?1')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
    expect(headers.get('X-XSS-Protection')).toBe('0')
    for (const feature of ['geolocation', 'microphone', 'camera', 'usb'])
      expect(headers.get('Permissions-Policy')).toContain(`${feature}=()`)
    for (const part of [
      "default-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      'upgrade-insecure-requests',
    ]) {
      expect(headers.get('Content-Security-Policy')?.split('; ')).toContain(part)
    }
  })

  it('sends none of the dead or dangerous headers', () => {
    for (const name of ['Expect-CT', 'Feature-Policy', 'Public-Key-Pins', 'Cross-Origin-Embedder-Policy', 'X-Powered-By'])
      expect(of('app').has(name)).toBe(false)
    expect([...of('app').values()].join('\n')).not.toMatch(/ALLOW-FROM|preload/)
  })

  it('puts the nonce where scripts and styles are, and nothing in its place without one', () => {
    expect(csp('app', {}, NONCE)).toContain(`script-src 'self' 'nonce-${NONCE}'; style-src 'self' 'nonce-${NONCE}'`)
    expect(csp('app')).toContain("script-src 'self'; style-src 'self';")
  })

  it('gives no warning about itself', () => {
    for (const preset of ['app', 'api', 'static', 'dev'] as const) expect(createHeaders(preset).warnings).toEqual([])
  })
})

describe('what goes out with every answer', () => {
  it('is one list, made once', () => {
    const headers = createHeaders('app', { cspReportOnly: { 'script-src': ["'self'"] } })
    expect(headers.plain).toBe(headers.apply())
    expect(Object.isFrozen(headers.plain)).toBe(true)
    expect(headers.plain.map(([name]) => name)).toContain('Content-Security-Policy-Report-Only')
  })

  it('is the same with a nonce, but for the policies', () => {
    const headers = createHeaders('app', { cspReportOnly: { 'script-src': ["'nonce'"] } })
    const [plain, marked] = [new Map(headers.plain), new Map(headers.apply(NONCE))]
    expect([...marked.keys()].toSorted()).toEqual([...plain.keys()].toSorted())
    const other = [...plain.keys()].filter((name) => marked.get(name) !== plain.get(name))
    expect(other).toEqual(['Content-Security-Policy', 'Content-Security-Policy-Report-Only'])
  })

  it('has each header once', () => {
    for (const preset of ['app', 'api', 'static', 'dev'] as const) {
      const names = createHeaders(preset, { reportTo: '/r', cspReportOnly: { 'img-src': ['*'] } }).plain.map(([name]) => name.toLowerCase())
      expect(new Set(names).size).toBe(names.length)
    }
  })
})

describe('trap: nonce cached', () => {
  it('a page with a nonce goes into no cache: it would come back with the nonce of another answer [ASVS 14.3.2]', () => {
    const headers = createHeaders('app', { cspReportOnly: { 'script-src': ["'nonce'"] } })
    expect(headers.page(NONCE)).toEqual([
      ['Content-Security-Policy', headers.apply(NONCE)[0]?.[1]],
      ['Content-Security-Policy-Report-Only', `script-src 'nonce-${NONCE}'`],
      ['Cache-Control', 'no-store'],
    ])
  })

  it('and answers without one may be cached', () => {
    expect(of('app').has('Cache-Control')).toBe(false)
    expect(of('static').has('Cache-Control')).toBe(false)
  })

  it('a nonce that is none is refused there as well', () => {
    const headers = createHeaders('app')
    for (const bad of ["x'; script-src *", 'short', 'abcdefghijklmnop\r\nX: y']) expect(() => headers.page(bad)).toThrow('nonce')
  })
})

describe('a nonce', () => {
  it('is fresh for every response and has 128 bits [ASVS 3.4.3, 11.5.1]', () => {
    const headers = createHeaders('app')
    const seen = new Set(Array.from({ length: 500 }, () => headers.nonce()))
    expect(seen.size).toBe(500)
    for (const nonce of seen) expect(Buffer.from(nonce, 'base64url').length).toBe(16)
  })

  it('is never kept from one response to the next', () => {
    const headers = createHeaders('app')
    const first = headers.nonce()
    headers.apply(first)
    expect(JSON.stringify(headers.apply(headers.nonce()))).not.toContain(first)
  })

  it('cannot carry an injection', () => {
    const headers = createHeaders('app')
    for (const bad of ["x'; script-src *", 'short', 'a'.repeat(200), 'abcdefghijklmnop\r\nX: y', ''])
      expect(() => headers.apply(bad)).toThrow('nonce')
  })
})

describe('the opener policy', () => {
  it('lets a sign-in of another site open in a window, when it is asked for [ASVS 3.4.8]', () => {
    expect(of('app').get('Cross-Origin-Opener-Policy')).toBe('same-origin')
    expect(of('app', { openerPolicy: 'same-origin-allow-popups' }).get('Cross-Origin-Opener-Policy')).toBe('same-origin-allow-popups')
    expect(of('api').has('Cross-Origin-Opener-Policy')).toBe(false)
  })
})

describe('plain http', () => {
  it('gets no HSTS and no upgrade, which would leave a page without its scripts', () => {
    const headers = of('app', { https: false })
    expect(headers.has('Strict-Transport-Security')).toBe(false)
    expect(headers.get('Content-Security-Policy')).not.toContain('upgrade-insecure-requests')
    expect(of('dev').has('Strict-Transport-Security')).toBe(false)
    expect(csp('dev')).not.toContain('upgrade-insecure-requests')
    expect(csp('app', { https: false, csp: { 'upgrade-insecure-requests': [] } })).not.toContain('upgrade-insecure-requests')
  })
})

describe('the other presets', () => {
  it('let data answers load nothing and be stored nowhere [ASVS 3.2.1, 14.3.2]', () => {
    expect(csp('api')).toBe("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    expect(of('api').get('Cache-Control')).toBe('no-store')
  })

  it('let files be used by other sites', () => {
    expect(of('static').get('Cross-Origin-Resource-Policy')).toBe('cross-origin')
    expect(of('static').has('Cache-Control')).toBe(false)
  })

  it('let a development server talk over its socket, without a nonce that would turn inline styles off', () => {
    expect(csp('dev', {}, NONCE)).toContain("connect-src 'self' ws: wss:")
    expect(csp('dev', {}, NONCE)).toContain("style-src 'self' 'unsafe-inline'")
  })
})

describe('embedding', () => {
  it('keeps X-Frame-Options and frame-ancestors of one mind', () => {
    expect(of('app', { embedding: 'same-origin' }).get('X-Frame-Options')).toBe('SAMEORIGIN')
    expect(csp('app', { embedding: 'same-origin' })).toContain("frame-ancestors 'self'")
  })

  it('trap: ALLOW-FROM: is never sent for a list of origins, because it fails open [ASVS 3.4.6]', () => {
    const headers = of('app', { embedding: ['https://portal.example'] })
    expect(headers.has('X-Frame-Options')).toBe(false)
    expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'self' https://portal.example")
  })
})

describe('overrides', () => {
  it('replace a directive, take one away, and leave the others', () => {
    const value = csp('app', { csp: { 'img-src': ["'self'", 'https://cdn.example'], 'object-src': null } })
    expect(value).toContain("img-src 'self' https://cdn.example")
    expect(value).not.toContain('object-src')
    expect(value).toContain("base-uri 'none'")
  })

  it('send a reporting policy beside the enforced one, with both ways to report [ASVS 3.4.7]', () => {
    const headers = of('app', { reportTo: '/csp-reports', cspReportOnly: { 'script-src': ["'self'"] } })
    expect(headers.get('Content-Security-Policy-Report-Only')).toBe("script-src 'self'; report-uri /csp-reports; report-to csp")
    expect(headers.get('Content-Security-Policy')).toContain('report-uri /csp-reports; report-to csp')
    expect(headers.get('Reporting-Endpoints')).toBe('csp="/csp-reports"')
  })

  it('give a feature back', () => {
    const value = of('app', { permissions: { geolocation: ['self', 'https://maps.example'], fullscreen: ['*'] } }).get('Permissions-Policy')
    expect(value).toContain('geolocation=(self "https://maps.example")')
    expect(value).toContain('fullscreen=*')
    expect(value).toContain('camera=()')
  })

  it('set HSTS', () => {
    expect(of('app', { hsts: { maxAge: 63_072_000, preload: true } }).get('Strict-Transport-Security')).toBe(
      'max-age=63072000; includeSubDomains; preload',
    )
    expect(of('app', { hsts: false }).has('Strict-Transport-Security')).toBe(false)
  })
})

describe('trap: CSP value injection by `;` or newline', () => {
  it('by any character that ends a source, a directive, a policy or the header is refused at start', () => {
    const bad = fc.constantFrom(';', ',', '\n', '\r', '\t', ' ', '\u0000', '\u007f', 'é', '\u2028')
    fc.assert(
      fc.property(fc.string({ maxLength: 10 }), bad, fc.string({ maxLength: 10 }), (left, mark, right) => {
        expect(() => createHeaders('app', { csp: { 'img-src': [`${left}${mark}${right}`] } })).toThrow('headers.csp.img-src')
      }),
    )
  })

  it.each<[HeaderOverrides, string]>([
    [{ csp: { 'script-src': ['self'] } }, 'in single quotes'],
    [{ csp: { 'script-src': ["'none'", 'https://x.example'] } }, 'stands alone'],
    [{ csp: { script_src: ["'self'"] } }, 'headers.csp is "script_src"'],
    [{ csp: { 'img-src; script-src': ['*'] } }, 'no directive'],
    [{ csp: { 'img-src': '*' as unknown as string[] } }, 'headers.csp.img-src'],
    [{ cspReportOnly: { 'img-src': ['a;b'] } }, 'headers.cspReportOnly.img-src'],
    [{ cspReportOnly: {} }, 'headers.cspReportOnly'],
    [{ embedding: ['portal.example'] }, 'headers.embedding'],
    [{ embedding: ['https://portal.example/path'] }, 'headers.embedding'],
    [{ embedding: [] }, 'headers.embedding'],
    [{ embedding: 'ALLOW-FROM https://portal.example' as 'none' }, 'headers.embedding'],
    [{ embedding: ['https://a.example; script-src *'] }, 'headers.embedding'],
    [{ reportTo: '//evil.example/x' }, 'headers.reportTo'],
    [{ reportTo: '/x"; a="' }, 'headers.reportTo'],
    [{ reportTo: 'http://r.example/' }, 'headers.reportTo'],
    [{ reportTo: 'https://r.example/;x' }, 'headers.reportTo'],
    [{ permissions: { 'geo location': ['self'] } }, 'headers.permissions'],
    [{ permissions: { camera: ['https://x.example")'] } }, 'headers.permissions.camera'],
    [{ hsts: { preload: true, maxAge: 60 } }, 'headers.hsts.preload'],
    [{ hsts: { maxAge: -1 } }, 'headers.hsts.maxAge'],
    [{ referrerPolicy: 'unsafe-url' as 'no-referrer' }, 'headers.referrerPolicy'],
    [{ openerPolicy: 'unsafe-none' as 'same-origin' }, 'headers.openerPolicy'],
    [{ csp: { 'plugin-types': [] } }, 'given this directive up'],
    [{ http: true } as HeaderOverrides, 'headers has no option "http"'],
    [{ https: 'yes' as unknown as boolean }, 'headers.https'],
  ])('%j is refused by name', (overrides, message) => {
    expect(() => createHeaders('app', overrides)).toThrow(message)
  })

  it('refuses an unknown preset, also one of the prototype', () => {
    for (const preset of ['apps', 'constructor', '__proto__']) expect(() => createHeaders(preset as HeaderPreset)).toThrow('headers.preset')
  })
})

describe('the linter', () => {
  it('warns of a referrer policy under which no form passes the cross-site check', () => {
    expect(createHeaders('app', { referrerPolicy: 'no-referrer' }).warnings.join()).toContain('Origin: null')
  })

  it('warns of a policy on trial whose reports go nowhere', () => {
    expect(createHeaders('app', { cspReportOnly: { 'img-src': ["'self'"] } }).warnings.join()).toContain('told to nobody')
    expect(createHeaders('app', { reportTo: '/r', cspReportOnly: { 'img-src': ["'self'"] } }).warnings).toEqual([])
  })

  it('refuses a policy of which nothing is left', () => {
    const nothing = { 'default-src': null, 'base-uri': null, 'form-action': null, 'frame-ancestors': null }
    expect(() => createHeaders('api', { csp: nothing })).toThrow('headers.csp')
  })

  it('says in words what a policy gives away', () => {
    const warnings = createHeaders('app', {
      csp: { 'script-src': ["'unsafe-inline'", 'https:'], 'base-uri': null, 'frame-ancestors': null },
    }).warnings.join('\n')
    for (const word of ["'unsafe-inline'", 'from anywhere', 'base-uri', 'frame-ancestors']) expect(warnings).toContain(word)
    expect(createHeaders('app', { csp: { 'script-src': null, 'default-src': null } }).warnings[0]).toContain('any script runs')
  })
})
