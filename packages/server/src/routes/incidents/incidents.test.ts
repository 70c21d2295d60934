import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let source: { id: string; token: string }
let admin: { id: string; name: string; cookie: string }
let viewer: { id: string; cookie: string }

const call = (cookie: string, method: string, url: string, body?: unknown) =>
  t.call(method, url, { cookie, ...(body === undefined ? {} : { body }) })
const honey = (id: string, user: string, address = '203.0.113.66'): Record<string, unknown> => ({
  '@timestamp': Date.now(),
  'event.id': id,
  'event.category': 'web',
  'event.action': 'honeytoken-used',
  'event.dataset': 'app',
  'source.ip': address,
  'user.name': user,
})

beforeAll(async () => {
  t = await createTestApp({ privacy: { viewersSeeNames: false } })
  source = await t.makeSource('shop')
  admin = await t.makeOperator('admin')
  viewer = await t.makeOperator('viewer')
}, 60_000)
afterAll(() => t.close())

describe('an attempt at a data breach', () => {
  it('opens a critical incident in the transaction of its alert, which offers the lockdown', async () => {
    await t.call('POST', '/v1/events', { token: source.token, body: [honey('h1', 'mallory')] })
    await t.settle()
    const { body } = await call(admin.cookie, 'GET', '/v1/incidents')
    expect(body).toMatchObject({
      next: null,
      items: [{ number: 1, severity: 'critical', status: 'open', addresses: ['203.0.113.66'], alerts: 1 }],
    })
    const detail = await call(admin.cookie, 'GET', `/v1/incidents/${body.items[0].id}`)
    expect(detail.body.lockdownOffered).toBe(true)
    expect(detail.body.alerts).toHaveLength(1)
    // observed on a fresh install: what would have been done is part of the record
    expect(detail.body.decisions.map(({ mode }: Json) => mode)).toContain('observe')
    expect(detail.body.timeline.map(({ kind }: Json) => kind)).toEqual(expect.arrayContaining(['opened', 'alert', 'decision']))
  })

  it('is one incident while it goes on', async () => {
    await t.call('POST', '/v1/events', { token: source.token, body: [honey('h2', 'mallory'), honey('h3', 'mallory')] })
    await t.settle()
    const { body } = await call(admin.cookie, 'GET', '/v1/incidents')
    expect(body.items).toHaveLength(1)
  })
})

describe('an incident', () => {
  it('is opened, changed and closed by admins, and every act is recorded', async () => {
    const opened = await call(admin.cookie, 'POST', '/v1/incidents', {
      title: 'Ann exports customers',
      severity: 'high',
      subjects: ['ann'],
    })
    expect(opened).toMatchObject({ status: 201, body: { incident: { number: 2, openedBy: { id: admin.id }, subjects: ['ann'] } } })
    const url = '/v1/incidents/INC-2/act'
    for (const act of [
      { act: 'assign', operatorId: admin.id },
      { act: 'note', text: 'Asked her.' },
      { act: 'severity', severity: 'low' },
      { act: 'link', address: '203.0.113.9' },
      { act: 'status', status: 'closed', text: 'A report for the board.' },
    ])
      expect((await call(admin.cookie, 'POST', url, act)).status).toBe(200)
    const { body } = await call(admin.cookie, 'GET', '/v1/incidents/2')
    expect(body.incident).toMatchObject({ status: 'closed', severity: 'low', assignee: { id: admin.id }, addresses: ['203.0.113.9'] })
    const record = await t.call('GET', '/v1/audit?action=incident.changed&limit=10', { token: t.local })
    expect(record.body.items).toHaveLength(5)
    expect(record.body.items[0]).toMatchObject({ actor: { id: admin.id }, detail: { act: 'status', status: 'closed' } })
    // the words of a note are sealed where they belong, not copied into the record
    expect(record.text).not.toContain('Asked her.')
  })

  it.each<[string, object, number]>([
    ['no title', { severity: 'high' }, 422],
    ['a title with control characters', { title: 'a\u0007b', severity: 'high' }, 422],
    ['a level that there is not', { title: 'x', severity: 'bad' }, 422],
    ['a field that is not known', { title: 'x', severity: 'low', status: 'closed' }, 422],
    ['an alert that is not there', { title: 'x', severity: 'low', alertIds: ['nothing'] }, 404],
  ])('is not opened with %s', async (_, body, status) => {
    expect((await call(admin.cookie, 'POST', '/v1/incidents', body)).status).toBe(status)
  })

  it('refuses a note that is a book', async () => {
    const note = { act: 'note', text: 'x'.repeat(4_001) }
    expect((await call(admin.cookie, 'POST', '/v1/incidents/1/act', note)).status).toBe(422)
  })

  it.each<[string, object, number]>([
    ['/v1/incidents/1/act', { act: 'delete' }, 422],
    ['/v1/incidents/1/act', { act: 'note', text: '  ' }, 422],
    ['/v1/incidents/1/act', { act: 'note', text: 'a\u0000b' }, 422],
    ['/v1/incidents/1/act', { act: 'assign', operatorId: 'nobody' }, 422],
    ['/v1/incidents/999/act', { act: 'note', text: 'x' }, 404],
    ['/v1/incidents/%27%3B--/act', { act: 'note', text: 'x' }, 404],
  ])('refuses %s %j', async (url, body, status) => {
    expect((await call(admin.cookie, 'POST', url, body)).status).toBe(status)
  })

  it('is read by viewers without names where the settings say so, and changed by none of them', async () => {
    const list = await call(viewer.cookie, 'GET', '/v1/incidents')
    expect(list.status).toBe(200)
    const detail = await call(viewer.cookie, 'GET', '/v1/incidents/1')
    expect(list.text + detail.text).not.toMatch(/mallory|Ann exports|"ann"/)
    expect(detail.body.incident.addresses).toEqual(['203.0.113.66'])
    expect((await call(viewer.cookie, 'POST', '/v1/incidents', { title: 'x', severity: 'low' })).body).toMatchObject({
      status: 403,
      detail: 'needs incidents.write',
    })
    expect((await call(viewer.cookie, 'POST', '/v1/incidents/1/act', { act: 'note', text: 'x' })).status).toBe(403)
  })

  it('is listed by status, level and assignee, page by page', async () => {
    const numbers = async (query: string): Promise<number[]> =>
      (await call(admin.cookie, 'GET', `/v1/incidents?${query}`)).body.items.map(({ number }: Json) => number)
    expect(await numbers('')).toEqual([2, 1])
    expect(await numbers('status=open&status=contained')).toEqual([1])
    expect(await numbers('severity=critical')).toEqual([1])
    expect(await numbers('assignee=me')).toEqual([2])
    expect(await numbers('limit=1&cursor=2')).toEqual([1])
    expect((await call(admin.cookie, 'GET', '/v1/incidents?status=gone')).status).toBe(422)
    expect((await t.call('GET', '/v1/incidents?assignee=me', { token: t.local })).status).toBe(422)
  })
})
