import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { serve, type TestServer } from '../../fixtures/serve.js'
import type { Probe } from '../../probe.js'
import type { Target } from '../../target/target.js'
import { brief, runProbe, seen } from '../seen/fixtures/run-probe.js'
import type { Seen } from '../seen/seen.js'
import type { AnswerKind, HeaderFacts } from './answers.js'
import { cspMissing } from './csp-missing.js'
import { bitsOf, cspNonce } from './csp-nonce.js'
import { cspUnsafe } from './csp-unsafe.js'
import { hsts, readHsts } from './hsts.js'
import { headerProbes } from './index.js'
import { lostHeaders } from './lost-headers.js'
import { mixedContent } from './mixed-content.js'
import { nosniff } from './nosniff.js'
import { isPermissionsPolicy, permissionsPolicy } from './permissions-policy.js'
import { readReferrerPolicy, referrerPolicy } from './referrer-policy.js'
import { lintSecurityTxt, securityTxt } from './security-txt.js'
import { sri } from './sri.js'
import { subresourcesOf } from './subresources.js'
import { xssProtection } from './xss-protection.js'

const GOOD: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'strict-origin-when-cross-origin',
  'permissions-policy': 'camera=(), geolocation=(self)',
  'x-xss-protection': '0',
}
const NONCE = "default-src 'none'; script-src 'nonce-{}' 'strict-dynamic'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

/** A site that sends good headers everywhere; `change` spoils those of an answer. */
const site = (
  change: (path: string, headers: Record<string, string | undefined>) => void = () => undefined,
  body = '',
): Promise<TestServer> => {
  let count = 0
  return serve((request, response) => {
    const { path } = request
    const type =
      path === '/a.js'
        ? 'text/javascript'
        : path === '/.well-known/security.txt'
          ? 'text/plain'
          : path.startsWith('/api')
            ? 'application/json'
            : 'text/html'
    const nonce = Buffer.alloc(16, String(Math.random()) + String(count++)).toString('base64url')
    const headers: Record<string, string | undefined> = {
      'content-type': type,
      ...GOOD,
      ...(type === 'text/html' ? { 'content-security-policy': NONCE.replace('{}', nonce) } : {}),
    }
    change(path, headers)
    const status = ['/', '/about', '/a.js', '/.well-known/security.txt', '/api'].includes(path) ? 200 : path.includes('%') ? 400 : 404
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value)
    const text =
      path === '/.well-known/security.txt'
        ? 'Contact: mailto:security@site.example\nExpires: 2099-01-01T00:00:00Z\n'
        : path === '/a.js'
          ? 'let a'
          : `<p>page</p><script src="/a.js"></script>${body}`
    response.writeHead(status).end(text)
  })
}

const TARGET: Target = { pages: { open: ['/', '/about', '/api'], assets: ['/a.js'] } }

describe('a site with good headers', () => {
  it('gets no finding of any probe, and a pass or a reason of each', async () => {
    for (const probe of headerProbes) {
      const verdicts = await runProbe(probe, TARGET, await site())
      const expected = [hsts, mixedContent].includes(probe) ? 'skipped' : 'pass'
      expect([probe.name, ...new Set(verdicts.map(({ verdict }) => verdict))]).toEqual([probe.name, expected])
    }
  })
})

