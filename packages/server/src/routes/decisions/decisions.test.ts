import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp({ allowList: ['192.88.99.0/24'], trustedProxies: ['10.9.9.9'] })
}, 60_000)
afterAll(() => t.close())

const local = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { token: t.local, ...(body === undefined ? {} : { body }) })
const ask = (value: string, extra: object = {}) => ({
  target: { kind: 'ip', value },
  action: 'deny',
  scope: 'all',
  duration: '1h',
  reason: 'scans',
  ...extra,
})
let host = 0
const fresh = (): string => `203.0.113.${++host}`

describe('a decision by hand', () => {
  it('has an author, a reason and an end, and is in force at once', async () => {
    const { cookie, name } = await t.makeOperator()
    const value = fresh()
    const { status, body } = await t.call('POST', '/v1/decisions', { cookie, body: ask(value) })
    expect(status).toBe(201)
    expect(body).toMatchObject({ target: { kind: 'ip', value }, mode: 'enforce', reason: 'scans', author: { kind: 'operator', name } })
    expect(body.expiresAt - body.startsAt).toBe(3_600_000)
    expect((await local('GET', '/v1/decisions')).body.items[0].id).toBe(body.id)
  })

  it('on what must never be blocked is refused with the reason', async () => {
    const own = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.internal === false)?.address
    const cases: [string, RegExp][] = [
      ['127.0.0.1', /loopback/],
      ['::1', /loopback/],
      ['::ffff:127.0.0.1', /loopback/],
      ['192.88.99.77', /allow-list/],
      ['192.88.0.0/16', /allow-list/],
      ['10.9.9.9', /proxy/],
      ...(own === undefined ? [] : [[own, /this machine/] as [string, RegExp]]),
    ]
    for (const [value, reason] of cases) {
      const { body } = await local('POST', '/v1/decisions', ask(value, value.includes('/') ? { target: { kind: 'cidr', value } } : {}))
      expect(body).toMatchObject({ code: 'PPT_PROTECTED_TARGET', detail: expect.stringMatching(reason) })
    }
  })

  it('on the address of a signed-in operator is refused, until the operator is gone', async () => {
    const { cookie } = await t.makeOperator()
    await t.call('GET', '/v1/session', { cookie, from: '198.51.100.200' })
    t.advance(2_001)
    expect((await local('POST', '/v1/decisions', ask('198.51.100.200'))).body).toMatchObject({
      code: 'PPT_PROTECTED_TARGET',
      detail: expect.stringContaining('operator'),
    })
    await t.call('DELETE', '/v1/session', { cookie, from: '198.51.100.200' })
    t.advance(2_001)
    expect((await local('POST', '/v1/decisions', ask('198.51.100.200'))).status).toBe(201)
  })

  it('that makes no sense is refused by field', async () => {
    for (const [change, code] of [
      [{ target: { kind: 'ip', value: 'nonsense' } }, 'PPT_ADDRESS_INVALID'],
      [{ target: { kind: 'ip', value: '1.2.3.4\u0000' } }, 'PPT_INVALID'],
      [{ target: { kind: 'cidr', value: '0.0.0.0/0' } }, 'PPT_INVALID'],
      [{ target: { kind: 'all', value: '*' } }, 'PPT_INVALID'],
      [{ duration: 'forever' }, 'PPT_INVALID'],
      [{ duration: '31d' }, 'PPT_INVALID'],
      [{ reason: '' }, 'PPT_INVALID'],
      [{ reason: undefined }, 'PPT_INVALID'],
      [{ action: 'explode' }, 'PPT_INVALID'],
      [{ extra: 1 }, 'PPT_INVALID'],
    ] as const) {
      expect((await local('POST', '/v1/decisions', ask(fresh(), change))).body).toMatchObject({ status: 422, code })
    }
  })

  it('is recorded with its target and reason', async () => {
    const value = fresh()
    const { id } = (await local('POST', '/v1/decisions', ask(value))).body
    const [act] = (await local('GET', '/v1/audit?action=decision.made&limit=1')).body.items
    expect(act).toMatchObject({ resource: { type: 'decision', id }, reason: 'scans', detail: { target: `ip:${value}`, duration: '1h' } })
  })
})

