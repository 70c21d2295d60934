import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitUrl } from './guard-request.js'
import { isClearTarget } from './target.js'

describe('a request target', () => {
  it.each([
    '/',
    '/a/b?c=d',
    '/a//b',
    '/%2f',
    '/@anna',
    '/a@b/c',
    '*',
    'http://x',
    'HTTPS://app.example:8443/login?x=#'.slice(0, -1),
    'http://[::1]:80/a',
  ])('is clear: %s', (target) => {
    expect(isClearTarget(target)).toBe(true)
  })

  it.each([
    '',
    'login',
    `${'a'.repeat(40)}://h/login`,
    'ftp://h/login',
    'http:/login',
    // a router that looks for the first slash sees /login, one that knows URLs sees /
    'http://x?/login',
    'http://x\\login',
    'http://name@x/login',
    '/login#x',
    '/login\u00a0',
    '/login ',
    '/login\t?x',
    '/login?x=\ufeff',
    '//a@b/login',
    `http://${'x'.repeat(400)}/`,
  ])('is not: %j', (target) => {
    expect(isClearTarget(target)).toBe(false)
  })

  it('that is clear has the same path for the parser of URLs as for us', () => {
    const piece = fc.constantFrom(
      '/',
      'a',
      '?',
      '@',
      ':',
      '//',
      'http://',
      '[',
      ']',
      '\\',
      '#',
      ' ',
      '%2f',
      'x.y',
      '.',
      '..',
      ';',
      '\u00a0',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const target = pieces.join('')
        const absolute = target.startsWith('http') ? target : `http://h${target}`
        fc.pre(isClearTarget(target) && target !== '*' && URL.canParse(absolute))
        // what the parser of URLs puts right is put right by nobody before the router, and normalPath does it for what restricts
        fc.pre(!/\\|\/\.|%2e/i.test(target))
        expect(splitUrl(target).path).toBe(new URL(absolute).pathname)
      }),
      { numRuns: 5_000 },
    )
  })
})
