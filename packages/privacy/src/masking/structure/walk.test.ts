import { EventEmitter } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testDeps } from './fixtures/test-structure-deps.js'
import { createStructurePass } from './walk.js'

fc.configureGlobal({ seed: 20_261_121 })

const mask = createStructurePass(testDeps)

describe('the structured pass hides', () => {
  it('what a key names at any depth and in any spelling', () => {
    expect(
      mask({ a: [{ b: { apiKey: 'k', api_key: 'k', 'X-Api-Key': 'k', APIKEY: 'k', openai_api_key: 'k' } }], monkey: 'm', tokenCount: 5 }),
    ).toEqual({
      a: [{ b: { apiKey: '[api-key]', api_key: '[api-key]', 'X-Api-Key': '[api-key]', APIKEY: '[api-key]', openai_api_key: '[api-key]' } }],
      monkey: 'm',
      tokenCount: 5,
    })
  })

  it('everything below such a key, but keeps its shape and what only says yes, no or nothing', () => {
    expect(mask({ cookies: { sid: 'a', seen: [1, 2n, true, null, undefined, ''] }, password: null, pin: 1234, otp: false })).toEqual({
      cookies: { sid: '[cookie]', seen: ['[cookie]', '[cookie]', true, null, undefined, ''] },
      password: null,
      pin: '[pin]',
      otp: false,
    })
  })

  it('values of headers that stand as a flat list, as entries, or as name and value', () => {
    expect(mask({ rawHeaders: ['Host', 'a', 'authorization', 'Bearer x', 'Cookie', 'b=c', 'accept', '*/*'] })).toEqual({
      rawHeaders: ['Host', 'a', 'authorization', '[authorization]', 'Cookie', '[cookie]', 'accept', '*/*'],
    })
    expect(mask([['Authorization', 'x'], ['accept', 'y']])).toEqual([['Authorization', '[authorization]'], ['accept', 'y']]) // prettier-ignore
    expect(mask({ headers: [{ value: 'x', name: 'X-Api-Key' }, { key: 'accept', value: 'y' }] })).toEqual({
      headers: [{ value: '[api-key]', name: 'X-Api-Key' }, { key: 'accept', value: 'y' }],
    }) // prettier-ignore
  })

  it('text anywhere: in values, keys, maps, sets, symbols, URLs, patterns, dates of hidden keys and boxed values', () => {
    const masked = mask({
      'leak@key': 1,
      list: ['leak1'],
      map: new Map<unknown, unknown>([['password', 'x'], ['leak2', 'leak3'], [{ token: 't' }, 1]]),
      set: new Set(['leak4', 'ok']),
      symbol: Symbol('leak5'),
      url: new URL('https://a.example/leak6'),
      pattern: /leak7/,
      dob: new Date(0),
      // eslint-disable-next-line no-new-wrappers, unicorn/new-for-builtins -- what some libraries log
      boxed: new String('leak8'),
    }) as Record<string, unknown> // prettier-ignore
    expect(masked).toMatchObject({
      list: ['[TEXT]'],
      symbol: 'Symbol([TEXT])',
      url: 'https://a.example/[TEXT]',
      pattern: '/[TEXT]/',
      dob: '[date-of-birth]',
    })
    expect(masked['boxed']).toBe('[TEXT]')
    expect(masked['map']).toEqual(new Map<unknown, unknown>([['password', '[password]'], ['[TEXT]', '[TEXT]'], [{ token: '[token]' }, 1]])) // prettier-ignore
    expect(masked['set']).toEqual(new Set(['[TEXT]', 'ok']))
    expect(Object.keys(masked)).toContain('[TEXT]@key')
  })

  it('fields of headers, forms and queries, which hide their content from a plain walk', () => {
    const form = new FormData()
    form.append('password', 'x')
    expect(
      mask({
        headers: new Headers({ authorization: 'Bearer x', accept: 'y' }),
        query: new URLSearchParams('token=x&page=2&page=3'),
        form,
        request: new Request('https://a.example/leak', { headers: { cookie: 'x', 'x-api-key': 'y' } }),
        response: new Response('body', { status: 201, headers: { 'set-cookie': 'x' } }),
      }),
    ).toEqual({
      headers: { authorization: '[authorization]', accept: 'y' },
      query: { token: '[token]', page: ['2', '3'] },
      form: { password: '[password]' },
      request: { method: 'GET', url: 'https://a.example/[TEXT]', headers: { cookie: '[cookie]', 'x-api-key': '[api-key]' } },
      response: { status: 201, url: '', headers: { 'set-cookie': '[cookie]', 'content-type': 'text/plain;charset=UTF-8' } },
    })
  })

  it('long digits, which may be a card, and leaves other numbers numbers', () => {
    const digits = createStructurePass({ ...testDeps, maskText: (value) => (value === '4111111111111111' ? '[CARD]' : value) })
    expect(digits({ a: 4_111_111_111_111_111, b: 4111111111111111n, c: 1_700_000_000_000, d: 4503.8734, e: Number.NaN, f: 12n, g: -0 })).toEqual({
      a: '[CARD]', b: '[CARD]', c: 1_700_000_000_000, d: 4503.8734, e: Number.NaN, f: 12n, g: -0,
    }) // prettier-ignore
  })
})

