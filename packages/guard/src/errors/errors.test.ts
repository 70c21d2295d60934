import { ParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createErrors } from './errors.js'
import { publicError } from './public.js'
import type { ErrorAnswer, ErrorRecord, Errors, ErrorsOptions } from './types.js'

const AT = Date.UTC(2026, 10, 22, 4, 5, 6)
const ID = '01890000-0000-7000-8000-000000000001'

const world = (options: ErrorsOptions = {}): { readonly errors: Errors; readonly log: ErrorRecord[] } => {
  const log: ErrorRecord[] = []
  return { errors: createErrors({ clock: () => AT, log: (entry) => log.push(entry), ...options }), log }
}
const request = (
  over: { method?: string; url?: string; headers?: Record<string, string> } = {},
): {
  method: string
  url: string
  headers: Record<string, string>
  socket: { remoteAddress: string }
} => ({ method: 'GET', url: '/', headers: {}, socket: { remoteAddress: '127.0.0.1' }, ...over })

const parse = ({ body }: ErrorAnswer): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>

describe('what the client learns', () => {
  it('is a problem with a code, a time and the id of the request, and nothing else [ASVS 16.5.1]', () => {
    const { errors } = world()
    const answer = errors.answer(new Error('SELECT * FROM users failed', { cause: new Error('at db.internal') }), {
      id: ID,
      request: request(),
    })
    expect(answer.status).toBe(500)
    expect(answer.headers).toContainEqual(['Content-Type', 'application/problem+json'])
    expect(answer.headers).toContainEqual(['Cache-Control', 'no-store'])
    expect(parse(answer)).toEqual({
      type: 'https://parapet.dev/errors/PPT_INTERNAL',
      title: 'Something went wrong here',
      status: 500,
      code: 'PPT_INTERNAL',
      time: '2026-11-22T04:05:06.000Z',
      instance: `urn:uuid:${ID}`,
    })
  })

  it('is the same for every error that nobody made public, whatever its class, status and properties [ASVS 16.5.1]', () => {
    const { errors } = world()
    const bodies = new Set<string>()
    for (const thrown of [
      new TypeError('secret'),
      'secret',
      null,
      undefined,
      Object.assign(new Error('secret'), { status: 500, expose: true }),
      { status: 404, expose: true, message: 'secret' },
      Object.assign(new Error('secret'), { status: 200 }),
      Object.assign(new Error('secret'), { status: '404' }),
      Object.assign(new Error('secret'), { status: 99_999 }),
      Object.assign(new Error('secret'), { name: 'ParapetError', code: '__proto__' }),
      new ParapetError('PPT_CONFIG_INVALID', 'secret'),
    ])
      bodies.add(errors.answer(thrown, { id: ID }).body)
    expect(bodies.size).toBe(1)
    expect([...bodies][0]).not.toContain('secret')
  })

  it('keeps the words of an error that was made public, but not its cause', () => {
    const { errors } = world()
    const answer = errors.answer(publicError(409, 'This name is taken', { code: 'NAME_TAKEN', cause: new Error('users_name_key') }), {
      id: ID,
    })
    expect(parse(answer)).toMatchObject({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'NAME_TAKEN',
      detail: 'This name is taken',
    })
    expect(answer.body).not.toContain('users_name_key')
  })

  it('keeps the code and the detail of an error of the registry', () => {
    const { errors } = world()
    expect(parse(errors.answer(new ParapetError('PPT_INVALID', 'name: at most 40 characters')))).toMatchObject({
      status: 422,
      code: 'PPT_INVALID',
      title: 'A value is not allowed',
      detail: 'name: at most 40 characters',
    })
  })

  it.each([
    [400, 'PPT_REQUEST', 'Bad Request'],
    [404, 'PPT_NOT_FOUND', 'There is nothing here'],
    [413, 'PPT_BODY_TOO_LARGE', 'The body is too large'],
    [415, 'PPT_MEDIA_TYPE', 'The content type is not supported'],
    [418, 'PPT_REQUEST', "I'm a Teapot"],
    [431, 'PPT_REQUEST', 'Request Header Fields Too Large'],
    [499, 'PPT_REQUEST', 'Bad Request'],
  ])('keeps status %i of a framework, without the message, which quotes what came in', (status, code, title) => {
    const { errors } = world()
    for (const key of ['status', 'statusCode']) {
      const answer = errors.answer(Object.assign(new SyntaxError('Unexpected token < in {"card":"4111"}'), { [key]: status, expose: true }))
      expect([answer.status, answer.problem.code, answer.problem.title]).toEqual([status, code, title])
      expect(answer.body).not.toContain('Unexpected')
    }
  })

  it('shows the message where a framework says that it is for the client', () => {
    const { errors } = world()
    const koa = Object.assign(new Error('name required'), { name: 'BadRequestError', status: 400, expose: true })
    expect(errors.answer(koa).problem.detail).toBe('name required')
    const hono = Object.assign(new Error('not yours'), { name: 'Error', status: 403, getResponse: () => undefined })
    expect(errors.answer(hono).problem).toMatchObject({ status: 403, detail: 'not yours' })
    expect(errors.answer(Object.assign(new Error('hidden'), { status: 403 })).problem).not.toHaveProperty('detail')
  })

  it('bounds and masks even a public message', () => {
    const { errors } = world()
    const { problem } = errors.answer(publicError(400, `wrong\r\npassword=hunter2 ${'x'.repeat(10_000)}`))
    expect(problem.detail).toMatch(/^wrong\\x0d\\x0apassword=\*\*\* x/)
    expect(problem.detail).toHaveLength(500)
  })

  it('takes no id that is not one of ours', () => {
    const { errors } = world()
    for (const id of ['x', '"><script>', '', `${ID}\r\nX: y`])
      expect(errors.answer(new Error('x'), { id }).problem.instance).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  })
})

