import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'
import { dumpTables } from '../../db/fixtures/dump.js'

let t: TestApp
let ann: { id: string; cookie: string }
let ben: { id: string; cookie: string }
let vic: { id: string; cookie: string }
beforeAll(async () => {
  t = await createTestApp({ privacy: { viewersSeeNames: false } })
  ann = await t.makeOperator('admin')
  ben = await t.makeOperator('admin')
  vic = await t.makeOperator('viewer')
}, 60_000)
afterAll(() => t.close())

const call = (who: { cookie: string }, method: string, url: string, body?: unknown) =>
  t.call(method, url, { cookie: who.cookie, ...(body === undefined ? {} : { body }) })
const names = async (who: { cookie: string }): Promise<string[]> =>
  (await call(who, 'GET', '/v1/views')).body.items.map(({ name }: Json) => name)

describe('saved searches', () => {
  it('are their maker’s own unless he shares them', async () => {
    const own = await call(ann, 'POST', '/v1/views', { name: 'b mine', query: 'filter=user.name:carol-planted' })
    expect(own).toMatchObject({
      status: 201,
      body: { name: 'b mine', query: 'filter=user.name:carol-planted', shared: false, by: { id: ann.id } },
    })
    await call(ann, 'POST', '/v1/views', { name: 'a ours', query: 'q=x', shared: true })
    expect(await names(ann)).toEqual(['a ours', 'b mine'])
    expect(await names(ben)).toEqual(['a ours'])
  })

  it('of others are not shown to who may not see names, and he keeps his own', async () => {
    expect(await names(vic)).toEqual([])
    expect((await call(vic, 'POST', '/v1/views', { name: 'vic', query: '' })).status).toBe(201)
    expect(await names(vic)).toEqual(['vic'])
    expect((await call(vic, 'POST', '/v1/views', { name: 'x', query: '', shared: true })).body).toMatchObject({
      status: 403,
      code: 'PPT_FORBIDDEN',
    })
  })

  it('are changed by their maker alone; what is shared an admin may remove', async () => {
    const { body: ours } = await call(ann, 'POST', '/v1/views', { name: 'shared', query: '', shared: true })
    const { body: mine } = await call(ann, 'POST', '/v1/views', { name: 'mine', query: '' })
    expect((await call(ben, 'PATCH', `/v1/views/${ours.id}`, { name: 'taken' })).status).toBe(404)
    expect((await call(ann, 'PATCH', `/v1/views/${mine.id}`, { query: 'q=y' })).body).toMatchObject({
      name: 'mine',
      query: 'q=y',
      shared: false,
    })
    expect((await call(ben, 'DELETE', `/v1/views/${mine.id}`)).status).toBe(404)
    expect((await call(vic, 'DELETE', `/v1/views/${ours.id}`)).status).toBe(404)
    expect((await call(ben, 'DELETE', `/v1/views/${ours.id}`)).status).toBe(204)
    expect((await call(ann, 'DELETE', `/v1/views/${mine.id}`)).status).toBe(204)
    expect((await call(ann, 'DELETE', `/v1/views/${mine.id}`)).status).toBe(404)
  })

  it('are for operators, sealed, bounded, and end with who made them', async () => {
    const { token } = await t.makeToken(['events.read', 'triage.write'])
    expect((await t.call('GET', '/v1/views', { token })).status).toBe(403)
    expect(await dumpTables(t.database)).not.toContain('carol-planted')
    for (const body of [
      {},
      { name: '', query: '' },
      { name: 'x\n', query: '' },
      { name: 'x', query: 'a\0b' },
      { name: 'x', query: 'x'.repeat(5_000) },
      { name: 'x', query: '', by: 'me' },
    ])
      expect((await call(ann, 'POST', '/v1/views', body)).status).toBe(422)
    await t.call('DELETE', `/v1/operators/${ann.id}`, { token: t.local })
    const { rows } = await t.database.pool.query('SELECT operator_id FROM saved_views')
    expect(rows).toEqual([{ operator_id: vic.id }])
  })

  it('of one operator do not grow without end', async () => {
    const dan = await t.makeOperator('admin')
    await t.database.pool.query(
      `INSERT INTO saved_views (id, operator_id, operator_name, shared, sealed, created_at) SELECT 'v-' || n, $1, 'dan', false, 'x', 0 FROM generate_series(1, 200) AS n`,
      [dan.id],
    )
    expect((await call(dan, 'POST', '/v1/views', { name: 'one more', query: '' })).body).toMatchObject({
      status: 409,
      code: 'PPT_CONFLICT',
    })
  })
})