describe('the structured pass never walks', () => {
  it('bytes, streams, sockets, agents, servers, keys and emitters', async () => {
    const server = createServer((_request, response) => response.end('x'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const seen = await new Promise<unknown>((resolve) => {
      const client = httpRequest({ port, headers: { authorization: 'Bearer leak', 'x-note': 'leak' } }, (answer) => {
        answer.resume()
        resolve(mask({ client, answer, socket: client.socket, agent: new Agent(), server, own: new EventEmitter() }))
      })
      client.end()
    })
    server.close()
    expect(seen).toMatchObject({
      client: '[ClientRequest]',
      socket: '[Socket]',
      agent: '[Agent]',
      server: '[Server]',
      own: '[EventEmitter]',
    })
    expect(seen).toMatchObject({ answer: { statusCode: 200 } })
    expect(mask([Buffer.from('leak'), new Uint16Array(4), new ArrayBuffer(3), Readable.from([]), Promise.resolve(1), new WeakMap(), () => 1, { type: 'Buffer', data: [1, 2] }])).toEqual([
      '[Buffer 4 bytes]', '[Uint16Array 8 bytes]', '[ArrayBuffer 3 bytes]', '[Readable]', '[Promise]', '[WeakMap]', '[Function]', '[Buffer 2 bytes]',
    ]) // prettier-ignore
    expect(JSON.stringify(seen)).not.toMatch(/leak/)
  })

  it('the request and the answer of a server beyond head and headers', async () => {
    const seen = await new Promise<unknown>((resolve) => {
      const server = createServer((request, response) => {
        response.setHeader('set-cookie', 'sid=leak')
        resolve(mask({ req: request, res: response }))
        response.end()
      })
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        void fetch(`http://127.0.0.1:${port}/a?b=leak`, { headers: { authorization: 'Bearer leak' } }).finally(() => server.close())
      })
    })
    expect(seen).toMatchObject({
      req: { method: 'GET', url: '/a?b=[TEXT]', headers: { authorization: '[authorization]' } },
      res: { statusCode: 200, headers: { 'set-cookie': '[cookie]' } },
    })
    expect(JSON.stringify(seen)).not.toMatch(/leak/)
  })
})

