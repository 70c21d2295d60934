import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine, type Engine, type EngineEntry } from './engine.js'
import { rulesOf, runAll } from './fixtures/rules.js'
import type { EngineAlert } from './grouper.js'

const BASE = `
title: Sent
id: sent
name: sent
logsource: {category: web}
detection: {s: {kind: x}, condition: s}
`
const rule = (type: string, condition: string): string =>
  `${BASE}---\ntitle: Test\nid: test\nname: test\ncorrelation:\n  type: ${type}\n  rules: [sent]\n  group-by: [source.ip]\n  timespan: 60s\n  condition: {field: bytes, ${condition}}\n`
const sent = (time: number, bytes: unknown, address = '198.18.0.1'): SecurityEvent => ({
  '@timestamp': time,
  'event.category': 'web',
  kind: 'x',
  'source.ip': address,
  bytes: bytes as number,
})
const fired = (told: readonly EngineAlert[]): EngineAlert['alert'][] =>
  told.filter(({ kind }) => kind === 'fired').map(({ alert }) => alert)
const run = (type: string, condition: string, events: readonly SecurityEvent[]): EngineAlert['alert'][] =>
  fired(runAll(createEngine({ rules: rulesOf(rule(type, condition)) }), events))

/** Times that rise by up to half a window, with a number each. */
const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: -50, max: 200 })), { minLength: 1, maxLength: 40 })
const timed = (list: readonly (readonly [number, number])[]): { time: number; value: number }[] => {
  let time = 1_000_000
  return list.map(([step, value]) => ({ time: (time += step), value }))
}

describe('sums over a sliding window', () => {
  it('fire exactly at the event that crosses the line, and again after a quiet timespan', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const events = timed(list)
        const expected: number[] = []
        let hot = Number.NEGATIVE_INFINITY
        for (const [i, { time }] of events.entries()) {
          const sum = events.slice(0, i + 1).reduce((all, one) => (one.time > time - 60_000 ? all + one.value : all), 0)
          if (sum < 300) continue
          if (time - hot > 60_000) expected.push(time)
          hot = time
        }
        const told: number[] = []
        const engine = createEngine({ rules: rulesOf(rule('value_sum', 'gte: 300')) })
        for (const [i, { time, value }] of events.entries()) if (fired(engine.process(sent(time, value), i)).length > 0) told.push(time)
        expect(told).toEqual(expected)
      }),
      { seed: 6, numRuns: 60 },
    )
  })

  it('take numbers that came as text, and leave out what is no number', () => {
    const odd = ['', ' ', 'many', null, true, [200, 300], Number.NaN, '1e999']
    expect(
      run(
        'value_sum',
        'gte: 300',
        odd.map((value, i) => sent(1_000 + i, value)),
      ),
    ).toEqual([])
    const [alert] = run('value_sum', 'gte: 300', [sent(1_000, '100'), sent(2_000, 'x'), sent(3_000, ' 2e2 ')])
    expect(alert).toMatchObject({ count: 2, events: [1, 3] })
  })

  it('keep groups apart', () => {
    expect(run('value_sum', 'gte: 300', [sent(1_000, 200, '198.18.0.1'), sent(2_000, 200, '198.18.0.2')])).toEqual([])
  })
})

