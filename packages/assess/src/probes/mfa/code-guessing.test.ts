import { describe, expect, it } from 'vitest'
import { FACTOR, IN, LIMITED, OUT, SILENT, times } from '../sign-in/fixtures/facts.js'
import { inShort, tryProbe } from '../sign-in/fixtures/try-probe.js'
import { codeGuessing } from './code-guessing.js'

/** A probe of codes may wait for the next period, half a minute. */
const WAIT = 65_000

describe('guesses at the code', () => {
  it(
    'finds a second step without a budget',
    async () => {
      const [found] = await tryProbe(codeGuessing, { codeBudget: 0 })
      expect(found).toMatchObject({
        verdict: 'fail',
        locator: 'second step',
        says: expect.stringContaining('10 wrong codes for one account') as string,
      })
    },
    WAIT,
  )

  it(
    'finds a budget of the address alone, and calls it less grave',
    async () => {
      const [found] = await tryProbe(codeGuessing, { codeBudgetBy: 'address' })
      expect(found).toMatchObject({ verdict: 'fail', severity: 'medium', says: expect.stringContaining('from another one') as string })
    },
    WAIT,
  )

  it(
    'passes where one account has one budget, wherever guesses come from',
    async () => {
      const [found] = await tryProbe(codeGuessing)
      expect(found).toMatchObject({ verdict: 'pass', control: expect.stringContaining('nor from another address') as string })
    },
    WAIT,
  )

  it(
    'says nothing when the account has no second step after all',
    async () => {
      expect(inShort(await tryProbe(codeGuessing, { open: 'session' }))).toEqual(['inconclusive second step'])
    },
    WAIT,
  )

  const wrong = times(15, OUT)
  const table: readonly (readonly [string, object, string])[] = [
    ['fails when the right code gets in from the same place', { first: FACTOR, control: IN, tries: wrong, same: IN }, 'fail'],
    ['fails when it gets in from elsewhere only', { first: FACTOR, control: IN, tries: wrong, same: OUT, fresh: IN }, 'fail'],
    ['passes when neither gets in', { first: FACTOR, control: IN, tries: wrong, same: OUT, fresh: OUT }, 'pass'],
    [
      'passes when the password is no longer taken',
      { first: FACTOR, control: IN, tries: times(5, OUT), closed: OUT, same: OUT, fresh: OUT },
      'pass',
    ],
    ['passes when guesses are limited', { first: FACTOR, control: IN, tries: [OUT, ...times(3, LIMITED)], same: LIMITED }, 'pass'],
    ['says nothing when the right code never signed in', { first: FACTOR, control: OUT, tries: [] }, 'inconclusive'],
    ['says nothing when there was no second step', { first: IN, tries: [] }, 'inconclusive'],
    ['says nothing when a wrong code gets in', { first: FACTOR, control: IN, tries: [OUT, IN], same: IN }, 'inconclusive'],
    ['is an error when the first step got no answer', { first: SILENT, tries: [] }, 'error'],
    ['is an error when a guess got no answer', { first: FACTOR, control: IN, tries: [OUT, SILENT], same: OUT }, 'error'],
    ['is an error when the end got no answer', { first: FACTOR, control: IN, tries: wrong, same: OUT, fresh: SILENT }, 'error'],
    ['is an error when nothing was guessed', { first: FACTOR, control: IN, tries: [], closed: LIMITED, same: LIMITED }, 'error'],
    ['is an error when it was broken off', { first: FACTOR, control: IN, tries: wrong }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(inShort(codeGuessing.judge(facts))).toEqual([`${verdict} second step`])
  })

  it(
    'takes the code of now for the control where the one before is not taken, and waits for the next one',
    async () => {
      const waits: number[] = []
      const sleep = async (ms: number): Promise<void> => {
        waits.push(ms)
        await new Promise((resolve) => setTimeout(resolve, ms))
      }
      const [found] = await tryProbe(codeGuessing, { skew: 0, codeBudget: 0 }, undefined, { sleep })
      expect(found?.verdict).toBe('fail')
      expect(Math.max(...waits)).toBeGreaterThan(100)
    },
    WAIT,
  )
})
