import { MINUTE } from '@parapet/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'
import { type Receiver, startReceiver } from '../../http/outbound/fixtures/receiver.js'
import { acknowledgeHtml } from './acknowledge-page.js'

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
let app: TestApp
let receiver: Receiver
let admin: { cookie: string; id: string; name: string }
beforeAll(async () => {
  receiver = await startReceiver()
  app = await createTestApp({ notifications: { allowPrivate: ['127.0.0.0/8'] } })
  admin = await app.makeOperator('admin', 'Ann')
}, 90_000)
afterAll(async () => {
  await app.close()
  await receiver.close()
})
beforeEach(() => {
  receiver.received.length = 0
  receiver.answer({})
})

const call = (method: string, path: string, body?: unknown) =>
  app.call(method, `/v1/notifications${path}`, { cookie: admin.cookie, ...(body === undefined ? {} : { body }) })
const webhook = (change: object = {}) => ({
  kind: 'webhook',
  name: 'Hook',
  settings: { url: `${receiver.url}/hook` },
  secrets: { secret: SECRET },
  ...change,
})
const makeChannel = async (change: object = {}): Promise<string> => (await call('POST', '/channels', webhook(change))).body.id
const route = (channels: readonly string[], change: object = {}) => ({
  id: 'r', name: 'R', minLevel: 'low', kinds: [], channels, quiet: null, groupMinutes: 0, escalate: [], continue: false, ...change,
}) // prettier-ignore

describe('channels', () => {
  it('are made, changed and removed, and no answer and no record holds a secret', async () => {
    const made = await call('POST', '/channels', webhook())
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      kind: 'webhook',
      name: 'Hook',
      enabled: true,
      settings: { url: `${receiver.url}/hook` },
      lastError: null,
    })
    const { id } = made.body
    const changed = await call('PUT', `/channels/${id}`, {
      name: 'New name',
      enabled: false,
      secrets: { secret: SECRET.replace('AQ', 'Ag') },
    })
    expect(changed.body).toMatchObject({ name: 'New name', enabled: false })
    const listed = await call('GET', '/channels')
    expect(listed.body.items).toHaveLength(1)
    const audit = await app.call('GET', '/v1/audit', { token: app.local })
    for (const each of [made, changed, listed, audit]) expect(each.text).not.toContain('whsec_')
    expect(audit.text).toContain('channel.changed')
    expect((await call('DELETE', `/channels/${id}`)).status).toBe(204)
    expect((await call('DELETE', `/channels/${id}`)).status).toBe(404)
  })

  it.each([
    [{ secrets: {} }, /secrets\.secret/],
    [{ secrets: { secret: 'whsec_short' } }, /secrets\.secret: .*base64 of 24 to 64/],
    [{ settings: { url: 'ftp://x.example/' } }, /settings\.url/],
    [{ settings: { url: 'https://user:password@x.example/' } }, /settings\.url/],
    [{ settings: { url: `https://x.example/`, evil: 'x' } }, /does not take/],
    [{ kind: 'email', settings: { to: ['a@b.example'] }, secrets: {} }, /notifications\.smtp/],
    [
      { kind: 'matrix', settings: { homeserver: 'https://m.example', room: '#alias:m.example' }, secrets: { token: 't' } },
      /settings\.room.*begins with !/,
    ],
    [{ kind: 'ntfy', settings: { topic: '../x' }, secrets: {} }, /settings\.topic/],
    [{ kind: 'slack', settings: {}, secrets: { url: 'https://x.example/', token: 'x' } }, /does not take/],
    [{ name: '\u202E' }, /name/],
  ])('that cannot be are refused by name of the field, without its value: %j', async (change, words) => {
    const answer = await call('POST', '/channels', webhook(change))
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toMatch(words)
    expect(answer.text).not.toMatch(/whsec_short|user:|x\.example/)
  })

  it('are tested at once, and what came of it is said in words', async () => {
    const id = await makeChannel()
    expect((await call('POST', `/channels/${id}/test`)).body).toMatchObject({ ok: true, detail: 'taken with 200', ms: expect.any(Number) })
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({ type: 'notification.test' })
    receiver.answer({ status: 401 })
    expect((await call('POST', `/channels/${id}/test`)).body).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/other credentials/),
    })
    expect((await call('GET', '/channels')).body.items.find((each: { id: string }) => each.id === id).lastError).toMatch(/401/)
  })

  it('cannot be pointed into a network that nobody opened', async () => {
    const id = await makeChannel({ settings: { url: 'http://169.254.169.254/latest/meta-data/' } })
    expect((await call('POST', `/channels/${id}/test`)).body).toMatchObject({ ok: false, detail: expect.stringMatching(/private network/) })
  })

  it('that a route names stay', async () => {
    const id = await makeChannel()
    await call('PUT', '/routes', { items: [route([], { escalate: [{ afterMinutes: 5, channels: [id] }] })] })
    expect((await call('DELETE', `/channels/${id}`)).status).toBe(409)
    await call('PUT', '/routes', { items: [] })
    expect((await call('DELETE', `/channels/${id}`)).status).toBe(204)
  })
})

