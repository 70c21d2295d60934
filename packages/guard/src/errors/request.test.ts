import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCleaner } from './describe.js'
import { createHider } from './hide.js'
import { describeRequest, LOGGED_HEADERS } from './request.js'
import type { DescribedRequest, ErrorAbout } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const hider = createHider()
const clean = createCleaner(hider, undefined)
const SECRET = 's3cr3t-value-17'
const request = (url: string, headers: Record<string, string> = {}) => ({
  method: 'GET',
  url,
  headers,
  socket: { remoteAddress: '127.0.0.1' },
})
const describeAll = (about: ErrorAbout, headers: readonly string[] = LOGGED_HEADERS) => describeRequest(about, hider, clean, headers)
const described = (about: ErrorAbout, headers?: readonly string[]): DescribedRequest => {
  const { request: found } = describeAll(about, headers)
  if (found === undefined) throw new Error('no request')
  return found
}

describe('parameters of a request in the log', () => {
  it.each([
    ['password', true],
    ['user.password', true],
    ['user[password]', true],
    ['user[0][pin]', true],
    ['card.0', true],
    ['data[attributes][accessToken]', true],
    ['a.b.c.otp', true],
    ['[sid]', true],
    ['passport_of_call', false],
    ['pages[0]', false],
    ['pinned', false],
    ['keyboard.layout', false],
    ['__proto__', false],
  ])('called %s are hidden: %s [ASVS 16.2.5]', (name, hidden) => {
    const { query, parameters } = described({
      request: request(`/x?${encodeURIComponent(name)}=${SECRET}`),
      parameters: { [name]: SECRET },
    })
    expect(Object.values(query)).toEqual([hidden ? '***' : SECRET])
    expect(parameters[name]).toBe(hidden ? '***' : SECRET)
  })

  it('hide what is below a hidden name, however deep, as far as it is shown at all', () => {
    const { parameters } = described({
      request: request('/'),
      parameters: { credentials: { list: [SECRET, { deep: SECRET }] }, fine: { list: ['shown'] } },
    })
    expect(JSON.stringify(parameters)).not.toContain(SECRET)
    expect(parameters).toMatchObject({ 'credentials.list.0': '***', 'credentials.list.1.deep': '***', 'fine.list.0': 'shown' })
  })

  it('are flat, bounded in depth and number, and each says what it is', () => {
    const { parameters } = described({
      request: request('/'),
      parameters: {
        a: { b: { c: { d: { e: 1 } } } },
        list: [[[[[1]]]]],
        n: 7,
        t: true,
        nil: null,
        big: 10n,
        none: undefined,
        f: () => 1,
        s: Symbol('x'),
      },
    })
    expect({ ...parameters }).toEqual({
      'a.b.c.d': '{...}', 'list.0.0.0': '[...]', n: '7', t: 'true', nil: 'null', big: '10', f: 'a function', s: 'a symbol',
    }) // prettier-ignore
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`p${i}`, 'x']))
    expect(Object.keys(described({ request: request('/'), parameters: many }).parameters)).toHaveLength(50)
  })

  it('keep the name of a key of objects as a name', () => {
    const parameters = JSON.parse('{"__proto__":{"isAdmin":"yes"},"constructor":"c"}') as Record<string, unknown>
    const shown = described({ request: request('/?__proto__=q'), parameters })
    expect([shown.parameters['__proto__.isAdmin'], shown.parameters['constructor'], shown.query['__proto__']]).toEqual(['yes', 'c', 'q'])
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
  })
})

describe('a query in the log', () => {
  it.each<[string, Readonly<Record<string, string>>]>([
    ['?', {}],
    ['?a', { a: '' }],
    ['?=x', { '': 'x' }],
    ['?a=b=c', { a: 'b=c' }],
    ['?a=1&a=2', { a: '2' }],
    ['?&&&', { '': '' }],
    ['?a=%zz&b=%', { a: '%zz', b: '%' }],
    ['?a=x+y%20z', { a: 'x y z' }],
    ['?a=%0d%0aX:%20y', { a: '\\x0d\\x0aX: y' }],
    ['?%1b[31m=x', { '\\x1b[31m': 'x' }],
    ['?a=1?b=2', { a: '1?b=2' }],
    ['?a=1#frag', { a: '1#frag' }],
  ])('%s is %j', (query, expected) => {
    const { query: shown, path } = described({ request: request(`/x${query}`) })
    expect(path).toBe('/x')
    expect(shown['a']?.replace('#frag', '')).toBe(expected['a']?.replace('#frag', ''))
    expect(Object.keys(shown)).toEqual(Object.keys(expected))
  })

  it('is looked at up to fifty pairs and 8,192 characters, and each value up to 512', () => {
    const pairs = Array.from({ length: 80 }, (_, i) => `p${i}=1`).join('&')
    expect(Object.keys(described({ request: request(`/?${pairs}`) }).query)).toHaveLength(50)
    expect(described({ request: request(`/?a=${'x'.repeat(1_000_000)}`) }).query['a']).toHaveLength(512)
    expect(described({ request: request(`/${'y'.repeat(1_000_000)}`) }).path).toHaveLength(2_048)
  })
})

