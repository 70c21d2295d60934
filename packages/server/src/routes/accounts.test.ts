import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cookiesOf, createTestApp, failedLogin, PASSWORD, type TestApp } from '../app/fixtures/test-app.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

const local = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { token: t.local, ...(body === undefined ? {} : { body }) })
const lastAct = async () => (await local('GET', '/v1/audit?limit=1')).body.items[0]

describe('operators', () => {
  it('are made, listed and removed by an admin, each act recorded', async () => {
    const { cookie, name } = await t.makeOperator('admin', 'Chief')
    const made = await t.call('POST', '/v1/operators', { cookie, body: { name: 'Ben', password: PASSWORD, role: 'viewer' } })
    expect(made).toMatchObject({ status: 201, body: { name: 'Ben', role: 'viewer', lastSignInAt: null } })
    expect(await lastAct()).toMatchObject({
      action: 'operator.created',
      actor: { kind: 'operator', name },
      resource: { type: 'operator', id: made.body.id },
      outcome: 'success',
    })
    expect((await t.call('GET', '/v1/operators', { cookie })).body.items.map((one: { name: string }) => one.name)).toContain('Ben')
    expect((await t.call('DELETE', `/v1/operators/${made.body.id}`, { cookie })).status).toBe(204)
    expect(await lastAct()).toMatchObject({
      action: 'operator.removed',
      resource: { id: made.body.id },
      detail: { name: 'Ben', role: 'viewer' },
    })
  })

  it('never show a hash or a password, in no answer and in no log [ASVS 16.2.5]', async () => {
    await t.makeOperator('viewer', 'Quiet')
    const { text } = await local('GET', '/v1/operators')
    expect(text + t.log.join('')).not.toMatch(/argon2|a long phrase/)
  })

  it('cannot take a name that looks like another one', async () => {
    await t.makeOperator('viewer', 'Dora')
    expect((await local('POST', '/v1/operators', { name: 'DORA', password: PASSWORD, role: 'viewer' })).body).toMatchObject({
      status: 409,
      code: 'PPT_CONFLICT',
    })
  })

  it('lose every session at once when they are removed [ASVS 7.4.2]', async () => {
    const { id, cookie } = await t.makeOperator('viewer')
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(200)
    await local('DELETE', `/v1/operators/${id}`)
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(401)
  })

  it('keep a last admin', async () => {
    await t.database.owner().query('delete from operators')
    const { id } = (await local('POST', '/v1/operators', { name: 'Only', password: PASSWORD, role: 'admin' })).body
    expect((await local('DELETE', `/v1/operators/${id}`)).body).toMatchObject({
      status: 409,
      detail: expect.stringContaining('last admin'),
    })
    expect(await lastAct()).toMatchObject({ outcome: 'failure', reason: 'PPT_CONFLICT' })
  })

  it('that do not exist are 404, whatever is written as their id', async () => {
    for (const id of ['x', '%00', '..%2f..', "'--", 'x'.repeat(129)])
      expect([404, 422]).toContain((await local('DELETE', `/v1/operators/${id}`)).status)
  })

  it('refuse weak passwords and unknown roles by name', async () => {
    expect((await local('POST', '/v1/operators', { name: 'E', password: 'short', role: 'viewer' })).body.detail).toContain('at least 8')
    expect((await local('POST', '/v1/operators', { name: 'E', password: PASSWORD, role: 'root' })).body.detail).toContain('role')
  })
})

