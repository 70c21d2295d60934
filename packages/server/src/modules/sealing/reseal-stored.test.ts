import type { Alert, SecurityEvent } from '@parapet/core'
import type { OpenKeyset } from '@parapet/privacy/encryption'
import { createBudget } from '@parapet/respond'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, silentLog, type TestDatabase } from '../../db/test-database.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { createAlertLog } from '../alerts/alert-log.js'
import { createAlertStore, spellings } from '../alerts/index.js'
import { createAudit } from '../audit/index.js'
import { createDecisionStore } from '../decisions/index.js'
import { detectionDeps } from '../detection/fixtures/deps.js'
import { storedState } from '../detection/fixtures/stored-state.js'
import { saveBudget, saveState } from '../detection/state.js'
import { createEventStore } from '../events/index.js'
import { createExceptions } from '../exceptions/index.js'
import { createFactorStore } from '../factors/index.js'
import { createIncidents } from '../incidents/index.js'
import { createOperators, createPasswordHasher } from '../operators/index.js'
import { createPostgresStore } from '../sessions/index.js'
import { createTriage } from '../triage/index.js'
import { createResetCampaigns } from '../resets/index.js'
import { createSubjects } from '../subjects/index.js'
import { createViews } from '../views/index.js'
import { RESEAL_TABLES } from './reseal-tables.js'
import { createRotatingKeys, type RotatingKeys } from './fixtures/rotating-keys.js'
import { readResealing } from './reseal-progress.js'
import { resealStored } from './reseal-stored.js'
import type { Sealing } from './background.js'

const NOW = Date.now()
const EVENTS = 40
const NAME = 'Ann Smith'
const MAIL = 'ann.smith@example.org'
/** a literal id that looks like a blind index and is none */
const LOOKALIKE = 'ppi1.AAAAAAAAAAAAAAAA'
const LITERALS = 10
const MISTYPED = 'correct horse'
const PHRASE = 'a long phrase of hers'

let database: TestDatabase
let keys: RotatingKeys
let keyset: OpenKeyset
let vault: Vault
const running: Sealing[] = []

beforeEach(async () => {
  database = await createTestDatabase()
  keys = createRotatingKeys(database)
  keyset = await keys.open()
  vault = keys.vaultOf(keyset)
}, 60_000)
afterEach(async () => {
  for (const sealing of running.splice(0)) await sealing.stop()
  await database.close()
})

const eventOf = (n: number, round: string): SecurityEvent => ({
  '@timestamp': NOW,
  'event.id': `${round}event-${n}`,
  'event.action': 'login',
  'source.ip': '203.0.113.7',
  ...(n % 4 === 0 ? { 'user.name': NAME, 'user.email': MAIL, 'user.id': MAIL } : {}),
  ...(n % 4 === 1 ? { 'user.name': MISTYPED, 'event.reason': 'unknown_user' } : {}),
  ...(n % 4 === 2 ? { 'user.id': n % 8 === 2 ? LOOKALIKE : 'u-17', message: `a NUL \0 and a "sealed":"ppt1.x" in a line` } : {}),
})
const alertOf = (n: number): Alert => ({
  id: `alert-${n}`,
  rule: { id: 'r', title: 'Guessing \0 "sealed":"ppt1.AQEAAAAAAAAA"', level: 'high', tags: [], version: '1' },
  group: { 'user.name': NAME, 'url.path': '/login' },
  scope: { kind: 'user', value: NAME },
  first: NOW,
  last: NOW,
  count: n,
  targets: ['203.0.113.7', '2001:db8::1', MAIL],
  events: [`event-${n}`],
  why: `${n} failures on user ${NAME}`,
})
const decisionOf = (n: number) => ({
  id: `decision-${n}`,
  target: n % 2 === 0 ? { kind: 'user' as const, value: MAIL } : { kind: 'ip' as const, value: `203.0.113.${n}` },
  action: 'deny' as const,
  scope: 'login' as const,
  mode: 'enforce' as const,
  reason: `asked for by ${NAME}`,
  author: { kind: 'operator' as const, id: 'o', name: 'olga' },
  batch: 'b',
  startsAt: NOW,
  expiresAt: NOW + 3_600_000,
})

