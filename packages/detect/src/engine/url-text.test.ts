import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUrl, extensionOf } from './url-text.js'

describe('targets as attacks read', () => {
  it.each([
    ['/a/b?c=d', '/a/b?c=d'],
    ['/%2e%2E/etc', '/../etc'],
    ['/?f=..%252f..%252fx', '/?f=../../x'],
    ['/?f=%25252e', '/?f=.'],
    ['/?f=%2525252e', '/?f=%2e'],
    ['/a+b?q=x+y', '/a+b?q=x y'],
    ['/?q=1%2B1', '/?q=1+1'],
    ['/..%5c..%5cx', '/../../x'],
    ['/%', '/%'],
    ['/%zz%4', '/%zz%4'],
    ['/%00', '/\0'],
    ['/%e4', '/ä'],
    ['', ''],
  ])('reads %j as %j', (target, text) => {
    expect(decodeUrl(target)).toBe(text)
  })

  it('undoes what encodeURIComponent did to ASCII, once or twice', () => {
    const ascii = fc
      .string({ unit: fc.integer({ min: 32, max: 126 }).map((c) => String.fromCharCode(c)), maxLength: 40 })
      .filter((text) => !/[%+\\?]/.test(text))
    fc.assert(
      fc.property(ascii, (text) => {
        expect(decodeUrl(encodeURIComponent(text))).toBe(text)
        expect(decodeUrl(encodeURIComponent(encodeURIComponent(text)))).toBe(text)
      }),
    )
  })

  it('reads text beyond Latin-1, and very long text, the same way', () => {
    expect(decodeUrl('/\u20ac?q=%2e%2e%2f+x')).toBe('/\u20ac?q=../ x')
    expect(decodeUrl(`/${'%2e'.repeat(10_000)}?a+b`)).toBe(`/${'.'.repeat(10_000)}?a b`)
    const latin = fc.string({ unit: fc.constantFrom('%', '2', '5', 'e', '+', '?', 'ä', 'x'), maxLength: 40 })
    fc.assert(
      fc.property(latin, (text) => {
        // a character beyond Latin-1 behind the text sends it down the other way
        expect(`${decodeUrl(`${text}#`).slice(0, -1)}\u20ac`).toBe(decodeUrl(`${text}#\u20ac`).replace('#', ''))
      }),
    )
  })

  it('never throws, and never makes text longer', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.oneof(fc.constantFrom('%', '2', '5', 'e', '+', '?', '\\', '/'), fc.string({ minLength: 1, maxLength: 1 })),
          maxLength: 60,
        }),
        (text) => {
          expect(decodeUrl(text).length).toBeLessThanOrEqual(text.length)
        },
      ),
    )
  })

  it('is linear on a target made of escapes', () => {
    const best = (escapes: number): number => {
      const target = `/?${'%25'.repeat(escapes)}`
      let least = Infinity
      for (let i = 0; i < 50; i++) {
        const before = performance.now()
        decodeUrl(target)
        least = Math.min(least, performance.now() - before)
      }
      return least
    }
    best(2_730)
    // ten times the text, and a square would be a hundred times the work
    expect(best(27_300)).toBeLessThan(40 * best(2_730))
  })

  it.each([
    ['/a/b.JS', 'js'],
    ['/a.b/c', undefined],
    ['/a.tar.gz', 'gz'],
    ['/.env', 'env'],
    ['/a.', undefined],
    ['/a.verylongextension', undefined],
    ['', undefined],
  ])('sees in %j the extension %j', (path, extension) => {
    expect(extensionOf(path)).toBe(extension)
  })
})

describe('overlong UTF-8', () => {
  it.each([
    ['/%c0%ae%c0%ae%c0%afetc', '/../etc'],
    ['/%25c0%25ae%25c0%25ae/', '/../'],
    ['/a%c1%9cb', '/a/b'],
    ['/%C0%BCscript%C0%BE', '/<script>'],
    ['/caf%c3%a9', '/caf\u00c3\u00a9'],
    ['/%c0', '/\u00c0'],
    ['/%c0a', '/\u00c0a'],
  ])('%s', (target, text) => {
    expect(decodeUrl(target)).toBe(text)
  })
})