describe('means and percentiles of a window', () => {
  /** windows that the first event opens, one after the other */
  const windows = (events: readonly { time: number; value: number }[]): number[][] => {
    const found: number[][] = []
    let opened = Number.NEGATIVE_INFINITY
    for (const { time, value } of events) {
      if (time >= opened + 60_000) {
        opened = time
        found.push([])
      }
      found.at(-1)?.push(value)
    }
    return found
  }
  const nearestRank = (numbers: readonly number[], percentile: number): number =>
    numbers.toSorted((a, b) => a - b)[Math.max(1, Math.ceil((percentile / 100) * numbers.length)) - 1] ?? 0

  it.each<[string, string, (numbers: readonly number[]) => boolean]>([
    ['value_avg', 'gt: 120', (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length > 120],
    ['value_avg', 'lte: -10', (numbers) => numbers.reduce((sum, value) => sum + value, 0) / numbers.length <= -10],
    ['value_percentile', 'percentile: 90, gte: 180', (numbers) => nearestRank(numbers, 90) >= 180],
    ['value_percentile', 'percentile: 0, gt: 0', (numbers) => Math.min(...numbers) > 0],
    ['value_median', 'lt: 20', (numbers) => nearestRank(numbers, 50) < 20],
    ['value_sum', 'lt: 0', (numbers) => numbers.reduce((sum, value) => sum + value, 0) < 0],
  ])('%s with %s says what a plain list says', (type, condition, holds) => {
    fc.assert(
      fc.property(steps, (list) => {
        const events = timed(list)
        const engine = createEngine({ rules: rulesOf(rule(type, condition)) })
        const told = fired(
          runAll(
            engine,
            events.map(({ time, value }) => sent(time, value)),
          ),
        )
        // an alert that goes on is the same alert: windows that hold one after the other need not fire each
        expect(told.length > 0).toBe(windows(events).some(holds))
      }),
      { seed: 6, numRuns: 25 },
    )
  })

  it('name the number in the sentence', () => {
    const [alert] = run(
      'value_percentile',
      'percentile: 95, gt: 5',
      [1, 2, 9].map((value, i) => sent(1_000 + i, value)),
    )
    expect(alert?.why).toBe(
      'the percentile 95 of bytes is 9 in 3 events of “Sent” from 198.18.0.1 within 2 ms (rule: more than five in 1 minute)',
    )
  })
})

describe('state of sums, means and percentiles', () => {
  it.each([
    ['value_sum', 'gte: 900'],
    ['value_avg', 'gt: 60'],
    ['value_percentile', 'percentile: 80, gt: 100'],
  ])('%s goes on after a restart as if there had been none', (type, condition) => {
    fc.assert(
      fc.property(steps, fc.double({ min: 0, max: 0.99, noNaN: true }), (list, share) => {
        const events = timed(list).map(({ time, value }) => sent(time, value))
        const rules = rulesOf(rule(type, condition))
        const whole = runAll(createEngine({ rules }), events)
        const cut = Math.floor(events.length * share)
        const entries: EngineEntry[] = []
        const first: Engine = createEngine({ rules })
        const told = events.slice(0, cut).flatMap((event, i) => first.process(event, i + 1))
        entries.push(...(JSON.parse(JSON.stringify(first.takeDirty())) as EngineEntry[]))
        const second = createEngine({ rules })
        second.restore(entries)
        told.push(...events.slice(cut).flatMap((event, i) => second.process(event, cut + i + 1)), ...second.flush())
        expect(told).toEqual(whole)
      }),
      { seed: 6, numRuns: 20 },
    )
  })

  it('is the same whether one engine keeps all parts or four share them', () => {
    const rules = rulesOf(rule('value_avg', 'gt: 60'))
    const events = Array.from({ length: 400 }, (_, i) => sent(1_000_000 + i * 700, (i * 37) % 150, `198.18.0.${i % 23}`))
    const ids = (told: readonly EngineAlert[]): string[] =>
      fired(told)
        .map((alert) => alert.id)
        .toSorted()
    const parts = [0, 1, 2, 3].map((part) => new Set(Array.from({ length: 16 }, (_, i) => part * 16 + i)))
    const shared = parts.flatMap((owns) => runAll(createEngine({ rules, owns }), events))
    expect(ids(shared)).toEqual(ids(runAll(createEngine({ rules }), events)))
    expect(shared.length).toBeGreaterThan(0)
  })

  it('hands what it found on to other rules, in whichever part their groups live', () => {
    const wide = `---\ntitle: Wide\nid: wide\ncorrelation:\n  type: value_count\n  rules: [test]\n  timespan: 30m\n  condition: {field: source.ip, gte: 3}\n`
    const own = `---\ntitle: Again\nid: again\ncorrelation:\n  type: event_count\n  rules: [test]\n  group-by: [source.ip]\n  timespan: 30m\n  condition: {gte: 2}\n`
    const rules = rulesOf(rule('value_avg', 'gt: 60') + wide + own)
    // bursts that are minutes apart: the mean of an address holds, ends, and holds again
    const events = Array.from({ length: 600 }, (_, i) =>
      sent(1_000_000 + Math.floor(i / 60) * 300_000 + (i % 60) * 500, (i * 37) % 150, `198.18.0.${i % 23}`),
    )
    const ids = (told: readonly EngineAlert[]): string[] =>
      fired(told)
        .map((alert) => `${alert.rule.id} ${alert.id}`)
        .toSorted()
    const parts = [0, 1, 2, 3].map((part) => new Set(Array.from({ length: 16 }, (_, i) => part * 16 + i)))
    const whole = ids(runAll(createEngine({ rules }), events))
    expect(ids(parts.flatMap((owns) => runAll(createEngine({ rules, owns }), events)))).toEqual(whole)
    expect(new Set(whole.map((id) => id.split(' ')[0]))).toEqual(new Set(['wide', 'again']))
  })
})
