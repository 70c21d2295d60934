import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine, type EngineEntry } from './engine.js'
import { rulesOf, runAll } from './fixtures/rules.js'
import type { EngineAlert } from './grouper.js'

const SPAN = 60_000
const BASES = ['a', 'b', 'c']
  .map((name) => `title: ${name}\nid: id-${name}\nname: ${name}\nlogsource: {category: web}\ndetection: {s: {do: ${name}}, condition: s}\n`)
  .join('---\n')
const rules = (condition: string, type = 'temporal') =>
  rulesOf(
    `${BASES}---\ntitle: Test\nid: test\ncorrelation:\n  type: ${type}\n  rules: [a, b, c]\n  group-by: [source.ip]\n  timespan: 60s\n  condition: ${condition}\n`,
  )
const event = (time: number, what: string, address = '198.18.0.1'): SecurityEvent => ({
  '@timestamp': time,
  'event.category': 'web',
  do: what,
  'source.ip': address,
})
const firstOf = (told: readonly EngineAlert[]): number[] => told.filter(({ kind }) => kind === 'fired').map(({ alert }) => alert.first)
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.constantFrom('a', 'b', 'c')), { minLength: 1, maxLength: 30 })
const timed = (list: readonly (readonly [number, string])[]): SecurityEvent[] => {
  let time = 1_000_000
  return list.map(([step, what]) => event((time += step), what))
}

describe('a temporal condition with not', () => {
  it('fires exactly where a timespan holds what it wants, and neither it nor the one before what it refuses', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const events = timed(list)
        const seen = (what: string, from: number, to: number): boolean =>
          events.some((one) => one['do'] === what && one['@timestamp'] > from && one['@timestamp'] < to)
        // windows begin at matches; the next one after a window that held begins behind it
        const expected: number[] = []
        let free = Number.NEGATIVE_INFINITY
        for (const { '@timestamp': start, do: what } of events) {
          if (start < free || what === 'c') continue
          const other = what === 'a' ? 'b' : 'a'
          if (!seen(other, start - 1, start + SPAN) || seen('c', start - SPAN, start + SPAN)) continue
          expected.push(start)
          free = start + SPAN
        }
        const told = firstOf(runAll(createEngine({ rules: rules('a and b and not c') }), events))
        // one alert goes on while its windows follow each other within a timespan
        expect(told[0]).toBe(expected[0])
      }),
      { seed: 6, numRuns: 80 },
    )
  })

  it('wants an order where it is ordered, and one event is no two steps', () => {
    const ordered = rules('a and b and not c', 'temporal_ordered')
    expect(firstOf(runAll(createEngine({ rules: ordered }), [event(1_000, 'a'), event(2_000, 'b')]))).toEqual([1_000])
    expect(firstOf(runAll(createEngine({ rules: ordered }), [event(1_000, 'b'), event(2_000, 'a')]))).toEqual([])
    expect(firstOf(runAll(createEngine({ rules: ordered }), [event(1_000, 'a'), event(1_500, 'c'), event(2_000, 'b')]))).toEqual([])
  })

  it('is looked at when others have come past its end, without a further event of its group', () => {
    const engine = createEngine({ rules: rules('a and not c') })
    const told = [event(1_000, 'a'), ...Array.from({ length: 40 }, (_, i) => event(2_000 + i * 5_000, '-', '198.18.0.9'))].flatMap(
      (one, i) => engine.process(one, i),
    )
    expect(firstOf(told)).toEqual([1_000])
  })

  it('begins a window with an event that comes a little late', () => {
    const events = [event(5_000, 'b'), event(1_000, 'a'), event(200_000, '-')]
    expect(firstOf(runAll(createEngine({ rules: rules('a and b and not c') }), events))).toEqual([1_000])
  })

  it('takes bounded memory in a flood', () => {
    const engine = createEngine({ rules: rules('a and b and not c') })
    for (let i = 0; i < 3_000; i++) engine.process(event(1_000 + i, 'a'), i)
    const states = engine.takeDirty().map(({ state }) => JSON.stringify(state).length)
    expect(Math.max(...states)).toBeLessThan(20_000)
  })
})

describe('temporal conditions, state', () => {
  it.each([['a and b and not c'], ['a and (b or c)'], ['{gte: 2}'], ['{lte: 1}']])(
    '%s goes on after a restart as if there had been none',
    (condition) => {
      const set = rules(condition)
      fc.assert(
        fc.property(steps, fc.double({ min: 0, max: 0.99, noNaN: true }), (list, share) => {
          const events = timed(list)
          const cut = Math.floor(events.length * share)
          const first = createEngine({ rules: set })
          const told = events.slice(0, cut).flatMap((one, i) => first.process(one, i + 1))
          const second = createEngine({ rules: set })
          second.restore(JSON.parse(JSON.stringify(first.takeDirty())) as EngineEntry[])
          told.push(...events.slice(cut).flatMap((one, i) => second.process(one, cut + i + 1)), ...second.flush())
          expect(told).toEqual(runAll(createEngine({ rules: set }), events))
        }),
        { seed: 6, numRuns: 20 },
      )
    },
  )
})
