import { ParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { leaksIn, NASTY_CALLS, PLANTED } from '../surfaces/fixtures/test-planted.js'
import { createErrorSerializer, createPublicProblem, SERVER_FAULT_DETAIL } from './index.js'

const masker = createMasker()
const serialize = createErrorSerializer({ masker })
const id = '0192F0AA-1B2C-7DEF-8123-456789ABCDEF'

describe('an error in a log', () => {
  it.each(NASTY_CALLS)('holds nothing of $title', ({ args }) => {
    const [first] = args()
    const text = JSON.stringify([serialize(first), serialize(Object.assign(new Error('x', { cause: first }), { first }))])
    expect(leaksIn(text)).toEqual([])
  })

  it('keeps what helps: type, message, stack, code, fields and causes', () => {
    const error = Object.assign(new RangeError('too big', { cause: new Error('below') }), { code: 'E_BIG', limit: 5 })
    expect(serialize(error)).toMatchObject({ type: 'RangeError', message: 'too big', code: 'E_BIG', limit: 5, cause: { message: 'below' } })
    expect(serialize(error).stack).toContain('errors.test.ts')
  })

  it.each([['text', 'text'], [undefined, 'undefined'], [null, 'null'], [5, '5'], [Symbol('s'), 'Symbol(s)']])('that is none is told as what was thrown: %s', (thrown, message) => {
    expect(serialize(thrown)).toEqual({ type: 'Thrown', message })
  }) // prettier-ignore

  it('that is an object without a message keeps its fields', () => {
    expect(serialize({ reason: 'x' })).toEqual({ type: 'Thrown', message: '', reason: 'x' })
  })
})

describe('a public problem', () => {
  const problem = createPublicProblem({
    masker,
    catalogue: {
      ORDER_CLOSED: { status: 409, title: 'The order is closed', detail: 'Open a new one.' },
      STORE_DOWN: { status: 503, title: 'The store does not answer', detail: 'never seen' },
      LOOSE: { status: 400, title: `Write to ${PLANTED.email}` },
    },
  })

  it('says of a fault inside always the same, whatever it was, and keeps the rest for the log [ASVS 16.5.1]', () => {
    const faults = [
      new Error(`no ${PLANTED.email}`),
      Object.assign(new Error('x'), { status: 502 }),
      Object.assign(new Error('y'), { code: 'STORE_UNKNOWN' }),
      'text',
      undefined,
      Object.assign(new Error('z'), { status: 200 }),
    ]
    const bodies = faults.map((fault) => JSON.stringify(problem(fault, id).body))
    expect(new Set(bodies)).toEqual(
      new Set([
        JSON.stringify({
          type: 'about:blank',
          title: 'Internal Server Error',
          status: 500,
          detail: SERVER_FAULT_DETAIL,
          instance: `urn:uuid:${id.toLowerCase()}`,
        }),
      ]),
    )
    const told = problem(Object.assign(new Error('disk full'), { password: PLANTED.password }), id)
    expect(told.log).toMatchObject({ correlationId: id, error: { message: 'disk full' } })
    expect(told.headers).toEqual({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    expect(leaksIn(JSON.stringify(told))).toEqual([])
  })

  it('says of an error with a code what the catalogue says, not what its message says', () => {
    expect(problem(Object.assign(new Error(`closed by ${PLANTED.email}`), { code: 'ORDER_CLOSED' }), id).body).toEqual({
      type: 'about:blank', title: 'The order is closed', status: 409, code: 'ORDER_CLOSED', detail: 'Open a new one.', instance: `urn:uuid:${id.toLowerCase()}`,
    }) // prettier-ignore
    expect(problem(Object.assign(new Error('x'), { code: 'STORE_DOWN' }), id).body).toMatchObject({
      status: 503,
      title: 'The store does not answer',
      detail: SERVER_FAULT_DETAIL,
    })
    expect(problem(new ParapetError('PPT_INVALID', 'name: too long'), id).body).toMatchObject({
      status: 422,
      code: 'PPT_INVALID',
      detail: 'name: too long',
    })
    expect(problem(new ParapetError('PPT_CONFIG_INVALID', 'PARAPET_PORT'), id).body).toMatchObject({
      status: 500,
      detail: SERVER_FAULT_DETAIL,
    })
  })

  it('says only the status of client errors that frameworks throw', () => {
    expect(problem(Object.assign(new Error(`bad ${PLANTED.password}`), { statusCode: 413, expose: true }), id).body).toEqual({
      type: 'about:blank', title: 'Payload Too Large', status: 413, instance: `urn:uuid:${id.toLowerCase()}`,
    }) // prettier-ignore
  })

  it('passes the masker even where the catalogue was careless, leaves an id out that is none, and never throws', () => {
    expect(leaksIn(JSON.stringify(problem(Object.assign(new Error('x'), { code: 'LOOSE' }), id).body))).toEqual([])
    expect(problem(new Error('x'), PLANTED.email).body).not.toHaveProperty('instance')
    const hostile = new Proxy({}, { get: () => { throw new Error('trap') } }) // prettier-ignore
    expect(problem(hostile, id).body.status).toBe(500)
    expect(problem({ code: 'constructor' }, id).body.status).toBe(500)
  })
})
