import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEngine, ENGINE_RULES } from './engine.js'
import { failure, rulesOf, runAll, singleRule, success } from './fixtures/rules.js'
import { burst, engineOf, MINUTE, of, SECOND, T } from './fixtures/sign-ins.js'
import type { EngineAlert } from './grouper.js'

describe('counting events', () => {
  it('fires at the event that crosses the line, and says why in one plain sentence', () => {
    const engine = engineOf()
    const events = burst(5, T, 3 * SECOND)
    for (const [i, event] of events.slice(0, 4).entries()) expect(of(engine.process(event, i), 'brute')).toEqual([])
    const [fired] = of(engine.process(events[4] as SecurityEvent, 4), 'brute')
    expect(fired).toEqual({
      kind: 'fired',
      shard: expect.any(Number),
      alert: {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        rule: { id: 'brute', title: 'Brute force', level: 'high', tags: [], version: '1' },
        group: { 'source.ip': '198.51.100.7' },
        scope: { kind: 'ip', value: '198.51.100.7' },
        first: T,
        last: T + 12 * SECOND,
        count: 5,
        targets: ['198.51.100.7'],
        events: [0, 1, 2, 3, 4],
        why: '5 failed sign-ins from 198.51.100.7 within 12 s (rule: five in 15 minutes)',
      },
    })
  })

  it('does not fire for as many events over a longer time', () => {
    expect(of(runAll(engineOf(), burst(20, T, 4 * MINUTE)), 'brute')).toEqual([])
  })

  it('counts exactly at the edge of the timespan', () => {
    const at = (last: number): number => of(runAll(engineOf(), [...burst(4, T, SECOND), failure(last, '198.51.100.7')]), 'brute').length
    expect(at(T + 15 * MINUTE - 1)).toBe(1)
    expect(at(T + 15 * MINUTE)).toBe(0)
  })

  it('fires once while it goes on, with few updates and a last one at the end', () => {
    const alerts = of(runAll(engineOf(), burst(1_000, T, SECOND)), 'brute')
    expect(alerts.filter((item) => item.kind === 'fired')).toHaveLength(1)
    expect(alerts.length).toBeLessThan(12)
    const last = alerts.at(-1)?.alert
    expect(last).toMatchObject({ count: 1_000, first: T, last: T + 999 * SECOND })
    expect(last?.events).toHaveLength(100)
    expect(last?.events.at(-1)).toBe(1_000)
    expect(new Set(alerts.map((item) => item.alert.id)).size).toBe(1)
  })

  it('tells the end of a burst as soon as the clock has passed it, not at the end of input', () => {
    const engine = engineOf()
    for (const [i, event] of burst(7, T, SECOND).entries()) engine.process(event, i)
    const told = engine.process(failure(T + 16 * MINUTE, '203.0.113.1'), 'later')
    expect(of(told, 'brute')).toMatchObject([{ kind: 'updated', alert: { count: 7 } }])
    expect(of(engine.flush(), 'brute')).toEqual([])
  })

  it('re-arms after a quiet timespan, as another alert', () => {
    const fired = of(runAll(engineOf(), [...burst(6, T, SECOND), ...burst(6, T + 31 * MINUTE, SECOND)]), 'brute', 'fired')
    expect(fired).toHaveLength(2)
    expect(fired[0]?.alert.id).not.toBe(fired[1]?.alert.id)
    expect(fired[1]?.alert.first).toBe(T + 31 * MINUTE)
  })

  it('re-arms although single events keep coming below the line', () => {
    const trickle = burst(20, T + 10 * MINUTE, 5 * MINUTE)
    const fired = of(runAll(engineOf(), [...burst(6, T, SECOND), ...trickle, ...burst(6, T + 120 * MINUTE, SECOND)]), 'brute', 'fired')
    expect(fired).toHaveLength(2)
  })

  it('counts above what it remembers one by one, and below the line stays silent', () => {
    const quiet = burst(130, T, 4 * SECOND)
    expect(of(runAll(engineOf(), quiet), 'busy')).toEqual([])
    const [fired] = of(runAll(engineOf(), [...quiet, failure(T + 520 * SECOND, '198.51.100.7')]), 'busy', 'fired')
    expect(fired?.alert).toMatchObject({ count: 131, first: T, scope: { kind: 'event' } })
  })

  it('keeps groups apart', () => {
    const events = Array.from({ length: 50 }, (_, i) => failure(T + i * SECOND, `198.51.100.${i % 25}`, `user${i}`))
    expect(of(runAll(engineOf(), events), 'brute')).toEqual([])
  })

  it('looks at a condition that more events can undo when the time is over', () => {
    const three = burst(3, T, SECOND)
    const engine = engineOf()
    for (const [i, event] of three.entries()) expect(of(engine.process(event, i), 'exactly')).toEqual([])
    expect(of(engine.process(failure(T + 6 * MINUTE, '203.0.113.9'), 'x'), 'exactly', 'fired')).toHaveLength(1)
    expect(of(runAll(engineOf(), burst(4, T, SECOND)), 'exactly')).toEqual([])
    expect(of(runAll(engineOf(), three), 'exactly', 'fired')).toHaveLength(1)
  })

  it('ignores events without the field of the group, and times that are none', () => {
    const engine = engineOf()
    for (let i = 0; i < 9; i++) {
      const { 'source.ip': _, ...without } = failure(T + i, '198.51.100.7')
      expect(of(engine.process(without as SecurityEvent, i), 'brute')).toEqual([])
      expect(engine.process({ ...failure(Number.NaN, '198.51.100.7') }, i)).toEqual([])
    }
    expect(of(engine.flush(), 'brute')).toEqual([])
  })
})