/** Everything that a server does with its tables, over one vault. */
const storesOf = (over: Vault) => {
  const { pool } = database
  const events = createEventStore({ vault: over, database, clock: Date.now })
  const alerts = createAlertStore({ vault: over, database })
  const decisions = createDecisionStore({ vault: over, database })
  return {
    events,
    alerts,
    decisions,
    subjects: createSubjects({
      database,
      vault: over,
      decisions,
      alerts,
      events,
      incidents: { linkedTo: () => Promise.resolve([]) },
      clock: () => NOW,
    }),
    campaigns: createResetCampaigns({ database, vault: over, clock: () => NOW, canMail: () => false, wake: () => undefined }),
    audit: createAudit({ pool, vault: over }),
    operators: createOperators({ vault: over, pool, clock: Date.now, passwords: createPasswordHasher() }),
    state: createPostgresStore({ vault: over, pool, clock: Date.now }),
    factors: createFactorStore({ vault: over, pool, clock: Date.now }),
    triage: createTriage({ vault: over, pool, clock: Date.now, spellings: (value) => spellings(over, value), ruleIds: () => [] }),
    exceptions: createExceptions({ vault: over, pool, clock: Date.now }),
    views: createViews({ vault: over, pool, clock: Date.now }),
    incidents: createIncidents({ vault: over, pool, clock: () => NOW, alerts, notifications: { enqueueIn: async () => '' } }),
  }
}

const fill = async (over: Vault = vault, round = ''): Promise<void> => {
  const { events, decisions, audit, operators, state, triage, exceptions, views, subjects, campaigns, incidents } = storesOf(over)
  const list = Array.from({ length: EVENTS }, (_, n) => eventOf(n, round))
  await events.append({ id: 'source', name: 'shop' }, list, NOW)
  await transaction(database.pool, (client) =>
    createAlertLog(database, over).appendIn(
      client,
      Array.from({ length: 7 }, (_, n) => ({
        alert: { ...alertOf(n), id: `${round}alert-${n}` },
        at: NOW,
        sources: [{ id: 'source', name: 'shop' }],
        demo: false,
        events: [],
      })),
    ),
  )
  await decisions.create(Array.from({ length: 6 }, (_, n) => ({ ...decisionOf(n), id: `${round}decision-${n}` })))
  await decisions.lift([`${round}decision-0`], { kind: 'operator', id: 'o', name: 'olga' }, `${NAME} called`, NOW + 1)
  for (let n = 0; n < 5; n++)
    await audit.record({
      at: NOW,
      actor: { kind: 'operator', id: 'o', name: 'olga' },
      action: 'decision.made',
      resource: { type: 'decision', id: `${round}decision-${n}` },
      outcome: 'success',
      ...(n === 4 ? { reason: 'PPT_CONFLICT' } : { reason: `for ${NAME}`, detail: { target: `user:${MAIL}` } }),
    })
  const { id } = await operators.create({ name: `${round}olga`, password: PHRASE, role: 'admin' })
  const olga = { id, name: 'olga' }
  const groups = await triage.list({ status: [] }, undefined, 10)
  await triage.act(
    groups.items.map(({ key }) => key),
    { act: 'note', text: `asked ${NAME}` },
    olga,
  )
  await triage.act(
    groups.items.map(({ key }) => key),
    { act: 'acknowledge' },
    olga,
  )
  await exceptions.create({ ruleId: 'r', match: { 'user.name': NAME }, until: NOW + 3_600_000, reason: `${NAME} asked` }, olga)
  await subjects.take(
    { id: 'source', name: 'shop' },
    [NAME, MAIL, 'u-17'].map((id) => ({ id: `${round}${id}`, name: NAME, email: MAIL })),
  )
  const [first] = (await subjects.list({}, null, 1)).items
  const scope = { kind: 'users', ids: [first?.id ?? ''] } as const
  await campaigns.start({ scope, reason: `${NAME} asked`, mail: false }, { kind: 'operator', ...olga })
  await campaigns.close()
  await views.create(olga, { name: `of ${NAME}`, query: `q=${MAIL}`, shared: true })
  const incident = {
    title: `${NAME} exports`,
    severity: 'high',
    alertIds: [`${round}alert-0`],
    subjects: [NAME, MAIL],
    addresses: ['203.0.113.7'],
  } as const
  await incidents.act((await incidents.open(incident, olga)).incident.id, { act: 'note', text: `asked ${NAME}` }, olga)
  const factors = { handle: `${round}handle`, totp: [], passkeys: [], recovery: { hashes: ['a-hash'], createdAt: NOW } }
  expect(await storesOf(over).factors.write(id, factors, null)).toBe(true)
  await state.write(`session:${NAME}${round}`, `of ${NAME}`, { ttlMs: 3_600_000, group: `subject:${NAME}`, ifVersion: null })
  await transaction(database.pool, async (client) => {
    await saveState(client, over, [{ shard: 7, key: `${round}user:${NAME}`, state: { count: 4 } }])
    await saveBudget(client, over, { ...createBudget(), recent: [NOW] })
  })
  await Promise.all([events.close(), decisions.close()])
}