describe('publicError', () => {
  it.each([[200], [500], [302], [Number.NaN], [404.5]])('refuses status %d: a fault of ours is not for the client', (status) => {
    expect(() => publicError(status, 'x')).toThrow(/400 to 499/)
  })

  it.each(['name-taken', '', 'A B', 'x'.repeat(100), 'Å'])('refuses the code %j', (code) => {
    expect(() => publicError(400, 'x', { code })).toThrow(/NAME_TAKEN/)
  })

  it('is an Error with its cause, for those who catch it before', () => {
    const cause = new Error('why')
    expect(publicError(404, 'gone', { cause })).toMatchObject({ message: 'gone', status: 404, code: 'REFUSED', cause })
  })

  it('cannot be forged by a parsed body that is thrown', () => {
    const { errors } = world()
    const thrown: unknown = JSON.parse('{"name":"PublicError","status":400,"message":"<b>you won</b>","parapet.public":true,"expose":true}')
    expect(errors.answer(thrown).body).not.toContain('you won')
  })
})

describe('what the log gets', () => {
  it('is one entry with the error, its causes, the request and what the client was told', () => {
    const { errors, log } = world()
    errors.answer(new Error('outer', { cause: new Error('inner') }), {
      id: ID,
      request: request({
        method: 'POST',
        url: '/orders/7?page=2',
        headers: { 'user-agent': 'x', 'content-type': 'text/plain', 'x-other': 'y' },
      }),
      parameters: { params: { id: '7' }, body: { items: [{ sku: 'a' }] } },
    })
    expect(log).toHaveLength(1)
    expect(log[0]).toMatchObject({
      kind: 'request',
      at: AT,
      id: ID,
      status: 500,
      code: 'PPT_INTERNAL',
      error: { type: 'Error', message: 'outer', cause: { message: 'inner' } },
      request: { method: 'POST', path: '/orders/7' },
    })
    expect(log[0]?.request?.query).toEqual(Object.assign(Object.create(null) as object, { page: '2' }))
    expect({ ...log[0]?.request?.parameters }).toEqual({ 'params.id': '7', 'body.items.0.sku': 'a' })
    expect({ ...log[0]?.request?.headers }).toEqual({ 'user-agent': 'x', 'content-type': 'text/plain' })
  })

  it('holds no parameter, header or cookie that is hidden, wherever it comes up [ASVS 14.2.1, 16.2.5]', () => {
    const { errors, log } = world({ headers: ['authorization', 'cookie', 'x-api-key', 'referer'], hide: ['mothers_name', /case-\d+/] })
    const secrets = [
      'hunter2',
      'tok-from-header',
      'cookie-value-1',
      'api-key-value',
      'Elfriede',
      'reset-token-9',
      'nested-secret',
      'hunter two',
    ]
    errors.answer(
      new Error(`tried hunter2, tok-from-header, cookie-value-1, api-key-value, Elfriede, nested-secret, hunter%20two and case-77`, {
        cause: new Error('again hunter2'),
      }),
      {
        request: request({
          method: 'POST',
          url: '/login?reset_token=reset-token-9&mothers_name=Elfriede&passphrase=hunter+two&ok=1',
          headers: {
            authorization: 'Bearer tok-from-header',
            cookie: 'theme=dark; sid=cookie-value-1',
            'x-api-key': 'api-key-value',
            referer: 'https://shop.example/reset?token=reset-token-9',
          },
        }),
        parameters: { body: { password: 'hunter2', user: { secret: { deep: 'nested-secret' } }, passwords: ['hunter2'] } },
      },
    )
    const text = JSON.stringify(log)
    for (const secret of [...secrets, 'hunter%20two', 'case-77']) expect(text).not.toContain(secret)
    expect(log[0]?.request?.query).toMatchObject({ reset_token: '***', mothers_name: '***', ok: '1' })
    expect(log[0]?.request?.parameters).toMatchObject({ 'body.password': '***', 'body.user.secret.deep': '***', 'body.passwords.0': '***' })
    expect(log[0]?.request?.headers).toMatchObject({ authorization: '***', cookie: '***', 'x-api-key': '***' })
  })

  it('survives parameters that are hostile: cycles, getters, proxies, __proto__, thousands', () => {
    const { errors, log } = world()
    const cycle: Record<string, unknown> = { name: 'x' }
    cycle['self'] = cycle
    const hostile = {
      cycle,
      getter: Object.defineProperty({}, 'x', {
        enumerable: true,
        get: () => {
          throw new Error('x')
        },
      }),
      proxy: new Proxy({}, { ownKeys: () => [][0]! }),
      proto: JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":"c"}') as unknown,
      many: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i])),
      huge: 'x'.repeat(5_000_000),
      symbol: Symbol('s'),
      nothing: undefined,
      run: () => 1,
    }
    for (const parameters of Object.entries(hostile))
      expect(errors.answer(new Error('x'), { request: request(), parameters: Object.fromEntries([parameters]) }).status).toBe(500)
    expect(log).toHaveLength(Object.keys(hostile).length)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    for (const entry of log) expect(JSON.stringify(entry).length).toBeLessThan(60_000)
  })

  it('survives a request that is hostile: broken escapes, thousands of parameters, control characters', () => {
    const { errors, log } = world()
    errors.answer(new Error('x'), {
      request: request({
        url: `/%zz\u001b[2J?a=%zz&=x&__proto__=y&${'k=v&'.repeat(50_000)}`,
        headers: { 'user-agent': 'a\u001b[31m\r\nb' },
      }),
    })
    const text = JSON.stringify(log)
    expect(text.length).toBeLessThan(20_000)
    expect(text).not.toMatch(/\\u001b|\\r|\\n/)
    expect(log[0]?.request?.query).toHaveProperty('__proto__', 'y')
  })

  it('answers all the same when the request cannot be read, or the log fails', async () => {
    const warnings: Error[] = []
    const listener = (warning: Error): void => {
      warnings.push(warning)
    }
    process.on('warning', listener)
    const broken = createErrors({
      log: () => {
        throw new Error('the disk is full')
      },
    })
    expect(broken.answer(new Error('x'), { id: ID, request: { method: 'GET', url: '/', header: () => { throw new Error('gone') }, peer: undefined, secure: false } }).status).toBe(500) // prettier-ignore
    const late = createErrors({ log: () => Promise.reject(new Error('later')) })
    late.answer(new Error('x'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('warning', listener)
    // not lost without a word
    expect(warnings.filter(({ message }) => message.startsWith('errors.log failed'))).toHaveLength(2)
  })
})

