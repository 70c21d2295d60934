import type { Alert, Decision, SecurityEvent } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { dumpTables } from '../../db/fixtures/dump.js'
import { migrate } from '../../db/migrate.js'
import { MIGRATIONS } from '../../db/migrations/index.js'
import { createTestDatabase, silentLog, type TestDatabase } from '../../db/test-database.js'
import type { Database } from '../../db/types.js'
import { findPlanted, PLANTED, PLANTED_LINE } from '@parapet/testkit'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { createAlertStore } from '../alerts/index.js'
import { createAudit } from '../audit/index.js'
import { createDecisionStore } from '../decisions/index.js'
import { dayOf } from '../events/event-row.js'
import { createEventStore } from '../events/index.js'
import { createOperators, createPasswordHasher } from '../operators/index.js'
import { sealStored } from './seal-stored.js'

const NOW = Date.now()
const ROWS = 23
const vault = testVault()
const open: TestDatabase[] = []
afterEach(async () => {
  for (const database of open.splice(0)) await database.close()
})

const eventOf = (n: number): SecurityEvent => ({
  '@timestamp': NOW,
  'event.id': `event-${n}`,
  'event.action': 'login',
  'event.outcome': 'failure',
  ...(n % 2 === 0 ? {} : { 'event.reason': 'unknown_user' }),
  'user.name': n % 2 === 0 ? PLANTED.name : PLANTED.mistyped,
  'user.email': PLANTED.email,
  'source.ip': '203.0.113.7',
  'event.original': PLANTED_LINE,
  message: `sign-in of ${n % 2 === 0 ? PLANTED.name : PLANTED.mistyped}`,
})
const alertOf = (n: number): Alert => ({
  id: `alert-${String(n).padStart(3, '0')}`,
  rule: { id: 'r', title: 'Guessing', level: 'high', tags: [], version: '1' },
  group: { 'user.name': PLANTED.name },
  scope: { kind: 'user', value: PLANTED.name },
  first: NOW,
  last: NOW,
  count: n,
  targets: ['203.0.113.7'],
  events: [`event-${n}`],
  why: `${n} failures on user ${PLANTED.name}: ${PLANTED_LINE}`,
})
const decisionOf = (n: number): Decision => ({
  id: `decision-${String(n).padStart(3, '0')}`,
  revision: n + 1,
  target: n % 2 === 0 ? { kind: 'user', value: PLANTED.email } : { kind: 'ip', value: `203.0.113.${n}` },
  action: 'deny',
  scope: 'login',
  mode: 'enforce',
  reason: `asked for by ${PLANTED.name}`,
  author: { kind: 'operator', id: 'o', name: 'olga' },
  batch: 'b',
  startsAt: NOW,
  expiresAt: NOW + 3_600_000,
})

/** A database as the version before left it: everything in clear. */
const oldDatabase = async (): Promise<{ database: TestDatabase; hash: string }> => {
  const database = await createTestDatabase({ migrated: false })
  open.push(database)
  await migrate(database, MIGRATIONS.slice(0, 3))
  const hash = await createPasswordHasher().hash(PLANTED.password)
  const day = dayOf(NOW)
  const owner = database.owner()
  await owner.query(`CREATE TABLE events_today PARTITION OF events FOR VALUES FROM (${day}) TO (${day + 1})`)
  for (let n = 0; n < ROWS; n++) {
    const [event, alert, decision] = [eventOf(n), alertOf(n), decisionOf(n)]
    await database.pool.query(
      `INSERT INTO events (day, sequence, id, received_at, source_id, source_name, address, user_id, user_name, demo, body)
       VALUES ($1, $2, $3, $4, 's', 'shop', '203.0.113.7', NULL, $5, false, $6)`,
      [day, n + 1, event['event.id'], NOW, event['user.name'], JSON.stringify(event)],
    )
    await database.pool.query(
      `INSERT INTO alerts (id, sequence, created, detected_at, updated_at, rule_id, level, scope_value, targets, sources, demo, body)
       VALUES ($1, $2, $2, $3, $3, 'r', 3, $4, $5, '{}', false, $6)`,
      [alert.id, n + 1, NOW, alert.scope.value, [PLANTED.name, '203.0.113.7'], JSON.stringify(alert)],
    )
    await database.pool.query('INSERT INTO decision_log (revision, decision_id, at, body) VALUES ($1, $2, $3, $4)', [
      n + 1,
      decision.id,
      NOW,
      JSON.stringify(decision),
    ])
    await database.pool.query(
      `INSERT INTO decisions (id, revision, created, target_value, target_range, starts_at, expires_at, batch, body) VALUES ($1, $2, $2, $3, $4, $5, $6, 'b', $7)`,
      [
        decision.id,
        n + 1,
        decision.target.value,
        n % 2 === 0 ? null : decision.target.value,
        decision.startsAt,
        decision.expiresAt,
        JSON.stringify(decision),
      ],
    )
    await database.pool.query(
      `INSERT INTO audit (at, actor_kind, actor_id, action, resource_type, outcome, reason, detail) VALUES ($1, 'operator', 'o', 'decision.made', 'decision', 'success', $2, $3)`,
      [NOW, `for ${PLANTED.name}`, JSON.stringify({ target: `user:${PLANTED.email}` })],
    )
  }
  await database.pool.query(
    `INSERT INTO operators (id, name, name_key, role, password_hash, created_at) VALUES ('o', 'olga', 'olga', 'admin', $1, 1)`,
    [hash],
  )
  await database.pool.query(`INSERT INTO shared_state VALUES ('login:subject:x', '{"name":"${PLANTED.name}"}', 'v', NULL, ${NOW * 2})`)
  await owner.query(`UPDATE log_heads SET head = ${ROWS}`)
  return { database, hash }
}

