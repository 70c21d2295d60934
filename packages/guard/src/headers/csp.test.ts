import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileCsp, mergeCsp, NONCE } from './csp.js'

const NAMES = ['default-src', 'script-src', 'style-src', 'img-src', 'connect-src', 'frame-ancestors'] as const
const source = fc.oneof(
  fc.constantFrom(
    "'self'",
    "'unsafe-inline'",
    'https:',
    'data:',
    '*',
    NONCE,
    'https://cdn.example',
    'wss://live.example:8443',
    '*.example.org',
  ),
  fc
    .stringMatching(/^[a-z0-9.:/*-]{1,20}$/)
    .filter((text) => !['self', 'none', 'unsafe-inline', 'unsafe-eval'].includes(text) && !text.startsWith('nonce-')),
)
const directives = fc.dictionary(fc.constantFrom(...NAMES), fc.array(source, { minLength: 1, maxLength: 4 }), { noNullPrototype: true })

/** Reads a policy as a browser does. Source: CSP3, section 2.2.1. */
const parse = (value: string): Map<string, string[]> => {
  const read = new Map<string, string[]>()
  for (const part of value.split(';')) {
    const [name, ...sources] = part.trim().split(/[ \t]+/)
    if (name !== undefined && name !== '' && !read.has(name)) read.set(name, sources)
  }
  return read
}

describe('a compiled policy', () => {
  it('is read by a browser as what was configured', () => {
    fc.assert(
      fc.property(directives, (given) => {
        const merged = mergeCsp('csp', {}, given)
        const read = parse(compileCsp(merged)('abcdefghijklmnop'))
        expect([...read.keys()]).toEqual([...merged.keys()])
        for (const [name, sources] of merged)
          expect(read.get(name)).toEqual(sources.map((one) => (one === NONCE ? "'nonce-abcdefghijklmnop'" : one)))
      }),
    )
  })

  it('has the nonce wherever it belongs and nowhere without one', () => {
    const policy = compileCsp(
      mergeCsp('csp', {}, { 'script-src': [NONCE, "'self'"], 'style-src': ["'self'", NONCE], 'img-src': ['data:'] }),
    )
    expect(policy('N')).toBe("script-src 'nonce-N' 'self'; style-src 'self' 'nonce-N'; img-src data:")
    expect(policy()).toBe("script-src 'self'; style-src 'self'; img-src data:")
  })

  it('is the same text each time when it has no nonce', () => {
    const policy = compileCsp(mergeCsp('csp', {}, { 'default-src': ["'none'"] }))
    expect(policy('N')).toBe(policy())
  })

  it('writes a directive without sources as its name alone', () => {
    expect(compileCsp(mergeCsp('csp', {}, { 'upgrade-insecure-requests': [] }))()).toBe('upgrade-insecure-requests')
  })
})

describe('merging', () => {
  it('replaces whole directives, in place, and removes with null', () => {
    const merged = mergeCsp(
      'csp',
      { 'default-src': ["'self'"], 'img-src': ['data:'] },
      { 'default-src': ["'none'"], 'img-src': null, 'font-src': ["'self'"] },
    )
    expect([...merged]).toEqual([
      ['default-src', ["'none'"]],
      ['font-src', ["'self'"]],
    ])
  })

  it('takes no name of the prototype for a directive', () => {
    for (const name of ['constructor', 'toString', 'hasOwnProperty', ''])
      expect(() => mergeCsp('csp', {}, { [name]: ["'self'"] })).toThrow('no directive of CSP')
    expect(() => mergeCsp('csp', {}, JSON.parse('{"__proto__": ["*"]}') as Record<string, string[]>)).toThrow('no directive of CSP')
  })

  it('refuses every text that a browser would read as something else', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        let merged: ReadonlyMap<string, readonly string[]>
        try {
          merged = mergeCsp('csp', {}, { 'img-src': [text] })
        } catch {
          return
        }
        expect([...parse(compileCsp(merged)())]).toEqual([['img-src', [text]]])
      }),
      { numRuns: 1_000 },
    )
  })

  it('refuses a fixed nonce: it would be the same for every answer', () => {
    expect(() => mergeCsp('csp', {}, { 'script-src': ['nonce-abc'] })).toThrow('in single quotes')
  })
})

describe('a directive that browsers have given up', () => {
  it.each(['block-all-mixed-content', 'plugin-types', 'prefetch-src', 'navigate-to', 'reflected-xss', 'referrer', 'require-sri-for'])(
    '%s is refused, with what does its work today',
    (name) => {
      expect(() => mergeCsp('headers.csp', {}, { [name]: [] })).toThrow(
        /headers\.csp is "[a-z-]+"; browsers have given this directive up; /,
      )
    },
  )
})