describe('addresses', () => {
  it('counts an IPv6 network as one, and names each address of it', () => {
    const events = Array.from({ length: 6 }, (_, i) => failure(T + i * SECOND, `2001:db8:bad:1::${i + 1}`))
    const last = of(runAll(engineOf(), events), 'brute').at(-1)?.alert
    expect(last?.scope).toEqual({ kind: 'ip', value: '2001:db8:bad:1::/64' })
    expect(last?.targets).toEqual(events.map((event) => event['source.ip']))
  })

  it('counts a mapped IPv4 address like the plain one', () => {
    const events = Array.from({ length: 5 }, (_, i) => failure(T + i * SECOND, i % 2 === 0 ? '198.51.100.7' : '::ffff:198.51.100.7'))
    expect(of(runAll(engineOf(), events), 'brute', 'fired')[0]?.alert.targets).toEqual(['198.51.100.7'])
  })

  it('names all addresses of a distributed attack, and not one who mistyped and signed in', () => {
    const events = [
      ...Array.from({ length: 3 }, (_, i) => failure(T + i * SECOND, `198.51.100.${i}`)),
      failure(T + 4 * SECOND, '203.0.113.5'),
      failure(T + 5 * SECOND, '203.0.113.5'),
      success(T + 9 * SECOND, '203.0.113.5'),
      ...Array.from({ length: 5 }, (_, i) => failure(T + (10 + i) * SECOND, `198.51.100.${10 + i}`)),
    ]
    const alerts = of(runAll(engineOf(), events), 'distributed')
    const targets = alerts.at(-1)?.alert.targets ?? []
    expect(targets).not.toContain('203.0.113.5')
    expect(targets).toHaveLength(8)
    expect(alerts[0]?.alert.count).toBe(4)
    expect(alerts[0]?.alert.scope).toEqual({ kind: 'user', value: 'alice' })
  })

  it('keeps an address that failed often although it then signed in: it may have guessed right', () => {
    const events = [
      ...burst(3, T, SECOND, '203.0.113.5'),
      ...Array.from({ length: 6 }, (_, i) => failure(T + (10 + i) * SECOND, `198.51.100.${i}`)),
      success(T + 20 * SECOND, '203.0.113.5'),
    ]
    expect(of(runAll(engineOf(), events), 'distributed').at(-1)?.alert.targets).toContain('203.0.113.5')
  })

  it('takes an address out that signs in after the alert', () => {
    const engine = engineOf()
    const first = [
      failure(T, '203.0.113.5'),
      ...Array.from({ length: 3 }, (_, i) => failure(T + (1 + i) * SECOND, `198.51.100.${i}`)),
    ].flatMap((event, i) => engine.process(event, i))
    expect(of(first, 'distributed')[0]?.alert.targets).toContain('203.0.113.5')
    const rest = [
      success(T + 6 * SECOND, '203.0.113.5'),
      ...Array.from({ length: 20 }, (_, i) => failure(T + (7 + i) * SECOND, `198.51.101.${i}`)),
    ].flatMap((event, i) => engine.process(event, 10 + i))
    expect(of([...rest, ...engine.flush()], 'distributed').at(-1)?.alert.targets).not.toContain('203.0.113.5')
  })

  it('bounds the addresses it names', () => {
    const events = Array.from({ length: 1_000 }, (_, i) => failure(T + i * 100, `10.0.${i >> 8}.${i & 255}`))
    expect(of(runAll(engineOf(), events), 'distributed').at(-1)?.alert.targets).toHaveLength(256)
  })
})

