import { type Alert, DAY, type Level, MINUTE, type TriageAct, type TriageGroup } from '@parapet/core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { dumpTables } from '../../db/fixtures/dump.js'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, silentLog, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { type AlertChange, createAlertLog } from '../alerts/alert-log.js'
import { spellings } from '../alerts/index.js'
import { groupStored } from './group-stored.js'
import { createTriage, type Triage } from './index.js'

let now = Date.UTC(2026, 10, 22, 9)
let database: TestDatabase
let triage: Triage
let ann: { id: string; name: string }
const opened: TestDatabase[] = []
const vault = testVault()

type Change = Partial<Alert> & { level?: Level; at?: number; demo?: boolean; user?: string; ruleId?: string }
const alert = (id: string, { level = 'medium', user = 'bob', ruleId = 'brute-force', ...fields }: Change = {}): Alert => ({
  id,
  rule: { id: ruleId, title: `Title of ${ruleId}`, level, tags: [], version: '1' },
  group: { 'user.name': user },
  scope: { kind: 'user', value: user },
  first: now - 1_000,
  last: now,
  count: 5,
  targets: ['203.0.113.1'],
  events: ['e-1'],
  why: `5 failures of ${user}`,
  ...fields,
})
const write = (...changes: (readonly [string, Change?])[]): Promise<unknown> => {
  const complete = changes.map(([id, change]): AlertChange => ({
    alert: alert(id, change),
    at: change?.at ?? now,
    sources: [{ id: 's1', name: 'web' }],
    demo: change?.demo ?? false,
    events: [],
  }))
  return transaction(database.pool, (client) => createAlertLog(database, vault).appendIn(client, complete))
}
const list = async (filter: Partial<Parameters<Triage['list']>[0]> = {}, limit = 50): Promise<readonly TriageGroup[]> =>
  (await triage.list({ status: [], ...filter }, undefined, limit)).items
const only = async (): Promise<TriageGroup> => {
  const groups = await list()
  expect(groups).toHaveLength(1)
  return groups[0] as TriageGroup
}
const act = async (one: TriageAct): Promise<TriageGroup> => (await triage.act([(await only()).key], one, ann))[0] as TriageGroup
const history = async (): Promise<string[]> =>
  (await triage.notes((await only()).key))
    .map(({ act: what, text, by }) => `${by.name}: ${what}${text === '' ? '' : ` ${text}`}`)
    .toReversed()

beforeEach(async () => {
  now = Date.UTC(2026, 10, 22, 9)
  database = await createTestDatabase()
  opened.push(database)
  ann = { id: 'op-1', name: 'Ann' }
  await database
    .owner()
    .query(
      `INSERT INTO operators (id, name, name_key, role, password_hash, created_at, form) VALUES ('op-1', 'Ann', 'ann', 'admin', 'x', 0, 1)`,
    )
  triage = createTriage({
    pool: database.pool,
    clock: () => now,
    vault,
    spellings: (value) => spellings(vault, value),
    ruleIds: (text) => ['brute-force', 'sql-injection'].filter((id) => `title of ${id}`.includes(text.toLowerCase())),
  })
}, 60_000)
afterAll(() => Promise.all(opened.map((each) => each.close())))

