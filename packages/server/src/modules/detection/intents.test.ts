import { type Alert, type ResponseIntents, systemClock, uuidv7 } from '@parapet/core'
import type { RespondInput, Verdict } from '@parapet/respond'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'
import { createAlertIntake } from './index.js'
import { detectionDeps } from './fixtures/deps.js'
import type { AnswerDeps } from './types.js'

let t: TestApp
let source: { id: string; name: string; token: string }
beforeAll(async () => {
  t = await createTestApp()
  source = { name: 'shop', ...(await t.makeSource('shop')) }
}, 60_000)
afterAll(() => t.close())

const alertOf = (extra: Partial<Alert> = {}): Alert => ({
  id: uuidv7(Date.now()),
  rule: { id: 'bulk-read', title: 'Accounts are read in bulk', level: 'critical', tags: [], version: '1' },
  group: {},
  scope: { kind: 'user', value: 'mallory' },
  first: Date.now(),
  last: Date.now(),
  count: 1,
  targets: ['203.0.113.7'],
  events: [],
  why: 'mallory read 5,000 accounts',
  ...extra,
})
const BREACH: ResponseIntents = {
  notify: { audience: 'administrators', kind: 'breach', title: 'Data breach attempt', text: 'mallory read 5,000 accounts.' },
  incident: { title: 'Data breach attempt', severity: 'critical', subjects: ['mallory'], addresses: ['203.0.113.7'] },
}
/** Suspends the user for an hour, and asks for what is given. */
const answer =
  (intents: ResponseIntents, user = 'mallory') =>
  (input: RespondInput): Verdict => ({
    decisions: [
      {
        id: input.newId(),
        target: { kind: 'user', value: user },
        action: 'suspend',
        scope: 'all',
        mode: 'enforce',
        reason: 'breach',
        author: { kind: 'policy', id: 'data-breach', name: 'Data breach' },
        alertId: input.alert.id,
        batch: input.newId(),
        startsAt: input.now,
        expiresAt: input.now + 3_600_000,
      },
    ],
    extended: [],
    budget: input.budget,
    notes: [],
    intents,
  })
/** An intake like the server's own, with the ports of the running server and an answer of the test. */
const intake = (respond: AnswerDeps['respond'], over: Partial<AnswerDeps> = {}) =>
  createAlertIntake({
    ...detectionDeps(t.database, { vault: t.vault, clock: t.now, respond }),
    intents: { notifications: t.services.notifications, incidents: t.services.incidents, lockdowns: t.lockdowns },
    ...over,
  })
