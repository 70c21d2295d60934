import type { NotificationRoute } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeChannels, makeRoutes } from '../test/notification-fixtures.js'
import { LEVELS_DOWN } from './levels.js'
import {
  clockOf,
  daysInWords,
  listInWords,
  minuteOf,
  moved,
  newRoute,
  reachedBy,
  ROUTED_KINDS,
  routeInWords,
  routeWarnings,
} from './notification-routes.js'

const channels = makeChannels(0)
const [night, day] = makeRoutes() as readonly [NotificationRoute, NotificationRoute]
const route = (change: Partial<NotificationRoute>): NotificationRoute => ({ ...night, escalate: [], ...change })

const anyRoute: fc.Arbitrary<NotificationRoute> = fc.record({
  id: fc.uuid(),
  name: fc.constant('r'),
  minLevel: fc.constantFrom(...LEVELS_DOWN),
  kinds: fc.subarray([...ROUTED_KINDS], { maxLength: 3 }),
  channels: fc.subarray(['ch-mail', 'ch-ntfy', 'ch-hook', 'gone']),
  quiet: fc.constant(null),
  groupMinutes: fc.nat(60),
  escalate: fc.constant([]),
  continue: fc.boolean(),
})

describe('a route in words', () => {
  it('says what goes where, when it waits and who is next', () => {
    expect(routeInWords(night, channels)).toEqual([
      'Everything that is critical goes to On call and Security team.',
      'When nobody has acknowledged it after 15 minutes, #incidents is told too.',
    ])
    expect(routeInWords(day, channels)).toEqual([
      'Alerts, flagged users and silent sources of level medium or worse go to Security team; like ones within 10 minutes become one message.',
      'From 22:00 to 07:00 (Europe/Berlin, Monday to Friday) only what is critical is sent at once; the rest waits until 07:00.',
    ])
  })

  it('hides no channel that is off or gone, and no route that goes on', () => {
    expect(
      routeInWords(route({ minLevel: 'informational', kinds: ['breach'], channels: ['ch-hook', 'gone'], continue: true }), channels),
    ).toEqual([
      'Breaches of any level go to Ticket system (switched off) and a channel that is gone.',
      'The routes below are looked at as well.',
    ])
    expect(routeInWords(route({ kinds: ['breach'], channels: [] }), channels)).toEqual(['Breaches that are critical go to nobody.'])
  })

  it('names days as people do', () => {
    expect(daysInWords([])).toBe('every day')
    expect(daysInWords([0, 1, 2, 3, 4, 5, 6])).toBe('every day')
    expect(daysInWords([6, 0])).toBe('Saturday and Sunday')
    expect(daysInWords([5, 6, 0])).toBe('Friday to Sunday')
    expect(daysInWords([1, 3, 5])).toBe('Monday, Wednesday and Friday')
    expect(daysInWords([3])).toBe('Wednesday')
    expect(listInWords(['a', 'b', 'c'], 'or')).toBe('a, b or c')
    expect(listInWords([])).toBe('')
  })

  it('turns every minute of the day to a clock and back', () => {
    for (let minute = 0; minute < 1_440; minute++) expect(minuteOf(clockOf(minute))).toBe(minute)
    expect(minuteOf('')).toBeUndefined()
  })
})

describe('who is reached', () => {
  it('is whom the first route that takes it names, and those after it only when it goes on', () => {
    expect(reachedBy([night, day], channels, 'alert', 'critical')).toEqual(['ch-ntfy', 'ch-mail'])
    expect(reachedBy([night, day], channels, 'alert', 'high')).toEqual(['ch-mail'])
    expect(reachedBy([night, day], channels, 'lockdown', 'high')).toEqual([])
    expect(reachedBy([route({ channels: ['ch-ntfy'], continue: true }), day], channels, 'alert', 'critical')).toEqual([
      'ch-ntfy',
      'ch-mail',
    ])
    // one that is off is passed over
    expect(reachedBy([route({ channels: ['ch-hook'] })], channels, 'alert', 'critical')).toEqual([])
  })

  it('is said to be nobody exactly when it is nobody, whatever the routes', () => {
    fc.assert(
      fc.property(fc.array(anyRoute, { maxLength: 6 }), (routes) => {
        const [first] = routeWarnings(routes, channels)
        const lost = ROUTED_KINDS.filter((kind) => reachedBy(routes, channels, kind, 'critical').length === 0)
        expect(first?.grave === true).toBe(lost.length > 0)
        expect(first?.text.startsWith('Nothing critical') === true).toBe(lost.length === ROUTED_KINDS.length)
      }),
      { seed: 7 },
    )
  })

  it('is nobody through a route of which it is said that nothing comes there', () => {
    fc.assert(
      fc.property(fc.array(anyRoute, { maxLength: 6 }), (routes) => {
        for (const { index, text } of routeWarnings(routes, channels)) {
          if (index === null || !text.startsWith('Nothing ever comes here')) continue
          // without it everybody is told the same
          const without = routes.toSpliced(index, 1)
          for (const kind of ROUTED_KINDS)
            for (const level of LEVELS_DOWN)
              expect(reachedBy(without, channels, kind, level)).toEqual(reachedBy(routes, channels, kind, level))
        }
      }),
      { seed: 7 },
    )
  })
})

describe('warnings', () => {
  it('are none for routes that miss nothing', () => {
    expect(routeWarnings([night, day], channels)).toEqual([])
  })

  it('say which critical things would reach nobody', () => {
    expect(routeWarnings([day], channels)[0]).toEqual({
      grave: true,
      index: null,
      text: 'Critical decisions, breaches, lockdowns, incidents, spent budgets, enforcers in trouble and changes of operators would reach nobody: no route takes them to a channel that is on.',
    })
    expect(routeWarnings([], channels)[0]?.text).toContain('Nothing critical would reach anybody')
    const off = channels.map((channel) => ({ ...channel, enabled: false }))
    expect(routeWarnings([night, day], off)[0]?.text).toContain('Nothing critical would reach anybody')
  })

  it('point at a route without a channel, and at one that another hides', () => {
    expect(routeWarnings([night, route({ id: 'x', channels: ['ch-hook'] })], channels)).toEqual([
      { grave: false, index: 1, text: 'It has no channel that is on: what it takes goes to nobody.' },
      { grave: false, index: 1, text: 'Nothing ever comes here: route 1 takes all of it first.' },
    ])
  })
})

describe('the editor', () => {
  it('begins a route with all channels that are on', () => {
    expect(newRoute('id', channels)).toMatchObject({
      id: 'id',
      minLevel: 'high',
      channels: ['ch-mail', 'ch-ntfy', 'ch-slack'],
      quiet: null,
    })
    expect(routeWarnings([newRoute('id', channels)], channels)).toEqual([])
  })

  it('moves a route and loses none', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(), { maxLength: 8 }),
        fc.integer({ min: -1, max: 9 }),
        fc.integer({ min: -1, max: 9 }),
        (list, from, to) => {
          const after = moved(list, from, to)
          expect([...after].toSorted((a, b) => a - b)).toEqual([...list].toSorted((a, b) => a - b))
          const inside = from >= 0 && from < list.length && to >= 0 && to < list.length
          expect(inside ? after[to] : after).toBe(inside ? list[from] : list)
        },
      ),
      { seed: 7 },
    )
  })
})
