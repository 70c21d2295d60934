import { createServer, validateHeaderName, validateHeaderValue } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHeaders, type HeaderOverrides } from './headers.js'
import type { HeaderPreset } from './presets.js'

fc.configureGlobal({ seed: 20_261_122 })

const PERMISSIONS_OFF =
  'accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), encrypted-media=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()'

describe('all that a preset sends', () => {
  it.each<[HeaderPreset, Record<string, string>]>([
    [
      'app',
      {
        'Content-Security-Policy':
          "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; upgrade-insecure-requests",
        'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'strict-origin-when-cross-origin',
        'Permissions-Policy': PERMISSIONS_OFF,
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Origin-Agent-Cluster': '?1',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Frame-Options': 'DENY',
        'X-XSS-Protection': '0',
      },
    ],
    [
      'api',
      {
        'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Frame-Options': 'DENY',
        'X-XSS-Protection': '0',
        'Cache-Control': 'no-store',
      },
    ],
    [
      'static',
      {
        'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'X-Frame-Options': 'DENY',
        'X-XSS-Protection': '0',
      },
    ],
    [
      'dev',
      {
        'Content-Security-Policy':
          "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'",
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'strict-origin-when-cross-origin',
        'Permissions-Policy': PERMISSIONS_OFF,
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Origin-Agent-Cluster': '?1',
        'Cross-Origin-Resource-Policy': 'same-origin',
        'X-Frame-Options': 'DENY',
        'X-XSS-Protection': '0',
      },
    ],
  ])('%s', (preset, expected) => {
    expect(Object.fromEntries(createHeaders(preset).plain)).toEqual(expected)
  })
})

/** Options as somebody may build them from a database or a form: words that are right, and text that is not. */
const hostile = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("'self'", 'https://a.example', 'https:', "'nonce'", 'data:', 'wss://b.example:8443') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "'none'", '*', "x'; script-src *", 'a\r\nX-Injected: 1', 'a\nb', 'a,b', 'a;b', '', ' ', 'é', '\u0000', 'https://a.example\r\nSet-Cookie: a=b',
      'https://a.example/;script-src *', '"><script>', '/r', '/r"; x="',
    ), // prettier-ignore
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
)
const overrides: fc.Arbitrary<HeaderOverrides> = fc.record(
  {
    csp: fc.dictionary(
      fc.oneof({ weight: 9, arbitrary: fc.constantFrom('img-src', 'script-src', 'frame-src') }, { weight: 1, arbitrary: hostile }),
      fc.array(hostile, { maxLength: 2 }),
      {
        maxKeys: 2,
      },
    ),
    cspReportOnly: fc.dictionary(fc.constantFrom('img-src', 'style-src'), fc.array(hostile, { maxLength: 2 }), { maxKeys: 2 }),
    embedding: fc.oneof(
      fc.constantFrom('none' as const, 'same-origin' as const),
      fc.array(fc.oneof(fc.constantFrom('https://a.example', 'https://p.example'), hostile), { maxLength: 2 }),
    ),
    reportTo: fc.oneof(fc.constantFrom('/r', 'https://r.example/csp'), hostile),
    referrerPolicy: fc.constantFrom('no-referrer' as const, 'same-origin' as const, 'strict-origin' as const, 'x\r\ny' as 'same-origin'),
    permissions: fc.dictionary(
      fc.oneof(fc.constant('camera'), hostile),
      fc.array(fc.oneof(fc.constant('self'), hostile), { maxLength: 2 }),
      { maxKeys: 2 },
    ),
  },
  { requiredKeys: [] },
)

const build = (preset: HeaderPreset, over: HeaderOverrides): ReturnType<typeof createHeaders> | Error => {
  try {
    return createHeaders(preset, over)
  } catch (error) {
    return error instanceof Error ? error : new Error('something else was thrown')
  }
}

describe('whatever the options', () => {
  it('they are refused by name, or give headers that can be sent and hold one value each', () => {
    let built = 0
    const refusals: Error[] = []
    fc.assert(
      fc.property(fc.constantFrom('app' as const, 'api' as const, 'static' as const, 'dev' as const), overrides, (preset, over) => {
        const headers = build(preset, over)
        if (headers instanceof Error) {
          refusals.push(headers)
          return
        }
        built++
        const pairs = [...headers.plain, ...headers.page(headers.nonce())]
        for (const [name, value] of pairs) {
          validateHeaderName(name)
          validateHeaderValue(name, value)
          expect(value).toMatch(/^[ -~]+$/)
        }
        // no option reaches into another directive, another policy or another header
        for (const [name, value] of pairs.filter(([name]) => name.startsWith('Content-Security-Policy'))) {
          expect(value, name).not.toContain(',')
          const directives = value.split('; ').map((part) => part.split(' ', 1)[0])
          expect(new Set(directives).size).toBe(directives.length)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(built).toBeGreaterThan(100)
    expect(refusals.length).toBeGreaterThan(100)
    for (const refusal of refusals) expect(refusal.message).toMatch(/^A setting is not valid: headers\./)
  })

  it('each feature of the permissions policy is named once, and allows what was asked for', () => {
    const origin = fc.constantFrom('self', '*', 'https://maps.example', 'http://localhost:3000')
    const permissions = fc.dictionary(fc.constantFrom('camera', 'geolocation', 'fullscreen', 'usb'), fc.array(origin, { maxLength: 3 }), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(permissions, (given) => {
        const value = new Map(createHeaders('app', { permissions: given }).plain).get('Permissions-Policy') ?? ''
        const parts = value.split(', ').map((part) => /^([a-z-]+)=(\*|\(([^()]*)\))$/.exec(part))
        expect(parts).not.toContain(null)
        const read = new Map(
          parts.map((part) => [part?.[1], part?.[2] === '*' ? ['*'] : (part?.[3] ?? '').split(' ').filter((one) => one !== '')]),
        )
        expect(read.size).toBe(parts.length)
        for (const [feature, allowed] of Object.entries(given))
          expect(read.get(feature)).toEqual(allowed.map((one) => (one === 'self' || one === '*' ? one : `"${one}"`)))
        expect(read.get('microphone')).toEqual([])
      }),
    )
  })
})

describe('on the wire', () => {
  it('each header stands once, in lines of its own, before the body', async () => {
    const headers = createHeaders('app', { reportTo: '/csp-reports', cspReportOnly: { 'script-src': ["'nonce'"] } })
    const server = createServer((_request, response) => {
      for (const [name, value] of [...headers.plain, ...headers.page('abcdefghijklmnop')]) response.setHeader(name, value)
      response.end('body')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const text = await new Promise<string>((resolve) => {
      let received = ''
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
        socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
      )
      socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
      socket.on('close', () => resolve(received))
    })
    await new Promise((resolve) => server.close(resolve))
    const [head = ''] = text.split('\r\n\r\n', 1)
    const lines = head.split('\r\n').slice(1)
    const names = lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
    for (const [name] of headers.plain) expect(names.filter((one) => one === name.toLowerCase())).toHaveLength(1)
    expect(lines.find((line) => line.startsWith('Content-Security-Policy:'))).toContain("script-src 'self' 'nonce-abcdefghijklmnop'")
    expect(lines.find((line) => line.startsWith('Content-Security-Policy-Report-Only:'))).toContain("'nonce-abcdefghijklmnop'")
    expect(lines).toContain('Cache-Control: no-store')
    expect(lines).toContain('Reporting-Endpoints: csp="/csp-reports"')
  })
})
