import { describe, expect, it } from 'vitest'
import type { Seen } from '../seen/seen.js'
import { enumerationBody } from './enumeration-body.js'
import { enumerationStatus } from './enumeration-status.js'
import type { AppOptions } from './fixtures/accounts-app.js'
import { IN, OUT, SILENT, seen, silent, times } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'
import { lookOfBody, lookOfHead } from './looks.js'
import { judgeSignInNames } from './name-answers.js'

const headTable: readonly (readonly [string, AppOptions])[] = [
  ['404 for a name that nobody has', { unknown: { status: 404 } }],
  ['another redirect for it', { wrongStatus: 303, unknown: { status: 303, location: '/sign-up' } }],
  ['423 for a name that is locked, which only those that exist are', { lockedStatus: 423 }],
  ['429 for it, as if it were a limit', { lockedStatus: 429 }],
]
const bodyTable: readonly (readonly [string, AppOptions])[] = [
  ['“no such user”', { unknown: { text: 'There is no such user' } }],
  [
    'tries that are left, for names that exist',
    { wrongText: (left) => `Wrong. ${left} tries left`, unknown: { text: 'Wrong. 5 tries left' } },
  ],
  ['a lock that only names that exist have', { lockedStatus: 401 }],
]

describe('a name that exists and one that does not, at sign-in', () => {
  it.each(headTable)('finds %s in the head', async (_what, options) => {
    const [found] = await tryProbe(enumerationStatus, options)
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: 'sign-in',
      says: expect.stringContaining('learns who has an account') as string,
    })
  })

  it.each(bodyTable)('finds %s in the text', async (_what, options) => {
    const [found] = await tryProbe(enumerationBody, options)
    expect(found).toMatchObject({ verdict: 'fail', locator: 'sign-in' })
    expect(found?.verdict === 'fail' && found.evidence.map((one) => one.as)).toEqual(['a name that exists', 'a name that nobody has'])
  })

  it('passes where both are answered alike, a lock included, though each answer has a reference of its own', async () => {
    expect(inShort(await tryProbe(enumerationStatus))).toEqual(['pass sign-in'])
    expect(inShort(await tryProbe(enumerationBody))).toEqual(['pass sign-in'])
    expect(inShort(await tryProbe(enumerationBody, { wrongText: (_left, name) => `<p>${name} or the password is wrong</p>` }))).toEqual([
      'pass sign-in',
    ])
  })

  it('says nothing of texts that change by themselves', async () => {
    let count = 0
    expect(inShort(await tryProbe(enumerationBody, { wrongText: () => `you are visitor number ${++count}` }))).toEqual([
      'inconclusive sign-in',
    ])
  })

  const answers = (known: readonly Seen[], unknown: readonly Seen[]) => ({
    control: IN,
    answers: { locator: 'sign-in', known, unknown, typed: [] },
  })
  const wrong = seen({ status: 401, text: 'wrong' })
  const limit = seen({ status: 429 })
  const table: readonly (readonly [string, object, string])[] = [
    ['passes for equal answers', answers(times(7, wrong), times(7, wrong)), 'pass'],
    ['fails for another status', answers(times(7, wrong), times(7, seen({ status: 404 }))), 'fail'],
    ['fails for another cookie', answers(times(3, seen({ status: 401, cookies: ['lock=1; Path=/'] })), times(3, wrong)), 'fail'],
    ['fails for another header', answers(times(3, seen({ status: 401, headers: { 'x-locked': '1' } })), times(3, wrong)), 'fail'],
    ['does not fail for dates, lengths, limits and values of cookies', answers(
      times(3, seen({ status: 401, headers: { 'date': 'a', 'content-length': '5', 'ratelimit': 'x', 'etag': '1' }, cookies: ['sid=1'] })),
      times(3, seen({ status: 401, cookies: ['sid=2'] })),
    ), 'pass'],
    ['says nothing when both were limited', answers([wrong, ...times(4, limit)], [wrong, ...times(4, limit)]), 'inconclusive'],
    ['says nothing when one of them was once', answers([wrong, wrong, limit, wrong], times(4, wrong)), 'inconclusive'],
    ['is an error when one was not answered', answers([wrong, silent()], [wrong, wrong]), 'error'],
    ['is an error with one pair', answers([wrong], [wrong]), 'error'],
    ['is an error when it was broken off', { control: IN }, 'error'],
    ['says nothing when the name may not exist', { control: OUT }, 'inconclusive'],
    ['is an error when nothing answered', { control: SILENT }, 'error'],
  ] // prettier-ignore
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(enumerationStatus.judge(facts).map((one) => one.verdict)).toEqual([verdict])
  })

  it('tells the two halves apart: a text is no matter of the head', () => {
    const facts = answers(times(3, seen({ status: 401, text: 'no such user' })), times(3, wrong))
    expect(judgeSignInNames(facts, lookOfHead, 'status and headers')[0]?.verdict).toBe('pass')
    expect(judgeSignInNames(facts, lookOfBody, 'text')[0]?.verdict).toBe('fail')
  })
})
