import { DAY, HOUR, MINUTE, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActivity } from './index.js'

const AT = Date.UTC(2026, 10, 20, 9)
const login = (
  name: string,
  address: string,
  outcome: 'success' | 'failure',
  at = AT,
  more: Partial<SecurityEvent> = {},
): SecurityEvent => ({
  '@timestamp': at,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': outcome,
  'user.name': name,
  'source.ip': address,
  ...more,
})
const report = (events: readonly SecurityEvent[]) => {
  const activity = createActivity()
  for (const event of events) activity.add(event)
  return activity.report([])
}
const times = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
/** sixteen days of somebody who signs in at nine from one place */
const habit = (name: string, address: string): SecurityEvent[] =>
  times(16, (n) => login(name, address, 'success', AT + n * DAY, { 'user_agent.original': 'Firefox', 'source.geo.country_iso_code': 'DE' }))

describe('recent activity', () => {
  it('puts who was guessed into first, says why, and finds nothing odd about a habit', () => {
    const { people, addresses, signIns, failures } = report([
      ...habit('ann', '100.64.0.1'),
      ...times(9, (n) => login('deploy', '198.18.0.9', 'failure', AT + n * 1000)),
      login('deploy', '198.18.0.9', 'success', AT + MINUTE),
    ])
    expect([signIns, failures]).toEqual([17, 9])
    expect(people[0]).toMatchObject({ name: 'deploy', signIns: 1, failures: 9, addresses: ['198.18.0.9'] })
    expect(people[0]?.why[0]?.why).toBe('1 sign-in right after failed guesses from the same address')
    expect(people.find(({ name }) => name === 'ann')).toMatchObject({ oddity: 0, why: [], places: ['DE'] })
    expect(addresses[0]?.address).toBe('198.18.0.9')
  })

  it('is not alarmed by somebody who mistyped', () => {
    const { people } = report([
      ...habit('ann', '100.64.0.1'),
      ...times(3, () => login('ann', '100.64.0.1', 'failure')),
      login('ann', '100.64.0.1', 'success'),
    ])
    expect(people[0]?.oddity).toBe(0)
  })

  it.each<[string, SecurityEvent, RegExp]>([
    ['another address', login('ann', '198.18.0.3', 'success', AT + 17 * DAY), /one sign-in from 198\.18\.0\.3/],
    ['another program', login('ann', '100.64.0.1', 'success', AT + 17 * DAY, { 'user_agent.original': 'curl/8' }), /not the usual one/],
    ['another hour', login('ann', '100.64.0.1', 'success', AT + 17 * DAY - 6 * HOUR), /one sign-in at 03:00 UTC/],
    [
      'another country',
      login('ann', '100.64.0.1', 'success', AT + 17 * DAY, { 'source.geo.country_iso_code': 'BR' }),
      /signed in from DE, BR/,
    ],
  ])('sees %s beside a habit', (_, event, why) => {
    const [ann] = report([...habit('ann', '100.64.0.1'), event]).people
    expect(ann?.why.map((each) => each.why).join('; ')).toMatch(why)
  })

  it('shows a spraying address, whom it got in as, and what they did then', () => {
    const { addresses, people, acts } = report([
      ...times(30, (n) => login(`user${n}`, '198.18.0.5', 'failure', AT + n * 1000)),
      login('carl', '198.18.0.5', 'success', AT + HOUR),
      {
        '@timestamp': AT + 2 * HOUR,
        'event.category': 'iam',
        'event.action': 'user-created',
        'event.outcome': 'success',
        'user.name': 'carl',
        'user.target.name': 'eve',
        'source.ip': '198.18.0.6',
      },
    ])
    expect(addresses[0]).toMatchObject({ address: '198.18.0.5', failures: 30, signIns: 1, names: ['carl'] })
    expect(addresses[0]?.why.map(({ why }) => why)).toEqual(['signed in after 30 failures', 'failed as 30 names', '30 failed sign-ins'])
    expect(people[0]).toMatchObject({ name: 'carl', acts: 1 })
    expect(acts).toEqual([
      {
        at: AT + 2 * HOUR,
        who: 'carl',
        what: 'user-created',
        on: 'eve',
        outcome: 'success',
        oddity: expect.any(Number),
        why: [
          { why: 'carl signed in after failed guesses', weight: 40 },
          { why: 'an account was made', weight: 15 },
          { why: 'from 198.18.0.6, from which carl did not sign in', weight: 15 },
          { why: 'the only such act of carl', weight: 10 },
        ],
      },
    ])
  })

  it('shows who saw or took many more records than others', () => {
    const seen = (who: string, count: number, action = 'resource-view'): SecurityEvent[] =>
      times(count, () => ({
        '@timestamp': AT,
        'event.category': 'iam',
        'event.action': action,
        'user.name': who,
        'parapet.resource': 'documents',
      }))
    const { data } = report([
      ...seen('ann', 4),
      ...seen('bob', 6),
      ...seen('carl', 5),
      ...seen('eve', 300),
      ...seen('bob', 2, 'resource-export'),
    ])
    expect(data[0]).toMatchObject({ who: 'eve', kind: 'documents', action: 'resource-view', count: 300 })
    expect(data[0]?.why[0]?.why).toBe('the median of 4 people is 5')
    expect(data[1]).toMatchObject({ who: 'bob', action: 'resource-export', why: [{ why: 'taken out of the system' }] })
    expect(data.find(({ who }) => who === 'ann')?.oddity).toBe(0)
  })

  it('has bounds, says what it left out, and stays quick', () => {
    const activity = createActivity()
    const before = process.cpuUsage()
    for (let n = 0; n < 120_000; n++) activity.add(login(`user${n}`, `198.18.${n >> 8}.${n & 255}`, 'failure', AT + n))
    const { people, addresses, leftOut, failures } = activity.report([])
    const { user } = process.cpuUsage(before)
    expect([people.length, addresses.length, failures]).toEqual([20_000, 50_000, 120_000])
    expect(leftOut).toBe(100_000 + 70_000)
    expect(user / 1_000_000).toBeLessThan(20)
  })

  it('takes any event without an exception and gives the same report for the same events', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant('login'),
      fc.constant('authentication'),
      fc.constant('failure'),
    )
    const event = fc.dictionary(
      fc.constantFrom(
        'event.category',
        'event.action',
        'event.outcome',
        'user.name',
        'user.id',
        'source.ip',
        'file.path',
        'url.path',
        'parapet.resource',
      ),
      value,
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.oneof(fc.integer(), fc.constant(Number.NaN))), { maxLength: 30 }), (list) => {
        const events = list.map(([fields, at]): SecurityEvent => Object.assign(fields, { '@timestamp': at }))
        const once = report(events)
        expect(report(events)).toEqual(once)
        for (const rows of [once.people, once.addresses, once.acts, once.data])
          expect(rows.map(({ oddity }) => oddity)).toEqual(rows.map(({ oddity }) => oddity).toSorted((a, b) => b - a))
      }),
    )
  })
})