describe('the page', () => {
  const browser = request({ headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } })

  it('is for browsers that ask for one, with a style under the nonce of the answer', () => {
    const { errors } = world()
    const { headers, body } = errors.answer(new Error('secret'), { id: ID, request: browser, nonce: 'abcdefghijklmnopqrstuv' })
    expect(headers).toContainEqual(['Content-Type', 'text/html; charset=utf-8'])
    expect(headers).toContainEqual(['Vary', 'Accept'])
    expect(body).toContain('<style nonce="abcdefghijklmnopqrstuv">')
    expect(body).toContain('<html lang="en">')
    expect(body).toContain('<meta name="color-scheme" content="light dark">')
    expect(body).toContain(ID)
    expect(body).not.toMatch(/secret|style=|<script|javascript:| on\w+=/)
  })

  it('goes without a style of its own rather than with a nonce that is none', () => {
    const { errors } = world()
    for (const nonce of [undefined, '"><script>', 'short', 'x'.repeat(500)]) {
      const about = nonce === undefined ? { request: browser } : { request: browser, nonce }
      expect(errors.answer(new Error('x'), about).body).not.toContain('<style')
    }
  })

  it('escapes every text [ASVS 1.2.1]', () => {
    const { errors } = world()
    const { body } = errors.answer(publicError(400, `<img src=x onerror=alert(1)> "quoted" 'single' & more`), { request: browser })
    expect(body).toContain('&lt;img src=x onerror=alert(1)&gt; &quot;quoted&quot; &#39;single&#39; &amp; more')
    expect(body).not.toContain('<img')
  })

  it('can be turned off', () => {
    const { errors } = world({ html: false })
    expect(errors.answer(new Error('x'), { request: browser }).headers).toContainEqual(['Content-Type', 'application/problem+json'])
    expect(errors.prefersHtml(browser)).toBe(false)
  })

  it.each([
    ['text/html', true],
    ['text/html,application/json', true],
    ['application/json, text/html;q=0.9', false],
    ['text/html;q=0', false],
    ['text/html;q=nonsense', false],
    ['TEXT/HTML', false],
    ['*/*', false],
    ['application/problem+json', false],
    ['text/*', false],
    ['', false],
    [`text/html,${'x/y,'.repeat(5_000)}`, false],
  ])('Accept: %s -> %j', (accept, expected) => {
    expect(world().errors.prefersHtml(request({ headers: { accept } }))).toBe(expected)
  })
})