describe('routes', () => {
  it('come back as they were set, in their order', async () => {
    const id = await makeChannel()
    const items = [
      route([id], {
        id: 'a',
        quiet: { from: 1_320, to: 420, zone: 'Europe/Berlin', weekdays: [1, 2] },
        escalate: [{ afterMinutes: 10, channels: [id] }],
        continue: true,
      }),
      route([id], { id: 'b', kinds: ['breach'], minLevel: 'critical' }),
    ]
    expect((await call('PUT', '/routes', { items })).body).toEqual({ items })
    expect((await call('GET', '/routes')).body).toEqual({ items })
  })

  it.each([
    [{ channels: ['nothing'] }, /no such channel/],
    [{ quiet: { from: 1, to: 1, zone: 'UTC', weekdays: [] } }, /never end/],
    [{ quiet: { from: 1, to: 2, zone: 'Mars/Base', weekdays: [] } }, /time zone/],
    [
      {
        escalate: [
          { afterMinutes: 10, channels: ['ID'] },
          { afterMinutes: 10, channels: ['ID'] },
        ],
      },
      /later than the one before/,
    ],
    [{ minLevel: 'worst' }, /minLevel/],
    [{ groupMinutes: -1 }, /groupMinutes/],
  ])('that cannot be are refused as a whole: %j', async (change, words) => {
    const id = await makeChannel()
    const before = (await call('GET', '/routes')).body
    const item = JSON.parse(JSON.stringify(route([id], change)).replaceAll('"ID"', JSON.stringify(id)))
    const answer = await call('PUT', '/routes', { items: [item] })
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toMatch(words)
    expect((await call('GET', '/routes')).body).toEqual(before)
  })

  it('are one of a kind', async () => {
    expect((await call('PUT', '/routes', { items: [route([]), route([])] })).body.detail).toMatch(/an id of its own/)
  })
})

describe('who may', () => {
  it('viewers read and change nothing', async () => {
    const viewer = await app.makeOperator('viewer')
    const as = (method: string, path: string, body?: unknown) =>
      app.call(method, `/v1/notifications${path}`, { cookie: viewer.cookie, ...(body === undefined ? {} : { body }) })
    for (const path of ['', '/channels', '/routes']) expect((await as('GET', path)).status).toBe(200)
    expect((await as('POST', '/channels', webhook())).status).toBe(403)
    expect((await as('PUT', '/routes', { items: [] })).status).toBe(403)
    expect((await as('POST', '/x/acknowledge')).status).toBe(403)
  })

  it('where messages go is changed only by who has just proved who he is', async () => {
    const id = await makeChannel()
    app.advance(11 * MINUTE)
    for (const [method, path, body] of [
      ['POST', '/channels', webhook()],
      ['PUT', `/channels/${id}`, { enabled: false }],
      ['DELETE', `/channels/${id}`],
      ['PUT', '/routes', { items: [] }],
    ] as const)
      // prettier-ignore
      expect((await call(method, path, body)).body.code).toBe('PPT_STEP_UP')
    admin = await app.makeOperator('admin')
  })
})

describe('what operators are told about their accounts', () => {
  it('the team is told as well: he himself may be the one who cannot see it', async () => {
    const id = await makeChannel()
    await call('PUT', '/routes', { items: [route([id], { kinds: ['operator'] })] })
    app.services.tell(admin.id, { kind: 'lockout', address: '203.0.113.9' })
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 10_000 })
    const { data } = JSON.parse(receiver.received[0]?.body ?? '')
    expect(data).toMatchObject({ kind: 'operator', level: 'medium' })
    expect(data.text).toMatch(/203\.0\.113\.9/)
  })
})

