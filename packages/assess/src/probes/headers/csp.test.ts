import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noncesOf, parsePolicies, sourcesFor, weaknessesOf, weaknessesOfAll } from './csp.js'

const keys = (header: string): readonly string[] => weaknessesOfAll(parsePolicies(header)).map(({ key }) => key)
const STRICT = "default-src 'none'; script-src 'nonce-abcdefghijklmnopqrstuv' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
const REST = "object-src 'none'; base-uri 'none'"

describe('a content security policy', () => {
  it('is read as browsers do: names in lower case, the first of two equal directives, several policies by comma', () => {
    const [first, second] = parsePolicies("Script-Src 'self'; script-src *;; img-src\t*  data: , default-src 'none'")
    expect(first?.get('script-src')).toEqual(["'self'"])
    expect(first?.get('img-src')).toEqual(['*', 'data:'])
    expect(second?.get('default-src')).toEqual(["'none'"])
    expect(parsePolicies(' ; , ;')).toEqual([])
  })

  it.each([
    ["script-src-elem 'self'; script-src x; default-src y", 'script-src-elem', ["'self'"]],
    ['script-src x; default-src y', 'script-src-elem', ['x']],
    ['default-src y', 'script-src-elem', ['y']],
    ['child-src c; default-src y', 'worker-src', ['c']],
    ['img-src i', 'script-src', undefined],
  ])('%s falls back for %s to %j', (header, directive, expected) => {
    expect(sourcesFor(parsePolicies(header)[0] ?? new Map(), directive)).toEqual(expected)
  })

  it.each([
    ['a strict one', STRICT, []],
    ['one that blocks everything', "default-src 'none'", []],
    ['lists of own files', `script-src 'self'; ${REST}`, []],
    ['no scripts named', `img-src 'self'; ${REST}`, ['any script']],
    ['inline scripts', `script-src 'self' 'unsafe-inline'; ${REST}`, ['unsafe-inline']],
    ['inline scripts by default-src', `default-src 'self' 'unsafe-inline'; ${REST}`, ['unsafe-inline']],
    ['inline beside a nonce', `script-src 'unsafe-inline' 'nonce-abcdefghijklmnopqrstuv'; ${REST}`, []],
    ['inline beside a hash', `script-src 'unsafe-inline' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; ${REST}`, []],
    ['inline beside strict-dynamic', `script-src 'unsafe-inline' 'strict-dynamic'; ${REST}`, []],
    ['inline in capitals', `script-src 'Unsafe-Inline'; ${REST}`, ['unsafe-inline']],
    ['inline for elements only', `script-src 'self'; script-src-elem 'unsafe-inline'; ${REST}`, ['unsafe-inline']],
    ['inline handlers', `script-src 'nonce-abcdefghijklmnopqrstuv'; script-src-attr 'unsafe-inline'; ${REST}`, ['unsafe-inline handlers']],
    ['inline handlers switched off', `script-src 'self'; script-src-attr 'none'; ${REST}`, []],
    ['eval', `script-src 'self' 'unsafe-eval'; ${REST}`, ['unsafe-eval']],
    ['eval beside a nonce all the same', `script-src 'nonce-abcdefghijklmnopqrstuv' 'unsafe-eval'; ${REST}`, ['unsafe-eval']],
    ['WebAssembly', `script-src 'self' 'wasm-unsafe-eval'; ${REST}`, []],
    ['a star', `script-src *; ${REST}`, ['anywhere']],
    ['a scheme', `script-src https:; ${REST}`, ['anywhere']],
    ['data:', `script-src 'self' data:; ${REST}`, ['anywhere']],
    ['a star below a top level', `script-src *.com; ${REST}`, ['anywhere']],
    ['a star below a host', `script-src *.example.com; ${REST}`, []],
    [
      'a scheme for old browsers beside strict-dynamic',
      `script-src https: 'unsafe-inline' 'nonce-abcdefghijklmnopqrstuv' 'strict-dynamic'; ${REST}`,
      [],
    ],
    ['a scheme beside a nonce', `script-src https: 'nonce-abcdefghijklmnopqrstuv'; ${REST}`, ['anywhere']],
    ['a host of everybody', `script-src 'self' https://cdn.jsdelivr.net; ${REST}`, ['shared hosts']],
    ['a host of everybody, with a path', `script-src cdnjs.cloudflare.com/ajax/; ${REST}`, ['shared hosts']],
    ['plain HTTP', `script-src http://cdn.example; ${REST}`, ['in clear']],
    ['no object-src', "script-src 'self'; base-uri 'none'", ['object-src']],
    ['no base-uri', "script-src 'self'; object-src 'none'", ['base-uri']],
    ['a wide base-uri', "script-src 'self'; object-src 'none'; base-uri *", ['base-uri']],
    ['styles inline only', `default-src 'none'; style-src 'unsafe-inline'; ${REST}`, []],
    ['a directive of nobody', `script-src 'self'; scripts-src x; ${REST}`, ['unknown directive']],
    ['a missing semicolon', `script-src 'self' object-src 'none'; ${REST}`, ['missing semicolon']],
    ['missing quotes', `script-src self; ${REST}`, ['missing quotes']],
    ['none without quotes', "default-src none; base-uri 'none'", ['object-src', 'missing quotes']],
    ['an end for reports', `${STRICT}; report-uri /csp; report-to csp`, []],
  ])('%s', (_, header, expected) => {
    expect(keys(header)).toEqual(expected)
  })

  it('is as strict as the strictest of several', () => {
    expect(keys(`script-src 'unsafe-inline'; ${REST}, script-src 'self'; ${REST}`)).toEqual([])
    expect(keys(`script-src 'unsafe-inline' *; ${REST}, script-src 'unsafe-inline'; ${REST}`)).toEqual(['unsafe-inline'])
  })

  it('names its nonces', () => {
    expect(parsePolicies("script-src 'nonce-A1' 'self'; style-src 'nonce-b2'").flatMap((policy) => noncesOf(policy))).toEqual(['A1', 'b2'])
  })

  it('with a nonce and strict-dynamic is never weakened by hosts, schemes or unsafe-inline for old browsers', () => {
    const sources = fc.array(fc.constantFrom('https:', 'http:', '*', "'unsafe-inline'", 'https://cdn.jsdelivr.net', "'self'", 'data:'), {
      maxLength: 6,
    })
    fc.assert(
      fc.property(sources, (more) => {
        expect(keys(`script-src 'nonce-abcdefghijklmnopqrstuv' 'strict-dynamic' ${more.join(' ')}; ${REST}`)).toEqual([])
      }),
      { seed: 5 },
    )
  })

  it('grows no safer by another source, and no worse by another policy', () => {
    const source = fc.constantFrom("'self'", 'https:', '*', 'data:', "'unsafe-inline'", "'unsafe-eval'", 'https://a.example', 'blob:')
    const sources = fc.array(source, { maxLength: 5 })
    fc.assert(
      fc.property(sources, source, (given, more) => {
        const [before, after] = [keys(`script-src ${given.join(' ')}; ${REST}`), keys(`script-src ${given.join(' ')} ${more}; ${REST}`)]
        for (const key of before) expect(after).toContain(key)
      }),
      { seed: 5 },
    )
    fc.assert(
      fc.property(sources, sources, (one, other) => {
        const [first, second] = [`script-src ${one.join(' ')}; ${REST}`, `script-src ${other.join(' ')}; ${REST}`]
        for (const key of keys(`${first}, ${second}`)) expect(keys(first)).toContain(key)
      }),
      { seed: 5 },
    )
  })

  it('is read whatever it holds, within its bounds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z' ;,*:/.-]{0,300}$/)), (header) => {
        for (const policy of parsePolicies(header)) for (const { says } of weaknessesOf(policy)) expect(says.length).toBeLessThan(17_000)
      }),
      { seed: 5, numRuns: 500 },
    )
    const from = performance.now()
    weaknessesOfAll(parsePolicies('script-src '.repeat(100_000)))
    expect(performance.now() - from).toBeLessThan(2_000)
  })
})
