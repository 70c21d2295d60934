import { DAY, HOUR } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let source: { id: string; token: string }
let admin: { id: string; cookie: string }
let viewer: { id: string; cookie: string }

beforeAll(async () => {
  t = await createTestApp({ privacy: { viewersSeeNames: false } })
  source = await t.makeSource('shop')
  admin = await t.makeOperator('admin')
  viewer = await t.makeOperator('viewer')
  // two addresses that try passwords, and one user that is tried from many
  const events = [
    ...Array.from({ length: 30 }, (_, i) => failedLogin({ 'source.ip': '203.0.113.9', 'user.name': `u-${i % 7}`, 'event.id': `a-${i}` })),
    ...Array.from({ length: 30 }, (_, i) => failedLogin({ 'source.ip': '198.51.100.9', 'user.name': 'carol', 'event.id': `b-${i}` })),
  ]
  await t.call('POST', '/v1/events', { token: source.token, body: events })
  await t.settle()
}, 60_000)
afterAll(() => t.close())

const as = (cookie: string) => (method: string, url: string, body?: unknown) =>
  t.call(method, url, { cookie, ...(body === undefined ? {} : { body }) })
const groups = async (query = ''): Promise<Json[]> => (await as(admin.cookie)('GET', `/v1/triage${query}`)).body.items
const firstKey = async (): Promise<string> => (await groups('?q=203.0.113.9'))[0].key

