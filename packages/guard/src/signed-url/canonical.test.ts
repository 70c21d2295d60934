import { parse } from 'node:querystring'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalPath, canonicalQuery, readQuery, writeQuery } from './canonical.js'

fc.configureGlobal({ seed: 20_261_122 })

const canonical = (query: string): string | undefined => {
  const read = readQuery(query)
  return read === undefined ? undefined : canonicalQuery(read)
}

describe('a query as it is signed', () => {
  it.each([
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1', 'a=2&a=1'],
    ['a=1&b=0&a=2', 'a=1&a=2&b=0'],
    ['a&b=', 'a=&b='],
    ['&&a=1&', 'a=1'],
    ['', ''],
    ['a=x+y', 'a=x%20y'],
    ['a=x%20y', 'a=x%20y'],
    ['a=%2b', 'a=%2B'],
    ['a=%7euser', 'a=~user'],
    ['a=b=c', 'a=b%3Dc'],
    ["a='!()*", 'a=%27%21%28%29%2A'],
    ['%61=1', 'a=1'],
    ['a=%E2%82%AC', 'a=%E2%82%AC'],
    ['a[]=2&b=1&a=1', 'a%5B%5D=2&a=1&b=1'],
    ['__proto__=1', '__proto__=1'],
    ['=1', '=1'],
  ])('of %j is %s', (given, signed) => {
    expect(canonical(given)).toBe(signed)
  })

  it.each(['a=1;b=2', 'a=%', 'a=%zz', 'a=%ff', '%c0%ae=1', 'a=é', 'a= b', 'a=\n', 'a=\u0000', 'a=b\\c', 'a#b'])(
    'is none where parsers differ: %j',
    (query) => {
      expect(canonical(query)).toBeUndefined()
    },
  )

  it('is none beyond 8,192 characters or 256 parameters', () => {
    expect(canonical(`a=${'x'.repeat(8_190)}`)).toHaveLength(8_192)
    expect(canonical(`a=${'x'.repeat(8_191)}`)).toBeUndefined()
    expect(canonical(Array.from({ length: 256 }, () => 'a').join('&'))).toBeDefined()
    expect(canonical(Array.from({ length: 257 }, () => 'a').join('&'))).toBeUndefined()
  })

  const piece = fc.oneof(
    fc.constantFrom('a', 'b', 'a[]', '=', '&', '%20', '+', '%2B', '%26', '%3D', '%41', '%2f', '%2F', '[', ']', '1', '2'),
    fc.stringMatching(/^[!-~]{0,3}$/),
  )
  const query = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

  it('is the same for two queries only when parsers read the same from both [ASVS 1.5.3]', () => {
    const grouped = (text: string): unknown => {
      const groups = new Map<string, string[]>()
      for (const [name, value] of new URLSearchParams(`&${text}`)) groups.set(name, [...(groups.get(name) ?? []), value])
      return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
    }
    fc.assert(
      fc.property(query, (text) => {
        const signed = canonical(text)
        if (signed === undefined) return
        // so whatever has this canonical form is read as this form is
        expect(grouped(text)).toEqual(grouped(signed))
        expect({ ...parse(signed) }).toEqual({ ...parse(text.replaceAll(/&+/g, '&').replaceAll(/^&|&$/g, '')) })
        expect(canonical(signed)).toBe(signed)
      }),
      { numRuns: 5_000 },
    )
  })

  it('survives what clients and proxies do to one on its way', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ name: fc.string({ minLength: 1 }), value: fc.string() }), { maxLength: 6 }), (parameters) => {
        const sent = writeQuery(parameters)
        const signed = canonical(sent)
        expect(canonical(new URLSearchParams(parameters.map(({ name, value }) => [name, value])).toString())).toBe(signed)
        expect(canonical(sent.replaceAll('%20', '+'))).toBe(signed)
        expect(canonical(sent.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()))).toBe(signed)
        expect(canonical(new URL(`http://x.example/?${sent}`).search.slice(1))).toBe(signed)
      }),
    )
  })
})

/** What a router sees that decodes all it can. */
const decoded = (path = ''): string =>
  path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

describe('a path as it is signed', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['/a%2fb', '/a%2Fb'],
    ['/%61', '/a'],
    ['/%7Euser', '/~user'],
    ['/A', '/A'],
    ['/a//b/', '/a//b/'],
    ['/a;v=1', '/a;v=1'],
    ['/%', '/%'],
    ['/%e2%82%ac', '/%E2%82%AC'],
    ['/a|b[1]', '/a%7Cb%5B1%5D'],
    ['/a%7cb%5b1%5d', '/a%7Cb%5B1%5D'],
    ["/it's!", "/it's!"],
  ])('of %j is %s', (given, signed) => {
    expect(canonicalPath(given)).toBe(signed)
    expect(canonicalPath(signed)).toBe(signed)
  })

  it.each(['', 'a', '*', '/ ', '/é', '/\n', '/a\\b', '/a?b', '/a#b', `/${'a'.repeat(8_192)}`])('is none for %j', (path) => {
    expect(canonicalPath(path)).toBeUndefined()
  })

  it('keeps what leads elsewhere apart', () => {
    const paths = ['/a/b', '/a//b', '/a/b/', '/A/b', '/a%2Fb', '/a/./b', '/a/x/../b', '/a%252Fb', '//a/b', '/a/b%00', '/a/b;x']
    expect(new Set(paths.map((path) => canonicalPath(path))).size).toBe(paths.length)
  })

  it('is the same for every path that the URL standard makes one of, and only then', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '%41',
      '%2f',
      '%2F',
      '/',
      '//',
      '.',
      '%2e',
      '|',
      '%7C',
      '[',
      '~',
      '%7e',
      '%',
      '%zz',
      ';',
      '@',
      "'",
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.array(piece, { maxLength: 8 }), (one, other) => {
        const [left, right] = [one, other].map((pieces) => canonicalPath(`/${pieces.join('')}`))
        // equal as signed: equal to whoever decodes it, and of as many segments
        if (left !== right || left === undefined) return
        const [a, b] = [one, other].map((pieces) => `/${pieces.join('')}`)
        expect(a?.split('/').length).toBe(b?.split('/').length)
        expect(decoded(a)).toBe(decoded(b))
      }),
      { numRuns: 5_000 },
    )
  })
})
