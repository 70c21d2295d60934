import { LEVELS, type Level, MINUTE, NOTIFICATION_KINDS, type NotificationRoute } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinLike, lowestLevel, planNotification, planStep, type Plannable, routesFor } from './plan.js'

const NIGHT = Date.parse('2026-11-22T23:00Z')
const MORNING = Date.parse('2026-11-23T07:00Z')
const QUIET = { from: 22 * 60, to: 7 * 60, zone: 'UTC', weekdays: [] }
const route = (change: Partial<NotificationRoute> = {}): NotificationRoute => ({
  id: 'r',
  name: 'R',
  minLevel: 'low',
  kinds: [],
  channels: ['mail'],
  quiet: null,
  groupMinutes: 0,
  escalate: [],
  continue: false,
  ...change,
})
const alert = (level: Level = 'high', change: Partial<Plannable> = {}): Plannable => ({
  kind: 'alert',
  level,
  audience: 'security',
  ...change,
})
const ALL = new Set(['mail', 'chat', 'phone'])
const plan = (notification: Plannable, routes: readonly NotificationRoute[], now = NIGHT, enabled: ReadonlySet<string> = ALL) =>
  planNotification(notification, routes, enabled, now)

describe('routes', () => {
  it('take by level and kind, and the first one decides unless it says otherwise', () => {
    const grave = route({ id: 'grave', minLevel: 'critical' })
    const breaches = route({ id: 'breaches', kinds: ['breach'], continue: true })
    const rest = route({ id: 'rest' })
    const ids = (notification: Plannable): string[] => routesFor([grave, breaches, rest], notification).map(({ id }) => id)
    expect(ids(alert('critical'))).toEqual(['grave'])
    expect(ids(alert('high'))).toEqual(['rest'])
    expect(ids(alert('high', { kind: 'breach' }))).toEqual(['breaches', 'rest'])
    expect(ids(alert('informational'))).toEqual([])
  })

  it('say from which level on alerts are worth telling, and without one what is grave is still shown', () => {
    expect(lowestLevel([], 'alert')).toBe('high')
    expect(lowestLevel([route({ kinds: ['breach'], minLevel: 'low' })], 'alert')).toBe('high')
    expect(lowestLevel([route({ minLevel: 'critical' }), route({ minLevel: 'medium' })], 'alert')).toBe('medium')
  })
})

describe('a plan', () => {
  it('tells each channel once, as soon as any route allows', () => {
    const routes = [route({ channels: ['mail', 'chat'], quiet: QUIET, continue: true }), route({ id: '2', channels: ['chat'] })]
    expect(plan(alert(), routes)).toMatchObject({
      deliveries: [{ channelId: 'mail', dueAt: MORNING }, { channelId: 'chat', dueAt: NIGHT }],
      quiet: false,
    }) // prettier-ignore
  })

  it('waits for the end of quiet hours, but for what is critical', () => {
    expect(plan(alert('high'), [route({ quiet: QUIET })])).toMatchObject({ deliveries: [{ dueAt: MORNING }], quiet: true })
    expect(plan(alert('critical'), [route({ quiet: QUIET })])).toMatchObject({ deliveries: [{ dueAt: NIGHT }], quiet: false })
  })

  it('says that there is no route instead of telling nobody in silence', () => {
    expect(plan(alert(), [])).toEqual({ kind: 'no_route' })
    expect(plan(alert('informational'), [route()])).toEqual({ kind: 'no_route' })
    expect(plan(alert(), [route({ channels: ['gone'] })])).toEqual({ kind: 'no_route' })
    expect(plan(alert(), [route()], NIGHT, new Set(['chat']))).toEqual({ kind: 'no_route' })
  })

  it('tells administrators through every channel when no route does, and by the route when one does', () => {
    const breach = alert('critical', { kind: 'breach', audience: 'administrators' })
    expect(plan(breach, [])).toMatchObject({
      deliveries: [{ channelId: 'mail' }, { channelId: 'chat' }, { channelId: 'phone' }],
      groupMs: 0,
    })
    expect(plan(breach, [route()])).toMatchObject({ deliveries: [{ channelId: 'mail' }] })
    expect(plan(breach, [], NIGHT, new Set())).toEqual({ kind: 'no_route' })
  })

  it('escalates from the moment on at which people could know of it', () => {
    const escalate = [{ afterMinutes: 15, channels: ['phone'] }, { afterMinutes: 30, channels: ['chat'] }] // prettier-ignore
    const steps = (level: Level): number[] => {
      const made = plan(alert(level), [route({ quiet: QUIET, escalate })])
      return made.kind === 'send' ? made.steps.map(({ at }) => at) : []
    }
    expect(steps('critical')).toEqual([NIGHT + 15 * MINUTE, NIGHT + 30 * MINUTE])
    expect(steps('high')).toEqual([MORNING + 15 * MINUTE, MORNING + 30 * MINUTE])
  })

  it('groups by the shortest time of the routes that take it', () => {
    const routes = [route({ groupMinutes: 30, continue: true }), route({ id: '2', groupMinutes: 5 })]
    expect(plan(alert(), routes)).toMatchObject({ groupMs: 5 * MINUTE })
  })
})

