import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let source: { id: string; token: string }
let subject = ''

beforeAll(async () => {
  t = await createTestApp({ privacy: { viewersSeeNames: false } })
  source = await t.makeSource('shop')
}, 120_000)
afterAll(() => t.close())

const send = (body: unknown, token = source.token) => t.call('POST', '/v1/subjects/import', { token, body })
const act = (body: unknown, options: Parameters<TestApp['call']>[2]) => t.call('POST', `/v1/subjects/${subject}/act`, { ...options, body })
const list = async (query: string) => (await t.call('GET', `/v1/subjects?${query}`, { token: t.local })).body

describe('POST /v1/subjects/import', () => {
  it('takes the users of the source whose token it is, and the same again', async () => {
    const body = { subjects: [{ id: 'u1', name: 'Ann', email: 'ann@example.org', roles: ['admin'] }, { id: 'u2' }] }
    for (let i = 0; i < 2; i++) expect(await send(body)).toMatchObject({ status: 200, body: { taken: 2 } })
    const { items } = await list('q=ANN')
    expect(items).toMatchObject([{ name: 'Ann', source: { id: source.id, name: 'shop' }, roles: ['admin'], risk: 0, flags: [] }])
    subject = items[0].id
  })

  it('takes 5,000 at once and no more, and nothing that is no user', async () => {
    const people = (count: number) => ({ subjects: Array.from({ length: count }, (_, n) => ({ id: `many-${n}`, roles: ['many'] })) })
    expect(await send(people(5_000))).toMatchObject({ status: 200, body: { taken: 5_000 } })
    for (const body of [
      people(5_001),
      { subjects: [] },
      { subjects: [{ id: '' }] },
      { subjects: [{ id: 'a\u0000b' }] },
      { subjects: [{ id: 'x'.repeat(257) }] },
      { subjects: [{ id: 'x', password: 'secret' }] },
    ])
      expect((await send(body)).body).toMatchObject({ status: 422, code: 'PPT_INVALID' })
  })

  it('is for applications alone: no other token says who the users of a source are', async () => {
    const { token } = await t.makeToken(['subjects.write', 'subjects.read'])
    for (const other of [token, t.local])
      expect((await send({ subjects: [{ id: 'u1' }] }, other)).body).toMatchObject({ code: 'PPT_FORBIDDEN' })
  })
})

describe('GET /v1/subjects', () => {
  it('pages through everybody once', async () => {
    const seen = new Set<string>()
    let cursor = ''
    for (let page = 0; page < 40; page++) {
      const { items, next } = await list(`role=many&limit=200${cursor}`)
      for (const { name } of items) seen.add(name)
      if (next === null) break
      cursor = `&cursor=${next}`
    }
    expect(seen.size).toBe(5_000)
    expect((await list('cursor=1')).code).toBe('PPT_INVALID')
    expect((await list('flag=nothing')).code).toBe('PPT_INVALID')
  }, 60_000)

  it('shows a viewer hints in place of names where they are not to be seen, the same for the same name', async () => {
    const { cookie } = await t.makeOperator('viewer')
    const { body } = await t.call('GET', '/v1/subjects?q=ann', { cookie })
    expect(body.items[0].id).toBe(subject)
    expect(`${body.items[0].name} ${body.items[0].email}`).not.toMatch(/ann/i)
    const { text } = await t.call('GET', `/v1/subjects/${subject}`, { cookie })
    expect(text).not.toMatch(/ann@example/i)
  })
})

