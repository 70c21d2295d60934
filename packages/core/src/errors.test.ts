import { describe, expect, it } from 'vitest'
import { ERRORS } from './error-registry.js'
import { type ErrorCode, isParapetError, ParapetError, toProblem } from './errors.js'

const entries = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][]

describe('the registry', () => {
  it.each(entries)('%s has a status, a sentence without its own end, and a way out', (code, { status, message, fix }) => {
    expect(code).toMatch(/^PPT_[A-Z0-9]+(?:_[A-Z0-9]+)*$/)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(message).toMatch(/^[A-Z].*[^.!\s]$/)
    expect(fix).toMatch(/^[A-Z].*\.$/)
  })

  it('says each thing once', () => {
    expect(new Set(entries.map(([, { message }]) => message)).size).toBe(entries.length)
  })
})

describe('ParapetError', () => {
  it('shows the public sentence and the detail, and keeps the cause to itself', () => {
    const cause = new Error('password=hunter2')
    const error = new ParapetError('PPT_CONFIG_INVALID', 'port', { cause })
    expect(error.message).toBe('A setting is not valid: port')
    expect([error.code, error.status, error.detail]).toEqual(['PPT_CONFIG_INVALID', 500, 'port'])
    expect(error.cause).toBe(cause)
    expect(JSON.stringify(toProblem(error.code, { detail: error.detail }))).not.toContain('hunter2')
  })

  it('is known by its name, also when another copy of the package made it', () => {
    const foreign = Object.assign(new Error('x'), { name: 'ParapetError', code: 'PPT_INVALID' })
    expect(isParapetError(new ParapetError('PPT_INVALID'))).toBe(true)
    expect(isParapetError(foreign)).toBe(true)
    for (const other of [
      new Error('x'),
      { name: 'ParapetError', code: 'PPT_INVALID' },
      Object.assign(new Error('x'), { code: 'PPT_X' }),
      null,
      'PPT_INVALID',
    ]) {
      expect(isParapetError(other)).toBe(false)
    }
  })
})

describe('toProblem', () => {
  it('writes RFC 9457 with the code, and leaves out what it does not know', () => {
    expect(toProblem('PPT_NOT_FOUND')).toEqual({
      type: 'https://parapet.dev/errors/PPT_NOT_FOUND',
      title: 'There is nothing here',
      status: 404,
      code: 'PPT_NOT_FOUND',
    })
  })

  it('adds the detail, the correlation id as a URN, and extensions', () => {
    expect(toProblem('PPT_RATE_LIMITED', { detail: 'sign-in', instance: 'abc', extensions: { retryAfter: 3 } })).toMatchObject({
      detail: 'sign-in',
      instance: 'urn:uuid:abc',
      retryAfter: 3,
    })
  })

  it('lets no extension overwrite what the registry says', () => {
    expect(toProblem('PPT_BLOCKED', { extensions: { status: 200, code: 'PPT_FINE', title: 'Come in' } })).toMatchObject({
      status: 403,
      code: 'PPT_BLOCKED',
      title: 'Access is denied',
    })
  })
})
