import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDecisionLog } from '../../modules/decisions/decision-log.js'
import { createLockdowns } from '../../modules/lockdown/index.js'
import { createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'

/** 60 s, in ms */
const MINUTE = 60_000

let t: TestApp
beforeAll(async () => {
  t = await createTestApp({ allowList: ['192.88.99.0/24'], trustedProxies: ['10.9.9.9'] })
}, 60_000)
afterAll(() => t.close())
beforeEach(async () => {
  await local('DELETE', '/v1/lockdown', {})
})

const local = (method: string, url: string, body?: unknown, from = '127.0.0.1') =>
  t.call(method, url, { token: t.local, from, ...(body === undefined ? {} : { body }) })
const wish = (extra: object = {}) => ({ mode: 'known_users', duration: '1h', reason: 'accounts are read in bulk', ...extra })
const current = async (): Promise<Json> => (await local('GET', '/v1/lockdown')).body.current
/** The decision of the lockdown as guards hear of it: what binds now. */
const decision = async (): Promise<Json> =>
  (await local('GET', '/v1/decisions')).body.items.find((one: Json) => one.action === 'lockdown' && one.expiresAt > t.now())

describe('a lockdown', () => {
  it('is a decision on everybody that ends by itself within two minutes', async () => {
    const { status, body } = await local('POST', '/v1/lockdown', wish())
    expect(status).toBe(201)
    expect(body).toMatchObject({ mode: 'known_users', confirmations: 0, holdsMs: 60 * MINUTE, endedAt: null })
    expect(body.endsAt - body.startedAt).toBe(2 * MINUTE)
    expect(await decision()).toMatchObject({
      id: body.decisionId,
      target: { kind: 'all', value: '*' },
      scope: 'all',
      mode: 'enforce',
      expiresAt: body.endsAt,
      lockdown: { mode: 'known_users' },
    })
  })

  it('that nobody confirms is over by the clock alone, before anything is written down', async () => {
    await local('POST', '/v1/lockdown', wish())
    t.advance(2 * MINUTE - 1_000)
    expect(await current()).not.toBeNull()
    t.advance(1_000)
    expect(await current()).toBeNull()
    expect(await decision()).toBeUndefined()
    const { latest } = (await local('GET', '/v1/lockdown')).body
    expect(latest[0]).toMatchObject({ endedWhy: 'not_confirmed', endedAt: latest[0].endsAt })
  })

  it('holds for its time from each confirmation, and lapses too', async () => {
    await local('POST', '/v1/lockdown', wish({ duration: '10m' }))
    t.advance(MINUTE)
    const confirmed = (await local('POST', '/v1/lockdown/confirm', {})).body
    expect(confirmed).toMatchObject({ confirmations: 1 })
    expect(confirmed.endsAt - t.now()).toBeGreaterThan(9.9 * MINUTE)
    expect((await decision()).expiresAt).toBe(confirmed.endsAt)
    t.advance(9 * MINUTE)
    const again = (await local('POST', '/v1/lockdown/confirm', {})).body
    expect(again.endsAt - confirmed.endsAt).toBeGreaterThan(8.9 * MINUTE)
    t.advance(10 * MINUTE)
    expect(await current()).toBeNull()
    await t.sweepLockdown()
    const { rows } = await t.database.pool.query('SELECT ended_why, confirmations FROM lockdowns ORDER BY started_at DESC LIMIT 1')
    expect(rows[0]).toEqual({ ended_why: 'confirmation_lapsed', confirmations: 2 })
    expect((await local('POST', '/v1/lockdown/confirm', {})).status).toBe(404)
  })

  it('never lasts longer than was asked for, also before its first confirmation', async () => {
    const { body } = await local('POST', '/v1/lockdown', wish({ duration: '1m' }))
    expect(body.endsAt - body.startedAt).toBe(MINUTE)
  })

  it('ends at once, and says who ended it', async () => {
    await local('POST', '/v1/lockdown', wish())
    const { status, body } = await local('DELETE', '/v1/lockdown', { reason: 'false alarm' })
    expect(status).toBe(200)
    expect(body).toMatchObject({ endedWhy: 'ended' })
    expect(await decision()).toBeUndefined()
    expect((await local('GET', `/v1/decisions/${body.decisionId}`)).body.decision.lifted).toMatchObject({ reason: 'false alarm' })
    expect((await local('DELETE', '/v1/lockdown', {})).status).toBe(404)
  })

  it('taken back as a decision is over as a lockdown too', async () => {
    const { body } = await local('POST', '/v1/lockdown', wish())
    await local('POST', `/v1/decisions/${body.decisionId}/lift`, { reason: 'by its id' })
    await t.sweepLockdown()
    expect(await current()).toBeNull()
  })

  it('is one at a time, however many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => local('POST', '/v1/lockdown', wish())))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409])
    const { rows } = await t.database.pool.query('SELECT count(*)::int AS open FROM lockdowns WHERE ended_at IS NULL')
    expect(rows[0]).toEqual({ open: 1 })
  })

  it('is not undone by the look for protected targets, which takes bans back', async () => {
    const { body } = await local('POST', '/v1/lockdown', wish())
    const { liftProtected } = await import('../../lifecycle/lift-protected.js')
    expect(await liftProtected(t.services.decisions, t.services.protectedTargets, t.now())).toEqual([])
    expect((await decision()).id).toBe(body.decisionId)
  })

  it('is told to administrators and stands in the record', async () => {
    const { body } = await local('POST', '/v1/lockdown', wish({ reason: 'drill' }))
    await local('POST', '/v1/lockdown/confirm', {})
    await local('DELETE', '/v1/lockdown', {})
    const told = (await local('GET', '/v1/notifications')).body.items.filter(({ kind }: Json) => kind === 'lockdown')
    expect(told.slice(0, 3).map(({ level }: Json) => level)).toEqual(['critical', 'critical', 'critical'])
    const { rows } = await t.database.pool.query(`SELECT action FROM audit WHERE resource_id = $1 ORDER BY sequence`, [body.id])
    expect(rows.map(({ action }) => action)).toEqual(['lockdown.started', 'lockdown.confirmed', 'lockdown.ended'])
  })
})