describe('the structured pass withstands', () => {
  it('cycles, depth, size, endless iterators and endless toJSON', () => {
    const loop: Record<string, unknown> = { a: 1 }
    loop['self'] = loop
    expect(mask(loop)).toEqual({ a: 1, self: '[Circular]' })
    let deep: unknown = 'leak'
    for (let i = 0; i < 100_000; i++) deep = { deep }
    expect(JSON.stringify(mask(deep))).toContain('[Too deep]')
    const wide = mask(Array.from({ length: 1_000_000 }, () => 'x')) as string[]
    expect(wide.length).toBeLessThan(20_002)
    expect(wide.at(-1)).toBe('[Truncated]')
    const endless: { toJSON: () => unknown } = { toJSON: () => ({ ...endless }) }
    expect(mask(endless)).toBe('[Too deep]')
    const shared = { x: 'leak' }
    expect(mask([shared, shared])).toEqual([{ x: '[TEXT]' }, { x: '[TEXT]' }])
    let bomb: unknown = 'x'
    for (let i = 0; i < 22; i++) bomb = [bomb, bomb, bomb, bomb]
    expect(JSON.stringify(mask(bomb)).length).toBeLessThan(2_000_000)
  })

  it('getters and proxies that throw, revoked proxies, and classes with traps: a marker, never the value', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const throwing = new Proxy({}, { ownKeys: () => { throw new Error('leak') } }) // prettier-ignore
    expect(
      mask({
        get bad(): string {
          throw new Error('leak')
        },
        good: 1,
        proxy,
        throwing,
        json: { toJSON: () => { throw new Error('leak') } }, // prettier-ignore
        name: Object.defineProperty(Object.create({ constructor: { name: 'leak leak' } }) as object, 'x', { value: 'leak', enumerable: true }),
        through: new Proxy({ password: 'leak', a: 'b' }, {}),
      }),
    ).toEqual({
      bad: '[Unreadable]', good: 1, proxy: '[Unreadable]', throwing: '[Unreadable]', json: '[Unreadable]', name: { x: '[TEXT]' }, through: { password: '[password]', a: 'b' },
    }) // prettier-ignore
  })

  it('a masker of text that fails: closed', () => {
    const broken = createStructurePass({ ...testDeps, maskText: () => { throw new Error('x') } }) // prettier-ignore
    expect(broken('leak')).toBe('[Unreadable]')
    expect(JSON.stringify(broken({ a: ['leak'], leaking: 1 }))).not.toContain('leak')
  })

  it('keys of the language, without touching a prototype [ASVS 15.3.6]', () => {
    const masked = mask(JSON.parse('{"__proto__":{"password":"x","admin":true},"constructor":"y"}')) as Record<string, unknown>
    expect(Object.getPrototypeOf(masked)).toBe(Object.prototype)
    expect(JSON.stringify(masked)).toBe('{"__proto__":{"password":"[password]","admin":true},"constructor":"y"}')
    expect(mask(Object.assign(Object.create(null) as object, { token: 'x' }))).toEqual({ token: '[token]' })
  })

  it('two keys that are the same after masking: both stay', () => {
    expect(Object.keys(mask({ leak11: 1, leak22: 2, leak33: 3 }) as object)).toEqual(['[TEXT]', '[TEXT]#2', '[TEXT]#3'])
  })

  it('texts too long to look at', () => {
    expect(createStructurePass({ ...testDeps, limits: { text: 10 } })({ a: 'leakleakleak', password: 'x'.repeat(11) })).toEqual({
      a: '[UNSCANNED 12 bytes]',
      password: '[UNSCANNED 11 bytes]',
    })
  })

  it('any value: it never throws, changes nothing that came in, and leaks no planted word', () => {
    const leaf = fc.oneof(fc.constant('leakage'), fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.date(), fc.bigInt())
    const key = fc.oneof(fc.constantFrom('password', 'x', 'headers', 'leaky', '__proto__', 'toJSON', 'length', 'stack'), fc.string())
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { maxKeys: 4 }), fc.dictionary(fc.constantFrom('password', 'code', 'cause', 'message', 'leaky'), tie('value'), { maxKeys: 2 }).map((fields) => Object.assign(new Error('leaking'), fields))),
    })) // prettier-ignore
    fc.assert(
      fc.property(value, (given) => {
        const before = JSON.stringify(given, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each))
        const masked = JSON.stringify(mask(given), (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? ''
        expect(masked).not.toMatch(/leak/)
        expect(JSON.stringify(given, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each))).toBe(before)
      }),
      { numRuns: 500 },
    )
  })
})

describe('paths', () => {
  it('hide what no rule knows, and show what a rule would hide', () => {
    const byPath = createStructurePass({
      ...testDeps,
      paths: ['req.headers.*', 'items[*].note', '!user.displayEmail', '!cookies.theme', '!open.**.x'],
    })
    expect(
      byPath({
        req: { headers: { accept: 'a', 'x-y': ['b', 1] }, url: '/' },
        items: [{ note: 'n', id: 1 }],
        user: { displayEmail: 'leak@example.org', email: 'e' },
        cookies: { theme: 'dark', sid: 's' },
      }),
    ).toEqual({
      req: { headers: { accept: '[path]', 'x-y': ['[path]', '[path]'] }, url: '/' },
      items: [{ note: '[path]', id: 1 }],
      user: { displayEmail: 'leak@example.org', email: '[email]' },
      cookies: { theme: 'dark', sid: '[cookie]' },
    })
  })

  it('of an action that drops leave the key out', () => {
    const dropping = createStructurePass({ ...testDeps, replace: () => null })
    expect(dropping({ password: 'x', a: 1, tokens: ['b'], cookies: ['x', 'y', true], map: new Map([['pin', '1']]) })).toEqual({
      a: 1,
      tokens: ['b'],
      cookies: [true],
      map: new Map(),
    })
  })

  it('and roles that show a value leave it as it is, numbers as numbers', () => {
    const showing = createStructurePass({ ...testDeps, replace: (_what, value) => value })
    expect(showing({ pin: 1234, password: 'x' })).toEqual({ pin: 1234, password: 'x' })
  })
})