describe('an escalation', () => {
  const step = { at: NIGHT, channels: ['phone', 'gone'], quiet: QUIET }
  it('tells whom it names, in the morning unless it is critical', () => {
    expect(planStep('critical', step, ALL, NIGHT)).toEqual([{ channelId: 'phone', dueAt: NIGHT }])
    expect(planStep('high', step, ALL, NIGHT)).toEqual([{ channelId: 'phone', dueAt: MORNING }])
  })
})

describe('like ones', () => {
  const time = 10 * MINUTE
  it('go into a message that has not begun, or come together at the end of the time', () => {
    expect(joinLike({ firstDueAt: NIGHT, begun: false }, time, NIGHT)).toEqual({ kind: 'join' })
    expect(joinLike({ firstDueAt: NIGHT, begun: true }, time, NIGHT + MINUTE)).toEqual({ kind: 'hold', until: NIGHT + time })
  })

  it('stand for themselves when there is none, when the time is over, and without grouping', () => {
    expect(joinLike(undefined, time, NIGHT)).toEqual({ kind: 'alone' })
    expect(joinLike({ firstDueAt: NIGHT, begun: true }, time, NIGHT + time)).toEqual({ kind: 'alone' })
    expect(joinLike({ firstDueAt: NIGHT, begun: false }, 0, NIGHT)).toEqual({ kind: 'alone' })
  })
})

describe('whatever the routes', () => {
  const channel = fc.constantFrom('mail', 'chat', 'phone', 'gone')
  const channels = fc.uniqueArray(channel, { maxLength: 4 })
  const anyRoute: fc.Arbitrary<NotificationRoute> = fc.record({
    id: fc.uuid(),
    name: fc.constant('R'),
    minLevel: fc.constantFrom(...LEVELS),
    kinds: fc.uniqueArray(fc.constantFrom(...NOTIFICATION_KINDS), { maxLength: 3 }),
    channels,
    quiet: fc.option(
      fc.record({
        from: fc.integer({ min: 0, max: 1_439 }),
        to: fc.integer({ min: 0, max: 1_439 }),
        zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'),
        weekdays: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
      }),
    ),
    groupMinutes: fc.integer({ min: 0, max: 60 }),
    escalate: fc.array(fc.record({ afterMinutes: fc.integer({ min: 1, max: 60 }), channels }), { maxLength: 3 }),
    continue: fc.boolean(),
  })
  const anyNotification = fc.record({
    kind: fc.constantFrom(...NOTIFICATION_KINDS),
    level: fc.constantFrom(...LEVELS),
    audience: fc.constantFrom('security', 'administrators'),
  })
  const now = fc.integer({ min: Date.parse('2026-01-01T00:00Z'), max: Date.parse('2027-01-01T00:00Z') })
  const runs = { seed: 20_261_122, numRuns: 300 }

  it('nothing critical ever waits, at its first message or at an escalation', () => {
    fc.assert(
      fc.property(fc.array(anyRoute, { maxLength: 6 }), anyNotification, now, (routes, notification, at) => {
        const made = plan({ ...notification, level: 'critical' }, routes, at)
        if (made.kind === 'no_route') return
        expect(made.quiet).toBe(false)
        for (const { dueAt } of made.deliveries) expect(dueAt).toBe(at)
        for (const step of made.steps) for (const { dueAt } of planStep('critical', step, ALL, step.at)) expect(dueAt).toBe(step.at)
      }),
      runs,
    )
  })

  it('nothing is dropped: there is a channel that is on, or it is said that there is no route, and then none of those that take it has one', () => {
    fc.assert(
      fc.property(
        fc.array(anyRoute, { maxLength: 6 }),
        anyNotification,
        now,
        fc.subarray(['mail', 'chat', 'phone']),
        (routes, notification, at, on) => {
          const enabled = new Set(on)
          const made = plan(notification, routes, at, enabled)
          const routed = routesFor(routes, notification)
            .flatMap((each) => each.channels)
            .some((id) => enabled.has(id))
          const toAll = notification.audience === 'administrators' && enabled.size > 0
          const deliveries = made.kind === 'send' ? made.deliveries : []
          expect(deliveries.length > 0).toBe(routed || toAll)
          expect(made.kind === 'no_route').toBe(deliveries.length === 0)
          expect(new Set(deliveries.map(({ channelId }) => channelId)).size).toBe(deliveries.length)
          for (const { channelId, dueAt } of deliveries) {
            expect(enabled.has(channelId)).toBe(true)
            expect(dueAt).toBeGreaterThanOrEqual(at)
            expect(dueAt - at).toBeLessThan(27 * 60 * MINUTE)
          }
        },
      ),
      runs,
    )
  })
})