describe('who is let in', () => {
  const allowed = async (): Promise<string[]> => (await decision()).lockdown.allow

  it('are the allow-list, proxies, this machine and where it was asked from', async () => {
    await local('POST', '/v1/lockdown', wish(), '198.51.100.7')
    expect(await allowed()).toEqual(expect.arrayContaining(['192.88.99.0/24', '10.9.9.9', '127.0.0.0/8', '198.51.100.7']))
  })

  it('are operators as they come and go, without anybody confirming', async () => {
    await local('POST', '/v1/lockdown', wish())
    const before = await decision()
    const { cookie } = await t.makeOperator()
    await t.call('GET', '/v1/session', { cookie, from: '198.51.100.201' })
    expect(await t.sweepLockdown()).toBe(1)
    expect(await allowed()).toContain('198.51.100.201')
    expect((await decision()).expiresAt).toBe(before.expiresAt)
    expect(await t.sweepLockdown()).toBe(0)
    await t.call('DELETE', '/v1/session', { cookie, from: '198.51.100.201' })
    await t.sweepLockdown()
    expect(await allowed()).not.toContain('198.51.100.201')
  })

  it('stays who began it by a token, whom no session tells of', async () => {
    const { token } = await t.makeToken(['lockdown.manage'])
    await t.call('POST', '/v1/lockdown', { token, body: wish(), from: '203.0.113.77' })
    await t.sweepLockdown()
    expect(await allowed()).toContain('203.0.113.77')
  })

  it('are guards and agents that report: they have to hear of its end', async () => {
    const { token } = await t.makeSource()
    const report = {
      kind: 'guard',
      instance: 'shop-1',
      version: '1',
      mode: 'enforce',
      now: t.now(),
      revision: 0,
      wanted: 0,
      held: null,
      checkedAt: null,
      repairs: [],
      refused: [],
      cannot: [],
      latencyMs: null,
      trouble: null,
    }
    await t.call('POST', '/v1/enforcers/reports', { token, body: { reports: [report] }, from: '203.0.113.88' })
    await local('POST', '/v1/lockdown', wish())
    expect(await allowed()).toContain('203.0.113.88')
  })
})

