import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readReports, strippedUrl, suggest } from './violation.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('what is kept of a URL', () => {
  it.each([
    ['https://app.example/reset?token=secret#part', 'https://app.example/reset'],
    ['https://anna:secret@app.example/x', 'https://app.example/x'],
    ['HTTPS://APP.EXAMPLE:443/X', 'https://app.example/X'],
    ['wss://live.example:8443/socket?key=1', 'wss://live.example:8443/socket'],
    ['http://[2001:db8::1]:8080/x', 'http://[2001:db8::1]:8080/x'],
    ['data:text/html,<script>secret</script>', 'data:'],
    ['data', 'data:'],
    ['blob', 'blob:'],
    ['blob:https://app.example/0190163d', 'blob:'],
    ['chrome-extension://abcdef/content.js', 'chrome-extension:'],
    ['about', 'about:'],
    ['inline', 'inline'],
    ['eval', 'eval'],
    ['wasm-eval', 'wasm-eval'],
    ['', ''],
    ['<script>', 'other'],
    ['//evil.example/x?y', 'other'],
    [42, ''],
    [null, ''],
    [{}, ''],
    [`https://app.example/${'a'.repeat(1_000)}`, `https://app.example/${'a'.repeat(280)}`],
    [`https://app.example/${'a'.repeat(10_000)}`, ''],
  ])('of %j is %j', (given, kept) => {
    expect(strippedUrl(given)).toBe(kept)
  })

  it('is never its query, its fragment or what stands before @, whatever it is [ASVS 16.2.5]', () => {
    const secret = 'Zq7SecretZq7'
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), fc.string(), (url, tail) => {
        const plain = url.split(/[?#]/, 1)[0] ?? ''
        for (const leaking of [`${plain}?${secret}${tail}`, `${plain}#${secret}${tail}`, plain.replace('://', `://${secret}:${secret}@`)])
          expect(strippedUrl(leaking)).not.toContain(secret)
      }),
    )
  })

  it('is bounded, holds no control character and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string({ unit: 'binary' }), (value, text) => {
        for (const kept of [strippedUrl(value), strippedUrl(text), strippedUrl(`https://app.example/${text}`)]) {
          expect(kept.length).toBeLessThanOrEqual(300)
          expect(kept).toMatch(/^[ -~]*$/)
        }
      }),
    )
  })
})

describe('a suggestion', () => {
  const page = 'https://app.example/x'

  it.each([
    ['img-src', 'https://cdn.example/a.png', { directive: 'img-src', source: 'https://cdn.example', weakens: false }],
    ['script-src-elem', 'https://cdn.example/a.js', { directive: 'script-src', source: 'https://cdn.example', weakens: false }],
    ['script-src-elem', 'http://cdn.example/a.js', { directive: 'script-src', source: 'http://cdn.example', weakens: true }],
    ['script-src', 'https://app.example/a.js', { directive: 'script-src', source: "'self'", weakens: false }],
    ['connect-src', 'wss://live.example:8443/s', { directive: 'connect-src', source: 'wss://live.example:8443', weakens: false }],
    ['script-src-elem', 'inline', { directive: 'script-src', source: "'nonce'", weakens: false }],
    ['style-src-elem', 'inline', { directive: 'style-src', source: "'nonce'", weakens: false }],
    ['script-src-attr', 'inline', { directive: 'script-src-attr', source: "'unsafe-inline'", weakens: true }],
    ['script-src', 'eval', { directive: 'script-src', source: "'unsafe-eval'", weakens: true }],
    ['script-src', 'wasm-eval', { directive: 'script-src', source: "'wasm-unsafe-eval'", weakens: false }],
    ['img-src', 'data:', { directive: 'img-src', source: 'data:', weakens: false }],
    ['font-src', 'data:', { directive: 'font-src', source: 'data:', weakens: false }],
    ['script-src', 'data:', { directive: 'script-src', source: 'data:', weakens: true }],
    ['worker-src', 'blob:', { directive: 'worker-src', source: 'blob:', weakens: true }],
    ['form-action', 'https://pay.example/start', { directive: 'form-action', source: 'https://pay.example', weakens: false }],
    ['frame-ancestors', 'https://evil.example/', undefined],
    ['require-trusted-types-for', 'trusted-types-sink', undefined],
    ['sandbox', 'inline', undefined],
    ['img-src', 'other', undefined],
    ['img-src', '', undefined],
  ])('for %s and %s', (directive, blocked, expected) => {
    expect(suggest(directive, blocked, page)).toEqual(expected)
  })

  it('holds nothing that could end a directive, whatever was reported', () => {
    fc.assert(
      fc.property(fc.constantFrom('img-src', 'script-src-elem', 'form-action'), fc.oneof(fc.webUrl(), fc.string()), (directive, url) => {
        const source = suggest(directive, strippedUrl(url), page)?.source ?? ''
        expect(source).toMatch(/^[\w.:[\]'/-]*$/)
      }),
    )
  })
})

describe('a body', () => {
  const all = (): boolean => true

  it('that is neither format is none', () => {
    for (const body of [null, 1, 'x', [], {}, { 'csp-report': 1 }, { 'csp-report': [] }, [{ 'csp-report': {} }]])
      expect(readReports(body, 'csp-report', 9, all)).toBeUndefined()
  })

  it('of an old browser names the directive with its sources', () => {
    const body = { 'csp-report': { 'document-uri': 'https://app.example/', 'violated-directive': "img-src 'self'", 'blocked-uri': '' } }
    expect(readReports(body, 'csp-report', 9, all)).toMatchObject([{ kind: 'violation', violation: { directive: 'img-src', blocked: '' } }])
  })

  it('trap: `__proto__` as key: finds its own fields only, and changes nothing else [ASVS 15.3.6]', () => {
    const text =
      '{"__proto__":{"csp-report":{"document-uri":"https://app.example/","effective-directive":"img-src"}},"constructor":{"prototype":{"x":1}}}'
    expect(readReports(JSON.parse(text), 'csp-report', 9, all)).toBeUndefined()
    const inner =
      '{"csp-report":{"__proto__":{"effective-directive":"img-src"},"document-uri":"https://app.example/","effective-directive":"__proto__"}}'
    expect(readReports(JSON.parse(inner), 'csp-report', 9, all)).toEqual([{ kind: 'dropped', why: 'malformed' }])
    expect(({} as Record<string, unknown>)['effective-directive']).toBeUndefined()
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('never throws, whatever its shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('csp-report' as const, 'reports+json' as const), (body, format) => {
        for (const one of readReports(body, format, 5, all) ?? []) expect(one.kind).toMatch(/^violation|dropped$/)
        readReports({ 'csp-report': body }, 'csp-report', 5, all)
        readReports([{ type: 'csp-violation', body }], 'reports+json', 5, all)
      }),
    )
  })
})