describe('Triage', () => {
  it('shows what detection found as groups, which agree with the alerts', async () => {
    const items = await groups()
    expect(items.length).toBeGreaterThan(0)
    const { body: alerts } = await t.call('GET', '/v1/alerts?limit=200', { token: t.local })
    expect(items.reduce((sum: number, group: Json) => sum + group.alerts, 0)).toBe(alerts.items.length)
    for (const group of items) expect(group).toMatchObject({ status: 'open', sources: [{ id: source.id, name: 'shop' }], demo: false })
  })

  it('shows a group with its events, their most frequent values, and its rule in words', async () => {
    const { status, body } = await as(admin.cookie)('GET', `/v1/triage/${await firstKey()}`)
    expect(status).toBe(200)
    expect(body.alerts.length).toBe(body.group.alerts)
    expect(body.events.length).toBeGreaterThan(0)
    expect(body.events.every((stored: Json) => stored.event['source.ip'] === '203.0.113.9')).toBe(true)
    const [address] = body.topValues
    expect(address).toEqual({ field: 'source.ip', values: [{ value: '203.0.113.9', count: address.of }], of: address.of, distinct: 1 })
    const tried = await Promise.all(
      (await groups('?q=203.0.113.9')).map(async ({ key }) => (await as(admin.cookie)('GET', `/v1/triage/${key}`)).body),
    )
    const users = tried.flatMap((detail: Json) => detail.topValues).filter(({ field }: Json) => field === 'user.name')
    expect(Math.max(...users.map(({ distinct }: Json) => distinct))).toBe(7)
    expect(body.rule.inWords).toMatch(/\w{3}/)
    expect(body).toMatchObject({ notes: [], exceptions: [] })
    expect((await as(admin.cookie)('GET', '/v1/triage/unknown')).body).toMatchObject({ status: 404, code: 'PPT_NOT_FOUND' })
  })

  it('is read by viewers, with hints instead of names where the settings say so', async () => {
    const list = await as(viewer.cookie)('GET', '/v1/triage')
    expect(list.status).toBe(200)
    const byUser = list.body.items.find(({ scope }: Json) => scope.kind === 'user')
    for (const group of list.body.items) {
      const { text, status } = await as(viewer.cookie)('GET', `/v1/triage/${group.key}`)
      expect(status).toBe(200)
      expect(text).not.toContain('carol')
      expect(text).not.toContain('"u-1"')
    }
    expect(list.text).not.toContain('carol')
    expect(byUser?.scope.value ?? '***~').toContain('***~')
  })

  it('is changed by admins alone, and the record says what they did', async () => {
    const key = await firstKey()
    const act = { act: 'close', verdict: 'true_positive' }
    expect((await as(viewer.cookie)('POST', `/v1/triage/${key}`, act)).body).toMatchObject({ status: 403, detail: 'needs triage.write' })
    expect((await as(viewer.cookie)('POST', '/v1/triage', { keys: [key], act })).status).toBe(403)
    const changed = await as(admin.cookie)('POST', `/v1/triage/${key}`, act)
    expect(changed).toMatchObject({ status: 200, body: { key, status: 'closed', verdict: 'true_positive' } })
    const { body } = await t.call('GET', '/v1/audit?action=triage.changed&limit=1', { token: t.local })
    expect(body.items[0]).toMatchObject({
      actor: { id: admin.id },
      resource: { id: key },
      outcome: 'success',
      detail: { act: 'close', verdict: 'true_positive' },
    })
    expect((await groups('?status=closed')).map((group) => group.key)).toEqual([key])
    expect((await groups('?status=open&status=acknowledged')).some((group) => group.key === key)).toBe(false)
    expect((await as(admin.cookie)('POST', '/v1/triage/unknown', act)).status).toBe(404)
  })

  it('gives groups to people, and finds what is mine', async () => {
    const key = await firstKey()
    const { body: people } = await as(admin.cookie)('GET', '/v1/triage/assignees')
    expect(people.items.map(({ id }: Json) => id).toSorted()).toEqual([admin.id, viewer.id].toSorted())
    await as(admin.cookie)('POST', `/v1/triage/${key}`, { act: 'assign', operatorId: viewer.id })
    expect((await as(viewer.cookie)('GET', '/v1/triage?assignee=me')).body.items.map((group: Json) => group.key)).toEqual([key])
    expect(await groups('?assignee=me')).toEqual([])
    expect((await t.call('GET', '/v1/triage?assignee=me', { token: t.local })).body).toMatchObject({ code: 'PPT_INVALID' })
  })

  it('does one thing with many, at most 200', async () => {
    const keys = (await groups()).map((group) => group.key)
    const { body } = await as(admin.cookie)('POST', '/v1/triage', { keys: [...keys, 'gone'], act: { act: 'acknowledge' } })
    expect(body.items.map((group: Json) => [group.key, group.status])).toEqual(keys.map((key) => [key, 'acknowledged']))
    const many = Array.from({ length: 201 }, (_, i) => `k-${i}`)
    expect((await as(admin.cookie)('POST', '/v1/triage', { keys: many, act: { act: 'acknowledge' } })).status).toBe(422)
    expect((await as(admin.cookie)('POST', '/v1/triage', { keys: [], act: { act: 'acknowledge' } })).status).toBe(422)
  })

  it('keeps notes in clear for who may see names, and hides them from who may not', async () => {
    const key = await firstKey()
    await as(admin.cookie)('POST', `/v1/triage/${key}`, { act: 'note', text: 'carol says: not me\nsecond line' })
    const seen = await as(admin.cookie)('GET', `/v1/triage/${key}`)
    expect(seen.body.notes[0]).toMatchObject({ act: 'note', text: 'carol says: not me\nsecond line', by: { id: admin.id } })
    const hidden = await as(viewer.cookie)('GET', `/v1/triage/${key}`)
    expect(hidden.body.notes[0]).toMatchObject({ act: 'note', text: '[names are hidden]' })
  })

  it('refuses what it cannot mean, and repeats nothing of it', async () => {
    const key = await firstKey()
    const bodies: unknown[] = [
      {},
      [],
      'x',
      { act: 'delete' },
      { act: 'close' },
      { act: 'close', verdict: 'maybe' },
      { act: 'snooze' },
      { act: 'snooze', until: t.now() - HOUR },
      { act: 'snooze', until: t.now() + 31 * DAY },
      { act: 'snooze', until: Number.MAX_SAFE_INTEGER },
      { act: 'snooze', until: '2026' },
      { act: 'assign', operatorId: '"; DROP TABLE triage_groups; --' },
      { act: 'note', text: '' },
      { act: 'note', text: 'a\u001b[31mb' },
      { act: 'note', text: 'x'.repeat(4_001) },
      { act: 'acknowledge', extra: 'planted-word' },
    ]
    for (const body of bodies) {
      const answer = await as(admin.cookie)('POST', `/v1/triage/${key}`, body)
      expect([answer.status, JSON.stringify(body)]).toEqual([422, JSON.stringify(body)])
      expect(answer.text).not.toMatch(/DROP TABLE|planted-word/)
    }
    for (const query of [
      '?status=all',
      '?level=9',
      '?cursor=x',
      '?cursor=-1',
      '?limit=0',
      '?limit=201',
      '?q=',
      '?q=%00',
      '?since=-1',
      `?rule=${'x'.repeat(200)}`,
    ])
      expect([(await as(admin.cookie)('GET', `/v1/triage${query}`)).status, query]).toEqual([422, query])
  })

  it('shows which decisions are in force, and is reopened by a new alert', async () => {
    const [group] = await groups('?q=198.51.100.9')
    await as(admin.cookie)('POST', `/v1/triage/${group.key}`, { act: 'close', verdict: 'benign' })
    t.advance(2 * DAY)
    const later = Array.from({ length: 30 }, (_, i) =>
      failedLogin({ '@timestamp': t.now(), 'source.ip': '198.51.100.9', 'user.name': 'carol', 'event.id': `c-${i}` }),
    )
    await t.call('POST', '/v1/events', { token: source.token, body: later })
    await t.settle()
    const again = await t.call('GET', `/v1/triage/${group.key}`, { token: t.local })
    expect(again.body.group).toMatchObject({ status: 'open', alerts: group.alerts + 1 })
    expect(again.body.notes[0]).toMatchObject({ act: 'reopened', by: { id: 'parapet' }, text: expect.stringContaining('closed as benign') })
  })
})