describe('tokens', () => {
  it('are shown once, kept as a hash, and begin with ppt_ [ASVS 11.4.1]', async () => {
    const { token, id } = await t.makeToken(['alerts.read'])
    expect(token).toMatch(/^ppt_[\w-]{43}$/)
    expect((await local('GET', '/v1/tokens')).text).not.toContain(token)
    const { rows } = await t.database.pool.query('select * from api_tokens where id = $1', [id])
    expect(JSON.stringify(rows)).not.toContain(token.slice(4))
  })

  it('note when they were used, to the minute', async () => {
    const { token, id } = await t.makeToken(['alerts.read'])
    const of = async () => (await local('GET', '/v1/tokens')).body.items.find((one: { id: string }) => one.id === id).lastUsedAt
    expect(await of()).toBeNull()
    await t.call('GET', '/v1/alerts', { token })
    expect(await of()).toBeGreaterThan(0)
  })

  it('end when they are revoked, at once, also while they are cached [ASVS 8.3.2]', async () => {
    const { token, id } = await t.makeToken(['alerts.read'])
    expect((await t.call('GET', '/v1/alerts', { token })).status).toBe(200)
    expect((await local('DELETE', `/v1/tokens/${id}`)).status).toBe(204)
    expect((await t.call('GET', '/v1/alerts', { token })).body.code).toBe('PPT_TOKEN_INVALID')
    expect((await local('DELETE', `/v1/tokens/${id}`)).status).toBe(404)
  })

  it('revoked while they are being read do not live on in the cache', async () => {
    const { id, token } = await t.makeToken(['alerts.read'])
    // the first use reads the database; the revocation comes before its answer
    const using = t.services.tokens.find(token)
    await t.services.tokens.revoke(id)
    await using
    expect(await t.services.tokens.find(token)).toBeUndefined()
  })

  it('revoked by another process end within five seconds', async () => {
    const { token, id } = await t.makeToken(['alerts.read'])
    await t.call('GET', '/v1/alerts', { token })
    await t.database.pool.query('update api_tokens set revoked_at = 1 where id = $1', [id])
    t.advance(5_001)
    expect((await t.call('GET', '/v1/alerts', { token })).status).toBe(401)
  })

  it('expire', async () => {
    const { token } = await t.makeToken(['alerts.read'], { expiresInDays: 1 })
    expect((await t.call('GET', '/v1/alerts', { token })).status).toBe(200)
    t.advance(86_400_000)
    expect((await t.call('GET', '/v1/alerts', { token })).status).toBe(401)
  })

  it('make no operator who may do more than they: no way round by a new admin', async () => {
    const { token } = await t.makeToken(['operators.manage', 'alerts.read'])
    const ask = (role: string) =>
      t.call('POST', '/v1/operators', { token, body: { name: `made by token ${role}`, password: PASSWORD, role } })
    expect((await ask('admin')).body).toMatchObject({ status: 403, code: 'PPT_FORBIDDEN' })
    expect((await ask('viewer')).body).toMatchObject({ status: 403, detail: expect.stringContaining('events.read') })
    const { body } = await t.call('GET', '/v1/audit?action=operator.created', { token: t.local })
    expect(body.items[0]).toMatchObject({ outcome: 'failure', reason: 'PPT_FORBIDDEN' })
  })

  it('take no id of a source that the database could not hold', async () => {
    for (const sourceId of ['\0', 'a\nb', '\ud800', 'nobody'])
      expect((await t.call('POST', '/v1/tokens', { token: t.local, body: { name: 'x', scopes: ['events.write'], sourceId } })).status).toBe(
        422,
      )
  })

  it('never hold more than whoever makes them [ASVS 8.2.1]', async () => {
    const { token } = await t.makeToken(['tokens.manage', 'alerts.read'])
    expect((await t.call('POST', '/v1/tokens', { token, body: { name: 'more', scopes: ['operators.manage'] } })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining('operators.manage'),
    })
    expect((await t.call('POST', '/v1/tokens', { token, body: { name: 'same', scopes: ['alerts.read'] } })).status).toBe(201)
  })

  it('that write events belong to a source', async () => {
    expect((await local('POST', '/v1/tokens', { name: 'x', scopes: ['events.write'] })).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('sourceId'),
    })
    expect((await local('POST', '/v1/tokens', { name: 'x', scopes: ['events.write'], sourceId: 'none' })).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('no such source'),
    })
    const { id } = await t.makeSource()
    const { token } = (await local('POST', '/v1/tokens', { name: 'second', scopes: ['events.write'], sourceId: id })).body
    expect((await t.call('POST', '/v1/events', { token, body: failedLogin() })).status).toBe(202)
  })

  it('cannot be changed by the application into other ones', async () => {
    await expect(t.database.pool.query(`update api_tokens set scopes = '{operators.manage}'`)).rejects.toMatchObject({ code: '42501' })
    await expect(t.database.pool.query('delete from api_tokens')).rejects.toMatchObject({ code: '42501' })
    await expect(t.database.pool.query(`update operators set role = 'admin'`)).rejects.toMatchObject({ code: '42501' })
  })

  it('made up at a high rate cost the database nothing after a while', async () => {
    const from = '192.0.2.66'
    const guess = () => t.call('GET', '/v1/alerts', { token: `ppt_${'x'.repeat(43)}`, from })
    expect((await guess()).status).toBe(401)
    const { token } = await t.makeToken(['alerts.read'])
    await t.call('GET', '/v1/alerts', { token, from: '192.0.2.67' })
    await t.exhausted('door', from, async () => {
      expect((await guess()).body).toMatchObject({ status: 429, code: 'PPT_RATE_LIMITED' })
      // a token that is known is not affected by what others do from its address
      expect((await t.call('GET', '/v1/alerts', { token, from })).status).toBe(200)
    })
  })
})

