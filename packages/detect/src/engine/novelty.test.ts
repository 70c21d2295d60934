import { DAY, HOUR, MINUTE, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine, type Engine } from './engine.js'
import { rulesOf, runAll, success } from './fixtures/rules.js'
import type { EngineAlert } from './grouper.js'
import { SHARDS } from './shards.js'

fc.configureGlobal({ seed: 20_261_122 })
const T = Date.UTC(2026, 0, 5, 9)
const RULES = rulesOf(`
title: Success
id: success
name: success
logsource: {category: authentication}
detection:
  fine: {event.action: login, event.outcome: success}
  condition: fine
x-words: sign-ins
---
title: New country
id: country
name: country
level: low
x-novelty: {rules: [success], group-by: [user.name], field: source.geo.country_iso_code, learning: {days: 14, events: 10}, memory: 90d}
---
title: New device
id: device
name: device
level: low
x-novelty: {rules: [success], group-by: [user.name], field: user_agent.family}
---
title: Both
id: both
level: medium
correlation: {type: temporal, rules: [country, device], group-by: [user.name], timespan: 1h, generate: true}
---
title: Slept
id: slept
level: low
x-novelty: {rules: [success], group-by: [user.name], absence: 60d}
---
title: Travel
id: travel
level: medium
x-travel: {rules: [success], group-by: [user.name]}
`)

type Place = { readonly country: string; readonly lat: number; readonly lon: number; readonly network: number; readonly ip: string }
const HOME: Place = { country: 'DE', lat: 52.5, lon: 13.4, network: 64_500, ip: '100.64.0.1' }
const AWAY: Place = { country: 'JP', lat: 35.7, lon: 139.7, network: 64_599, ip: '198.18.3.4' }
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'

const signIn = (at: number, place: Place = HOME, more: Partial<SecurityEvent> = {}): SecurityEvent => ({
  ...success(T + at, place.ip),
  'source.geo.country_iso_code': place.country,
  'source.geo.location.lat': place.lat,
  'source.geo.location.lon': place.lon,
  'source.as.number': place.network,
  'user_agent.original': FIREFOX,
  ...more,
})
/** ten sign-ins at home, eight hours apart */
const LEARNED = Array.from({ length: 10 }, (_, i) => signIn(i * 8 * HOUR))
const AFTER = 80 * HOUR

const only = (told: readonly EngineAlert[], id: string): EngineAlert[] => told.filter(({ alert }) => alert.rule.id === id)
const run = (events: readonly SecurityEvent[], engine: Engine = createEngine({ rules: RULES })): EngineAlert[] => runAll(engine, events)

describe('a country that is new for a user', () => {
  it('is one alert that names the country, the address and what was usual', () => {
    const told = only(run([...LEARNED, signIn(AFTER, AWAY)]), 'country')
    expect(told).toHaveLength(1)
    expect(told[0]).toMatchObject({
      kind: 'fired',
      alert: {
        group: { 'user.name': 'alice' },
        scope: { kind: 'user', value: 'alice' },
        count: 1,
        targets: ['198.18.3.4'],
        events: [11],
        first: T + AFTER,
      },
    })
    expect(told[0]?.alert.why).toBe('1 of sign-ins on user alice with countries not seen before: JP (in 3 days: DE)')
  })

  it('grows while it is used on the same day, and is quiet from the next day on', () => {
    const day = [0, 1, 2, 3].map((i) => signIn(AFTER + i * HOUR, AWAY))
    const told = only(run([...LEARNED, ...day, signIn(AFTER + 25 * HOUR, AWAY), signIn(AFTER + 60 * HOUR, AWAY)]), 'country')
    expect(told.map(({ kind, alert }) => [kind, alert.count])).toEqual([
      ['fired', 1],
      ['updated', 4],
    ])
    expect(new Set(told.map(({ alert }) => alert.id)).size).toBe(1)
  })

  it('is none for a user who is still learned, whatever others do', () => {
    const others = LEARNED.map((event, i) => ({ ...event, 'user.name': `user${i}` }))
    expect(only(run([...others, signIn(AFTER, AWAY, { 'user.name': 'user3' })]), 'country')).toEqual([])
  })

  it('is none where nobody knows the country', () => {
    const nowhere = signIn(AFTER)
    delete nowhere['source.geo.country_iso_code']
    expect(only(run([...LEARNED, nowhere]), 'country')).toEqual([])
  })

  it('teaches nothing when the event is part of an assessment', () => {
    const marked = { 'parapet.assessment': 'run-1' }
    const told = only(run([...LEARNED, signIn(AFTER, AWAY, marked), signIn(AFTER + 26 * HOUR, AWAY)]), 'country')
    // the second one is not known: nobody has learned the first
    expect(told.filter(({ kind }) => kind === 'fired')).toHaveLength(2)
  })

  it('is not learned twice from a clock that is off by a year, and found all the same afterwards', () => {
    const strange = signIn(AFTER + 365 * DAY, HOME)
    const told = only(run([...LEARNED, strange, signIn(AFTER + MINUTE), signIn(AFTER + HOUR, AWAY)]), 'country')
    expect(told.map(({ alert }) => alert.targets)).toEqual([['198.18.3.4']])
  })
})

