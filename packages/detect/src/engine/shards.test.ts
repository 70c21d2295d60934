import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine, type Engine, type EngineEntry } from './engine.js'
import { failure, LOGIN_RULES, rulesOf, runAll, success } from './fixtures/rules.js'
import type { EngineAlert } from './grouper.js'
import { ALL_SHARDS, hashText, SHARDS, shardOf } from './shards.js'

const T = Date.UTC(2026, 0, 5, 9)

describe('the part of a group', () => {
  it.each([
    ['', 2166136261],
    ['a', 3826002220],
    ['198.51.100.7', 949380965],
    ['größe', 637731906],
  ])('is told by the hash of its text: %j is %i in every version', (text, hash) => {
    expect(hashText(text)).toBe(hash)
  })

  it.each([
    ['brute', '198.51.100.7', 39],
    ['brute', '198.51.100.8', 24],
    ['spray', '198.51.100.7', 51],
  ])('of family %j and group %j is %i in every version', (family, group, shard) => {
    expect(shardOf(hashText(family), hashText(group))).toBe(shard)
  })

  it('is one of 64, and groups that look alike are spread evenly', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < 64_000; i++) {
      const shard = shardOf(hashText('family'), hashText(`198.18.${i >> 8}.${i & 255}`))
      counts.set(shard, (counts.get(shard) ?? 0) + 1)
    }
    expect([...counts.keys()].every((shard) => ALL_SHARDS.has(shard))).toBe(true)
    expect(counts.size).toBe(SHARDS)
    expect(Math.max(...counts.values())).toBeLessThan(1_400)
    expect(Math.min(...counts.values())).toBeGreaterThan(600)
  })
})