/** What people see: everything opened, and everything found by what it is about. */
const seen = async (over: Vault) => {
  const { events, alerts, decisions, audit, operators, state, factors, triage, exceptions, views, subjects, campaigns, incidents } =
    storesOf(over)
  const groups = (await triage.list({ status: [], q: NAME }, undefined, 10)).items
  const foundBy = async (user: string): Promise<readonly string[]> =>
    (await events.search({ user, limit: 200 })).items.map(({ event }) => String(event['event.id'])).toSorted()
  const engine = await storedState(database, { ...detectionDeps(database), vault: over })
  return {
    events: await events.after(0, 1_000),
    byName: await foundBy(NAME.toUpperCase()),
    byMail: await foundBy(MAIL),
    byMistyped: await foundBy(MISTYPED),
    byLookalike: await foundBy(LOOKALIKE),
    byId: await foundBy('u-17'),
    alerts: (await alerts.list({}, null, 100)).items,
    alertsOf: [
      (await alerts.forTarget(NAME)).length,
      (await alerts.forTarget(MAIL)).length,
      (await alerts.forTarget('203.0.113.7')).length,
      (await alerts.forTarget('/login')).length,
    ],
    decisions: await decisions.since(0),
    decisionsOf: (await decisions.forTarget(MAIL)).map(({ id }) => id),
    current: (await decisions.list({ state: 'all' }, null, 100)).items,
    audit: (await audit.list({ limit: 100, action: 'decision.made' })).items,
    operator: await operators.verify('olga', PHRASE),
    factors: await factors.read((await factors.subjectOf('handle')) ?? ''),
    session: await state.read(`session:${NAME}`),
    sessions: await state.list(`subject:${NAME}`),
    groups,
    notes: await Promise.all(groups.map(({ key }) => triage.notes(key))),
    exceptions: await exceptions.list(),
    views: await views.list('nobody'),
    subjects: (await subjects.list({ q: NAME.toUpperCase() }, null, 50)).items,
    subjectsByMail: (await subjects.list({ q: MAIL }, null, 50)).items.length,
    flagged: (await subjects.list({ flag: 'deny' }, null, 50)).items,
    campaigns: await campaigns.list(),
    incidents: await Promise.all((await incidents.list({ limit: 10 })).items.map(({ id }) => incidents.get(id))),
    incidentsOf: [
      (await incidents.linkedTo({ subject: NAME.toUpperCase() })).length,
      (await incidents.linkedTo({ subject: MAIL })).length,
      (await incidents.linkedTo({ address: '203.0.113.7' })).length,
    ],
    engine,
  }
}

