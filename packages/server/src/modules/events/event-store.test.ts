import * as fc from 'fast-check'
import { DAY, HOUR, type SecurityEvent } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, silentLog, type TestDatabase } from '../../db/test-database.js'
import { createAlertLog } from '../alerts/alert-log.js'
import { createDecisionStore } from '../decisions/index.js'
import { transaction } from '../../db/pools.js'
import { createEventStore, dayOf, type EventStore } from './index.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

const NOW = Date.UTC(2026, 10, 21, 12)
const SSH = { id: 'ssh', name: 'host-1' }
const WEB = { id: 'web', name: 'shop' }

let database: TestDatabase
let store: EventStore
let count = 0

const event = (fields: Partial<SecurityEvent> = {}): SecurityEvent => ({ '@timestamp': NOW, 'event.id': `id-${++count}`, ...fields })

beforeAll(async () => {
  database = await createTestDatabase()
  store = createEventStore({ vault: testVault(), database, clock: () => NOW })
}, 60_000)
afterAll(() => database.close())

describe('append', () => {
  it('stores events with rising sequences, in the order they came', async () => {
    const before = await store.head()
    const list = [event({ message: 'a' }), event({ message: 'b' }), event({ message: 'c' })]
    expect(await store.append(SSH, list, NOW)).toEqual({ accepted: 3, duplicates: 0 })
    const stored = await store.after(before, 10)
    expect(stored.map((each) => [each.sequence, each.event.message])).toEqual([
      [before + 1, 'a'],
      [before + 2, 'b'],
      [before + 3, 'c'],
    ])
    expect(stored[0]).toMatchObject({ receivedAt: NOW, source: SSH, id: list[0]?.['event.id'] })
    expect(await store.append(SSH, [], NOW)).toEqual({ accepted: 0, duplicates: 0 })
  })

  it('stores a repetition once: in a batch, in the next one, at the same moment, from another process', async () => {
    const one = event()
    const two = event()
    expect(await store.append(SSH, [one, two, one], NOW)).toEqual({ accepted: 2, duplicates: 1 })
    expect(await store.append(SSH, [one, event()], NOW)).toEqual({ accepted: 1, duplicates: 1 })
    const three = event()
    const sibling = await database.sibling()
    const other = createEventStore({ vault: testVault(), database: sibling, clock: () => NOW })
    const answers = await Promise.all([store, other, store, other].map((each) => each.append(SSH, [three], NOW)))
    expect(answers.reduce((sum, each) => sum + each.accepted, 0)).toBe(1)
    expect(await store.byIds([three['event.id'] ?? ''])).toHaveLength(1)
    await sibling.close()
  })

  it('takes the same id from two sources as two events', async () => {
    const one = event()
    expect(await store.append(SSH, [one], NOW)).toMatchObject({ accepted: 1 })
    expect(await store.append(WEB, [one], NOW)).toMatchObject({ accepted: 1 })
  })

  it('knows a repetition for seven days, over the edges of days and weeks', async () => {
    for (const shift of [0, 1, 3, 6]) {
      const one = event()
      const sent = NOW + shift * DAY
      await store.append(SSH, [one], sent)
      for (const later of [1, 2, 5, 6, 7])
        expect(await store.append(SSH, [one], sent + later * DAY - 1)).toEqual({ accepted: 0, duplicates: 1 })
    }
  })

  it('names an event that came without an id', async () => {
    const before = await store.head()
    await store.append(SSH, [{ '@timestamp': NOW }, { '@timestamp': NOW, 'event.id': '' }], NOW)
    const stored = await store.after(before, 10)
    expect(new Set(stored.map((each) => each.id)).size).toBe(2)
    for (const each of stored) expect(each.event['event.id']).toBe(each.id)
  })

  it('keeps whatever text an attacker sends exactly as it was', async () => {
    const hostile = [
      `NUL \0 here`,
      '\ud800 alone',
      `'; DROP TABLE events; --`,
      '{"a":',
      '\\u0000',
      'x'.repeat(8_192),
      '\u202e\u0007\u001b[31m',
    ]
    const list = hostile.map((text) =>
      event({ 'user.name': `${text}!`, 'user.id': text, 'event.original': text, 'source.ip': text, 'event.id': `${text}-${++count}` }),
    )
    expect(await store.append(WEB, list, NOW)).toEqual({ accepted: hostile.length, duplicates: 0 })
    expect(await store.append(WEB, list, NOW)).toEqual({ accepted: 0, duplicates: hostile.length })
    const stored = await store.byIds(list.map((each) => each['event.id'] ?? ''))
    expect(stored.map((each) => each.event['event.original'])).toEqual(hostile)
    expect(stored.map((each) => each.event['user.name'])).toEqual(hostile.map((text) => `${text}!`))
  })

  it('gives back any event it took, whatever its fields', async () => {
    const value = fc.oneof(
      fc.string({ maxLength: 60, unit: 'binary' }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string({ maxLength: 10 }), { maxLength: 4 }),
    )
    const field = fc
      .string({ minLength: 1, maxLength: 20 })
      .filter((name) => name !== '__proto__' && name !== 'event.id' && name !== '@timestamp')
      // what the masker hides for its name alone is its own business
      .filter((name) => JSON.stringify(testVault().masker.value({ [name]: 0 })) === JSON.stringify({ [name]: 0 }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.dictionary(field, value, { maxKeys: 6 }), { minLength: 1, maxLength: 20 }), async (bodies) => {
        const before = await store.head()
        const list = bodies.map((fields): SecurityEvent => ({ ...fields, '@timestamp': NOW, 'event.id': `any-${++count}` }))
        await store.append(SSH, list, NOW)
        const stored = await store.after(before, 100)
        const named = list.map((each) => Object.assign({ 'event.dataset': 'application' }, each))
        expect(stored.map((each) => each.event)).toEqual(named.map((each) => JSON.parse(JSON.stringify(each))))
      }),
      { numRuns: 25, seed: 20_261_121 },
    )
  })

  it('accepts each id exactly once, however batches repeat and overlap', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 10 }), { minLength: 1, maxLength: 8 }),
        async (batches) => {
          const run = ++count
          const answers = await Promise.all(
            batches.map((ids) =>
              store.append(
                SSH,
                ids.map((id) => ({ '@timestamp': NOW, 'event.id': `run-${run}-${id}` })),
                NOW,
              ),
            ),
          )
          const distinct = new Set(batches.flat())
          expect(answers.reduce((sum, each) => sum + each.accepted, 0)).toBe(distinct.size)
          expect(answers.map((each) => each.accepted + each.duplicates)).toEqual(batches.map((ids) => ids.length))
          expect(await store.byIds([...distinct].map((id) => `run-${run}-${id}`))).toHaveLength(distinct.size)
        },
      ),
      { numRuns: 25, seed: 20_261_121 },
    )
  })
})