describe('taking back', () => {
  it('ends one decision and says who and why; twice does no harm', async () => {
    const { id } = (await local('POST', '/v1/decisions', ask(fresh()))).body
    const first = await local('POST', `/v1/decisions/${id}/lift`, { reason: 'our monitoring' })
    expect(first).toMatchObject({ status: 200, body: { id, lifted: { reason: 'our monitoring', by: { kind: 'cli' } } } })
    const second = await local('POST', `/v1/decisions/${id}/lift`, { reason: 'again' })
    expect(second).toMatchObject({ status: 200, body: { lifted: { reason: 'our monitoring' } } })
    expect((await local('GET', '/v1/decisions?state=lifted')).body.items[0].id).toBe(id)
  })

  it('ends everything on an address, also by the range that holds it', async () => {
    const value = fresh()
    await local('POST', '/v1/decisions', ask(value))
    await local('POST', '/v1/decisions', ask(value, { scope: 'login' }))
    const { body } = await local('POST', '/v1/decisions/lift', { target: value, reason: 'a mistake' })
    expect(body.lifted).toHaveLength(2)
    expect((await local('GET', `/v1/why?target=${value}`)).body).toMatchObject({ target: value, blocked: false })
  })

  it('ends what was made together', async () => {
    const { batch } = (await local('POST', '/v1/decisions', ask(fresh()))).body
    expect((await local('POST', '/v1/decisions/lift', { batch, reason: 'a mistake' })).body.lifted).toHaveLength(1)
  })

  it('of nothing is 404, of something that has ended by itself a conflict', async () => {
    expect((await local('POST', '/v1/decisions/none/lift', { reason: 'x' })).status).toBe(404)
    expect((await local('POST', '/v1/decisions/lift', { target: '203.0.113.254', reason: 'x' })).status).toBe(404)
    expect((await local('POST', '/v1/decisions/lift', { reason: 'x' })).body.detail).toContain('target or batch')
    const { id } = (await local('POST', '/v1/decisions', ask(fresh(), { duration: '1m' }))).body
    t.advance(60_001)
    expect((await local('POST', `/v1/decisions/${id}/lift`, { reason: 'x' })).body.code).toBe('PPT_CONFLICT')
    expect((await local('GET', '/v1/decisions?state=expired')).body.items[0].id).toBe(id)
  })
})

describe('why', () => {
  it('shows the decision, the alert behind it, and the events behind that', async () => {
    const { token } = await t.makeSource('why shop')
    const value = '198.51.100.33'
    await t.call('POST', '/v1/events', {
      token,
      body: Array.from({ length: 25 }, (_, i) => failedLogin({ 'source.ip': value, 'user.name': `user-${i % 3}`, '@timestamp': t.now() })),
    })
    await t.settle()
    const { body } = await local('GET', `/v1/why?target=${value}`)
    expect(body.target).toBe(value)
    expect(body.alerts.length).toBeGreaterThan(0)
    expect(body.events).toHaveLength(25)
    expect(body.decisions.some((one: Json) => one.alertId !== undefined && one.target.value === value)).toBe(true)
    const detail = await local('GET', `/v1/alerts/${body.alerts[0].id}`)
    expect(detail.body.rule.inWords.length).toBeGreaterThan(20)
    expect(detail.body.rule.source).toContain('title:')
    expect(detail.body.events.length).toBeGreaterThan(0)
  })

  it('finds a target however it is written, and a user', async () => {
    expect((await local('GET', '/v1/why?target=%3A%3Affff%3A198.51.100.33')).body).toMatchObject({ target: '198.51.100.33' })
    expect((await local('GET', '/v1/why?target=user-1')).body.events.length).toBeGreaterThan(0)
    expect((await local('GET', '/v1/why?target=198.51.100.0%2F24')).body.decisions.length).toBeGreaterThan(0)
  })

  it('answers nothing for what it has never seen, and refuses what is no text', async () => {
    expect((await local('GET', '/v1/why?target=203.0.113.250')).body).toMatchObject({
      blocked: false,
      decisions: [],
      alerts: [],
      events: [],
    })
    for (const query of ['', 'target=', 'target=%00', 'target=a&target=b', `target=${'x'.repeat(300)}`])
      expect((await local('GET', `/v1/why?${query}`)).body.code).toBe('PPT_INVALID')
  })
})