describe('the local token', () => {
  it('acts as admin, is recorded as the command, and is not taken half', async () => {
    await t.makeSource('by command')
    expect(await lastAct()).toMatchObject({ actor: { kind: 'token', id: 'local', name: 'command on this machine' } })
    expect((await t.call('GET', '/v1/alerts', { token: t.local.slice(0, -1) })).status).toBe(401)
  })
})

describe('sources', () => {
  it('are new, then live, then silent', async () => {
    const { id, token } = await t.makeSource('states')
    const of = async () => (await local('GET', '/v1/sources')).body.items.find((one: { id: string }) => one.id === id)
    expect(await of()).toMatchObject({ name: 'states', state: 'new', lastEventAt: null })
    await t.call('POST', '/v1/events', { token, body: failedLogin() })
    expect(await of()).toMatchObject({ state: 'live', lastEventAt: expect.any(Number) })
    t.advance(3_600_001)
    expect(await of()).toMatchObject({ state: 'silent' })
  })

  it('have names of their own', async () => {
    await t.makeSource('unique')
    expect((await local('POST', '/v1/sources', { name: 'UNIQUE' })).body.code).toBe('PPT_CONFLICT')
  })

  it('get a token that sends and obeys, and reads nothing', async () => {
    const { token } = await t.makeSource()
    expect((await t.call('GET', '/v1/session', { token })).body.permissions).toEqual(['events.write', 'decisions.read'])
    expect((await t.call('GET', '/v1/events', { token })).status).toBe(403)
    expect((await t.call('GET', '/v1/decisions', { token })).status).toBe(200)
  })
})