describe('POST /v1/subjects/{id}/act', () => {
  it('decides, answers the user as he is now, and is recorded with its reason', async () => {
    const { token } = await t.makeToken(['subjects.write', 'subjects.read'])
    const answer = await act({ act: 'suspend', duration: '1d', reason: 'stolen laptop' }, { token })
    expect(answer).toMatchObject({ status: 200, body: { id: subject, flags: [{ kind: 'suspend' }] } })
    expect(answer.body.risk).toBeGreaterThan(0)
    const { items } = (await t.call('GET', '/v1/decisions?target=u1', { token: t.local })).body
    expect(items).toMatchObject([{ target: { kind: 'user', value: 'u1' }, action: 'suspend', reason: 'stolen laptop' }])
    await vi.waitFor(async () => {
      const { body } = await t.call('GET', '/v1/audit?limit=50', { token: t.local })
      expect(body.items).toContainEqual(
        expect.objectContaining({
          action: 'subject.acted',
          outcome: 'success',
          reason: 'stolen laptop',
          resource: { type: 'subject', id: subject },
        }),
      )
    })
    expect((await act({ act: 'clear', reason: 'was him' }, { token })).body.flags).toEqual([])
  })

  it('asks an operator to prove anew who he is, and a viewer for nothing: he may not', async () => {
    const admin = await t.makeOperator('admin')
    const viewer = await t.makeOperator('viewer')
    t.advance(11 * 60_000)
    const body = { act: 'require_mfa', reason: 'odd' }
    expect((await act(body, { cookie: admin.cookie })).body).toMatchObject({ code: 'PPT_STEP_UP' })
    expect((await act(body, { cookie: viewer.cookie })).body).toMatchObject({ code: 'PPT_FORBIDDEN' })
  })

  it('takes no act without a reason, none that it does not know, and nobody whom it does not know', async () => {
    for (const body of [{ act: 'suspend' }, { act: 'delete', reason: 'x' }, { act: 'suspend', reason: 'x', duration: '1y' }])
      expect((await act(body, { token: t.local })).body).toMatchObject({ code: 'PPT_INVALID' })
    const unknown = await t.call('POST', '/v1/subjects/nobody/act', { token: t.local, body: { act: 'clear', reason: 'x' } })
    expect(unknown.body).toMatchObject({ status: 404, code: 'PPT_NOT_FOUND' })
  })
})

describe('PATCH /v1/sources/{id}', () => {
  it('takes the page where users set a new password, and nothing that would lead them elsewhere', async () => {
    const change = (resetUrl: unknown) => t.call('PATCH', `/v1/sources/${source.id}`, { token: t.local, body: { resetUrl } })
    expect((await change('https://shop.example/reset')).body).toMatchObject({ resetUrl: 'https://shop.example/reset' })
    for (const bad of [
      'http://shop.example/reset',
      'javascript:alert(1)',
      'https://user:secret@shop.example/',
      '/reset',
      `https://${'x'.repeat(600)}`,
    ])
      expect((await change(bad)).body).toMatchObject({ code: 'PPT_INVALID' })
    expect((await change(null)).body).toMatchObject({ resetUrl: null })
    expect((await t.call('PATCH', `/v1/sources/${source.id}`, { token: t.local, body: {} })).body).toMatchObject({ code: 'PPT_INVALID' })
  })
})

describe('campaigns of resets', () => {
  it('begin, are listed, shown and cancelled', async () => {
    const body = { scope: { kind: 'users', ids: [subject] }, reason: 'asked for it', mail: false }
    const { body: begun } = await t.call('POST', '/v1/resets', { token: t.local, body })
    expect(begun).toMatchObject({ subjects: 1, done: 0, state: 'running', reason: 'asked for it' })
    // the worker makes the decision
    await vi.waitFor(async () => expect((await list('flag=require_reset')).items.map(({ id }: { id: string }) => id)).toEqual([subject]), {
      timeout: 15_000,
    })
    expect((await t.call('GET', '/v1/resets', { token: t.local })).body.items).toMatchObject([{ id: begun.id }])
    const cancelled = await t.call('POST', `/v1/resets/${begun.id}/cancel`, { token: t.local })
    expect(cancelled).toMatchObject({ status: 200, body: { id: begun.id, state: 'cancelled' } })
    expect((await list('flag=require_reset')).items).toEqual([])
  }, 30_000)

  it('with mails are refused where none can be sent, and with a scope that is none', async () => {
    const start = async (body: unknown) => (await t.call('POST', '/v1/resets', { token: t.local, body })).body
    expect(await start({ scope: { kind: 'all' }, reason: 'x', mail: true })).toMatchObject({
      code: 'PPT_INVALID',
      detail: expect.stringContaining('smtp'),
    })
    for (const scope of [{ kind: 'some' }, { kind: 'role' }, { kind: 'users', ids: [] }, { kind: 'all', role: 'x' }])
      expect(await start({ scope, reason: 'x', mail: false })).toMatchObject({ code: 'PPT_INVALID' })
  })
})