describe('what a user has is told apart', () => {
  it('by field: a new device is no new country, and both together are a third alert', () => {
    const curl = { 'user_agent.original': 'curl/8.5.0' }
    expect(run([...LEARNED, signIn(AFTER, HOME, curl)]).map(({ alert }) => alert.rule.id)).toEqual(['device'])
    const told = run([...LEARNED, signIn(AFTER + 12 * HOUR, AWAY, curl)])
    expect(new Set(told.map(({ alert }) => alert.rule.id))).toEqual(new Set(['country', 'device', 'both']))
  })

  it('and by absence: after sixty days the sign-in itself is the news', () => {
    const told = only(run([...LEARNED, signIn(AFTER + 61 * DAY), signIn(AFTER + 61 * DAY + HOUR)]), 'slept')
    expect(told.map(({ alert }) => alert.why)).toEqual(['1 of sign-ins on user alice after more than 60 days without any'])
  })
})

describe('two places too far apart', () => {
  it('are one alert with both events, and only the stranger among the targets', () => {
    const told = only(run([signIn(0), signIn(10 * MINUTE, AWAY), signIn(20 * MINUTE)]), 'travel')
    expect(told).toHaveLength(1)
    expect(told[0]?.alert).toMatchObject({ targets: ['198.18.3.4'], events: [1, 2], count: 2, first: T, last: T + 10 * MINUTE })
    expect(told[0]?.alert.why).toMatch(
      /^2 sign-ins on user alice: at least 88\d\d km from DE to JP in 10m \(rule: 1000 km\/h, from 300 km\)$/,
    )
  })

  it('are looked at whatever the position is written as: a text or half a place is none', () => {
    const odd = [{ 'source.geo.location.lat': '35.7' }, { 'source.geo.location.lon': Number.NaN }, { 'source.geo.location.lat': 95 }]
    for (const fields of odd) expect(only(run([signIn(0), signIn(MINUTE, AWAY, fields)]), 'travel')).toEqual([])
  })
})

describe('hostile and strange events', () => {
  it('with values of any kind and length keep memory bounded and never throw', () => {
    const engine = createEngine({ rules: RULES })
    for (let i = 0; i < 2_000; i++)
      engine.process(
        signIn(i * MINUTE, HOME, { 'source.geo.country_iso_code': `x${i}`.repeat(500), 'user_agent.original': `\u0000\ud800agent${i}` }),
        i,
      )
    const bytes = engine.takeDirty().reduce((sum, entry) => sum + JSON.stringify(entry).length, 0)
    expect(bytes).toBeLessThan(120_000)
  })
})

const PLACES: readonly Place[] = [HOME, AWAY, { ...HOME, country: 'FR', lat: 48.9, lon: 2.3, network: 64_501, ip: '100.65.0.1' }]
const stream = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 30 * HOUR }),
      fc.constantFrom(FIREFOX, 'curl/8'),
    ),
    {
      minLength: 1,
      maxLength: 100,
    },
  )
  .map((list) => {
    let at = 0
    return list.map(([place, user, gap, agent]) =>
      signIn((at += gap), PLACES[place], { 'user.name': `user${user}`, 'user_agent.original': agent }),
    )
  })
const said = (told: readonly EngineAlert[]): string[] => told.map(({ kind, alert }) => `${kind} ${JSON.stringify(alert)}`)

describe('any stream of sign-ins', () => {
  it('gives the same alerts when it is interrupted anywhere and goes on from JSON', () => {
    fc.assert(
      fc.property(stream, fc.nat(), (events, cut) => {
        const at = cut % events.length
        const first = createEngine({ rules: RULES })
        const told = events.slice(0, at).flatMap((event, i) => first.process(event, i + 1) as EngineAlert[])
        const stored = JSON.parse(JSON.stringify(first.takeDirty())) as ReturnType<Engine['takeDirty']>
        const second = createEngine({ rules: RULES })
        second.restore(stored)
        told.push(...events.slice(at).flatMap((event, i) => second.process(event, at + i + 1) as EngineAlert[]), ...second.flush())
        expect(said(told)).toEqual(said(run(events)))
      }),
      { numRuns: 60 },
    )
  })

  it('gives the same alerts when the parts are spread over two engines', () => {
    fc.assert(
      fc.property(stream, fc.integer({ min: 0, max: SHARDS - 1 }), (events, edge) => {
        const halves = [0, 1].map(
          (half) => new Set(Array.from({ length: SHARDS }, (_, shard) => shard).filter((shard) => shard < edge === (half === 0))),
        )
        const spread = halves.flatMap((owns) => said(run(events, createEngine({ rules: RULES, owns }))))
        expect(spread.toSorted()).toEqual(said(run(events)).toSorted())
      }),
      { numRuns: 40 },
    )
  })
})