describe('the record of acts', () => {
  it('cannot be changed or emptied, by the application or by the owner [ASVS 16.4.2]', async () => {
    const { rows: before } = await t.database.pool.query('select count(*)::int as n from audit')
    for (const sql of [`update audit set outcome = 'success'`, 'delete from audit', 'truncate audit']) {
      await expect(t.database.pool.query(sql)).rejects.toMatchObject({ code: '42501' })
      await expect(t.database.owner().query(sql)).rejects.toMatchObject({ code: '42501' })
    }
    expect((await t.database.pool.query('select count(*)::int as n from audit')).rows).toEqual(before)
  })

  it('takes anything that came in, bounded, without failing', async () => {
    const text = `a\0b\ud800${'x'.repeat(2_000)}`
    await t.services.audit.record({
      at: 1,
      actor: { kind: 'anonymous', id: text, name: text },
      action: 'test.hostile',
      resource: { type: text, id: text },
      outcome: 'refused',
      address: text,
      reason: text,
      detail: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${text.slice(0, 3)}${i}`, text])),
    })
    const [entry] = (await local('GET', '/v1/audit?action=test.hostile')).body.items
    expect(entry.actor.id).toMatch(/^a\uFFFDb\uFFFDx/)
    expect(entry.actor.id.length).toBeLessThanOrEqual(512)
    expect(Object.keys(entry.detail)).toHaveLength(32)
  })

  it('cannot be written full by somebody who only asks for what he may not have', async () => {
    const { token, id } = await t.makeToken(['alerts.read'])
    for (let n = 0; n < 60; n++)
      expect((await t.call('POST', '/v1/decisions', { token, body: {} })).body).toMatchObject({ status: 403, code: 'PPT_FORBIDDEN' })
    const { rows } = await t.database.pool.query<{ count: number }>(`select count(*) as count from audit where actor_id = $1`, [id])
    expect(rows[0]?.count).toBeGreaterThanOrEqual(30)
    expect(rows[0]?.count).toBeLessThan(40)
  })

  it('pages from the newest to the oldest without gap', async () => {
    const seen: number[] = []
    let cursor = ''
    for (let i = 0; i < 200; i++) {
      const { body } = await local('GET', `/v1/audit?limit=7${cursor}`)
      seen.push(...body.items.map((one: { sequence: number }) => one.sequence))
      if (body.next === null) break
      cursor = `&cursor=${body.next}`
    }
    expect(seen).toEqual(seen.toSorted((a, b) => b - a))
    expect(new Set(seen).size).toBe((await t.database.pool.query('select count(*)::int as n from audit')).rows[0].n)
  })

  it('refuses cursors and limits that are none', async () => {
    for (const query of ['cursor=x', 'cursor=1%3Bdrop', 'cursor=99999999999999999999', 'limit=0', 'limit=201', 'limit=x', 'action=%00']) {
      expect((await local('GET', `/v1/audit?${query}`)).body).toMatchObject({ status: 422, code: 'PPT_INVALID' })
    }
  })

  it('does not change the answer when it cannot be written; the log has the act and the metrics count it', async () => {
    await t.database.owner().query('revoke insert on audit from parapet_app')
    try {
      expect((await local('POST', '/v1/sources', { name: 'unrecorded' })).status).toBe(201)
    } finally {
      await t.database.owner().query('grant insert on audit to parapet_app')
    }
    expect(t.log.find((line) => line.includes('could not be recorded'))).toContain('source.created')
    expect((await t.call('GET', '/metrics')).text).toContain('parapet_audit_lost_total 1')
  })
})

describe('the demo', () => {
  it('is removed as a whole, and nothing else is', async () => {
    const real = await t.makeSource('real one')
    const demo = await t.makeSource('demo one', true)
    const send = (token: string, user: string, tags: string[]) =>
      t.call('POST', '/v1/events', {
        token,
        body: Array.from({ length: 6 }, (_, i) =>
          failedLogin({ 'event.id': `${user}-${i}`, 'user.name': user, 'source.ip': '198.51.100.9', ...(tags.length > 0 ? { tags } : {}) }),
        ),
      })
    await send(real.token, 'real-user', [])
    await send(demo.token, 'demo-user', ['parapet.demo'])
    await t.settle()
    const alertsOn = async (user: string) => (await local('GET', `/v1/alerts?target=${user}`)).body.items
    expect((await alertsOn('demo-user'))[0]).toMatchObject({ demo: true })
    const answer = await local('DELETE', '/v1/demo')
    expect(answer.body).toEqual({ events: 6, sources: 1 })
    expect(await alertsOn('demo-user')).toEqual([])
    expect(await alertsOn('real-user')).toHaveLength(1)
    expect((await local('GET', '/v1/events?user=real-user')).body.items).toHaveLength(6)
    expect((await t.call('POST', '/v1/events', { token: demo.token, body: failedLogin() })).status).toBe(401)
    expect((await t.call('POST', '/v1/events', { token: real.token, body: failedLogin() })).status).toBe(202)
    expect(await lastAct()).toMatchObject({ action: 'demo.removed', detail: { events: 6, sources: 1 } })
  })
})

describe('signing in again', () => {
  it('ends the session that the browser held before', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Twice')
    const again = await t.call('POST', '/v1/session', { cookie, body: { name, password: PASSWORD } })
    expect(again.status).toBe(200)
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(401)
    expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(again) })).status).toBe(200)
  })
})