const take = async (door: ReturnType<typeof intake>, alert: Alert): Promise<void> => door.takeAlerts(source, [{ alert, demo: false }])
const local = async (url: string): Promise<Json> => (await t.call('GET', url, { token: t.local })).body
const told = async (): Promise<Json[]> => (await local('/v1/notifications?limit=200')).items
const count = async (table: string): Promise<number> =>
  (await t.database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n ?? -1

describe('the answer to an alert', () => {
  it('opens the incident with its decisions and tells administrators, once, however often the alert comes again', async () => {
    const door = intake(answer(BREACH))
    const alert = alertOf()
    await take(door, alert)
    await take(door, { ...alert, count: 2 })
    await door.close()
    const { items } = await local('/v1/incidents')
    expect(items).toHaveLength(1)
    const detail = await local(`/v1/incidents/${items[0].id}`)
    expect(detail.incident).toMatchObject({ title: 'Data breach attempt', severity: 'critical', alerts: 1 })
    expect(detail.timeline.map(({ kind }: Json) => kind)).toEqual(expect.arrayContaining(['opened', 'decision']))
    const breach = (await told()).filter(({ kind }) => kind === 'breach')
    expect(breach).toMatchObject([{ level: 'critical', title: 'Data breach attempt', href: `/incidents/${items[0].id}` }])
    const decision = detail.decisions[0]
    expect((await local(`/v1/decisions/${decision.id}`)).incidents).toEqual([{ id: items[0].id, title: 'Data breach attempt' }])
  })

  it('tells nobody of the demo, which leaves nothing behind', async () => {
    const before = await count('notifications')
    const door = intake(answer(BREACH))
    await door.takeAlerts(source, [{ alert: alertOf({ scope: { kind: 'user', value: 'shown' } }), demo: true }])
    await door.close()
    expect(await count('notifications')).toBe(before)
  })

  it('opens no incident of which nobody could be told; the block holds, and it is said that the rest failed', async () => {
    const before = [await count('incidents'), await count('notifications')]
    const decided = await count('decisions')
    const errors: string[] = []
    const door = intake(answer(BREACH), {
      intents: {
        notifications: { enqueueIn: () => Promise.reject(new Error('the outbox is full')) },
        incidents: t.services.incidents,
        lockdowns: t.lockdowns,
      },
      log: { info: () => undefined, warn: () => undefined, error: (_fields, message) => void errors.push(message) },
    })
    const alert = alertOf({ scope: { kind: 'user', value: 'eve' } })
    await take(door, alert)
    await door.close()
    expect([await count('incidents'), await count('notifications')]).toEqual(before)
    expect(await count('decisions')).toBe(decided + 1)
    expect(errors).toEqual([expect.stringContaining('nobody could be told')])
    expect((await local(`/v1/alerts/${alert.id}`)).alert.id).toBe(alert.id)
  })

  it('says that the budget is spent once an hour, whatever alert it was that spent it', async () => {
    const door = intake((input) => ({
      ...answer({})(input),
      decisions: [],
      intents: {
        notify: { audience: 'security', kind: 'budget', title: 'Automatic decisions only observe', text: 'The budget is spent.' },
      },
    }))
    await take(door, alertOf())
    await take(door, alertOf())
    await door.close()
    expect((await told()).filter(({ kind }) => kind === 'budget')).toHaveLength(1)
  })
})

describe('a lockdown by a policy', () => {
  const LOCK: ResponseIntents = { ...BREACH, lockdown: { mode: 'known_users', durationMs: 24 * 3_600_000 } }
  const current = async (): Promise<Json> => (await local('/v1/lockdown')).current

  it('lasts a quarter of an hour at most, belongs to the incident, and is not begun again by the same alert', async () => {
    const door = intake(answer(LOCK))
    const alert = alertOf()
    await take(door, alert)
    const begun = await current()
    expect(begun).toMatchObject({ mode: 'known_users', confirmations: 0, by: { id: 'data-breach', name: 'Data breach' } })
    expect(begun.endsAt - begun.startedAt).toBe(15 * 60_000)
    expect(begun.incidentId).toEqual(expect.any(String))
    t.advance(60_000)
    await take(door, { ...alert, count: 9 })
    expect((await current()).endsAt).toBe(begun.endsAt)
    await t.call('DELETE', '/v1/lockdown', { token: t.local, body: {} })
    await take(door, { ...alert, count: 10 })
    expect(await current()).toBeNull()
    await door.close()
  })

  it('that is offered is begun by nobody', async () => {
    const door = intake(answer({ ...BREACH, lockdown: 'offer' }))
    const alert = alertOf({ scope: { kind: 'user', value: 'trent' } })
    await take(door, alert)
    await door.close()
    expect(await current()).toBeNull()
    const { items } = await local('/v1/incidents')
    expect((await local(`/v1/incidents/${items[0].id}`)).lockdownOffered).toBe(true)
  })

  it('waits for one that a person begins at the same moment, without a deadlock, and there is one', async () => {
    const door = intake(answer(LOCK))
    const byHand = () => t.call('POST', '/v1/lockdown', { token: t.local, body: { mode: 'all', duration: '1h', reason: 'drill' } })
    const ends = () => t.call('DELETE', '/v1/lockdown', { token: t.local, body: {} })
    for (let i = 0; i < 5; i++) {
      await Promise.all([take(door, alertOf()), byHand(), take(door, alertOf())])
      const { rows } = await t.database.pool.query('SELECT count(*)::int AS n FROM lockdowns WHERE ended_at IS NULL')
      expect(rows).toEqual([{ n: 1 }])
      await ends()
    }
    await door.close()
  })
})

describe('the door of agents', () => {
  it('reads what is in force once, and after that only what has changed', async () => {
    const seen: number[] = []
    const door = intake((input) => {
      seen.push(input.held.size)
      return { decisions: [], extended: [], budget: input.budget, notes: [] }
    })
    const queries: string[] = []
    const { pool } = t.database
    const connect = pool.connect.bind(pool)
    const counting = {
      ...t.database,
      pool: Object.assign(Object.create(pool) as typeof pool, {
        connect: async () => {
          const client = await connect()
          const query = client.query.bind(client)
          return Object.assign(Object.create(client) as typeof client, {
            query: (...given: Parameters<typeof client.query>) => {
              queries.push(typeof given[0] === 'string' ? given[0] : (given[0] as { text: string }).text)
              return query(...given)
            },
          })
        },
      }),
    }
    await door.close()
    const counted = createAlertIntake({
      ...detectionDeps(counting, {
        vault: t.vault,
        clock: t.now,
        respond: (input) => ({ decisions: [], extended: [], budget: input.budget, notes: [] }),
      }),
    })
    for (let i = 0; i < 5; i++) await take(counted, alertOf())
    await counted.close()
    expect(queries.filter((text) => text.includes('FROM decisions WHERE lifted_at IS NULL'))).toHaveLength(1)
  })

  it('knows what others decided and lifted since', async () => {
    const seen: string[][] = []
    const door = intake((input) => {
      seen.push(input.held.match({ address: '198.51.100.44' }, input.now).map(({ id }) => id))
      return { decisions: [], extended: [], budget: input.budget, notes: [] }
    })
    await take(door, alertOf())
    const { body } = await t.call('POST', '/v1/decisions', {
      token: t.local,
      body: { target: { kind: 'ip', value: '198.51.100.44' }, action: 'deny', scope: 'all', duration: '1h', reason: 'x' },
    })
    await take(door, alertOf())
    await t.call('POST', `/v1/decisions/${body.id}/lift`, { token: t.local, body: { reason: 'y' } })
    await take(door, alertOf())
    await door.close()
    expect(seen).toEqual([[], [body.id], []])
  })

  it('starts over from the database after an error, so that what was rolled back is not taken for decided', async () => {
    let fail = true
    const held: number[] = []
    const door = intake((input) => {
      held.push(input.held.match({ user: 'victor' }, input.now).length)
      return {
        ...answer({})(input),
        decisions: answer({}, 'victor')(input).decisions,
      }
    })
    const alert = alertOf()
    // an alert that the database refuses ends the transaction after its decision was written
    const bad = { ...alertOf(), id: null as unknown as string }
    await expect(door.takeAlerts(source, [{ alert: fail ? bad : alert, demo: false }])).rejects.toThrow(/alerts.body/)
    fail = false
    await take(door, alert)
    await door.close()
    expect(held).toEqual([0, 0])
  })

  it('takes many at once, one after the other, and decides each once', async () => {
    const door = intake((input) => ({ ...answer({})(input), intents: {} }))
    const before = await count('decisions')
    await Promise.all(Array.from({ length: 12 }, () => take(door, alertOf())))
    await door.close()
    expect((await count('decisions')) - before).toBe(12)
  })
})

describe('what an answer is told', () => {
  it('are the users, sessions and datasets of the events behind the alert, and the history of users too', async () => {
    const seen: RespondInput[] = []
    const event = (id: string, extra: object) => ({
      '@timestamp': systemClock(),
      'event.id': id,
      'event.category': 'authentication',
      'event.action': 'login',
      'source.ip': '203.0.113.60',
      ...extra,
    })
    await t.call('POST', '/v1/events', {
      token: source.token,
      body: [
        event('f-1', { 'event.outcome': 'failure', 'user.name': 'walter@example.org', 'event.dataset': 'guard.login' }),
        event('f-2', { 'event.outcome': 'success', 'user.id': 'u-9', 'session.id': 's-9', 'event.dataset': 'guard.login' }),
      ],
    })
    await t.settle()
    const door = intake((input) => {
      seen.push(input)
      const [decision] = answer({})(input).decisions
      return {
        decisions: decision === undefined ? [] : [{ ...decision, target: { kind: 'user', value: 'u-9' } }],
        extended: [],
        budget: input.budget,
        notes: [],
      }
    })
    const alert = alertOf({ scope: { kind: 'ip', value: '203.0.113.60' }, targets: ['203.0.113.60'], events: ['f-1', 'f-2'] })
    await take(door, alert)
    await take(door, alert)
    await door.close()
    expect(seen[0]?.facts).toMatchObject({ signedIn: ['u-9'], sessions: ['s-9'], datasets: ['guard.login'] })
    expect(seen[0]?.facts?.users.toSorted()).toEqual(['u-9', 'walter@example.org'])
    expect(seen[1]?.history.map(({ target }) => target.value)).toContain('u-9')
  })
})