/** What stands in the tables beside sealed cells and blind indexes, row by row. */
const clearText = async (): Promise<unknown> => {
  const hidden = (text: string): string => text.replaceAll(/pp([ti])1\.[\w-]{11,}/g, 'pp$11')
  const dump: Record<string, readonly string[]> = {}
  for (const table of [
    'events',
    'alerts',
    'decisions',
    'decision_log',
    'detection_state',
    'shared_state',
    'operators',
    'operator_factors',
    'triage_groups',
    'triage_notes',
    'rule_exceptions',
    'saved_views',
    'subjects',
    'reset_campaigns',
    'reset_members',
    'incidents',
    'incident_links',
    'incident_entries',
    'event_keys',
    'alert_events',
    'cursors',
  ]) {
    const { rows } = await database.owner().query<{ line: string }>(`SELECT t::text AS line FROM ${table} AS t`)
    dump[table] = rows.map(({ line }) => hidden(line)).toSorted()
  }
  const { rows } = await database.owner().query<{ line: string }>(`SELECT t::text AS line FROM audit AS t WHERE actor_id <> 'sealing'`)
  return { ...dump, audit: rows.map(({ line }) => hidden(line)).toSorted() }
}

const reseal = (over: Partial<Parameters<typeof resealStored>[0]> = {}): Sealing => {
  const sealing = resealStored({ database, keyset, vault, clock: Date.now, log: silentLog, size: 6, settleMs: 0, checkMs: 20, ...over })
  running.push(sealing)
  return sealing
}
const untilFinished = () =>
  vi.waitFor(
    async () => {
      const { rows } = await database.pool.query<{ left: number; all: number }>(
        'SELECT count(*) FILTER (WHERE finished_at IS NULL)::int AS left, count(*)::int AS all FROM resealing',
      )
      expect(rows[0]).toMatchObject({ left: 0, all: RESEAL_TABLES.length })
    },
    { timeout: 30_000, interval: 20 },
  )
const oldKey = (): number => keyset.cipher.primaryKeyId