const base = `
title: Failure
id: failure
logsource: {category: authentication}
detection: {a: {event.outcome: failure}, condition: a}
---
title: Success
id: success
logsource: {category: authentication}
detection: {a: {event.outcome: success}, condition: a}
`
/** Random rules: counts, values, conditions that wait, and rules over rules with the same group or another. */
const ruleSets = fc
  .array(
    fc.record({
      type: fc.constantFrom('event_count', 'value_count', 'temporal', 'temporal_ordered'),
      over: fc.nat(5),
      groupBy: fc.constantFrom('source.ip', 'user.name', 'source.ip, user.name', 'user.name, source.ip', 'event.dataset', ''),
      minutes: fc.integer({ min: 1, max: 20 }),
      condition: fc.constantFrom('gte: 2', 'gte: 3', 'gt: 4', 'gte: 6', 'eq: 2', 'lt: 3', 'neq: 1'),
      except: fc.boolean(),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((rules) => {
    const texts = [base]
    const usable = ['failure', 'success']
    for (const [i, { type, over, groupBy, minutes, condition, except }] of rules.entries()) {
      const source = usable[over % usable.length] ?? 'failure'
      const temporal = type.startsWith('temporal')
      const monotone = temporal || condition.startsWith('g')
      texts.push(
        [
          `title: R${i}`,
          `id: r${i}`,
          'level: high',
          'correlation:',
          `  type: ${type}`,
          `  rules: [${temporal ? `${source}, ${source === 'success' ? 'failure' : 'success'}` : source}]`,
          `  group-by: [${groupBy}]`,
          `  timespan: ${minutes}m`,
          '  generate: true',
          ...(temporal ? [] : [`  condition: {${type === 'value_count' ? 'field: user.name, ' : ''}${condition}}`]),
          ...(except && !temporal ? ['x-except: {rule: success, tolerance: 2}'] : []),
        ].join('\n'),
      )
      // a rule over one that waits is refused when compiled
      if (monotone) usable.push(`r${i}`)
    }
    return rulesOf(texts.join('\n---'.concat('\n')))
  })

const streams = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.integer({ min: -9_000, max: 30_000 }), fc.constant(0), fc.integer({ min: 0, max: 1_500_000 })),
      address: fc.integer({ min: 0, max: 5 }),
      user: fc.integer({ min: 0, max: 4 }),
      fine: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      // a source whose clock is a year ahead
      ahead: fc.integer({ min: 0, max: 30 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((steps): SecurityEvent[] => {
    let now = T
    return steps.map(({ gap, address, user, fine, ahead }) => {
      now += gap
      return (fine ? success : failure)(
        now + (ahead ? 3.2e10 : 0),
        address === 5 ? `2001:db8::${user}` : `198.51.100.${address}`,
        `user${user}`,
      )
    })
  })

/** 64 numbers: which engine keeps each part. */
const partitions = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: SHARDS, maxLength: SHARDS })
const keptBy = (partition: readonly number[], engine: number): ReadonlySet<number> =>
  new Set([...ALL_SHARDS].filter((shard) => partition[shard] === engine))

/** What is left in the end: each alert as it was last told. */
const final = (alerts: readonly EngineAlert[]): unknown => {
  const last = new Map(alerts.map((item) => [item.alert.id, { shard: item.shard, alert: item.alert }]))
  return [...last.values()].toSorted((a, b) => (a.alert.id < b.alert.id ? -1 : 1))
}

const LIMITS = { groups: 2, bytes: 3_000, distinct: 3 }

describe('engines that share the parts among themselves', () => {
  it('tell together what one engine tells that keeps them all', () => {
    fc.assert(
      fc.property(ruleSets, streams, partitions, fc.boolean(), (rules, events, partition, tight) => {
        const limits = tight ? LIMITS : {}
        const whole = runAll(createEngine({ rules, limits }), events)
        const shared = [0, 1, 2, 3].flatMap((n) => runAll(createEngine({ rules, limits, owns: keptBy(partition, n) }), events))
        expect(final(shared)).toEqual(final(whole))
        expect(shared).toHaveLength(whole.length)
      }),
      { numRuns: 50 },
    )
  })

  it('do so too when parts change hands in the middle, as stored JSON', () => {
    fc.assert(
      fc.property(
        ruleSets,
        streams,
        partitions,
        partitions,
        fc.nat(),
        fc.integer({ min: 1, max: 20 }),
        (rules, events, before, after, at, batch) => {
          const cut = at % (events.length + 1)
          const stored = new Map<string, string>()
          const alerts: EngineAlert[] = []
          const save = (engine: Engine): void => {
            for (const entry of engine.takeDirty()) {
              if (entry.state === null) stored.delete(entry.key)
              else stored.set(entry.key, JSON.stringify(entry))
            }
          }
          for (const n of [0, 1, 2, 3]) {
            const engine = createEngine({ rules, owns: keptBy(before, n) })
            for (let i = 0; i < cut; i++) {
              alerts.push(...engine.process(events[i] as SecurityEvent, i + 1))
              if (i % batch === 0) save(engine)
            }
            save(engine)
          }
          const entries = [...stored.values()].map((text) => JSON.parse(text) as EngineEntry)
          for (const n of [0, 1, 2, 3]) {
            const engine = createEngine({ rules, owns: keptBy(after, n) })
            engine.restore(entries)
            for (let i = cut; i < events.length; i++) alerts.push(...engine.process(events[i] as SecurityEvent, i + 1))
            alerts.push(...engine.flush())
          }
          expect(final(alerts)).toEqual(final(runAll(createEngine({ rules }), events)))
        },
      ),
      { numRuns: 50 },
    )
  })

  it('keep nothing of the parts of others, and leave their stored entries alone', () => {
    const rules = rulesOf(LOGIN_RULES)
    const events = Array.from({ length: 200 }, (_, i) => failure(T + i * 1_000, `198.51.100.${i % 40}`, `user${i % 7}`))
    const all = createEngine({ rules })
    runAll(all, events)
    const entries = all.takeDirty()
    const owns = new Set([0, 1, 2, 3])
    const part = createEngine({ rules, owns })
    part.restore(entries)
    expect(part.stats().groups).toBe(entries.filter(({ shard, key }) => owns.has(shard) && !key.startsWith('engine|')).length)
    expect(part.takeDirty()).toEqual([])
    for (const [i, event] of events.entries())
      for (const { shard } of part.process({ ...event, '@timestamp': T + 1e6 + i }, `n${i}`)) expect(owns.has(shard)).toBe(true)
    expect(part.takeDirty().every(({ shard }) => owns.has(shard))).toBe(true)
  })
})

describe('families', () => {
  /** The parts in which one address' groups of these rules live. */
  const partsOf = (text: string, addresses: number): Map<string, Set<number>> => {
    const engine = createEngine({ rules: rulesOf(text) })
    for (let i = 0; i < addresses; i++)
      for (let k = 0; k < 3; k++) engine.process(failure(T + i * 10 + k, `198.51.100.${i}`, `user${i % 3}`), i * 3 + k)
    const parts = new Map<string, Set<number>>()
    for (const { shard, key } of engine.takeDirty()) {
      const rule = key.split('#')[0] ?? ''
      parts.set(rule, (parts.get(rule) ?? new Set()).add(shard))
    }
    return parts
  }
  const chain = (second: string): string => `${base}---
title: Many
id: many
correlation: {type: event_count, rules: [failure], group-by: [source.ip, event.dataset], timespan: 5m, condition: {gte: 2}}
---
title: More
id: more
correlation: {type: event_count, rules: [many], group-by: [${second}], timespan: 5m, condition: {gte: 1}}
`

  it('of rules that group by something in common are spread by that', () => {
    const parts = partsOf(chain('source.ip'), 40)
    expect(parts.get('many')?.size).toBeGreaterThan(20)
    expect(parts.get('more')).toEqual(parts.get('many'))
  })

  it('of rules that group by nothing in common live in one part', () => {
    const parts = partsOf(chain('user.name'), 40)
    expect(parts.get('many')?.size).toBe(1)
    expect(parts.get('more')).toEqual(parts.get('many'))
  })

  it('do not tie rules together that read the same events', () => {
    const parts = partsOf(LOGIN_RULES, 40)
    expect(parts.get('brute')?.size).toBeGreaterThan(20)
    expect(parts.get('distributed')?.size).toBe(3)
  })
})