describe('a site that spoils one header', () => {
  it.each([
    [cspMissing, 'content-security-policy', undefined, ['/ content-security-policy (missing)']],
    [
      cspUnsafe,
      'content-security-policy',
      "script-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'",
      ['/ content-security-policy (unsafe-inline)'],
    ],
    [
      cspNonce,
      'content-security-policy',
      NONCE.replace('{}', 'c3RhdGljIG5vbmNlIG9mIHRoaXM='),
      ['/ content-security-policy', '/about content-security-policy'],
    ],
    [nosniff, 'x-content-type-options', undefined, ['/ x-content-type-options', '/a.js x-content-type-options (files)']],
    [referrerPolicy, 'referrer-policy', 'unsafe-url', ['/ referrer-policy (unsafe-url)']],
    [permissionsPolicy, 'permissions-policy', undefined, ['/ permissions-policy (missing)']],
    [xssProtection, 'x-xss-protection', '1; mode=block', ['/ x-xss-protection']],
  ] satisfies [Probe, string, string | undefined, string[]][])('is found by $name with %s', async (probe, name, value, locators) => {
    const verdicts = await runProbe(
      probe,
      TARGET,
      await site((path, headers) => {
        if (path !== '/.well-known/security.txt')
          headers[name] = name === 'content-security-policy' && !/html/.test(headers['content-type'] ?? '') ? undefined : value
      }),
    )
    expect(brief(verdicts)).toEqual(locators.map((locator) => `fail ${locator}`))
  })

  it('is told once, with the places', async () => {
    const [found] = await runProbe(permissionsPolicy, TARGET, await site((_, headers) => void (headers['permissions-policy'] = undefined)))
    expect(found).toMatchObject({ says: 'Permissions-Policy is missing, on /, /about' })
  })

  it('loses headers on errors and files only', async () => {
    const verdicts = await runProbe(
      lostHeaders,
      TARGET,
      await site((path, headers) => {
        if (path.startsWith('/ppt')) headers['content-security-policy'] = undefined
        if (path === '/a.js') headers['x-content-type-options'] = undefined
      }),
    )
    expect(brief(verdicts)).toEqual([
      'fail (a page that does not exist) content-security-policy',
      'fail (a page that does not exist) x-frame-options',
      'fail /a.js x-content-type-options',
    ])
  })

  it('has scripts of others unchecked', async () => {
    const body =
      '<script src="https://cdn.example/x.js"></script><script src="https://cdn.example/y.js" integrity="sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K" crossorigin></script>'
    expect(brief(await runProbe(sri, TARGET, await site(undefined, body)))).toEqual(['fail / integrity (cdn.example/x.js)'])
  })

  it('has no security.txt', async () => {
    const server = await serve((_, response) => void response.writeHead(404).end('no'))
    expect(await runProbe(securityTxt, {}, server)).toMatchObject([
      { verdict: 'fail', locator: '/.well-known/security.txt', says: 'There is no security.txt (404)' },
    ])
  })

  it('makes no statement where the target limits the kit or is gone', async () => {
    for (const probe of headerProbes.filter((one) => one !== hsts && one !== mixedContent)) {
      const verdicts = await runProbe(
        probe,
        TARGET,
        await serve((_, response) => void response.writeHead(429, { 'retry-after': '9' }).end('slow down')),
      )
      expect([probe.name, verdicts.some(({ verdict }) => verdict === 'pass' || verdict === 'fail')]).toEqual([probe.name, false])
    }
  })
})

const facts = (https: HeaderFacts['https'], ...answers: readonly [AnswerKind, Partial<Seen>, string?][]): HeaderFacts => ({
  https,
  origins: ['https://site.example'],
  notes: [],
  answers: answers.map(([kind, rest, text = 'page']) => ({
    kind,
    seen: seen(200, text, { ...rest, headers: { 'content-type': 'text/html', ...rest.headers } }),
  })),
})

describe('Strict-Transport-Security', () => {
  it.each([
    ['max-age=63072000; includeSubDomains; preload', 'pass', undefined],
    ['MAX-AGE="31536000"; INCLUDESUBDOMAINS', 'pass', undefined],
    [undefined, 'fail', undefined],
    ['max-age=0; includeSubDomains', 'fail', undefined],
    ['includeSubDomains', 'fail', undefined],
    ['max-age=1; max-age=2', 'fail', undefined],
    ['max-age=86400; includeSubDomains', 'fail', 'medium'],
    ['max-age=63072000', 'fail', 'medium'],
  ])('%s: %s %s', (value, verdict, severity) => {
    const [found] = hsts.judge(facts('yes', ['home', { headers: value === undefined ? {} : { 'strict-transport-security': value } }]))
    expect([found?.verdict, found?.verdict === 'fail' ? found.severity : undefined]).toEqual([verdict, severity])
  })

  it('is nothing over plain HTTP, and the proxy’s affair behind one', () => {
    expect(hsts.judge(facts('no', ['home', {}]))[0]?.verdict).toBe('skipped')
    expect(hsts.judge(facts('behind', ['home', {}]))[0]?.verdict).toBe('inconclusive')
    expect(
      hsts.judge(facts('behind', ['home', { headers: { 'strict-transport-security': 'max-age=63072000; includeSubDomains' } }]))[0]
        ?.verdict,
    ).toBe('pass')
  })

  it('is read whatever it holds', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const read = readHsts(value)
        expect(read === undefined || Number.isSafeInteger(read.maxAge)).toBe(true)
      }),
      { seed: 5 },
    )
  })
})