describe('another server', () => {
  it('sees the lockdown, confirms and ends it: all of it is in the database', async () => {
    const sibling = await t.database.sibling()
    const log = createDecisionLog(sibling, t.vault)
    const other = createLockdowns({
      database: sibling,
      vault: t.vault,
      clock: t.now,
      decisionLog: log,
      notifications: t.services.notifications,
      incidents: t.services.incidents,
      facts: async () => ({
        allowList: [],
        proxies: [],
        ownAddresses: ['192.0.2.1'],
        gateways: [],
        dns: [],
        operators: [],
        enforcers: [],
        held: [],
      }),
      lastHour: async () => [],
    })
    const { body } = await local('POST', '/v1/lockdown', wish())
    expect((await other.view()).current).toMatchObject({ id: body.id, reason: 'accounts are read in bulk' })
    const caller = { by: { kind: 'operator', id: 'o2', name: 'Olga' }, address: '203.0.113.123' } as const
    expect(await other.confirm(caller)).toMatchObject({ confirmations: 1 })
    expect((await decision()).lockdown.allow).toContain('203.0.113.123')
    await other.end(caller, 'over')
    expect(await current()).toBeNull()
    await log.close()
    await sibling.close()
  })
})

describe('before a lockdown', () => {
  it('who gets in and what it would have refused is told, and nothing is done', async () => {
    const { token } = await t.makeSource()
    const event = (address: string, user: string, n: number) => ({
      '@timestamp': t.now(),
      'event.id': `l-${address}-${n}`,
      'event.category': 'web',
      'source.ip': address,
      'user.id': user,
      'http.request.method': 'POST',
      'http.response.status_code': 200,
    })
    await t.call('POST', '/v1/events', {
      token,
      body: [event('203.0.113.5', 'ann', 1), event('203.0.113.5', 'ann', 2), event('192.88.99.5', 'bob', 3)],
    })
    const { status, body } = await local('POST', '/v1/lockdown/preflight', { mode: 'allow_list', duration: '15m' })
    expect(status).toBe(200)
    expect(body.lastHour).toMatchObject({ requests: 3, refused: 2, users: 2, usersRefused: 1 })
    expect(body.allowed).toContainEqual({ range: '192.88.99.0/24', why: 'on the allow-list' })
    expect(await current()).toBeNull()
  })

  it('who stands under a ban himself is refused, with what to do', async () => {
    await local('POST', '/v1/decisions', {
      target: { kind: 'ip', value: '203.0.113.99' },
      action: 'deny',
      scope: 'all',
      duration: '1h',
      reason: 'scans',
    })
    const { body } = await local('POST', '/v1/lockdown', wish(), '203.0.113.99')
    expect(body).toMatchObject({ status: 409, code: 'PPT_CONFLICT', detail: expect.stringContaining('Lift it first') })
    expect(await current()).toBeNull()
  })

  it('a duration that is none, or too long, is refused', async () => {
    expect((await local('POST', '/v1/lockdown', wish({ duration: 'forever' }))).status).toBe(422)
    expect((await local('POST', '/v1/lockdown', wish({ duration: '25h' }))).body.detail).toContain('to 1d')
  })

  it('a viewer may look and not touch', async () => {
    const { cookie } = await t.makeOperator('viewer')
    expect((await t.call('GET', '/v1/lockdown', { cookie })).status).toBe(200)
    expect((await t.call('POST', '/v1/lockdown', { cookie, body: wish() })).body.code).toBe('PPT_FORBIDDEN')
  })
})