describe('development', () => {
  const LOCAL = ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000']

  it('shows stack and parameters only when asked for by name, hidden ones as *** [ASVS 13.4.2]', () => {
    const about = {
      request: request({ url: '/x?password=hunter2&page=2', headers: { accept: 'text/html', authorization: 'Bearer tok-12345' } }),
      parameters: { body: { api_key: 'key-value-1' } },
    }
    const on = world({ development: true, publicOrigins: LOCAL }).errors
    expect(on.development).toBe(true)
    const thrown = new Error('<b>broken</b> by hunter2', { cause: new Error('deeper') })
    const page = on.answer(thrown, about).body
    expect(page).toContain('&lt;b&gt;broken&lt;/b&gt; by ***')
    expect(page).toContain('Caused by')
    expect(page).toContain('errors.test.ts')
    const json = JSON.stringify(on.answer(thrown, { ...about, request: { ...about.request, headers: {} } }).problem)
    expect(json).toContain('"page":"2"')
    for (const text of [page, json]) expect(text).not.toMatch(/hunter2|tok-12345|key-value-1/)
    expect(page).not.toContain('<b>')
    expect(world().errors.answer(thrown, about).body).not.toMatch(/broken|deeper|errors\.test/)
  })

  it.each([
    [['https://shop.example']],
    [['http://localhost:3000', 'https://shop.example']],
    [['http://localhost.evil.example']],
    [['http://192.168.1.5:3000']],
    [undefined],
  ])('is refused for %j: others would read it [ASVS 13.4.2]', (publicOrigins) => {
    expect(() => createErrors({ development: true, ...(publicOrigins === undefined ? {} : { publicOrigins }) })).toThrow(
      /errors\.development is true/,
    )
  })

  it('is not on because of NODE_ENV [ASVS 13.4.2]', () => {
    const before = process.env['NODE_ENV']
    process.env['NODE_ENV'] = 'development'
    try {
      expect(createErrors({ publicOrigins: LOCAL, log: () => undefined }).answer(new Error('secret')).body).not.toContain('secret')
    } finally {
      if (before === undefined) delete process.env['NODE_ENV']
      else process.env['NODE_ENV'] = before
    }
  })
})

describe('options', () => {
  it.each([
    [{ hidden: ['x'] }, /errors has no option "hidden"; it takes log, hide/],
    [{ log: 'console' }, /errors\.log is "console"/],
    [{ html: 'yes' }, /errors\.html is "yes"; give true or false/],
    [{ development: 1 }, /errors\.development is 1; give true or false/],
    [{ headers: 'host' }, /errors\.headers is "host"; give names of headers/],
    [{ hide: ['*'] }, /errors\.hide is "\*"/],
  ])('%j is refused by name when built', (options, message) => {
    expect(() => createErrors(options as ErrorsOptions)).toThrow(message)
  })
})
