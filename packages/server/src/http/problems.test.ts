import { ParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { toPublicError } from './problems.js'

const coded = (code: string, message = 'secret inside', extra: object = {}): Error => Object.assign(new Error(message), { code, ...extra })

describe('toPublicError', () => {
  it('shows our own errors with their detail, and never their cause [ASVS 16.5.1]', () => {
    const error = new ParapetError('PPT_INVALID', 'name: is missing', { cause: new Error('secret inside') })
    expect(toPublicError(error)).toEqual({ code: 'PPT_INVALID', detail: 'name: is missing' })
  })

  it('says how long to wait whenever waiting helps', () => {
    expect(toPublicError(Object.assign(new ParapetError('PPT_RATE_LIMITED'), { retryAfterSeconds: 7 })).retryAfter).toBe(7)
    for (const code of ['PPT_RATE_LIMITED', 'PPT_BACKPRESSURE', 'PPT_DATABASE_UNAVAILABLE'] as const)
      expect(toPublicError(new ParapetError(code)).retryAfter).toBeGreaterThan(0)
  })

  it('knows a database that is away by any of its signs', () => {
    for (const error of [
      coded('57P01'),
      coded('57P03'),
      coded('08006'),
      coded('53300'),
      coded('ECONNREFUSED'),
      new Error('Connection terminated unexpectedly'),
      new AggregateError([coded('ECONNREFUSED')]),
    ]) {
      expect(toPublicError(error)).toMatchObject({ code: 'PPT_DATABASE_UNAVAILABLE' })
    }
  })

  it('hides everything else behind one code [ASVS 16.5.1]', () => {
    for (const error of [
      new Error('secret inside'),
      coded('23505'),
      coded('42P01'),
      'secret inside',
      undefined,
      null,
      { code: 'PPT_INVALID', detail: 'secret inside' },
      new TypeError('secret inside'),
    ]) {
      expect(toPublicError(error)).toEqual({ code: 'PPT_INTERNAL' })
    }
  })

  it('names the field of a refused value and not the value', () => {
    const error = Object.assign(coded('FST_ERR_VALIDATION'), {
      validation: [
        { instancePath: '/password', message: 'too short' },
        { instancePath: '', message: 'unrecognized' },
      ],
      validationContext: 'body',
    })
    expect(toPublicError(error)).toEqual({ code: 'PPT_INVALID', detail: 'body: password: too short; unrecognized' })
  })

  it('names an unknown field only where its name is a plain word, and never more than three', () => {
    const detail = (keys: unknown) =>
      toPublicError(
        Object.assign(coded('FST_ERR_VALIDATION'), {
          validation: [{ instancePath: '', keyword: 'unrecognized_keys', message: `Unrecognized: ${String(keys)}`, params: { keys } }],
        }),
      ).detail
    expect(detail(['durration'])).toBe('not known: durration')
    for (const hostile of [['<script>'], ['a\nb'], ['\u001b[31m'], ['k'.repeat(41)], [], 'text', undefined])
      expect(detail(hostile)).toBe('holds a field that is not known')
    expect(detail(Array.from({ length: 5_000 }, (_, n) => `k${n}`))).toBe('not known: k0, k1, k2')
  })

  it('bounds what it says, however long the words of a schema get', () => {
    const validation = Array.from({ length: 100 }, () => ({ instancePath: `/${'f'.repeat(5_000)}`, message: 'm'.repeat(5_000) }))
    expect(toPublicError(Object.assign(coded('FST_ERR_VALIDATION'), { validation })).detail?.length).toBeLessThan(2_000)
  })

  it('translates what the framework says', () => {
    expect(toPublicError(coded('FST_ERR_CTP_BODY_TOO_LARGE')).code).toBe('PPT_BODY_TOO_LARGE')
    expect(toPublicError(coded('FST_ERR_CTP_INVALID_MEDIA_TYPE')).code).toBe('PPT_MEDIA_TYPE')
    expect(toPublicError(coded('FST_ERR_BAD_URL')).code).toBe('PPT_NOT_FOUND')
  })
})