describe('search', () => {
  it('finds by address in any spelling, by range, by user, and by time', async () => {
    const at = NOW + 20 * DAY
    await store.append(
      WEB,
      [
        event({ 'source.ip': '198.51.100.7', 'user.name': 'ann', message: 'v4' }),
        event({ 'source.ip': '::ffff:198.51.100.8', 'user.id': 'u-1', message: 'mapped' }),
        event({ 'source.ip': '2001:DB8:1:2::9', 'user.name': 'bob', 'user.id': 'u-1', message: 'v6' }),
        event({ 'source.ip': 'not an address', message: 'none' }),
      ],
      at,
    )
    const found = async (query: Parameters<EventStore['search']>[0]): Promise<unknown[]> =>
      (await store.search({ since: at - HOUR, ...query })).items.map((each) => each.event.message)
    expect(await found({ address: '198.51.100.7', limit: 10 })).toEqual(['v4'])
    expect(await found({ address: '198.51.100.0/24', limit: 10 })).toEqual(['mapped', 'v4'])
    expect(await found({ address: '198.51.100.8/32', limit: 10 })).toEqual(['mapped'])
    expect(await found({ address: '2001:db8:1:2::/64', limit: 10 })).toEqual(['v6'])
    expect(await found({ address: '2001:db8:1:3::/64', limit: 10 })).toEqual([])
    expect(await found({ user: 'u-1', limit: 10 })).toEqual(['v6', 'mapped'])
    expect(await found({ user: 'ann', limit: 10 })).toEqual(['v4'])
    expect(await found({ limit: 10 })).toEqual(['none', 'v6', 'mapped', 'v4'])
    expect(await found({ until: at, limit: 10 })).toEqual([])
    await expect(store.search({ address: '198.51.100', limit: 10 })).rejects.toMatchObject({ code: 'PPT_ADDRESS_INVALID' })
  })

  it('pages without a gap or a repetition, and refuses a made-up cursor', async () => {
    const at = NOW + 25 * DAY
    await store.append(
      SSH,
      Array.from({ length: 7 }, (_, i) => event({ message: `p${i}` })),
      at,
    )
    const seen: unknown[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<EventStore['search']>> = await store.search({ since: at, limit: 3, cursor })
      seen.push(...page.items.map((each) => each.event.message))
      cursor = page.next
    } while (cursor !== null)
    expect(seen).toEqual(['p6', 'p5', 'p4', 'p3', 'p2', 'p1', 'p0'])
    await expect(store.search({ limit: 3, cursor: '1 OR 1=1' })).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(store.search({ limit: 0 })).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })
})

describe('what is counted as events come in', () => {
  it('knows the events of each hour and the last one of each source, without repetitions', async () => {
    const at = NOW + 30 * DAY
    const one = event()
    await store.append(SSH, [one, event()], at)
    await store.append(WEB, [event()], at + 5)
    await store.append(SSH, [one], at + 10)
    await store.append(SSH, [event()], at + HOUR + 1)
    expect(await store.countsByHour(at)).toEqual([
      { at, events: 3 },
      { at: at + HOUR, events: 1 },
    ])
    const activity = await store.lastEventPerSource()
    expect(activity.find((each) => each.id === 'ssh')).toMatchObject({ name: 'host-1', lastEventAt: at + HOUR + 1 })
    expect(activity.find((each) => each.id === 'web')).toMatchObject({ lastEventAt: at + 5 })
  })
})