describe('lists', () => {
  it('page through alerts and decisions and refuse what is no filter', async () => {
    const { body } = await local('GET', '/v1/decisions?state=all&limit=2')
    expect(body.items).toHaveLength(2)
    const next = await local('GET', `/v1/decisions?state=all&limit=2&cursor=${body.next}`)
    expect(next.body.items[0].id).not.toBe(body.items[1].id)
    for (const url of [
      '/v1/decisions?state=maybe',
      '/v1/decisions?cursor=!',
      '/v1/alerts?level=terrible',
      '/v1/alerts?since=yesterday',
      '/v1/alerts?rule=%00',
      '/v1/events?address=x',
      '/v1/events?limit=-1',
    ]) {
      expect([422]).toContain((await local('GET', url)).status)
    }
    expect((await local('GET', '/v1/alerts?level=critical')).body.items).toEqual([])
    expect((await local('GET', '/v1/alerts/none')).status).toBe(404)
  })
})

describe('the page Now', () => {
  it('says in one sentence what goes on, and counts the last day', async () => {
    const { body } = await local('GET', '/v1/overview')
    expect(body.status.level).toBe('attack')
    expect(body.status.sentence).toMatch(/address(es)? blocked|nothing is blocked/)
    expect(body.last24h.hours).toHaveLength(24)
    expect(body.last24h.events).toBe(body.last24h.hours.reduce((sum: number, hour: { events: number }) => sum + hour.events, 0))
    expect(body.last24h.events).toBeGreaterThanOrEqual(25)
    expect(body.latest.length).toBeGreaterThan(0)
    expect(body.sources[0]).toMatchObject({ name: 'why shop', state: 'live' })
  })
})

describe('one decision', () => {
  it('comes with the alert and the events behind it, and with what was decided together with it', async () => {
    const { token } = await t.makeSource()
    const address = '203.0.113.240'
    await t.call('POST', '/v1/events', {
      token,
      body: Array.from({ length: 8 }, (_, i) => failedLogin({ '@timestamp': t.now(), 'event.id': `d-${i}`, 'source.ip': address })),
    })
    await t.settle()
    const [made] = (await local('GET', `/v1/decisions?target=${address}`)).body.items
    const { status, body } = await local('GET', `/v1/decisions/${made.id}`)
    expect(status).toBe(200)
    expect(body.decision).toEqual(made)
    expect(body.alerts).toMatchObject([{ id: made.alertId }])
    expect(body.events.length).toBeGreaterThan(3)
    expect(body.batch.map(({ id }: Json) => id)).toContain(made.id)
    expect((await local('GET', '/v1/decisions/none')).status).toBe(404)
    const listed = (await local('GET', `/v1/decisions?batch=${made.batch}&state=all`)).body.items
    expect(listed.map(({ id }: Json) => id)).toEqual(body.batch.map(({ id }: Json) => id))
    const why = (await local('GET', `/v1/why?target=${address}`)).body
    expect(why.confirmations.map(({ decisionId }: Json) => decisionId)).toContain(made.id)
  })

  it('shows a viewer who may not see names neither names nor what people wrote', async () => {
    const hidden = await createTestApp({ privacy: { viewersSeeNames: false } })
    try {
      const call = (method: string, url: string, body?: unknown) =>
        hidden.call(method, url, { token: hidden.local, ...(body === undefined ? {} : { body }) })
      const { body } = await call(
        'POST',
        '/v1/decisions',
        ask('carol@example.org', { target: { kind: 'user', value: 'carol@example.org' }, reason: 'carol again' }),
      )
      const { cookie } = await hidden.makeOperator('viewer')
      const seen = await hidden.call('GET', `/v1/decisions/${body.id}`, { cookie })
      expect(seen.status).toBe(200)
      expect(seen.text).not.toContain('carol')
    } finally {
      await hidden.close()
    }
  })
})

