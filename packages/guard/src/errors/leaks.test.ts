import { ERRORS, type ErrorCode, ParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createErrors } from './errors.js'
import { createHider } from './hide.js'
import { publicError, publicShape } from './public.js'
import type { ErrorProblem, ErrorRecord } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const AT = Date.UTC(2026, 10, 22, 4, 5, 6)
/** What came in, wherever it stands: it must come up in no answer. */
const CANARY = 'canary7f3a'
const quiet = { clock: () => AT, log: () => undefined } as const
const PROBLEM = ['type', 'title', 'status', 'code', 'time', 'instance'] as const
/** Nothing in it is hidden by name: an answer that held it would show it. */
const request = (accept: string) => ({
  method: 'POST',
  url: `/${CANARY}?q=${CANARY}#${CANARY}`,
  headers: { accept, host: CANARY, 'user-agent': CANARY, referer: `https://${CANARY}/`, [CANARY]: CANARY },
  socket: { remoteAddress: CANARY },
})

describe('the answer to an error', () => {
  const thrown: fc.Arbitrary<unknown> = fc
    .record({
      error: fc.constantFrom(Error, TypeError, SyntaxError, RangeError, URIError, EvalError),
      status: fc.option(fc.oneof(fc.integer({ min: 100, max: 700 }), fc.constantFrom('404', Number.NaN, Infinity, null, {}))),
      key: fc.constantFrom('status', 'statusCode', 'httpStatus'),
      more: fc.constantFrom({}, { code: CANARY }, { detail: CANARY }, { title: CANARY, type: CANARY, instance: CANARY }, { body: CANARY }),
      cause: fc.constantFrom(undefined, CANARY, new Error(CANARY), { CANARY }),
    })
    .map(({ error: Made, status, key, more, cause }) =>
      Object.assign(new Made(CANARY, { cause }), more, status === null ? {} : { [key]: status }),
    )

  it('never holds what came in, nor what an error says of it, in JSON and in HTML [ASVS 16.5.1]', () => {
    const errors = createErrors(quiet)
    fc.assert(
      fc.property(fc.oneof(thrown, fc.anything(), fc.constant(CANARY)), fc.constantFrom('text/html', '*/*'), (error, accept) => {
        const about = { request: request(accept), parameters: { [CANARY]: CANARY, deep: { list: [CANARY] } } }
        const { body, headers, problem } = errors.answer(error, about)
        expect(JSON.stringify([body, headers, problem])).not.toContain(CANARY)
      }),
      { numRuns: 400 },
    )
  })

  it('is the same document whatever was thrown, but for its status: no field comes or goes with a secret', () => {
    const errors = createErrors(quiet)
    fc.assert(
      fc.property(thrown, (error) => {
        const { problem, status } = errors.answer(error)
        expect(Object.keys(problem)).toEqual(PROBLEM)
        expect([status, status >= 400 && status <= 599]).toEqual([problem.status, true])
        expect(problem.type).toBe(`https://parapet.dev/errors/${problem.code}`)
        expect(Object.hasOwn(ERRORS, problem.code)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('is valid JSON and one line, whatever a public message holds', () => {
    const errors = createErrors(quiet)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\u2028', '"},"x":"', '</script>')), (message) => {
        const { body } = errors.answer(publicError(400, message))
        expect(body).not.toMatch(/[\r\n]/)
        expect((JSON.parse(body) as ErrorProblem).status).toBe(400)
        expect(Buffer.from(body).toString()).toBe(body)
      }),
    )
  })

  it('refers to the entry in the log, which has what the answer has not', () => {
    const log: ErrorRecord[] = []
    const errors = createErrors({ clock: () => AT, log: (entry) => log.push(entry) })
    const { problem } = errors.answer(new Error(CANARY, { cause: new Error('disk full') }), { request: request('*/*') })
    expect(log).toHaveLength(1)
    expect(problem.instance).toBe(`urn:uuid:${log[0]?.id}`)
    expect(log[0]).toMatchObject({ kind: 'request', at: AT, status: 500, error: { message: CANARY, cause: { message: 'disk full' } } })
  })
})

describe('the status of an answer', () => {
  it('is the one of the error from 400 to 599, and 500 for any other number', () => {
    for (let status = 0; status < 1_000; status++) {
      const shape = publicShape(Object.assign(new Error('x'), { status }))
      expect(shape.status).toBe(status >= 400 && status <= 599 ? status : 500)
      expect(shape.code === 'PPT_INTERNAL').toBe(shape.status >= 500)
      expect(shape.title).not.toBe('')
    }
  })

  it('is read from `status` first, then from `statusCode`, and from nothing that is no whole number', () => {
    const of = (fields: object): number => publicShape(Object.assign(new Error('x'), fields)).status
    expect(of({ status: 404, statusCode: 410 })).toBe(404)
    expect(of({ status: 200, statusCode: 410 })).toBe(410)
    for (const status of ['404', 404.5, 404n, [404], { valueOf: () => 404 }, Number.NaN, -404, true, null]) expect(of({ status })).toBe(500)
  })

  it('of one that hides itself behind getters and proxies is 500, and nothing is thrown', () => {
    const trap = (): never => {
      throw new Error('trap')
    }
    const hostile = [
      Object.defineProperty(new Error('x'), 'status', { get: trap }),
      new Proxy(new Error('x'), { get: trap }),
      new Proxy(new Error('x'), { getPrototypeOf: trap }),
      Object.assign(Object.create(null), { status: 404 }),
    ]
    for (const error of hostile) expect(publicShape(error)).toMatchObject({ status: 500, code: 'PPT_INTERNAL', detail: undefined })
  })

  it.each(Object.keys(ERRORS) as ErrorCode[])('of %s is that of the registry, and its detail is told below 500 only', (code) => {
    const { status, message } = ERRORS[code]
    const shape = publicShape(new ParapetError(code, 'a detail'))
    const type = `https://parapet.dev/errors/${code}`
    const hidden = { ...publicShape(undefined), status }
    expect(shape).toEqual(status >= 500 ? hidden : { type, title: message, status, code, detail: 'a detail' })
  })
})

describe('an error that is made public', () => {
  it('has a status from 400 to 499, and no other', () => {
    for (const status of [400, 404, 499])
      expect(publicShape(publicError(status, 'm'))).toMatchObject({ status, detail: 'm', code: 'REFUSED' })
    for (const status of [399, 500, 200, 0, -400, 400.5, Number.NaN, Infinity, '404'])
      expect(() => publicError(status as number, 'm')).toThrow('give a status from 400 to 499')
  })

  it.each(['NAME_TAKEN', 'A', 'A1', 'A'.repeat(64)])('may have the code %s', (code) => {
    expect(publicShape(publicError(400, 'm', { code })).code).toBe(code)
  })

  it.each(['', 'a', '1A', '_A', 'A-B', 'A B', 'A\n', 'A'.repeat(65), '__proto__', 'Ä'])('never has the code %j', (code) => {
    expect(() => publicError(400, 'm', { code })).toThrow('give a code such as NAME_TAKEN')
  })

  it('without words says what its status says', () => {
    expect(publicShape(publicError(404, ''))).toMatchObject({ code: 'PPT_NOT_FOUND', detail: undefined })
  })

  it('is none by a property that anybody can send: the mark is a symbol', () => {
    for (const mark of ['parapet.public', 'Symbol(parapet.public)', 'PUBLIC', 'public', 'expose'])
      expect(publicShape(Object.assign(new TypeError(CANARY), { status: 400, [mark]: true })).detail).toBeUndefined()
    // JSON makes no symbols
    const sent: unknown = JSON.parse(JSON.stringify(publicError(400, CANARY)))
    expect(publicShape(Object.assign(new TypeError('x'), sent)).detail).toBeUndefined()
  })
})

describe('secrets in URLs that stand in a text', () => {
  const { text } = createHider()

  it.each([
    ['https://app.example/?user%5Bpassword%5D=hunter2', 'hunter2'],
    ['https://app.example/?user%5bpassword%5d=hunter2&x=1', 'hunter2'],
    ['/login?next=https%3A%2F%2Fapp.example%2Fcb%3Fcode%3Dhunter2', 'hunter2'],
    ['/login?next=%2Fcb%3Fstate%3D1%26access_token%3Dhunter2', 'hunter2'],
    ['body: %7B%22password%22%3A%22hunter2%22%7D', 'hunter2'],
    ['body: %7B%22password%22%3A%20%22hunter2%22%7D', 'hunter2'],
    ['form: password+=+hunter2', 'hunter2'],
    ['https://app.example/cb?sid=hunter2', 'hunter2'],
    ['https://anna:hunter2@app.example/', 'hunter2'],
  ])('%s: the value is hidden, and what it belongs to is not [ASVS 14.2.1]', (given, secret) => {
    const shown = text(given)
    expect(shown).not.toContain(secret)
    expect(shown).toContain('***')
    expect(shown.slice(0, 5)).toBe(given.slice(0, 5))
  })

  it.each([
    'https://app.example/?page%5Bsize%5D=20',
    '/search?q=monkey%3Dbanana',
    'state%3A%20ready',
    '50%25 of the keys',
    'a%zz=b',
    'https://app.example/%5B%5D%5B%5D',
    'the passage: 7',
  ])('%s holds none, and stays as it is', (given) => {
    expect(text(given)).toBe(given)
  })

  it('are hidden under any name of the list, encoded in part or not', () => {
    const names = ['password', 'api_key', 'access_token', 'client-secret', 'otp', 'sessionid', 'csrf', 'iban', 'pin', 'cvv']
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom('?', '&', '%3F', '%26', '%3f', '{"', '%7B%22', ' '),
        fc.constantFrom('=', '%3D', '%3d', '":"', '%22%3A%22', ']=', '%5D='),
        fc.stringMatching(/^[\w.~-]{8,40}$/),
        (name, before, sign, value) => {
          const shown = text(`x${before}${name}${sign}${value}`)
          expect(shown).not.toContain(value)
          expect(shown).toContain(name)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('cost no more for a text made to look like one throughout', () => {
    const began = performance.now()
    for (const piece of ['%5D', '%22%22', 'a%3D', '+', 'a%20%20%20', 'password%5D%5D%5D', '%3', 'a%22 '])
      expect(text(piece.repeat(16_384)).length).toBeGreaterThan(0)
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})

describe('a pattern of the application', () => {
  it.each([/EMP-\d+/, /EMP-\d+/g, /EMP-\d+/y, /EMP-\d+/gy, /emp-\d+/i, /emp-\d+/iy, /EMP-\d+/u])(
    '%s hides every place, not the first one only',
    (pattern) => {
      const { text } = createHider([pattern])
      expect(text('of EMP-1 and EMP-22, EMP-333')).toBe('of *** and ***, ***')
      // and a second time: no place is remembered from one text to the next
      expect(text('EMP-1')).toBe('***')
      expect(text('EMP-1')).toBe('***')
    },
  )
})