describe('retention', () => {
  it('drops whole days before the given one and nothing else', async () => {
    const fresh = await createTestDatabase()
    let now = NOW
    const own = createEventStore({ vault: testVault(), database: fresh, clock: () => now })
    await own.append(SSH, [event({ message: 'old' })], NOW)
    now = NOW + 40 * DAY
    await own.append(SSH, [event({ message: 'new' })], now)
    expect(await own.dropPartitionsBefore(dayOf(NOW))).toBe(1)
    expect((await own.search({ limit: 10 })).items).toHaveLength(2)
    expect(await own.dropPartitionsBefore(dayOf(NOW) + 1)).toBe(1)
    expect((await own.search({ limit: 10 })).items.map((each) => each.event.message)).toEqual(['new'])
    expect(await own.countsByHour(0)).toHaveLength(1)
    expect(await own.append(SSH, [event()], now)).toMatchObject({ accepted: 1 })
    await fresh.close()
  })

  it('makes a day again that was dropped behind its back', async () => {
    const fresh = await createTestDatabase()
    const own = createEventStore({ vault: testVault(), database: fresh, clock: () => NOW })
    await own.append(SSH, [event()], NOW)
    await createEventStore({ vault: testVault(), database: fresh, clock: () => NOW }).dropPartitionsBefore(dayOf(NOW) + 10)
    expect(await own.append(SSH, [event()], NOW)).toMatchObject({ accepted: 1 })
    await fresh.close()
  })

  it('lets several processes make the same day at once', async () => {
    const fresh = await createTestDatabase()
    const siblings = await Promise.all([fresh.sibling(), fresh.sibling(), fresh.sibling()])
    const answers = await Promise.all(
      siblings.map((each) => createEventStore({ vault: testVault(), database: each, clock: () => NOW }).append(SSH, [event()], NOW)),
    )
    expect(answers).toEqual(siblings.map(() => ({ accepted: 1, duplicates: 0 })))
    await Promise.all([fresh, ...siblings].map((each) => each.close()))
  })

  it('makes the next days ahead, so that midnight waits for nobody', async () => {
    const fresh = await createTestDatabase()
    await createEventStore({ vault: testVault(), database: fresh, clock: () => NOW }).preparePartitions()
    const { rows } = await fresh
      .owner()
      .query<{ name: string }>(`SELECT relname AS name FROM pg_class WHERE relname ~ '^events_\\d{8}$' ORDER BY 1`)
    expect(rows.map((row) => row.name)).toEqual(['events_20261121', 'events_20261122', 'events_20261123'])
    await fresh.close()
  })
})

describe('generated data', () => {
  it('goes with its alerts and decisions, which are lifted first, and nothing else goes', async () => {
    const fresh = await createTestDatabase()
    const own = createEventStore({ vault: testVault(), database: fresh, clock: () => NOW })
    const decisions = createDecisionStore({ vault: testVault(), database: fresh, clock: () => NOW, log: silentLog })
    await own.append(WEB, [event({ tags: ['parapet.demo'] }), event({ tags: ['parapet.demo', 'x'] }), event({ tags: ['other'] })], NOW)
    const alerts = createAlertLog(fresh, testVault())
    const alert = (id: string) => ({
      id,
      rule: { id: 'r', title: 'R', level: 'high' as const, tags: [], version: '1' },
      group: {},
      scope: { kind: 'ip' as const, value: '203.0.113.1' },
      first: NOW,
      last: NOW,
      count: 1,
      targets: [],
      events: [],
      why: 'because',
    })
    await transaction(fresh.pool, (client) =>
      alerts.appendIn(client, [
        { alert: alert('generated'), at: NOW, sources: [WEB], demo: true, events: [] },
        { alert: alert('real'), at: NOW, sources: [WEB], demo: false, events: [] },
      ]),
    )
    const decision = (id: string) => ({
      id,
      target: { kind: 'ip' as const, value: '203.0.113.1' },
      action: 'deny' as const,
      scope: 'all' as const,
      mode: 'enforce' as const,
      reason: 'x',
      author: { kind: 'policy' as const, id: 'p' },
      alertId: id,
      batch: 'b',
      startsAt: NOW,
      expiresAt: NOW + HOUR,
    })
    await decisions.create([decision('generated'), decision('real')])
    const { revision } = await decisions.active(NOW)
    expect(await own.removeTagged('parapet.demo')).toBe(2)
    expect((await own.search({ limit: 10 })).items).toHaveLength(1)
    expect(await own.countsByHour(0)).toEqual([{ at: NOW, events: 1 }])
    expect((await fresh.pool.query('SELECT id FROM alerts')).rows).toEqual([{ id: 'real' }])
    expect((await decisions.active(NOW)).decisions.map((each) => each.id)).toEqual(['real'])
    expect(await decisions.since(revision)).toMatchObject([{ id: 'generated', lifted: { by: { kind: 'cli' } } }])
    expect(await own.removeTagged('parapet.demo')).toBe(0)
    await decisions.close()
    await fresh.close()
  })

  it('is the only kind that can be removed', async () => {
    await expect(store.removeTagged('other')).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })
})