describe('a link in a message', () => {
  const told = async (title: string): Promise<{ id: string; path: string }> => {
    receiver.answer({ status: 200, body: 'ok' })
    const channel = (
      await call('POST', '/channels', { kind: 'slack', name: 'Chat', settings: {}, secrets: { url: `${receiver.url}/services/x` } })
    ).body.id
    await call('PUT', '/routes', { items: [route([channel])] })
    const id = await app.services.notifications.enqueue({ kind: 'incident', level: 'high', title, text: 'x' })
    await vi.waitFor(() => expect(receiver.received.length).toBeGreaterThan(0), { timeout: 10_000 })
    const actions = JSON.parse(receiver.received.at(-1)?.body ?? '').blocks.find((block: { type: string }) => block.type === 'actions')
    const url = new URL(actions.elements.at(-1).url)
    return { id, path: `${url.pathname}${url.search}` }
  }

  it('shows a page that changes nothing, a POST acknowledges once, and the record has it', async () => {
    const { id, path } = await told('<script>alert(1)</script>')
    for (let n = 0; n < 2; n++) {
      const page = await app.call('GET', path)
      expect(page.status).toBe(200)
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(page.headers['cache-control']).toBe('no-store')
      expect(String(page.headers['content-security-policy'])).toContain("form-action 'self'")
      expect(page.text).toContain('&lt;script&gt;')
      expect(page.text).not.toContain('<script>')
    }
    const state = async () => (await call('GET', '')).body.items.find((each: { id: string }) => each.id === id).state
    expect(await state()).not.toBe('acknowledged')
    // as a browser sends a form without fields
    const form = { origin: 'http://localhost:8700', 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
    expect((await app.call('POST', path, { headers: form, raw: 'id=1' })).status).toBe(415)
    expect((await app.call('POST', path, { headers: form })).text).toContain('Acknowledged')
    expect(await state()).toBe('acknowledged')
    expect((await app.call('POST', path, { headers: form })).status).toBe(403)
    expect((await app.call('GET', path)).text).toContain('By link in Chat')
    expect((await app.call('GET', '/v1/audit', { token: app.local })).text).toContain('notification.acknowledged')
  })

  it('from another site acknowledges nothing', async () => {
    const { path } = await told('y')
    expect((await app.call('POST', path, { headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    expect((await app.call('GET', path)).text).toContain('I am looking at it')
  })

  it('that is not ours says so, as a page', async () => {
    for (const token of ['x', 'a.b.c.d', '%3Cscript%3E']) {
      const page = await app.call('GET', `/v1/notifications/acknowledge?token=${token}`)
      expect(page.status).toBe(403)
      expect(page.text).toContain('does nothing any more')
      expect(page.text).not.toContain('<script>')
    }
  })

  it('has a token that stands in no log', async () => {
    const { path } = await told('z')
    await app.call('GET', path)
    const token = new URL(path, 'http://x').searchParams.get('token') ?? ''
    expect(app.log.join('\n')).not.toContain(token)
  })
})

describe('acknowledging', () => {
  it('in the console names who did', async () => {
    const id = await app.services.notifications.enqueue({ kind: 'incident', level: 'low', title: 't', text: 'x' })
    expect((await call('POST', `/${id}/acknowledge`)).body).toMatchObject({ state: 'acknowledged', acknowledged: { by: admin.name } })
    expect((await call('POST', '/nothing/acknowledge')).status).toBe(404)
    expect((await call('GET', '?state=acknowledged&limit=200')).body.items.map((each: { id: string }) => each.id)).toContain(id)
    expect((await call('GET', '?state=odd')).status).toBe(422)
  })
})

describe('the page', () => {
  it('escapes every value that it shows', () => {
    const nasty = '"><img src=x>'
    const notification = { title: nasty, level: 'high', at: 0, acknowledged: null } as never
    expect(acknowledgeHtml({ kind: 'question', notification, token: nasty })).not.toContain('<img')
    const done = { title: nasty, at: 0, acknowledged: { at: 0, by: nasty } } as never
    expect(acknowledgeHtml({ kind: 'done', notification: done })).not.toContain('<img')
  })
})
