import { type Alert, type AlertView, HOUR, type Level } from '@parapet/core'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { type AlertChange, createAlertLog } from './alert-log.js'
import { type AlertStore, createAlertStore } from './index.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

const NOW = Date.UTC(2026, 10, 21, 12)
let database: TestDatabase
let store: AlertStore
const opened: TestDatabase[] = []

const alert = (id: string, fields: Partial<Alert> & { level?: Level } = {}): Alert => ({
  id,
  rule: { id: 'ssh.brute-force', title: 'Brute force', level: fields.level ?? 'high', tags: ['attack.t1110'], version: '1' },
  group: { 'source.ip': '203.0.113.1' },
  scope: { kind: 'ip', value: '203.0.113.1' },
  first: NOW - 1_000,
  last: NOW,
  count: 5,
  targets: ['203.0.113.1'],
  events: ['e-1'],
  why: 'five failures',
  ...fields,
})
const DEFAULTS = { at: NOW, sources: [{ id: 's1', name: 'web' }], demo: false, events: [] }
const write = (...changes: (Partial<AlertChange> & { alert: Alert })[]): Promise<unknown> => {
  const complete: AlertChange[] = []
  for (const change of changes) complete.push({ ...DEFAULTS, ...change })
  return transaction(database.pool, (client) => createAlertLog(database, testVault()).appendIn(client, complete))
}

beforeEach(async () => {
  database = await createTestDatabase()
  opened.push(database)
  store = createAlertStore({ vault: testVault(), database })
}, 60_000)
afterEach(() => store.close())
afterAll(() => Promise.all(opened.map((each) => each.close())))

describe('alerts', () => {
  it('keep when they were first detected and everything that the latest change said', async () => {
    await write({ alert: alert('a') })
    await write({ alert: alert('a', { count: 9, last: NOW + 50 }), at: NOW + 60, sources: [{ id: 's2', name: 'host' }] })
    expect(await store.get('a')).toEqual({
      ...alert('a', { count: 9, last: NOW + 50 }),
      detectedAt: NOW,
      updatedAt: NOW + 60,
      sources: [
        { id: 's1', name: 'web' },
        { id: 's2', name: 'host' },
      ],
      decisionIds: [],
      demo: false,
    })
    expect(await store.get('b')).toBeUndefined()
    expect(await store.get(`b\0`)).toBeUndefined()
  })

  it('list newest first, in pages that do not move when an alert goes on', async () => {
    await write(...['a', 'b', 'c', 'd'].map((id) => ({ alert: alert(id) })))
    const first = await store.list({}, null, 2)
    await write({ alert: alert('a', { count: 6 }) })
    const second = await store.list({}, first.next, 2)
    expect([...first.items, ...second.items].map((each) => each.id)).toEqual(['d', 'c', 'b', 'a'])
    expect(second.next).toBeNull()
    await expect(store.list({}, '-1', 2)).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('are filtered by level, rule, time and target', async () => {
    await write(
      { alert: alert('low', { level: 'low' }), at: NOW - HOUR },
      {
        alert: alert('critical', {
          level: 'critical',
          scope: { kind: 'user', value: 'ann' },
          group: {},
          targets: ['198.51.100.7', '2001:db8:1:2::7'],
        }),
      },
    )
    const ids = async (filter: Parameters<AlertStore['list']>[0]): Promise<string[]> =>
      (await store.list(filter, null, 10)).items.map((each) => each.id)
    expect(await ids({ level: 'medium' })).toEqual(['critical'])
    expect(await ids({ level: 'low' })).toEqual(['critical', 'low'])
    expect(await ids({ rule: 'ssh.brute-force' })).toHaveLength(2)
    expect(await ids({ rule: `' OR true --` })).toEqual([])
    expect(await ids({ since: NOW })).toEqual(['critical'])
    expect(await ids({ until: NOW })).toEqual(['low'])
    expect(await ids({ target: '::ffff:198.51.100.7' })).toEqual(['critical'])
  })

  it('are found by everything they stand for and have seen', async () => {
    await write(
      { alert: alert('v4') },
      { alert: alert('v6', { scope: { kind: 'ip', value: '2001:db8:1:2::/64' }, group: {}, targets: [] }) },
      { alert: alert('user', { scope: { kind: 'user', value: 'ann' }, group: { 'user.name': 'ann' }, targets: ['192.0.2.9'] }) },
    )
    const found = async (value: string): Promise<string[]> => (await store.forTarget(value)).map((each) => each.id)
    expect(await found('203.0.113.1')).toEqual(['v4'])
    expect(await found('2001:DB8:1:2:0::5')).toEqual(['v6'])
    expect(await found('ann')).toEqual(['user'])
    expect(await found('192.0.2.9')).toEqual(['user'])
    expect(await found('')).toEqual([])
  })

  it('count by hour and by level, from the given time on', async () => {
    await write(
      { alert: alert('a', { level: 'low' }), at: NOW - HOUR },
      { alert: alert('b'), at: NOW + 1 },
      { alert: alert('c'), at: NOW + 2 },
    )
    expect(await store.countsByHour(NOW - HOUR)).toEqual([
      { at: NOW - HOUR, alerts: 1 },
      { at: NOW, alerts: 2 },
    ])
    expect(await store.countsByLevel(NOW)).toEqual({ informational: 0, low: 0, medium: 0, high: 2, critical: 0 })
  })

  it('take more addresses, longer names and NUL characters than a column does', async () => {
    const targets = Array.from({ length: 2_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    await write({ alert: alert('wide', { targets, scope: { kind: 'user', value: `x\0${'y'.repeat(5_000)}` }, why: 'a\0b' }) })
    expect((await store.get('wide'))?.targets).toHaveLength(2_000)
    expect((await store.get('wide'))?.why).toBe('a\0b')
  })
})

describe('the stream of alerts', () => {
  it('brings each change with a rising sequence, and resumes from any of them', async () => {
    const heard: [string, number, number][] = []
    const stop = store.subscribe((each: AlertView, sequence: number) => heard.push([each.id, each.count, sequence]))
    const start = await store.head()
    await write({ alert: alert('a') })
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    await write({ alert: alert('b') })
    await vi.waitFor(() => expect(heard).toHaveLength(2))
    await write({ alert: alert('a', { count: 7 }) })
    await vi.waitFor(() => expect(heard).toHaveLength(3))
    expect(heard).toEqual([
      ['a', 5, start + 1],
      ['b', 5, start + 2],
      ['a', 7, start + 3],
    ])
    // who was away gets each alert once, as it is now
    expect((await store.since(start)).map((each) => [each.alert.id, each.alert.count, each.sequence])).toEqual([
      ['b', 5, start + 2],
      ['a', 7, start + 3],
    ])
    expect(await store.since(start + 3)).toEqual([])
    stop()
  })

  it('has no gap for a reader that subscribes first and reads then, whatever is written meanwhile', async () => {
    const heard = new Set<string>()
    let written = 0
    let read = false
    // writes go on until the reader has read, however long that takes, and a little longer
    const writer = (async () => {
      for (let after = 0; after < 5; after += read ? 1 : 0) await write({ alert: alert(`n-${++written}`) })
    })()
    await vi.waitFor(() => expect(written).toBeGreaterThan(3))
    store.subscribe((each) => heard.add(each.id))
    for (const { alert: each } of await store.since(0, 1_000)) heard.add(each.id)
    read = true
    await writer
    await vi.waitFor(() => expect(heard.size).toBe(written))
  })
})
