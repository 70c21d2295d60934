import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeResets } from '../test/people-fixtures.js'
import { dryRunInWords, minutesOfMail, percent, PER_MINUTE, phraseFor, scopeInWords } from './resets.js'

const [base] = makeResets(0)
const found = (subjects: number, sessionsEnded: number, queued: number, noAddress: number) => ({
  ...base!,
  subjects,
  sessionsEnded,
  mails: { queued, sent: 0, failed: 0, noAddress },
})

describe('a dry run', () => {
  it('says whom it reaches, what ends, how long the mails take and who gets none', () => {
    expect(dryRunInWords(found(10_000, 3_411, 9_922, 78), true, PER_MINUTE)).toEqual([
      '10\u202f000 users get a new password to set; 3\u202f411 sessions end at once.',
      '9\u202f922 mails go out, 60 a minute: the last one after 3 hours.',
      '78 users have no mail address here: tell them another way.',
    ])
  })

  it('speaks of one as of one, and of nobody who is told when nobody is', () => {
    expect(dryRunInWords(found(1, 0, 1, 0), true, 60)).toEqual([
      '1 user gets a new password to set; nobody is signed in now.',
      '1 mail goes out, 60 a minute.',
    ])
    expect(dryRunInWords(found(2, 2, 0, 2), false, 60)).toEqual([
      '2 users get a new password to set; 2 sessions end at once.',
      'Nobody is told by mail: they learn of it at their next sign-in.',
    ])
    expect(dryRunInWords(found(1, 1, 0, 1), true, 60)[2]).toBe('1 user has no mail address here: tell them another way.')
    expect(dryRunInWords(found(600, 1, 600, 0), true, 60)[1]).toContain('the last one after 10 minutes')
  })

  it('never promises mails sooner than they can be sent', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 6_000 }), (mails, perMinute) => {
        const minutes = minutesOfMail(mails, perMinute)
        expect(minutes * perMinute).toBeGreaterThanOrEqual(mails)
        expect((minutes - 1) * perMinute).toBeLessThan(Math.max(1, mails))
      }),
      { seed: 7 },
    )
    expect(minutesOfMail(5, 0)).toBe(0)
  })
})

describe('progress', () => {
  it('is 100 % when all are back and not before', () => {
    expect(percent(9_999, 10_000)).toBe(99)
    expect(percent(10_000, 10_000)).toBe(100)
    expect(percent(0, 3)).toBe(0)
    expect(percent(0, 0)).toBe(100)
    fc.assert(
      fc.property(fc.nat(20_000), fc.integer({ min: 1, max: 10_000 }), (part, whole) => {
        expect(percent(part, whole) === 100).toBe(part >= whole)
      }),
      { seed: 7 },
    )
  })
})

describe('words', () => {
  it('name whom a reset is for, and ask for the number that only who has read it knows', () => {
    expect(scopeInWords({ kind: 'all' })).toBe('everybody')
    expect(scopeInWords({ kind: 'role', role: 'billing' })).toBe('everybody with the role billing')
    expect(scopeInWords({ kind: 'users', ids: ['a'] })).toBe('1 user')
    expect(phraseFor(10_000)).toBe('reset 10000')
  })
})