const seal = (database: Pick<Database, 'pool'>, size?: number) =>
  sealStored({ database, vault, clock: Date.now, log: silentLog, ...(size === undefined ? {} : { size }) })

describe('what an older version wrote in clear', () => {
  it('is sealed after the first start, and everything still reads and is found as before', async () => {
    const { database, hash } = await oldDatabase()
    expect(findPlanted(await dumpTables(database)).length).toBeGreaterThan(5)
    await migrate(database)

    // before a row is sealed it can be read already, and looks as it will then
    const events = createEventStore({ vault, database, clock: Date.now })
    const early = await events.byIds(['event-0', 'event-1'])
    await seal(database, 5).done
    const dump = await dumpTables(database)
    expect(findPlanted(dump)).toEqual([])
    expect(dump).not.toContain(hash)

    expect(await events.byIds(['event-0', 'event-1'])).toEqual(early)
    expect(early[0]?.event).toMatchObject({ 'user.name': PLANTED.name, 'user.email': PLANTED.email, message: 'sign-in of [name]' })
    expect(early[1]?.event['user.name']).toBe(vault.pseudonym(PLANTED.mistyped))
    const found = async (user: string): Promise<number> => (await events.search({ user, limit: 100 })).items.length
    expect(await found(PLANTED.name)).toBe(12)
    expect(await found(PLANTED.email.toUpperCase())).toBe(ROWS)
    expect(await found(PLANTED.mistyped)).toBe(11)

    const alerts = createAlertStore({ vault, database })
    expect(await alerts.get('alert-007')).toMatchObject(alertOf(7))
    expect(await alerts.forTarget(PLANTED.name)).toHaveLength(ROWS)
    const decisions = createDecisionStore({ vault, database })
    expect(await decisions.forTarget(PLANTED.email)).toHaveLength(12)
    expect(await decisions.get('decision-002')).toEqual(decisionOf(2))
    expect(await decisions.since(0)).toEqual(Array.from({ length: ROWS }, (_, n) => decisionOf(n)))

    const { items } = await createAudit({ pool: database.pool, vault }).list({ limit: 100 })
    expect(items).toHaveLength(ROWS)
    expect(items[0]).toMatchObject({ reason: `for ${PLANTED.name}`, detail: { target: `user:${PLANTED.email}` } })
    const operators = createOperators({ vault, pool: database.pool, clock: Date.now, passwords: createPasswordHasher() })
    expect(await operators.verify('olga', PLANTED.password)).toMatchObject({ id: 'o' })
  }, 60_000)

  it('is sealed to the end however often the server stops, by any number of servers, each row once', async () => {
    const { database } = await oldDatabase()
    await migrate(database)
    for (let i = 0; i < 6; i++) {
      const sealing = seal(database, 3)
      await new Promise((resolve) => setTimeout(resolve, 15 * i))
      await sealing.stop()
    }
    await Promise.all([seal(database, 4).done, seal(await database.sibling(), 4).done])
    expect(findPlanted(await dumpTables(database))).toEqual([])
    const { rows } = await database.pool.query('SELECT name FROM sealing WHERE finished_at IS NULL')
    expect(rows).toEqual([])
    expect((await createEventStore({ vault, database, clock: Date.now }).after(0, 100)).map(({ sequence }) => sequence)).toHaveLength(ROWS)
  }, 60_000)

  it('costs a new installation nothing: there is no table to look through', async () => {
    const database = await createTestDatabase()
    open.push(database)
    expect((await database.pool.query('SELECT * FROM sealing')).rows).toEqual([])
    await seal(database).done
  })

  it('lets an older server that still runs add nothing in clear', async () => {
    const { database } = await oldDatabase()
    await migrate(database)
    await expect(
      database.pool.query(
        `INSERT INTO events (day, sequence, id, received_at, source_id, source_name, demo, body) VALUES (${dayOf(NOW)}, 99, 'x', 1, 's', 's', false, '{}')`,
      ),
    ).rejects.toMatchObject({ code: '23502' })
  })
})