describe('policies in pages and headers', () => {
  it('counts a policy in <meta>, and not one that only reports', () => {
    expect(
      cspMissing.judge(facts('yes', ['home', {}, `<meta http-equiv="Content-Security-Policy" content="default-src 'self'">`]))[0]?.verdict,
    ).toBe('pass')
    const reporting = cspMissing.judge(facts('yes', ['home', { headers: { 'content-security-policy-report-only': "default-src 'self'" } }]))
    expect(reporting).toMatchObject([{ verdict: 'fail', locator: '/ content-security-policy (report-only)' }])
  })

  it('leaves files, JSON and redirects alone', () => {
    const [verdict] = cspMissing.judge(
      facts('yes', ['api', { headers: { 'content-type': 'application/json' } }], ['asset', {}], ['home', { status: 302 }]),
    )
    expect(verdict?.verdict).toBe('inconclusive')
  })

  it('has nothing to say of the holes of a policy that is not there', () => {
    expect(cspUnsafe.judge(facts('yes', ['home', {}]))[0]?.verdict).toBe('skipped')
  })
})

describe('nonces', () => {
  it.each([
    ['MTIzNDU2Nzg5MGFiY2RlZg==', 132],
    ['0123456789abcdef0123456789abcdef', 128],
    ['1234567890', 33],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 0],
    ['abc', 0],
    ['', 0],
  ])('%s holds at most %i bits', (nonce, bits) => {
    expect(Math.round(bitsOf(nonce))).toBe(bits)
  })

  const page = (one: string, other: string): unknown => ({
    pages: [
      {
        path: '/',
        fetches: [one, other].map((nonce) => seen(200, 'x', { headers: { 'content-security-policy': `script-src 'nonce-${nonce}'` } })),
      },
    ],
  })
  it.each([
    ['MTIzNDU2Nzg5MGFiY2RlZg', 'QTIzNDU2Nzg5MGFiY2RlZg', 'pass', undefined],
    ['MTIzNDU2Nzg5MGFiY2RlZg', 'MTIzNDU2Nzg5MGFiY2RlZg', 'fail', undefined],
    ['1234', '1235', 'fail', undefined],
    ['abcdefghijkl', 'bcdefghijklm', 'fail', 'low'],
  ])('%s and %s: %s %s', (one, other, verdict, severity) => {
    expect(cspNonce.judge(page(one, other))).toMatchObject([{ verdict, ...(severity === undefined ? {} : { severity }) }])
  })
})

describe('smaller headers', () => {
  it.each([
    ['no-referrer', 'no-referrer'],
    ['no-referrer, strict-origin-when-cross-origin', 'strict-origin-when-cross-origin'],
    ['strict-origin, future-policy', 'strict-origin'],
    ['origin', 'origin'],
    ['nonsense', undefined],
    ['', undefined],
  ])('the referrer policy %j is %s', (value, expected) => {
    expect(readReferrerPolicy(value)).toBe(expected)
  })

  it.each([
    ['camera=(), geolocation=(self "https://maps.example")', true],
    ['camera=*', true],
    ['interest-cohort=()', true],
    ["camera 'none'", false],
    ['camera', false],
    ['', false],
  ])('the permissions policy %j can be read: %s', (value, expected) => {
    expect(isPermissionsPolicy(value)).toBe(expected)
  })

  it('takes the loose referrer policies for faults and leaves the filter of old browsers at 0', () => {
    expect(referrerPolicy.judge(facts('yes', ['home', { headers: { 'referrer-policy': 'no-referrer-when-downgrade' } }]))[0]?.verdict).toBe(
      'fail',
    )
    expect(referrerPolicy.judge(facts('yes', ['home', {}, '<meta name=referrer content=no-referrer>']))[0]?.verdict).toBe('pass')
    expect(xssProtection.judge(facts('yes', ['home', {}], ['error', { status: 500, headers: { 'x-xss-protection': '1' } }]))).toMatchObject(
      [{ verdict: 'fail' }],
    )
    expect(xssProtection.judge(facts('yes', ['home', { headers: { 'x-xss-protection': '0' } }]))[0]?.verdict).toBe('pass')
  })
})