describe('errors', () => {
  it('are shown with type, message, stack, fields, causes and inner errors, all masked', () => {
    const error = Object.assign(new TypeError('leak one', { cause: Object.assign(new Error('leak two'), { password: 'p' }) }), {
      code: 'E_X',
      token: 't',
      status: 400,
    })
    expect(mask(error)).toMatchObject({
      type: 'TypeError',
      message: '[TEXT] one',
      code: 'E_X',
      token: '[token]',
      status: 400,
      cause: { type: 'Error', message: '[TEXT] two', password: '[password]' },
    })
    expect((mask(error) as { stack: string }).stack).toMatch(/^TypeError: \[TEXT\] one\n\s+at /)
    expect(mask({ e: new AggregateError([new Error('leak'), 'leak'], 'leak all') })).toMatchObject({
      e: { type: 'AggregateError', message: '[TEXT] all', errors: [{ message: '[TEXT]' }, '[TEXT]'] },
    })
  })

  it('that point at each other end', () => {
    const [a, b] = [new Error('a'), new Error('b')]
    a.cause = b
    b.cause = a
    expect(mask(a)).toMatchObject({ cause: { message: 'b', cause: '[Circular]' } })
  })

  it.each([
    [
      'axios',
      {
        isAxiosError: true,
        config: { headers: { Authorization: 'Bearer leak', Accept: 'a' }, data: 'leak', auth: { username: 'u', password: 'leakless' } },
        request: new Agent(),
        response: { status: 401, headers: { 'set-cookie': ['leaking'] }, data: { access_token: 'x' } },
      },
      {
        config: { headers: { Authorization: '[authorization]', Accept: 'a' }, data: '[TEXT]' },
        request: '[Agent]',
        response: { headers: { 'set-cookie': ['[cookie]'] }, data: { access_token: '[token]' } },
      },
    ],
    [
      'got',
      {
        options: { headers: { 'x-api-key': 'k' }, url: new URL('https://u.example/leak') },
        response: { statusCode: 500, rawBody: Buffer.from('leak') },
      },
      { options: { headers: { 'x-api-key': '[api-key]' }, url: 'https://u.example/[TEXT]' }, response: { rawBody: '[Buffer 4 bytes]' } },
    ],
    [
      'node:http',
      { _header: 'GET / HTTP/1.1\r\nauthorization: Basic bGVhaw==\r\n', _currentRequest: { a: 'leak' } },
      { _header: '[REDACTED]', _currentRequest: '[REDACTED]' },
    ],
    [
      'undici',
      { headers: ['authorization', 'Bearer x', 'date', 'today'], statusCode: 401, body: { token: 'x' } },
      { headers: ['authorization', '[authorization]', 'date', 'today'], body: { token: '[token]' } },
    ],
    [
      'pg',
      {
        severity: 'ERROR',
        code: '23505',
        detail: 'Key (email, phone)=(anna@example.org, 030 (12) 3) already exists.',
        parameters: ['anna'],
      },
      { detail: 'Key (email, phone)=([REDACTED]) already exists.', parameters: '[REDACTED]' },
    ],
    ['pg', { code: '23514', detail: 'Failing row contains (1, Anna, hunter2).' }, { detail: 'Failing row contains ([REDACTED])' }],
  ])('of %s hide what they repeat of request and row', (_client, fields, expected) => {
    const masked = mask(Object.assign(new Error('failed'), fields))
    expect(masked).toMatchObject(expected)
    expect(JSON.stringify(masked)).not.toMatch(/leak|hunter2|anna|030/)
  })

  it('of another realm, and things that only look like errors, are errors', () => {
    expect(mask({ name: 'Fetch failed leak', message: 'leak', stack: 'Error: leak\n at x', password: 'p' })).toMatchObject({
      message: '[TEXT]',
      password: '[password]',
    })
    class Odd extends Error {
      override get message(): string {
        throw new Error('leak')
      }
    }
    expect(JSON.stringify(mask(new Odd()))).not.toContain('leak')
  })
})
