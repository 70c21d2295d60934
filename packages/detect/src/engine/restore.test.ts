import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { createEngine } from './engine.js'
import { failure, LOGIN_RULES, rulesOf, runAll, success } from './fixtures/rules.js'
import type { EngineAlert } from './grouper.js'

const T = Date.UTC(2026, 0, 5, 9)
const RULES = rulesOf(LOGIN_RULES)

/** Runs in pieces, each in an engine of its own that continues from what the ones before stored as JSON. */
const interrupted = (
  events: readonly SecurityEvent[],
  cuts: readonly number[],
  batch: number,
  rules = RULES,
  limits = {},
): EngineAlert[] => {
  const stored = new Map<string, { shard: number; state: string }>()
  const alerts: EngineAlert[] = []
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (events.length + 1)), events.length])].toSorted((a, b) => a - b)
  for (let piece = 0; piece + 1 < edges.length; piece++) {
    const engine = createEngine({ rules, limits })
    engine.restore([...stored].map(([key, { shard, state }]) => ({ shard, key, state: JSON.parse(state) as unknown })))
    const save = (): void => {
      for (const { shard, key, state } of engine.takeDirty()) {
        if (state === null) stored.delete(key)
        else stored.set(key, { shard, state: JSON.stringify(state) })
      }
    }
    const from = edges[piece] ?? 0
    const to = edges[piece + 1] ?? 0
    for (let i = from; i < to; i++) {
      alerts.push(...engine.process(events[i] as SecurityEvent, i + 1))
      if ((i - from) % batch === batch - 1) save()
    }
    save()
    if (piece + 2 === edges.length) alerts.push(...engine.flush())
  }
  return alerts
}

const steps = fc.array(
  fc.record({
    gap: fc.oneof(fc.integer({ min: -8_000, max: 20_000 }), fc.constant(0), fc.integer({ min: 0, max: 1_200_000 })),
    address: fc.integer({ min: 0, max: 4 }),
    user: fc.integer({ min: 0, max: 4 }),
    fine: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 120 },
)

const toEvents = (list: readonly { gap: number; address: number; user: number; fine: boolean }[]): SecurityEvent[] => {
  let now = T
  return list.map(({ gap, address, user, fine }) => {
    now += gap
    const from = address === 4 ? `2001:db8::${user + 1}` : `198.51.100.${address}`
    return (fine ? success : failure)(now, from, `user${user}`)
  })
}

describe('an interrupted engine', () => {
  it('continues with exactly the alerts of one that was not, wherever it is cut', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { maxLength: 4 }), fc.integer({ min: 1, max: 20 }), (list, cuts, batch) => {
        const events = toEvents(list)
        expect(JSON.stringify(interrupted(events, cuts, batch))).toBe(JSON.stringify(runAll(createEngine({ rules: RULES }), events)))
      }),
      { numRuns: 150 },
    )
  })

  it('does so too while groups are evicted and values estimated', () => {
    const limits = { groups: 2, bytes: 1_500, distinct: 2 }
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { maxLength: 3 }), (list, cuts) => {
        const events = toEvents(list)
        expect(JSON.stringify(interrupted(events, cuts, 7, RULES, limits))).toBe(
          JSON.stringify(runAll(createEngine({ rules: RULES, limits }), events)),
        )
      }),
      { numRuns: 80 },
    )
  })

  it('does so with the built-in rules on busy groups', async () => {
    const { rules } = compileRules(await builtinRules())
    const events = Array.from({ length: 1_600 }, (_, i): SecurityEvent => {
      const attacker = i % 3 !== 0
      return {
        '@timestamp': T + i * 900,
        'event.category': 'web',
        'event.action': 'http-request',
        'event.dataset': 'nginx.access',
        'http.request.method': i % 5 === 0 ? 'POST' : 'GET',
        'http.response.status_code': i % 4 === 0 ? 404 : 200,
        'url.path': i % 50 === 0 ? '/.env' : `/page/${i}`,
        'user_agent.original': i % 200 === 0 ? 'sqlmap/1.8' : 'Mozilla/5.0',
        'source.ip': attacker ? '198.18.0.1' : `100.64.0.${i % 40}`,
      }
    })
    const whole = runAll(createEngine({ rules }), events)
    expect(whole.length).toBeGreaterThan(5)
    expect(JSON.stringify(interrupted(events, [1, 400, 1_111], 64, rules))).toBe(JSON.stringify(whole))
  })

  it('gives only what changed, in JSON, under keys that name the rule', () => {
    const engine = createEngine({ rules: RULES })
    engine.process(failure(T, '198.51.100.1', 'a'), 1)
    const first = engine.takeDirty()
    const withoutMeaning = (entries: readonly { key: string }[]): string[] => entries.map(({ key }) => key.replace(/#\w+\|/, '|'))
    expect(withoutMeaning(first)).toContain('brute|198.51.100.1')
    expect(JSON.parse(JSON.stringify(first))).toEqual(first)
    engine.process(failure(T + 1, '198.51.100.2', 'b'), 2)
    const keys = withoutMeaning(engine.takeDirty())
    expect(keys).toContain('brute|198.51.100.2')
    expect(keys).not.toContain('brute|198.51.100.1')
    expect(engine.takeDirty()).toEqual([])
  })

  it('starts a rule anew whose meaning changed, and forgets its old groups', () => {
    const before = createEngine({ rules: RULES })
    for (let i = 0; i < 4; i++) before.process(failure(T + i, '198.51.100.1'), i)
    const stored = before.takeDirty()
    const after = createEngine({ rules: rulesOf(LOGIN_RULES.replace('condition: {gte: 5}', 'condition: {gte: 3}')) })
    after.restore(stored)
    const told = after.process(failure(T + 10, '198.51.100.1'), 'next')
    expect(told.map((item) => item.alert.rule.id)).not.toContain('brute')
    const gone = after.takeDirty().filter(({ state }) => state === null)
    expect(gone.map(({ key }) => key.split('#')[0])).toContain('brute')
  })

  it('leaves out entries of rules that are gone, and what is no entry', () => {
    const engine = createEngine({ rules: RULES })
    engine.restore([
      { shard: 3, key: 'old-rule|x', state: { k: 'x', v: [], l: 1, n: 1, t: [], r: [] } },
      { shard: 3, key: 'nonsense', state: 7 },
      { shard: 3, key: 'brute|x', state: null },
    ])
    expect(engine.stats().groups).toBe(0)
    expect(engine.takeDirty()).toContainEqual({ shard: 3, key: 'old-rule|x', state: null })
    expect(
      runAll(
        engine,
        Array.from({ length: 5 }, (_, i) => failure(T + i, '198.51.100.1')),
      ).length,
    ).toBeGreaterThan(0)
  })
})