describe('headers that get lost', () => {
  const home: [AnswerKind, Partial<Seen>] = [
    'home',
    { headers: { ...GOOD, 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" } },
  ]
  it('asks files and JSON only for what protects them, and redirects and empty answers for nothing', () => {
    const judged = lostHeaders.judge(
      facts(
        'yes',
        home,
        ['api', { headers: { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' } }],
        ['missing', { status: 302, headers: {} }],
        ['error', { status: 400, bytes: 0, headers: {} }],
      ),
    )
    expect(judged).toMatchObject([{ verdict: 'pass', control: expect.stringContaining('1 other answers: an answer of the API') }])
  })

  it('compares with another page when the home page only leads there, and with nothing when there is none', () => {
    const elsewhere = facts(
      'yes',
      ['home', { status: 302, bytes: 0 }],
      ['page', { url: '/sign-in', headers: GOOD }],
      ['missing', { status: 404, headers: {} }],
    )
    expect(lostHeaders.judge(elsewhere)[0]).toMatchObject({
      verdict: 'fail',
      says: expect.stringContaining('stands on /sign-in and not on what does not exist'),
    })
    expect(lostHeaders.judge(facts('yes', ['home', { status: 302, bytes: 0 }]))[0]?.verdict).toBe('inconclusive')
    expect(lostHeaders.judge(facts('yes', ['home', {}], ['missing', { status: 404 }]))[0]?.verdict).toBe('skipped')
  })

  it('takes frame-ancestors for X-Frame-Options', () => {
    const framed = facts(
      'yes',
      ['home', { headers: { 'x-frame-options': 'DENY' } }],
      ['missing', { status: 404, headers: { 'content-security-policy': "frame-ancestors 'none'" } }],
    )
    expect(lostHeaders.judge(framed)[0]?.verdict).toBe('pass')
  })
})

describe('what pages load', () => {
  it('finds active and passive parts in clear, and forms that leave', () => {
    const html = `<script src="http://cdn.example/x.js"></script><img src="http://pics.example/a.png"><form action="http://old.example/go"></form>
      <script src="/own.js"></script><a href="http://news.example/">link</a><img src="http://localhost:9/dev.png">`
    const verdicts = mixedContent.judge(facts('yes', ['home', {}, html]))
    expect(verdicts.map((one) => one.verdict === 'fail' && [one.locator, one.severity])).toEqual([
      ['/ subresources (<script> cdn.example/x.js)', 'medium'],
      ['/ subresources (<img> pics.example/a.png)', 'low'],
      ['/ subresources (<form> old.example/go)', 'medium'],
    ])
    const upgraded = facts('yes', ['home', { headers: { 'content-security-policy': 'upgrade-insecure-requests' } }, html])
    expect(brief(mixedContent.judge(upgraded))).toEqual(['fail / subresources (<form> old.example/go)'])
  })

  it('counts <base> in, knows checksums, and passes data: and own addresses', () => {
    const html =
      '<base href="https://cdn.example/lib/"><script src="x.js"></script><link rel=stylesheet href="https://site.example/a.css"><link rel="icon" href="https://x.example/i">'
    expect(subresourcesOf(html, 'https://site.example/').map(({ url, script }) => [url.href, script])).toEqual([
      ['https://cdn.example/lib/x.js', true],
      ['https://site.example/a.css', false],
    ])
    expect(brief(sri.judge(facts('yes', ['home', {}, html])))).toEqual(['fail / integrity (cdn.example/lib/x.js)'])
    expect(
      sri.judge(facts('yes', ['home', {}, '<script src="data:text/javascript,1"></script><script src="//site.example/x.js"></script>']))[0]
        ?.verdict,
    ).toBe('pass')
  })

  it('calls an unchecked style low', () => {
    expect(sri.judge(facts('yes', ['home', {}, '<link rel=stylesheet href="https://cdn.example/a.css">']))).toMatchObject([
      { verdict: 'fail', severity: 'low' },
    ])
  })
})

describe('security.txt', () => {
  const now = Date.UTC(2026, 10, 22)
  it.each([
    ['Contact: mailto:a@b.example\nExpires: 2027-01-01T00:00:00Z', []],
    ['# hello\r\ncontact: https://x.example/report\r\nEXPIRES: 2027-01-01T00:00:00Z\r\n', []],
    ['Expires: 2027-01-01T00:00:00Z', ['it names no Contact']],
    ['Contact: a@b.example\nExpires: 2027-01-01T00:00:00Z', ['its Contact is no mailto:, tel: or https: address']],
    ['Contact: mailto:a@b.example', ['it does not say when it Expires']],
    ['Contact: mailto:a@b.example\nExpires: 2026-01-01T00:00:00Z', ['it expired on 2026-01-01']],
    ['Contact: mailto:a@b.example\nExpires: soon', ['its Expires is no date']],
    ['Contact: mailto:a@b.example\nExpires: 2027-01-01T00:00:00Z\nExpires: 2028-01-01T00:00:00Z', ['it Expires more than once']],
    ['', ['it names no Contact', 'it does not say when it Expires']],
  ])('%j: %j', (text, expected) => {
    expect(lintSecurityTxt(text, now)).toEqual(expected)
  })

  it('is not the page that a single page application answers everything with', () => {
    expect(securityTxt.judge({ now, home: seen(200, 'x'), file: seen(200, '<html>Contact: mailto:a@b</html>') })).toMatchObject([
      { verdict: 'fail' },
    ])
  })
})
