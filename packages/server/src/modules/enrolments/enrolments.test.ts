import { HOUR } from '@parapet/core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createEnrolments, type Enrolments } from './index.js'

let now = 1_795_200_000_000
let database: TestDatabase
let enrolments: Enrolments
let revoked: string[]
const opened: TestDatabase[] = []
const ann = { id: 'op', name: 'Ann' }
const agent = { publicKey: 'key', version: '1' }
beforeEach(async () => {
  database = await createTestDatabase()
  opened.push(database)
  revoked = []
  enrolments = createEnrolments({
    pool: database.pool,
    clock: () => now,
    makeToken: async ({ id }) => `token of ${id}`,
    revokeOfSource: async (id) => revoked.push(id),
  })
}, 60_000)
afterAll(() => Promise.all(opened.map((each) => each.close())))
const count = async (table: string): Promise<number> =>
  (await database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]?.n ?? -1

describe('an enrolment', () => {
  it('makes a host, its key and its token, once', async () => {
    const { token, expiresAt } = await enrolments.create('Web-1', ann)
    expect(expiresAt).toBe(now + HOUR)
    const made = await enrolments.use(token, agent)
    expect(made).toEqual({ sourceId: made.sourceId, name: 'Web-1', token: `token of ${made.sourceId}` })
    const { rows } = await database.pool.query(
      'SELECT s.kind, s.demo, a.public_key, a.signed_at FROM agents a JOIN sources s ON s.id = a.source_id',
    )
    expect(rows).toEqual([{ kind: 'host', demo: false, public_key: 'key', signed_at: 0 }])
    await expect(enrolments.use(token, agent)).rejects.toMatchObject({ code: 'PPT_TOKEN_INVALID' })
    expect(await enrolments.list()).toEqual([])
  })

  it('stays good when it could not be used, and nothing is left of the try', async () => {
    const { token } = await enrolments.create('name', ann)
    // somebody makes an application of that name in between
    await database.pool.query(`INSERT INTO sources (id, name, name_key, kind, created_at) VALUES ('s', 'name', 'name', 'application', 0)`)
    await expect(enrolments.use(token, agent)).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    expect([await count('agents'), await count('enrolments')]).toEqual([0, 1])
    await database.pool.query(`DELETE FROM sources`)
    await expect(enrolments.use(token, agent)).resolves.toMatchObject({ name: 'name' })
  })

  it('of eight that come at once with one token lets one in', async () => {
    const { token } = await enrolments.create('race', ann)
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => enrolments.use(token, agent)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect([await count('agents'), await count('sources')]).toEqual([1, 1])
  })

  it('takes a host over: the new key counts, what the old one sent is forgotten, its tokens end', async () => {
    const first = await enrolments.use((await enrolments.create('host', ann)).token, agent)
    await database.pool.query(`UPDATE agents SET signed_at = 99, received_at = 99, heartbeat = '{}'`)
    revoked.length = 0
    const second = await enrolments.use((await enrolments.create('HOST', ann)).token, { publicKey: 'other', version: '2' })
    expect(second.sourceId).toBe(first.sourceId)
    expect(revoked).toEqual([first.sourceId])
    const { rows } = await database.pool.query('SELECT public_key, version, signed_at, received_at, heartbeat FROM agents')
    expect(rows).toEqual([{ public_key: 'other', version: '2', signed_at: 0, received_at: null, heartbeat: null }])
  })

  it('waits an hour, is listed while it waits, and not many wait at once', async () => {
    const { id, token } = await enrolments.create('late', ann)
    expect(await enrolments.list()).toEqual([{ id, name: 'late', createdAt: now, expiresAt: now + HOUR, by: ann }])
    now += HOUR
    expect(await enrolments.list()).toEqual([])
    await expect(enrolments.use(token, agent)).rejects.toMatchObject({ code: 'PPT_TOKEN_INVALID' })
    await database.pool.query(
      `INSERT INTO enrolments SELECT 'e-' || n, 'n', 'h-' || n, 0, $1, 'o', 'o' FROM generate_series(1, 200) AS n`,
      [now + 5],
    )
    await expect(enrolments.create('one more', ann)).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    now += 5
    // those that are over make room
    await expect(enrolments.create('one more', ann)).resolves.toBeDefined()
  })
})