describe('texts of a request that must not come up in a message', () => {
  const secretsOf = (about: ErrorAbout): readonly string[] => describeAll(about).secrets

  it('are those of hidden parameters and of headers that sign in, as they came and as a URL has them', () => {
    const secrets = secretsOf({
      request: request('/?token=query%20secret', {
        authorization: 'Bearer bearer-secret',
        cookie: 'a=cookie-secret; b="quoted"',
        'x-api-key': 'key-secret',
      }),
      parameters: { password: 'body&secret', name: 'not one' },
    })
    for (const secret of ['query secret', 'query%20secret', 'bearer-secret', 'cookie-secret', 'key-secret', 'body&secret', 'body%26secret'])
      expect(secrets).toContain(secret)
    expect(secrets).not.toContain('not one')
  })

  it('have 4 to 1,024 characters, are at most 32, and come the longest first, so that none cuts another in two', () => {
    const parameters = Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`password${i}`, 'x'.repeat(i)]))
    const secrets = secretsOf({ parameters })
    expect(secrets.length).toBeLessThanOrEqual(32)
    expect(secrets.map((secret) => secret.length)).toEqual(secrets.map((secret) => secret.length).toSorted((a, b) => b - a))
    expect(Math.min(...secrets.map((secret) => secret.length))).toBe(4)
    expect(secretsOf({ parameters: { password: 'y'.repeat(1_025) } })).toEqual([])
    expect(secretsOf({ parameters: { password: 'y'.repeat(1_024) } })).toHaveLength(1)
    expect(secretsOf({ parameters: { password: 'abc' } })).toEqual([])
  })

  it('leave no trace in a message that repeats them, whatever they are made of', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[!-~]{6,60}$/), fc.constantFrom('', ' ', '"', '(', '='), (secret, around) => {
        const { secrets } = describeAll({ parameters: { password: secret } })
        expect(clean(`cannot take ${around}${secret}${around} here`, 500, secrets)).not.toContain(secret)
        expect(clean(`at /x?p=${encodeURIComponent(secret)}`, 500, secrets)).not.toContain(encodeURIComponent(secret))
      }),
      { numRuns: 200 },
    )
  })

  it('may be half a character: nothing is thrown', () => {
    expect(secretsOf({ parameters: { password: 'abc\ud800' } })).toEqual(['abc\ud800'])
  })
})

describe('headers in the log', () => {
  it('are those that were asked for, and hidden ones stay hidden whoever asks [ASVS 16.2.5]', () => {
    const headers = {
      host: 'app.example',
      authorization: `Bearer ${SECRET}`,
      cookie: `a=${SECRET}`,
      'x-trace': 't1',
      referer: `https://app.example/?token=${SECRET}`,
    }
    const asked = ['host', 'authorization', 'cookie', 'x-trace', 'x-none', 'referer']
    const shown = described({ request: request('/', headers) }, asked).headers
    expect({ ...shown }).toEqual({
      host: 'app.example',
      authorization: '***',
      cookie: '***',
      'x-trace': 't1',
      referer: 'https://app.example/?token=***',
    })
    expect(Object.keys(described({ request: request('/', headers) }).headers)).toEqual(['host', 'referer'])
  })

  it('of a referrer whose parameters are encoded hide them as well [ASVS 14.2.1]', () => {
    const referer = `https://app.example/?user%5Bpassword%5D=${SECRET}&next=%2Fcb%3Fcode%3D${SECRET}`
    expect(described({ request: request('/', { referer }) }).headers['referer']).not.toContain(SECRET)
  })
})