describe('a group', () => {
  it('is one line for all alerts of a rule that stand for the same, and counts an alert that goes on once', async () => {
    await write(['a'], ['b', { count: 7, level: 'high', last: now + 5 }], ['c', { user: 'eve' }], ['d', { ruleId: 'sql-injection' }])
    await write(['a', { count: 9, why: 'goes on' }])
    const groups = await list()
    expect(groups).toHaveLength(3)
    expect(groups[0]).toMatchObject({
      rule: { id: 'brute-force' },
      scope: { kind: 'user', value: 'bob' },
      why: 'goes on',
      level: 'high',
      alerts: 2,
      events: 16,
      first: now - 1_000,
      last: now + 5,
      sources: [{ id: 's1', name: 'web' }],
      status: 'open',
      verdict: null,
      assignee: null,
      snoozedUntil: null,
      decisions: 0,
      demo: false,
    })
    expect(groups[0]?.key).toMatch(/^[\w-]{20,}$/)
    expect(await triage.alertIds(groups[0]?.key ?? '', 10)).toEqual(['b', 'a'])
  })

  it('is found by status, level, rule, time, person, and by what is sealed', async () => {
    await write(
      ['a'],
      ['b', { user: 'eve', level: 'critical' }],
      ['c', { user: 'zoe', ruleId: 'sql-injection', last: now - DAY, first: now - DAY }],
    )
    const users = async (filter: Parameters<typeof list>[0]): Promise<string[]> =>
      (await list(filter)).map(({ scope }) => scope.value).toSorted()
    expect(await users({ level: 'high' })).toEqual(['eve'])
    expect(await users({ rule: 'sql-injection' })).toEqual(['zoe'])
    expect(await users({ since: now - MINUTE })).toEqual(['bob', 'eve'])
    expect(await users({ q: 'EVE' })).toEqual(['eve'])
    expect(await users({ q: '203.0.113.1' })).toEqual(['bob', 'eve', 'zoe'])
    expect(await users({ q: 'of SQL' })).toEqual(['zoe'])
    expect(await users({ q: `' OR true --` })).toEqual([])
    expect(await users({ assignee: 'none' })).toEqual(['bob', 'eve', 'zoe'])
    const [first] = await list({ q: 'eve' })
    await triage.act([first?.key ?? ''], { act: 'assign', operatorId: 'op-1' }, ann)
    expect(await users({ assignee: 'op-1' })).toEqual(['eve'])
    await triage.act([first?.key ?? ''], { act: 'acknowledge' }, ann)
    expect(await users({ status: ['acknowledged'] })).toEqual(['eve'])
    expect(await users({ status: ['open', 'acknowledged'] })).toEqual(['bob', 'eve', 'zoe'])
    expect(await users({ status: ['closed'] })).toEqual([])
  })

  it('comes once in pages, which end, also when groups change meanwhile', async () => {
    await write(...Array.from({ length: 25 }, (_, i) => [`a-${i}`, { user: `u-${i}` }] as const))
    const seen: string[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < 20; pages++) {
      const page = await triage.list({ status: [] }, cursor, 4)
      seen.push(...page.items.map(({ scope }) => scope.value))
      if (pages === 1) await write(['a-3', { user: 'u-3', count: 6 }])
      if (page.next === null) break
      cursor = page.next
    }
    expect(new Set(seen).size).toBe(seen.length)
    // what moved to the front while we read is missing here and first in the next reading
    expect(seen).toHaveLength(24)
    expect((await list({}, 1))[0]?.scope.value).toBe('u-3')
    await expect(triage.list({ status: [] }, 'x', 4)).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('counts the decisions that are in force for it', async () => {
    await write(['a'])
    const insert = (id: string, until: number, lifted: number | null): Promise<unknown> =>
      database.pool.query(
        `INSERT INTO decisions (id, revision, created, target_value, starts_at, expires_at, lifted_at, alert_id, batch, body, form)
         VALUES ($1, 1, (SELECT count(*) FROM decisions), 'x', 0, $2, $3, 'a', 'b', '{}', 1)`,
        [id, until, lifted],
      )
    await insert('d1', now + 1, null)
    await insert('d2', now - 1, null)
    await insert('d3', now + 1, now)
    expect((await only()).decisions).toBe(1)
  })
})

describe('what is done with a group', () => {
  it('is kept with who did it, in order', async () => {
    await write(['a'])
    expect(await act({ act: 'acknowledge' })).toMatchObject({ status: 'acknowledged' })
    expect(await act({ act: 'assign', operatorId: 'op-1' })).toMatchObject({ status: 'acknowledged', assignee: ann })
    await act({ act: 'note', text: 'asked bob' })
    expect(await act({ act: 'close', verdict: 'benign' })).toMatchObject({ status: 'closed', verdict: 'benign', assignee: ann })
    expect(await act({ act: 'reopen' })).toMatchObject({ status: 'open', verdict: null })
    expect(await act({ act: 'assign', operatorId: null })).toMatchObject({ assignee: null })
    expect(await history()).toEqual([
      'Ann: acknowledge',
      'Ann: assign Ann',
      'Ann: note asked bob',
      'Ann: close benign',
      'Ann: reopen',
      'Ann: assign',
    ])
  })

  it('is refused where it makes no sense, and then nothing has changed', async () => {
    await write(['a'])
    const refused: TriageAct[] = [
      { act: 'snooze', until: now },
      { act: 'snooze', until: now + 31 * DAY },
      { act: 'assign', operatorId: 'nobody' },
      { act: 'assign', operatorId: 'x\0' },
    ]
    for (const one of refused) await expect(act(one)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    expect(await only()).toMatchObject({ status: 'open', assignee: null })
    expect(await history()).toEqual([])
    expect(await triage.act(['no such key', '\0'], { act: 'acknowledge' }, ann)).toEqual([])
    expect(await triage.get('no such key')).toBeUndefined()
  })

  it('is done to many at once, in the order that they were named', async () => {
    await write(['a'], ['b', { user: 'eve' }], ['c', { user: 'zoe' }])
    const keys = (await list()).map(({ key }) => key)
    const changed = await triage.act([...keys, 'gone', keys[0] ?? ''], { act: 'close', verdict: 'false_positive' }, ann)
    expect(changed.map(({ key }) => key)).toEqual(keys)
    expect(changed.every(({ verdict }) => verdict === 'false_positive')).toBe(true)
  })

  it('is sealed where somebody wrote it', async () => {
    await write(['a', { user: 'very-secret-name' }])
    await act({ act: 'note', text: 'she said that very-secret-name was on holiday' })
    const dump = await dumpTables(database)
    expect(dump).not.toContain('very-secret-name')
    expect(dump).not.toContain('holiday')
  })

  it('survives two who act while detection writes, without a deadlock and without a lost count', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => i)
    await write(...ids.map((i) => [`a-${i}`, { user: `u-${i}` }] as const))
    const keys = (await list()).map(({ key }) => key)
    await Promise.all([
      ...[1, 2, 3, 4, 5].map((round) => write(...ids.map((i) => [`b-${round}-${i}`, { user: `u-${i}`, count: 1 }] as const))),
      ...[1, 2, 3].map(() => triage.act(keys, { act: 'acknowledge' }, ann)),
      ...[1, 2, 3].map(() => triage.act(keys.toReversed(), { act: 'close', verdict: 'benign' }, { id: 'op-2', name: 'Ben' })),
    ])
    for (const group of await list()) expect(group).toMatchObject({ alerts: 6, events: 10 })
  }, 30_000)
})

describe('a group that was put away', () => {
  it('opens again when its time is over, with a note', async () => {
    await write(['a'])
    expect(await act({ act: 'snooze', until: now + MINUTE })).toMatchObject({ status: 'snoozed', snoozedUntil: now + MINUTE })
    now += MINUTE - 1
    expect(await only()).toMatchObject({ status: 'snoozed' })
    now += 1
    expect(await only()).toMatchObject({ status: 'open', snoozedUntil: null })
    expect((await history()).at(-1)).toBe('Parapet: reopened the time of its snooze is over')
  })

  it('opens again at a higher level or at twice the events, and not before', async () => {
    await write(['a', { count: 10 }])
    await act({ act: 'snooze', until: now + DAY })
    await write(['a', { count: 19 }])
    expect(await only()).toMatchObject({ status: 'snoozed', events: 19 })
    await write(['a', { count: 20 }])
    expect(await only()).toMatchObject({ status: 'open', snoozedUntil: null })
    await act({ act: 'snooze', until: now + DAY })
    await write(['b', { count: 1 }])
    expect(await only()).toMatchObject({ status: 'snoozed' })
    await write(['c', { count: 1, level: 'critical' }])
    expect(await only()).toMatchObject({ status: 'open', level: 'critical' })
    expect((await history()).filter((line) => line.includes('reopened'))).toEqual([
      'Parapet: reopened it got worse: 20 events, twice as many as when it was put away',
      'Parapet: reopened it got worse: critical',
    ])
  })

  it('opens again by a new alert after it was closed, not by one that only goes on, and remembers its verdict', async () => {
    await write(['a'])
    await act({ act: 'close', verdict: 'false_positive' })
    await write(['a', { count: 50 }])
    expect(await only()).toMatchObject({ status: 'closed', verdict: 'false_positive' })
    await write(['b'])
    expect(await only()).toMatchObject({ status: 'open', verdict: null })
    expect((await history()).at(-1)).toBe('Parapet: reopened a new alert came after it was closed as false positive')
    const { rows } = await database.pool.query('SELECT verdict FROM triage_groups')
    expect(rows).toEqual([{ verdict: 'false_positive' }])
  })
})

describe('what was there before', () => {
  it('is put into groups, once, and changes nothing that came since', async () => {
    await write(['a', { count: 3 }], ['b', { count: 4, user: 'eve' }], ['c', { count: 5 }])
    await database.owner().query('UPDATE alerts SET triage_key = NULL, counted = 0; DELETE FROM triage_groups')
    await write(['d', { count: 6, why: 'the newest' }])
    const run = (): Promise<void> => groupStored({ database, vault, log: silentLog }).done
    await Promise.all([run(), run()])
    await run()
    const groups = await list()
    expect(groups.map(({ scope, alerts, events }) => [scope.value, alerts, events])).toEqual([
      ['bob', 3, 14],
      ['eve', 1, 4],
    ])
    expect(groups[0]?.why).toBe('the newest')
  })

  it('is counted anew when the demo goes', async () => {
    await write(['real', { count: 2, why: 'real' }], ['demo', { count: 40, demo: true }], ['other', { user: 'eve', demo: true }])
    expect(await list()).toHaveLength(2)
    await database.pool.query('SELECT remove_demo()')
    expect(await only()).toMatchObject({ alerts: 1, events: 2, why: 'real', demo: false })
  })
})
