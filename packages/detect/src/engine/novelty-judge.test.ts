import { DAY, HOUR } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Baseline,
  baselineBytes,
  isLearning,
  isRepeated,
  judgeAbsence,
  judgeNovelty,
  MOST_VALUES,
  TRUST_AFTER,
} from './novelty-judge.js'

fc.configureGlobal({ seed: 20_261_122 })
const OPTIONS = { learning: { ms: 14 * DAY, events: 10 }, memory: 90 * DAY }
const START = 1_800_000_000_000

type Use = readonly [value: string, at: number]
/** Plays uses and gives what was said about each. */
const play = (uses: readonly Use[], options = OPTIONS): { verdicts: string[]; baseline: Baseline } => {
  let baseline: Baseline | undefined
  const verdicts = uses.map(([value, at]) => {
    const judged = judgeNovelty(baseline, value, START + at, options)
    baseline = judged.baseline
    return judged.verdict
  })
  return { verdicts, baseline: baseline ?? { since: 0, events: 0, values: [] } }
}
/** ten sign-ins from Germany, one an hour: what a learned baseline needs */
const LEARNED: readonly Use[] = Array.from({ length: 10 }, (_, i) => ['DE', i * HOUR])

describe('a baseline that learns', () => {
  it('calls nothing new until it has ten events', () => {
    const { verdicts } = play(['DE', 'FR', 'US', 'JP', 'BR', 'IN', 'GB', 'ZA', 'AU', 'CA', 'MX'].map((value, i) => [value, i * HOUR]))
    expect(verdicts).toEqual([...Array.from({ length: 10 }, () => 'learning'), 'novel'])
  })

  it('or fourteen days, whichever comes first', () => {
    expect(
      play([
        ['DE', 0],
        ['FR', 13 * DAY],
      ]).verdicts,
    ).toEqual(['learning', 'learning'])
    expect(
      play([
        ['DE', 0],
        ['FR', 14 * DAY],
      ]).verdicts,
    ).toEqual(['learning', 'novel'])
  })

  it('knows everything that it saw meanwhile', () => {
    expect(play([...LEARNED.slice(0, 9), ['FR', 9 * HOUR], ['FR', 10 * HOUR], ['DE', 11 * HOUR]]).verdicts.slice(-2)).toEqual([
      'known',
      'known',
    ])
  })
})

describe('a new value', () => {
  const at = 20 * HOUR

  it('is told, and told again while it may still be the attack', () => {
    const uses: Use[] = [...LEARNED, ['BR', at], ['BR', at + HOUR], ['DE', at + 2 * HOUR], ['BR', at + TRUST_AFTER - 1]]
    expect(play(uses).verdicts.slice(10)).toEqual(['novel', 'novel', 'known', 'novel'])
  })

  it('is known from its first use a day later on', () => {
    const uses: Use[] = [...LEARNED, ['BR', at], ['BR', at + TRUST_AFTER], ['BR', at + TRUST_AFTER + 1]]
    expect(play(uses).verdicts.slice(10)).toEqual(['novel', 'known', 'known'])
  })

  it('is new again after it was not used for the memory of the rule', () => {
    const later = at + 10 * DAY
    const uses: Use[] = [...LEARNED, ['BR', at], ['BR', later], ['DE', later + 60 * DAY], ['BR', later + 91 * DAY]]
    expect(play(uses).verdicts.slice(10)).toEqual(['novel', 'known', 'known', 'novel'])
  })

  it('is not told of somebody of whom everything is too old to compare with: it is learned', () => {
    const { verdicts } = play([...LEARNED, ['BR', 200 * DAY], ['BR', 201 * DAY], ['FR', 202 * DAY]])
    expect(verdicts.slice(10)).toEqual(['learning', 'known', 'novel'])
  })

  it('is told as before after an event whose clock was off by a year', () => {
    const { verdicts } = play([...LEARNED, ['DE', at + 365 * DAY], ['DE', at], ['BR', at + HOUR], ['DE', at + 2 * HOUR]])
    expect(verdicts.slice(10)).toEqual(['learning', 'learning', 'novel', 'known'])
  })
})

describe('the bound', () => {
  it('keeps what is known when somebody floods it with new values', () => {
    const flood: Use[] = Array.from({ length: 1_000 }, (_, i) => [`new${i}`, 20 * HOUR + i])
    const { verdicts, baseline } = play([...LEARNED, ...flood, ['DE', 21 * HOUR]])
    expect(baseline.values).toHaveLength(MOST_VALUES)
    expect(verdicts.at(-1)).toBe('known')
    expect(verdicts.slice(10, -1).every((verdict) => verdict === 'novel')).toBe(true)
  })

  it('lets the value go that was used longest ago when all are known', () => {
    const many: Use[] = Array.from({ length: MOST_VALUES + 1 }, (_, i) => [`v${i}`, i])
    const options = { ...OPTIONS, learning: { ms: DAY, events: 1_000 } }
    const { baseline } = play(many, options)
    expect(baseline.values.map(([value]) => value)).not.toContain('v0')
    expect(baseline.values[0]?.[0]).toBe(`v${MOST_VALUES}`)
    expect(baselineBytes(baseline)).toBeLessThan(10_000)
  })
})

