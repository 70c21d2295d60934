import type { Decision } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { LimitVerdict } from '../limiter/types.js'
import { decide } from './fixtures/world.js'
import {
  blockedRefusal,
  errorRefusal,
  maskRefusal,
  owedRefusal,
  redirectRefusal,
  referenceOf,
  refusalBody,
  throttledRefusal,
} from './refusal.js'

const ID = '01999999-0000-7000-8000-0000000000ff'
const limited: LimitVerdict & { readonly kind: 'limited' } = {
  kind: 'limited',
  policy: 'throttle',
  limit: 2,
  windowMs: 60_000,
  remaining: 0,
  resetMs: 60_000,
  retryAfterMs: 29_001,
  retryAfter: 30,
}

describe('what an adapter sends', () => {
  it('is the problem, unless there is a page or nothing', () => {
    const refusal = errorRefusal(ID)
    expect(refusalBody(refusal)).toEqual({ contentType: 'application/problem+json', text: JSON.stringify(refusal.problem) })
    expect(refusalBody({ ...refusal, html: '<!doctype html>é' })).toEqual({
      contentType: 'text/html; charset=utf-8',
      text: '<!doctype html>é',
    })
    expect(refusalBody({ ...refusal, html: 'x', bare: true })).toBeUndefined()
  })
})

describe('the reference that a person gives to the operator', () => {
  it('is the decision’s, and the request’s where that is none', () => {
    const decision = decide(0)
    expect(referenceOf(decision, ID)).toBe(decision.id)
    for (const id of ['', 'd1', `${decision.id}\r\nx`, '<b>', '../../etc']) expect(referenceOf({ id }, ID)).toBe(ID)
  })
})

describe('what is owed', () => {
  it.each([
    ['challenge', 'challenge-required', 'PPT_CHALLENGE_REQUIRED'],
    ['step_up', 'step-up-required', 'PPT_STEP_UP_REQUIRED'],
    ['mfa', 'mfa-required', 'PPT_MFA_REQUIRED'],
  ] as const)('%s is 401 with the problem type %s', (owed, type, code) => {
    const decision = decide(0)
    const refusal = owedRefusal(owed, ID, decision)
    expect(refusal).toMatchObject({
      status: 401,
      reason: owed,
      decisionId: decision.id,
      problem: { type: `https://parapet.dev/problems/${type}`, code, status: 401, instance: `urn:uuid:${decision.id}` },
    })
    // a 401 names a scheme (RFC 9110, section 15.5.2), and none for which a browser opens its own window
    expect(refusal.headers).toEqual([['WWW-Authenticate', `Parapet realm="${type}"`]])
    expect(JSON.stringify(refusal)).not.toContain('secret rule')
  })

  it('by a session’s own flag names no decision', () => {
    const refusal = owedRefusal('step_up', ID)
    expect(refusal.problem.instance).toBe(`urn:uuid:${ID}`)
    expect('decisionId' in refusal).toBe(false)
  })

  it('is a redirect for a browser, without a body that could be shown', () => {
    const refusal = redirectRefusal(owedRefusal('mfa', ID), '/factor?return=%2Fx')
    expect(refusal).toMatchObject({ status: 303, headers: [['Location', '/factor?return=%2Fx']], bare: true, reason: 'mfa' })
    expect(refusalBody(refusal)).toBeUndefined()
  })
})

describe('a limit of a decision', () => {
  it('is 429 with the fields of every limit, and on sign-in with nothing but when to come back', () => {
    const decision = decide(0, { action: 'throttle' })
    const open = throttledRefusal(decision, limited, false)
    expect(open.headers.map(([name]) => name)).toEqual(['RateLimit-Policy', 'RateLimit', 'Retry-After'])
    expect(open).toMatchObject({ status: 429, reason: 'throttled', decisionId: decision.id })
    expect(throttledRefusal(decision, limited, true).headers).toEqual([['Retry-After', '30']])
  })
})

describe('no refusal', () => {
  it('tells the rule, the reason, the author or the target of a decision', () => {
    const decision: Decision = decide(0, {
      reason: 'REASON-x',
      rule: { id: 'RULE-x', title: 'TITLE-x', level: 'high', version: '1' },
      author: { kind: 'operator', id: 'AUTHOR-x', name: 'NAME-x' },
      target: { kind: 'user', value: 'TARGET-x' },
    })
    const all = [
      blockedRefusal(decision, ID),
      owedRefusal('challenge', ID, decision),
      owedRefusal('mfa', ID, decision),
      throttledRefusal(decision, limited, false),
    ]
    for (const refusal of all) expect(JSON.stringify(refusal)).not.toMatch(/-x/)
  })

  it('of our own trouble is anything but 503 with a time to come back [ASVS 16.5.1]', () => {
    expect(errorRefusal(ID, 'store')).toMatchObject({
      status: 503,
      reason: 'store',
      headers: [['Retry-After', '5']],
      problem: { status: 503 },
    })
  })

  it('leaves before its detail has passed the masker, and one without detail is not copied', () => {
    const refusal = { ...errorRefusal(ID), problem: { ...errorRefusal(ID).problem, detail: 'anna@example.org' } }
    const masker = { text: (text: string) => text.replaceAll(/\S+@\S+/g, '[mail]') }
    expect(maskRefusal(refusal, masker).problem.detail).toBe('[mail]')
    expect(
      maskRefusal(refusal, {
        text: () => {
          throw new Error('broken')
        },
      }).problem.detail,
    ).toBe('[not masked]')
    const plain = errorRefusal(ID)
    expect(maskRefusal(plain, masker)).toBe(plain)
  })
})
