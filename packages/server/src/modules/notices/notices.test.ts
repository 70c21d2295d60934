import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createNotices, type Notices } from './notices.js'

let database: TestDatabase
let notices: Notices
let now = 1_795_200_000_000
beforeAll(async () => {
  database = await createTestDatabase()
  notices = createNotices({ pool: database.pool, clock: () => now })
  for (const id of ['ann', 'ben'])
    await database
      .owner()
      .query(`insert into operators (id, name, name_key, role, password_hash, form, created_at) values ($1, $1, $1, 'viewer', 'x', 1, 1)`, [
        id,
      ])
}, 60_000)
afterAll(() => database.close())

describe('notices', () => {
  it('are listed newest first, for their operator alone', async () => {
    await notices.add('ann', { kind: 'new_device', address: '198.51.100.7', device: 'Firefox on Linux' })
    now += 1_000
    await notices.add('ann', { kind: 'role_changed', detail: 'viewer', by: 'Chief' })
    expect(await notices.list('ann', 10)).toMatchObject([
      { kind: 'role_changed', detail: 'viewer', by: 'Chief', address: null, at: now },
      { kind: 'new_device', address: '198.51.100.7', device: 'Firefox on Linux', by: null },
    ])
    expect(await notices.list('ben', 10)).toEqual([])
    expect(await notices.list('ann', 1)).toHaveLength(1)
  })

  it('are bounded: somebody who provokes them cannot fill the table', async () => {
    for (let i = 0; i < 205; i++) await notices.add('ben', { kind: 'lockout', address: '192.0.2.1' })
    const { rows } = await database.pool.query(`select count(*)::int as n from operator_notices where operator_id = 'ben'`)
    expect(rows[0]?.n).toBe(200)
  })

  it('for nobody are not kept, and go with their operator', async () => {
    await notices.add('nobody', { kind: 'lockout' })
    await database.owner().query(`delete from operators where id = 'ben'`)
    const { rows } = await database.pool.query(`select distinct operator_id as id from operator_notices`)
    expect(rows).toEqual([{ id: 'ann' }])
  })

  it('are swept after ninety days', async () => {
    now += 90 * 86_400_000 - 500
    expect(await notices.sweep()).toBe(1)
    expect(await notices.list('ann', 10)).toHaveLength(1)
  })
})