describe('any stream of uses', () => {
  const stream = fc
    .array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: 0, max: 5 * DAY })), { maxLength: 120 })
    .map((list) => {
      let at = 0
      return list.map(([value, gap]): Use => [value, (at += gap)])
    })

  it('says novel only of a value whose present spell of use began less than a day before', () => {
    fc.assert(
      fc.property(stream, (uses) => {
        const { verdicts } = play(uses)
        // a plain look back over all uses: how long ago the value came up after a silence as long as the memory
        const ages = uses.map(
          ([value, at], i) =>
            at -
            spellStart(
              uses.slice(0, i + 1).filter(([other]) => other === value),
              OPTIONS.memory,
            ),
        )
        expect(ages.filter((age, i) => verdicts[i] === 'novel' && age >= TRUST_AFTER)).toEqual([])
      }),
    )
  })

  it('never says novel before something was learned, and each value stands once, newest first', () => {
    const some = stream.filter((uses) => uses.length > 0)
    fc.assert(
      fc.property(some, (uses) => {
        const { verdicts, baseline } = play(uses)
        expect(verdicts[0]).toBe('learning')
        expect(verdicts.slice(0, Math.min(10, firstAfter(uses, 14 * DAY)))).not.toContain('novel')
        const names = baseline.values.map(([value]) => value)
        expect(new Set(names).size).toBe(names.length)
        expect(names[0]).toBe(uses.at(-1)?.[0])
        for (const [, first, last] of baseline.values) expect(first).toBeLessThanOrEqual(last)
      }),
    )
  })

  it('goes on from its JSON as if it had not been interrupted', () => {
    fc.assert(
      fc.property(stream, fc.nat(), (uses, cut) => {
        const at = uses.length === 0 ? 0 : cut % uses.length
        const whole = play(uses)
        let baseline: Baseline | undefined
        const verdicts = uses.map(([value, time], i) => {
          if (i === at && baseline !== undefined) baseline = JSON.parse(JSON.stringify(baseline)) as Baseline
          const judged = judgeNovelty(baseline, value, START + time, OPTIONS)
          baseline = judged.baseline
          return judged.verdict
        })
        expect(verdicts).toEqual(whole.verdicts)
        expect(baseline ?? whole.baseline).toEqual(whole.baseline)
      }),
    )
  })
})

/** When the present spell of a value began: the last use after a silence as long as the memory. */
const spellStart = (uses: readonly Use[], memory: number): number => {
  let start = uses[0]?.[1] ?? 0
  for (let i = 1; i < uses.length; i++) if ((uses[i]?.[1] ?? 0) - (uses[i - 1]?.[1] ?? 0) >= memory) start = uses[i]?.[1] ?? 0
  return start
}
const firstAfter = (uses: readonly Use[], span: number): number => {
  const at = uses.findIndex(([, time]) => time - (uses[0]?.[1] ?? 0) >= span)
  return at < 0 ? uses.length : at
}

describe('learning', () => {
  it('is over by time or by count', () => {
    const baseline: Baseline = { since: START, events: 3, values: [] }
    expect(isLearning(baseline, START + DAY, OPTIONS)).toBe(true)
    expect(isLearning(baseline, START + 14 * DAY, OPTIONS)).toBe(false)
    expect(isLearning({ ...baseline, events: 10 }, START + DAY, OPTIONS)).toBe(false)
  })
})

describe('a use that tells nothing', () => {
  const { baseline } = play([...LEARNED, ['DE', 20 * HOUR]])
  const at = START + 20 * HOUR

  it('is the known value that was used last, within the hour', () => {
    expect(isRepeated(baseline, 'DE', at + HOUR - 1, OPTIONS)).toBe(true)
    expect(isRepeated(baseline, 'DE', at + HOUR, OPTIONS)).toBe(false)
    expect(isRepeated(baseline, 'FR', at + 1, OPTIONS)).toBe(false)
    expect(isRepeated(baseline, 'DE', at - 1, OPTIONS)).toBe(false)
  })

  it('is never one of a value that is not known, nor one that learning counts', () => {
    expect(isRepeated(play([...LEARNED, ['BR', 20 * HOUR]]).baseline, 'BR', at + 1, OPTIONS)).toBe(false)
    expect(isRepeated(play([['DE', 0]]).baseline, 'DE', START + 1, OPTIONS)).toBe(false)
    expect(isRepeated(play([['', 0]]).baseline, '', START + 1, { ...OPTIONS, absence: 60 * DAY })).toBe(true)
  })

  it('says what judging it would say: known', () => {
    const stream = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 3 * HOUR })), { maxLength: 60 })
    fc.assert(
      fc.property(stream, (list) => {
        let now = START
        let held: Baseline | undefined
        const skipped: string[] = []
        for (const [value, gap] of list) {
          now += gap
          const judged = judgeNovelty(held, value, now, OPTIONS)
          if (held !== undefined && isRepeated(held, value, now, OPTIONS)) skipped.push(judged.verdict)
          held = judged.baseline
        }
        expect(skipped.filter((verdict) => verdict !== 'known')).toEqual([])
      }),
    )
  })
})

describe('somebody who was away', () => {
  const say = (times: readonly number[]): string[] => {
    let baseline: Baseline | undefined
    return times.map((at) => {
      const judged = judgeAbsence(baseline, START + at, 60 * DAY)
      baseline = judged.baseline
      return judged.verdict
    })
  }

  it('is told when he comes back, once', () => {
    expect(say([0, DAY, 61 * DAY, 61 * DAY + 1, 62 * DAY])).toEqual(['learning', 'known', 'novel', 'known', 'known'])
    expect(say([0, 59 * DAY, 118 * DAY])).toEqual(['learning', 'known', 'known'])
  })

  it('is nobody who was never seen', () => {
    expect(say([500 * DAY])).toEqual(['learning'])
  })

  it('is not taken for away because an old event came late', () => {
    expect(say([60 * DAY, 59 * DAY, 100 * DAY])).toEqual(['learning', 'known', 'known'])
  })
})