describe('counting values', () => {
  it('says how many of what', () => {
    const events = Array.from({ length: 4 }, (_, i) => failure(T + i * 10 * SECOND, '198.51.100.7', `user${i}`))
    const [fired] = of(runAll(engineOf(), events), 'spray', 'fired')
    expect(fired?.alert.why).toBe('4 user names in 4 failed sign-ins from 198.51.100.7 within 30 s (rule: four in 15 minutes)')
    expect(fired?.alert.count).toBe(4)
  })

  it('does not count a value twice', () => {
    expect(of(runAll(engineOf(), burst(50, T, SECOND)), 'spray')).toEqual([])
  })

  it('goes on with estimates when there are more values than it keeps', () => {
    const events = Array.from({ length: 3_000 }, (_, i) => failure(T + i * 10, '198.51.100.7', `user${i}`))
    const last = of(runAll(engineOf({ distinct: 100 }), events), 'spray').at(-1)?.alert
    expect(Math.abs((last?.count ?? 0) - 3_000)).toBeLessThan(400)
  })
})

describe('sequences', () => {
  it('sees a sign-in after the failures, and that only', () => {
    const taken = (events: SecurityEvent[]): EngineAlert[] => of(runAll(engineOf(), events), 'taken', 'fired')
    const [fired] = taken([...burst(6, T, SECOND), success(T + MINUTE, '198.51.100.7')])
    expect(fired?.alert).toMatchObject({
      targets: ['198.51.100.7'],
      why: '“Brute force”, then “Success” from 198.51.100.7 within 55 s (rule: in this order in 15 minutes)',
    })
    expect(taken([success(T, '198.51.100.7'), ...burst(6, T + SECOND, SECOND)])).toEqual([])
    expect(taken([...burst(6, T, SECOND), success(T + 20 * MINUTE, '198.51.100.7')])).toEqual([])
    expect(taken([...burst(6, T, SECOND), success(T + MINUTE, '203.0.113.1')])).toEqual([])
    expect(taken([...burst(4, T, SECOND), success(T + MINUTE, '198.51.100.7')])).toEqual([])
  })

  it('follows guessing that goes on longer than the timespan', () => {
    const events = [...burst(60, T, MINUTE), success(T + 61 * MINUTE, '198.51.100.7')]
    expect(of(runAll(engineOf(), events), 'taken', 'fired')).toHaveLength(1)
  })

  it('never takes one event for two steps', () => {
    const rules = rulesOf(`
title: One
id: one
logsource: {category: web}
detection: {a: {x|exists: true}, condition: a}
---
title: Two
id: two
logsource: {category: web}
detection: {a: {x|exists: true}, condition: a}
---
title: Steps
id: steps
correlation: {type: temporal_ordered, rules: [one, two], group-by: [source.ip], timespan: 1m}
`)
    const event = (time: number): SecurityEvent => ({ '@timestamp': time, 'event.category': 'web', 'source.ip': '198.51.100.7', x: 1 })
    const engine = createEngine({ rules })
    expect(engine.process(event(T), 1)).toEqual([])
    expect(engine.process(event(T + SECOND), 2)).toHaveLength(1)
  })

  it('sees steps in any order where the rule says so, with another field each', () => {
    const rules = rulesOf(`
title: One
id: one
logsource: {category: web}
detection: {a: {kind: one}, condition: a}
---
title: Two
id: two
logsource: {category: web}
detection: {a: {kind: two}, condition: a}
---
title: Both
id: both
correlation:
  type: temporal
  rules: [one, two]
  group-by: [who]
  timespan: 1m
  aliases: {who: {one: user.name, two: user.target}}
`)
    const run = (gap: number): number =>
      runAll(createEngine({ rules }), [
        { '@timestamp': T, 'event.category': 'web', kind: 'two', 'user.target': 'bob' },
        { '@timestamp': T + gap, 'event.category': 'web', kind: 'one', 'user.name': 'bob' },
      ]).filter((item) => item.kind === 'fired').length
    expect(run(SECOND)).toBe(1)
    expect(run(2 * MINUTE)).toBe(0)
  })
})