describe('before a decision by hand', () => {
  const preview = (extra: object = {}, value = '203.0.113.250') => local('POST', '/v1/decisions/preview', ask(value, extra))

  it('its effect is told, and nothing is done', async () => {
    const { token } = await t.makeSource()
    const event = (id: string, address: string, user: string, outcome = 'success') =>
      failedLogin({ '@timestamp': t.now(), 'event.id': id, 'source.ip': address, 'user.name': user, 'event.outcome': outcome })
    await t.call('POST', '/v1/events', {
      token,
      body: [event('p1', '203.0.113.250', 'grace'), event('p2', '203.0.113.250', 'heidi'), event('p3', '203.0.113.251', 'ivan', 'failure')],
    })
    const before = await t.services.decisions.revision()
    expect((await preview()).body).toMatchObject({
      refused: null,
      addresses: 1,
      events: 2,
      signedIn: 2,
      examples: expect.arrayContaining(['grace', 'heidi']),
    })
    const wide = (await preview({ target: { kind: 'cidr', value: '203.0.113.248/29' } })).body
    expect(wide).toMatchObject({ addresses: 2, events: 3, signedIn: 2 })
    const user = (await preview({ target: { kind: 'user', value: 'grace' }, action: 'suspend' })).body
    expect(user).toMatchObject({ refused: null, events: 1 })
    expect(await t.services.decisions.revision()).toBe(before)
  })

  it('why it would be refused is told, in the same words as then', async () => {
    const { body } = await preview({}, '192.88.99.7')
    const made = await local('POST', '/v1/decisions', ask('192.88.99.7'))
    expect(body.refused).toBe(made.body.detail)
    expect(body.refused).toContain('allow-list')
    expect((await preview({ action: 'lockdown' })).body.refused).toContain('lockdown')
  })

  it('what is no request at all is refused as such', async () => {
    expect((await local('POST', '/v1/decisions/preview', { target: { kind: 'ip' } })).status).toBe(422)
  })
})

describe('other actions by hand', () => {
  it('on users and with limits are made as they were asked for, and no lockdown by the way', async () => {
    const user = { target: { kind: 'user', value: 'judy' } }
    for (const action of ['suspend', 'require_mfa', 'require_reset', 'end_sessions', 'deny'])
      expect((await local('POST', '/v1/decisions', ask('', { ...user, action }))).body).toMatchObject({ action, target: user.target })
    const slow = await local(
      'POST',
      '/v1/decisions',
      ask(fresh(), { action: 'throttle', limit: { limit: 5, windowMs: 60_000 }, enforcers: ['guard'] }),
    )
    expect(slow.body).toMatchObject({ action: 'throttle', limit: { limit: 5, windowMs: 60_000 }, enforcers: ['guard'] })
    for (const change of [
      { action: 'lockdown' },
      { target: { kind: 'all', value: '*' } },
      { action: 'suspend' },
      { enforcers: ['cloud'] },
      { scope: 'login', enforcers: ['nftables'] },
    ])
      expect((await local('POST', '/v1/decisions', ask(fresh(), change))).body.status).toBe(422)
  })

  it('all made together are taken back together, by the batch', async () => {
    const { body } = await local('POST', '/v1/decisions', ask(fresh()))
    const undone = await local('POST', '/v1/decisions/lift', { batch: body.batch, reason: 'wrong' })
    expect(undone.body.lifted.map(({ id }: Json) => id)).toEqual([body.id])
    expect((await local('GET', `/v1/decisions?batch=${body.batch}`)).body.items).toEqual([])
  })
})