describe('after the keyset was rotated', () => {
  it('every sealed cell and blind index moves to the new key, nothing else changes, and the old key can be destroyed', async () => {
    await fill()
    const first = oldKey()
    const before = [await seen(vault), await clearText()] as const
    expect(before[0].byName).toHaveLength(10)
    expect(before[0].byMistyped).toHaveLength(10)
    expect(before[0].byLookalike).toHaveLength(5)
    expect(before[0].alertsOf).toEqual([7, 7, 7, 7])
    expect(before[0].decisionsOf).toHaveLength(3)
    expect(before[0].operator).toBeDefined()
    expect([before[0].subjects.length, before[0].subjectsByMail, before[0].flagged.length]).toEqual([3, 3, 3])
    expect(before[0].campaigns).toHaveLength(1)
    expect(before[0].incidentsOf).toEqual([1, 1, 1])
    expect(before[0].factors).toMatchObject({ record: { recovery: { hashes: ['a-hash'] } } })

    const sealing = reseal()
    const second = await keys.rotate()
    expect((await keys.scan()).uses).toEqual({ [first]: expect.any(Number) as number, 0: LITERALS })
    // the running server reads the keyset again: that is all it takes
    await keyset.refresh()
    await untilFinished()
    await sealing.stop()
    expect(await seen(vault)).toEqual(before[0])
    expect(await clearText()).toEqual(before[1])
    const scan = await keys.scan()
    expect([scan.unread, scan.uses]).toEqual([[], { [second]: expect.any(Number) as number, 0: LITERALS }])
    expect(await readResealing(database.pool)).toMatchObject({ tablesLeft: 0, refused: 0 })

    await keys.disable(first)
    await keys.destroy(first, await keys.scan())
    const reopened = keys.vaultOf(await keys.open())
    expect(await seen(reopened)).toEqual(before[0])
    await fill(reopened, 'later-')
    expect((await seen(reopened)).byName).toHaveLength(20)
  }, 120_000)

  it('is recorded with counts and keys, and never with what a row says', async () => {
    await fill()
    await keys.rotate()
    await keyset.refresh()
    const lines: string[] = []
    const say = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`)
    const log: DatabaseLog = { info: say, warn: say, error: say }
    reseal({ log })
    await untilFinished()
    const { items } = await createAudit({ pool: database.pool, vault }).list({ limit: 100 })
    const acts = items.filter(({ actor }) => actor.id === 'sealing')
    expect(acts).toHaveLength(RESEAL_TABLES.length + 1)
    expect(acts.at(-1)).toMatchObject({ action: 'keyset.reseal_started', detail: { key_id: oldKey(), tables: RESEAL_TABLES.length } })
    expect(acts.find(({ resource }) => resource.id === 'events')).toMatchObject({
      action: 'sealed_table.resealed',
      outcome: 'success',
      // those with an opaque id, and those that name nobody, hold nothing sealed
      detail: { key_id: oldKey(), resealed: EVENTS / 2, refused: 0, passes: 1 },
    })
    await vi.waitFor(() => expect(lines.at(-1)).toContain('everything that opens is under the primary key'))
    for (const text of [NAME, MAIL, 'ppt1.', 'ppi1.', 'alert-', 'event-']) expect(lines.join('\n')).not.toContain(text)
  }, 60_000)

  it('waits for servers that have not read the keyset again, and takes what they still wrote', async () => {
    await fill()
    const first = oldKey()
    const next = await keys.add()
    const late = keys.vaultOf(await keys.open())
    await keys.promote(next)
    await keyset.refresh()
    reseal({ settleMs: 10_000 })
    await vi.waitFor(async () => expect((await keys.scan()).uses[first]).toBeUndefined(), { timeout: 20_000, interval: 50 })
    // a sign-in, a change and new rows by a server with the old copy, behind the place where the walk is
    await fill(late, 'late-')
    await createDecisionStore({ vault: late, database }).lift(
      ['decision-2'],
      { kind: 'operator', id: 'o', name: 'olga' },
      `${NAME} again`,
      NOW + 5,
    )
    expect((await keys.scan()).uses[first]).toBeGreaterThan(0)
    // it meets what is under the new key already as well
    expect((await seen(late)).byName).toHaveLength(20)
    await untilFinished()
    expect((await keys.scan()).uses[first]).toBeUndefined()
    expect((await seen(vault)).byName).toHaveLength(20)
  }, 60_000)

  it('goes on after a stop, by any number of servers, and is left alone by one with an older copy of the keyset', async () => {
    await fill()
    const before = await seen(vault)
    const stale = await keys.open()
    const first = oldKey()
    await keys.rotate()
    const second = await keys.rotate()
    await keyset.refresh()
    for (let i = 0; i < 5; i++) {
      const sealing = reseal({ size: 2 })
      await new Promise((resolve) => setTimeout(resolve, 30 * i))
      await sealing.stop()
    }
    const sibling: Database = await database.sibling()
    reseal({ size: 3 })
    reseal({ size: 3, database: sibling })
    reseal({ keyset: stale, vault: keys.vaultOf(stale) })
    await untilFinished()
    for (const sealing of running.splice(0)) await sealing.stop()
    await sibling.close()
    const { rows } = await database.pool.query('SELECT DISTINCT key_id, refused FROM resealing')
    expect(rows).toEqual([{ key_id: second, refused: 0 }])
    const { uses } = await keys.scan()
    expect(uses[first]).toBeUndefined()
    expect(await seen(vault)).toEqual(before)
    const { rows: started } = await database.pool.query(`SELECT 1 FROM audit WHERE action = 'keyset.reseal_started'`)
    expect(started).toHaveLength(1)
  }, 60_000)

  it('asks for nothing in an installation with one key, and does not walk again what is done', async () => {
    await fill()
    reseal()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await database.pool.query('SELECT 1 FROM resealing')).rowCount).toBe(0)
    await keys.rotate()
    await keyset.refresh()
    await untilFinished()
    const { rows } = await database.pool.query('SELECT * FROM resealing ORDER BY name')
    reseal()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await database.pool.query('SELECT * FROM resealing ORDER BY name')).rows).toEqual(rows)
  }, 60_000)
})

describe('a row that does not open', () => {
  it('stays as it is and is told of, and moves once its key is enabled again', async () => {
    await fill()
    const first = oldKey()
    await keys.rotate()
    await keys.disable(first)
    await keyset.refresh()
    const errors: object[] = []
    reseal({ log: { ...silentLog, error: (fields) => void errors.push(fields) } })
    await untilFinished()
    expect((await readResealing(database.pool)).refused).toBeGreaterThan(EVENTS / 4)
    await vi.waitFor(() =>
      expect(errors).toContainEqual(expect.objectContaining({ table: 'events', refused: expect.any(Number) as number })),
    )
    const { items } = await createAudit({ pool: database.pool, vault }).list({ limit: 9, action: 'sealed_table.resealed' })
    expect(items.find(({ resource }) => resource.id === 'events')).toMatchObject({ outcome: 'failure' })
    const scan = await keys.scan()
    await expect(keys.destroy(first, scan)).rejects.toMatchObject({ code: 'PPT_KEY_IN_USE' })

    await keys.enable(first)
    await keyset.refresh()
    await vi.waitFor(async () => expect((await keys.scan()).uses[first]).toBeUndefined(), { timeout: 30_000, interval: 50 })
    await untilFinished()
    expect(await readResealing(database.pool)).toMatchObject({ refused: 0 })
    expect((await seen(vault)).byName).toHaveLength(10)
  }, 60_000)

  it('keeps no other row back: one broken cell among many', async () => {
    await fill()
    const first = oldKey()
    await database.pool.query(
      `UPDATE alerts SET body = replace(body::text, '"sealed":"ppt1.', '"sealed":"ppt1.!')::json WHERE id = 'alert-3'`,
    )
    await keys.rotate()
    await keyset.refresh()
    reseal()
    await untilFinished()
    expect(await readResealing(database.pool)).toMatchObject({ refused: 1 })
    const { columns } = await keys.scan()
    expect(
      columns
        .filter(({ sealed, indexes }) => (sealed[first] ?? 0) + (indexes[first] ?? 0) > 0)
        .map(({ column }) => column)
        .toSorted(),
    ).toEqual(['parapet.alerts.scope_value', 'parapet.alerts.targets'])
  }, 60_000)
})

describe('the functions that write append-only tables', () => {
  const call = (text: string, values: readonly unknown[]) =>
    database.pool.query<{ changed: number }>(`SELECT ${text} AS changed`, [...values])

  it('take sealed cells under the primary key for such under another, and nothing else', async () => {
    await fill()
    const old = keys.vaultOf(await keys.open())
    await keys.rotate()
    await keyset.refresh()
    const { rows } = await database.pool.query<{ sequence: number; seal_id: string; sealed: string }>(
      'SELECT sequence, seal_id, sealed FROM audit WHERE sealed IS NOT NULL ORDER BY 1 LIMIT 1',
    )
    const [row] = rows
    if (row === undefined) throw new Error('no row')
    const cell = { table: 'audit', column: 'sealed', row: [row.seal_id], type: 'json' } as const
    const fresh = vault.seal('{}', cell)
    for (const value of ['plain text', '', 'ppt1.short', null, old.seal('{}', cell), vault.term('events.user', 'ann')])
      expect((await call('reseal_audit($1, $2, $3)', [[row.sequence], [row.sealed], [value]])).rows[0]?.changed, String(value)).toBe(0)
    // not what the row holds now
    expect((await call('reseal_audit($1, $2, $3)', [[row.sequence], [old.seal('{}', cell)], [fresh]])).rows[0]?.changed).toBe(0)
    expect((await call('reseal_audit($1, $2, $3)', [[row.sequence], [row.sealed], [fresh]])).rows[0]?.changed).toBe(1)
    // under the primary key it is fixed again
    expect((await call('reseal_audit($1, $2, $3)', [[row.sequence], [fresh], [vault.seal('{"reason":"x"}', cell)]])).rows[0]?.changed).toBe(
      0,
    )
  }, 60_000)

  it('leave rows alone that are not sealed, and columns in clear', async () => {
    await fill()
    const clear = await clearText()
    await keys.rotate()
    await keyset.refresh()
    const { rows } = await database.pool.query<{
      sequence: number
      day: number
      sealed: string
      user_id: string
      user_name: string
      user_email: string
    }>(`SELECT * FROM events WHERE sealed IS NOT NULL AND user_email IS NOT NULL ORDER BY sequence LIMIT 1`)
    const [row] = rows
    if (row === undefined) throw new Error('no row')
    const cells = {
      sealed: vault.seal('{}', { table: 'events', column: 'sealed', row: ['source', 'event-0'], type: 'json' }),
      index: vault.term('events.user', 'x'),
    }
    const write = (over: Partial<Record<'sealed' | 'user_id' | 'user_name' | 'user_email', string | null>>, sequence = row.sequence) => {
      const next = { ...row, ...over }
      return call('reseal_events($1, $2, $3, $4, $5, $6, $7, $8)', [
        row.day, row.day, [sequence], [row.sealed], [next.sealed], [next.user_id], [next.user_name], [next.user_email],
      ]) // prettier-ignore
    }
    for (const over of [
      { sealed: cells.sealed, user_name: 'ann' },
      { sealed: cells.sealed, user_name: null },
      { sealed: null },
      { sealed: cells.index },
      { sealed: cells.sealed, user_email: cells.sealed },
    ])
      expect((await write(over)).rows[0]?.changed, JSON.stringify(Object.keys(over))).toBe(0)
    // an opaque id in clear is no index: nothing may be put in its place
    const { rows: opaque } = await database.pool.query<{ sequence: number }>(`SELECT sequence FROM events WHERE user_id = 'u-17' LIMIT 1`)
    expect((await call('reseal_events($1, $2, $3, $4, $5, $6, $7, $8)', [
      row.day, row.day, [opaque[0]?.sequence], [null], [null], [cells.index], [null], [null],
    ])).rows[0]?.changed).toBe(0) // prettier-ignore
    expect(await clearText()).toEqual(clear)
    expect((await write({ sealed: cells.sealed, user_name: cells.index })).rows[0]?.changed).toBe(1)
    expect(await clearText()).toEqual(clear)
  }, 60_000)

  it('are the only way: neither the application nor the owner changes a row by hand', async () => {
    await fill()
    for (const pool of [database.pool, database.owner()])
      for (const text of [
        'UPDATE audit SET sealed = NULL',
        `UPDATE audit SET reason = 'x'`,
        'UPDATE events SET user_name = NULL',
        `UPDATE decision_log SET body = '{}'`,
      ])
        await expect(pool.query(text)).rejects.toMatchObject({ code: '42501' })
    await expect(database.pool.query(`UPDATE operators SET password_hash = 'x'`)).rejects.toMatchObject({ code: '42501' })
    // with the mark of the functions, by a mistake of ours, the record still keeps what is in clear
    const owner = await database.owner().connect()
    try {
      await owner.query(`SET parapet.resealing = 'yes'`)
      await expect(owner.query(`UPDATE audit SET reason = 'x'`)).rejects.toMatchObject({ code: '42501' })
      await expect(owner.query('DELETE FROM audit')).rejects.toMatchObject({ code: '42501' })
      await expect(owner.query('TRUNCATE audit')).rejects.toMatchObject({ code: '42501' })
    } finally {
      owner.release(true)
    }
  }, 60_000)
})
