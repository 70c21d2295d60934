import { describe, expect, it } from 'vitest'
import { enumerationTiming } from './enumeration-timing.js'
import { IN, LIMITED, OUT, SILENT, times } from './fixtures/facts.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'

/** Times around a middle, spread evenly by `spread` to either side. */
const around = (middle: number, spread: number, count = 30): readonly number[] =>
  Array.from({ length: count }, (_, i) => middle + spread * ((2 * i) / (count - 1) - 1))
const round = (known: readonly number[], unknown: readonly number[], more: object = {}) => ({
  known,
  unknown,
  limited: 0,
  silent: 0,
  ...more,
})

describe('how long a wrong password takes', () => {
  it('finds an application that checks passwords of names that exist only', async () => {
    const [found] = await tryProbe(enumerationTiming, { checkMs: 40, unknownMs: 0 })
    expect(found).toMatchObject({ verdict: 'fail', locator: 'sign-in', says: expect.stringContaining('Welch') as string })
  }, 60_000)

  it('does not find one that takes as long for names that nobody has, nor runs into its lock', async () => {
    const [found] = await tryProbe(enumerationTiming, { checkMs: 40, nameLock: 4 })
    expect(found?.verdict).not.toBe('fail')
    expect(['pass', 'inconclusive']).toContain(found?.verdict)
  }, 60_000)

  const slower = round(around(60, 8), around(20, 8))
  const table: readonly (readonly [string, object, string])[] = [
    ['fails for a large difference, seen twice', { control: IN, rounds: [slower, slower] }, 'fail'],
    ['fails when names that nobody has take longer, too', { control: IN, rounds: times(2, round(around(20, 5), around(90, 5))) }, 'fail'],
    [
      'says nothing of a difference that was there once',
      { control: IN, rounds: [slower, round(around(21, 8), around(20, 8))] },
      'inconclusive',
    ],
    ['says nothing of one that turned round', { control: IN, rounds: [slower, round(around(20, 8), around(60, 8))] }, 'inconclusive'],
    ['says nothing of one that was not tried again', { control: IN, rounds: [slower] }, 'inconclusive'],
    ['passes when both take as long', { control: IN, rounds: [round(around(50, 6), around(51, 6))] }, 'pass'],
    ['passes for a difference that no network would show', { control: IN, rounds: [round(around(54, 1), around(50, 1))] }, 'pass'],
    ['passes for a small share of a long time', { control: IN, rounds: [round(around(515, 5), around(500, 5))] }, 'pass'],
    [
      'says nothing of answers that scatter more than what it looks for',
      { control: IN, rounds: [round(around(60, 60), around(58, 60))] },
      'inconclusive',
    ],
    ['says nothing of too few pairs', { control: IN, rounds: [round(around(50, 1, 5), around(20, 1, 5))] }, 'inconclusive'],
    ['says nothing when sign-in limits the kit', { control: IN, rounds: [round([], [], { limited: 9 })] }, 'inconclusive'],
    ['is an error when sign-ins were not answered', { control: IN, rounds: [round([], [], { silent: 9 })] }, 'error'],
    ['says nothing when the account does not sign in', { control: OUT, rounds: [] }, 'inconclusive'],
    ['says nothing when it is limited', { control: LIMITED, rounds: [] }, 'inconclusive'],
    ['is an error when nothing answers', { control: SILENT, rounds: [] }, 'error'],
  ]
  it.each(table)('%s', (_what, facts, verdict) => {
    expect(enumerationTiming.judge(facts).map((one) => one.verdict)).toEqual([verdict])
  })

  it('one answer that took ten seconds does not make a difference', () => {
    const known = [...around(50, 5, 28), 10_000, 9_000]
    expect(inShort(enumerationTiming.judge({ control: IN, rounds: [round(known, around(50, 5))] }))).toEqual(['pass sign-in'])
  })
})