describe('single rules', () => {
  const probe = (time: number, address: string | undefined, more = {}): SecurityEvent => ({
    '@timestamp': time,
    'event.category': 'web',
    'url.path': '/.env',
    'http.request.method': 'GET',
    ...(address === undefined ? {} : { 'source.ip': address }),
    ...more,
  })
  const rules = rulesOf(singleRule("a: {'url.path|contains': .env}\ncondition: a"))

  it('alert at once, once per source, and again after it was quiet', () => {
    const engine = createEngine({ rules })
    const [fired] = engine.process(probe(T, '198.51.100.7'), 'e1')
    expect(fired).toMatchObject({
      kind: 'fired',
      alert: {
        group: {},
        scope: { kind: 'ip', value: '198.51.100.7' },
        count: 1,
        targets: ['198.51.100.7'],
        events: ['e1'],
        why: 'Test from 198.51.100.7: GET /.env',
      },
    })
    expect(engine.process(probe(T + SECOND, '198.51.100.7'), 'e2')).toEqual([])
    expect(engine.process(probe(T + SECOND, '198.51.100.8'), 'e3')).toHaveLength(1)
    const again = engine.process(probe(T + 40 * MINUTE, '198.51.100.7'), 'e4')
    expect(again.filter((item) => item.kind === 'fired')).toHaveLength(1)
  })

  it('keep ten thousand requests of a scan to a handful of messages', () => {
    const alerts = runAll(
      createEngine({ rules }),
      Array.from({ length: 10_000 }, (_, i) => probe(T + i * 50, '198.51.100.7')),
    )
    expect(alerts.length).toBeLessThan(15)
    expect(alerts.at(-1)?.alert.count).toBe(10_000)
  })

  it('stand for the user, the host or nothing where there is no address', () => {
    const scope = (more: object): unknown => createEngine({ rules }).process(probe(T, undefined, more), 1)[0]?.alert.scope
    expect(scope({ 'user.name': 'bob' })).toEqual({ kind: 'user', value: 'bob' })
    expect(scope({ 'host.name': 'web1' })).toEqual({ kind: 'endpoint', value: 'web1' })
    expect(scope({})).toMatchObject({ kind: 'event' })
  })
})

describe('bounds', () => {
  it('evicts the quietest groups, counts them, and says so in an alert', () => {
    const engine = engineOf({ groups: 3 })
    const alerts = Array.from({ length: 400 }, (_, i) => engine.process(failure(T + i * 10, `10.1.${i >> 8}.${i & 255}`, 'x'), i)).flat()
    const [notice] = of(alerts, 'parapet-engine-state-evicted', 'fired')
    expect(notice?.alert).toMatchObject({ rule: { level: 'medium' }, targets: [], scope: { kind: 'event' } })
    expect(notice?.alert.why).toMatch(/^The memory of part \d+ of the engine is full: \d+ times .*, of rule \w+ first$/)
    expect(engine.stats().evicted).toBeGreaterThan(300)
    expect(engine.stats().groups).toBeLessThan(400)
    const told = of([...alerts, ...engine.flush()], 'parapet-engine-state-evicted')
    expect(new Set(told.map((item) => item.alert.id)).size).toBe(new Set(told.map((item) => item.shard)).size)
    expect(told.length).toBeLessThan(64 * 4)
  })

  it('still sees an attacker among a flood of others', () => {
    const engine = engineOf({ groups: 24 })
    const alerts: EngineAlert[] = []
    for (let i = 0; i < 400; i++) {
      alerts.push(...engine.process(failure(T + i * 10, `10.1.${i >> 8}.${i & 255}`, `u${i}`), i))
      if (i % 20 === 0) alerts.push(...engine.process(failure(T + i * 10, '198.51.100.7'), `a${i}`))
    }
    expect(of(alerts, 'brute', 'fired').flatMap((item) => item.alert.targets)).toEqual(['198.51.100.7'])
  })

  it('leaves rules out when an event costs too much, and says so', () => {
    const detection = Array.from({ length: 60 }, (_, i) => `a${i}:\n  x|re: '(a|b)*c${i}[0-9]+$'`).join('\n')
    const engine = createEngine({ rules: rulesOf(singleRule(`${detection}\ncondition: 1 of them`)), limits: { budget: 2_000 } })
    const told = engine.process({ '@timestamp': T, 'event.category': 'web', 'event.dataset': 'shop', x: 'ab'.repeat(4_000) }, 1)
    expect(told).toMatchObject([{ kind: 'fired', alert: { rule: { id: 'parapet-engine-work-budget' } } }])
    expect(told[0]?.alert.why).toContain('shop')
    expect(engine.stats().overspent).toBe(1)
  })

  it('names its own rules', () => {
    expect(ENGINE_RULES).toEqual(['parapet-engine-state-evicted', 'parapet-engine-work-budget'])
  })
})

describe('the same input', () => {
  it('gives the same alerts, byte for byte', () => {
    const events = Array.from({ length: 600 }, (_, i) =>
      ((i * 7) % 11 === 0 ? success : failure)(T + i * 700, `198.51.100.${(i * 13) % 17}`, `user${(i * 5) % 7}`),
    )
    const run = (): string => JSON.stringify(runAll(engineOf(), events))
    expect(run()).toBe(run())
  })

  it('gives an alert the same id whatever else happens around it', () => {
    const attack = burst(5, T, SECOND)
    const alone = of(runAll(engineOf(), attack), 'brute', 'fired')[0]?.alert
    const engine = engineOf()
    const mixed: EngineAlert[] = []
    for (const [i, event] of attack.entries()) {
      engine.process(failure(T + i * SECOND, `203.0.113.${i}`, 'bob'), `n${i}`)
      mixed.push(...engine.process(event, i + 1))
    }
    expect(of(mixed, 'brute', 'fired')[0]?.alert).toEqual(alone)
  })
})
