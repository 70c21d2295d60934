import type { EnforcerReport } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let head: number
beforeAll(async () => {
  t = await createTestApp()
  await deny('203.0.113.1')
  head = await t.services.decisions.revision()
}, 60_000)
afterAll(() => t.close())

const local = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { token: t.local, ...(body === undefined ? {} : { body }) })
const deny = async (value: string, extra: object = {}): Promise<Json> =>
  (
    await local('POST', '/v1/decisions', {
      target: { kind: 'ip', value },
      action: 'deny',
      scope: 'all',
      duration: '1h',
      reason: 'scans',
      ...extra,
    })
  ).body
const report = (extra: Partial<EnforcerReport> = {}): EnforcerReport => ({
  kind: 'nftables',
  instance: 'web1',
  version: '1.2.3',
  mode: 'enforce',
  now: t.now(),
  revision: head,
  wanted: 1,
  held: 1,
  checkedAt: t.now(),
  repairs: [{ at: t.now(), what: 'the table was gone, and was made again' }],
  refused: [],
  cannot: [],
  latencyMs: { p50: 12, p99: 40 },
  trouble: null,
  ...extra,
})
let number = 0
/** A source of its own with one report; answers how its enforcer stands now. */
const told = async (
  extra: Partial<EnforcerReport> = {},
): Promise<{ send: (more?: Partial<EnforcerReport>) => Promise<number>; view: () => Promise<Json> }> => {
  const { id, token } = await t.makeSource(`host-${++number}`)
  const send = async (more: Partial<EnforcerReport> = {}): Promise<number> =>
    (await t.call('POST', '/v1/enforcers/reports', { token, body: { reports: [report({ ...extra, ...more })] }, from: '198.51.100.20' }))
      .status
  expect(await send()).toBe(204)
  return { send, view: async () => (await local('GET', '/v1/enforcers')).body.items.find((one: Json) => one.source.id === id) }
}

describe('an enforcer', () => {
  it('is shown with what it really holds and what it repaired, in step', async () => {
    const { view } = await told()
    expect(await view()).toMatchObject({
      kind: 'nftables',
      instance: 'web1',
      state: 'in_step',
      behind: 0,
      held: 1,
      wanted: 1,
      repairs: [{ what: 'the table was gone, and was made again' }],
    })
  })

  it('is in drift with less than it should hold, and in trouble by its own word', async () => {
    const { send, view } = await told({ wanted: 10, held: 8 })
    expect(await view()).toMatchObject({ state: 'drift' })
    await send({ wanted: 10, held: 8, trouble: 'nft is not installed' })
    expect(await view()).toMatchObject({ state: 'trouble', trouble: 'nft is not installed' })
  })

  it('that cannot look at what it holds is not accused of drift', async () => {
    const { view } = await told({ wanted: 10, held: null, checkedAt: null })
    expect(await view()).toMatchObject({ state: 'in_step' })
  })

  it('is behind once a change of ten seconds ago was not in its report, and not before', async () => {
    const { send, view } = await told()
    await deny('203.0.113.2')
    expect(await send()).toBe(204)
    expect(await view()).toMatchObject({ state: 'in_step', behind: 1 })
    t.advance(11_000)
    expect(await view()).toMatchObject({ state: 'in_step' })
    await send()
    expect(await view()).toMatchObject({ state: 'behind', behind: 1 })
    head = await t.services.decisions.revision()
    await send({ revision: head })
    expect(await view()).toMatchObject({ state: 'in_step', behind: 0 })
  })

  it('is silent after three reports that did not come, and forgotten after a day', async () => {
    const { view } = await told()
    t.advance(45_001)
    expect(await view()).toMatchObject({ state: 'silent' })
    t.advance(86_400_000)
    expect(await view()).toBeUndefined()
  })

  it('that another has taken the place of is not shown as silent for a day', async () => {
    const { send, view } = await told({ kind: 'guard', instance: 'shop:100' })
    t.advance(20_000)
    await send({ kind: 'guard', instance: 'shop:200' })
    t.advance(30_000)
    await send({ kind: 'guard', instance: 'shop:200' })
    expect(await view()).toMatchObject({ instance: 'shop:200', state: 'in_step' })
  })
})

describe('reports', () => {
  it('are taken from sources only, and with every part bounded', async () => {
    const { token } = await t.makeToken(['decisions.read'])
    expect((await t.call('POST', '/v1/enforcers/reports', { token, body: { reports: [report()] } })).body).toMatchObject({
      code: 'PPT_FORBIDDEN',
    })
    const source = await t.makeSource()
    const send = async (change: object): Promise<number> =>
      (await t.call('POST', '/v1/enforcers/reports', { token: source.token, body: { reports: [{ ...report(), ...change }] } })).status
    for (const bad of [
      { kind: 'cloud' },
      { instance: 'a\nb' },
      { instance: 'x'.repeat(101) },
      { revision: -1 },
      { held: 1.5 },
      { cannot: ['explode'] },
    ])
      expect(await send(bad)).toBe(422)
    expect(await send({ refused: Array.from({ length: 51 }, (_, i) => ({ id: `d${i}`, reason: 'x' })) })).toBe(422)
    expect(await send({ trouble: `line\u001b[31m one\nline two ${'x'.repeat(2_000)}` })).toBe(204)
    const { items } = (await local('GET', '/v1/enforcers')).body
    const { trouble } = items.find((one: Json) => one.source.id === source.id)
    expect(trouble).toHaveLength(500)
    expect(trouble).toMatch(/^line \[31m one line two/)
  })

  it('of one source cannot fill the table: what is silent makes room, what speaks does not', async () => {
    const { token } = await t.makeSource()
    const send = (from: number, count: number) =>
      t.call('POST', '/v1/enforcers/reports', {
        token,
        body: { reports: Array.from({ length: count }, (_, i) => report({ instance: `i${from + i}` })) },
      })
    for (const from of [0, 20, 40]) expect((await send(from, 20)).status).toBe(204)
    expect((await send(60, 20)).body).toMatchObject({ code: 'PPT_CONFLICT' })
    t.advance(45_001)
    expect((await send(60, 20)).status).toBe(204)
  })

  it('lie sealed: what a host says of itself may name somebody', async () => {
    await told({ trouble: 'the home of zzyzxname is full' })
    const { rows } = await t.database.pool.query<{ all: string }>('SELECT string_agg(e::text, chr(10)) AS all FROM enforcers e')
    expect(rows[0]?.all).not.toContain('zzyzxname')
  })
})

describe('metrics', () => {
  it('count enforcers by how they stand, and what they lack', async () => {
    t.advance(86_400_000 * 2)
    await told({ wanted: 10, held: 7 })
    const { text } = await t.call('GET', '/metrics', { token: t.local })
    expect(text).toContain('parapet_enforcers{kind="nftables",state="drift"} 1')
    expect(text).toContain('parapet_enforcer_decisions_missing{kind="nftables"} 3')
  })
})

describe('people', () => {
  const notified = async (): Promise<string[]> =>
    (await local('GET', '/v1/notifications?limit=200')).body.items
      .filter(({ kind }: Json) => kind === 'enforcer')
      .map(({ title }: Json) => title)

  it('are told once of drift that lasts, and when it is over; not of one look amid an apply', async () => {
    const { send } = await told({ instance: 'drifting', wanted: 5, held: 4 })
    await t.watchEnforcers()
    expect((await notified()).filter((title) => title.includes('drifting'))).toEqual([])
    t.advance(15_000)
    await send()
    expect(await t.watchEnforcers()).toBeGreaterThanOrEqual(1)
    await t.watchEnforcers()
    expect((await notified()).filter((title) => title.includes('drifting'))).toEqual([expect.stringMatching(/drift/)])
    await send({ held: 5 })
    await t.watchEnforcers()
    expect((await notified()).find((title) => title.includes('drifting'))).toMatch(/in step again/)
  })

  it('are told of one that falls silent, once, however many servers look', async () => {
    await told({ instance: 'gone' })
    t.advance(46_000)
    await Promise.all([t.watchEnforcers(), t.watchEnforcers(), t.watchEnforcers()])
    expect((await notified()).filter((title) => title.includes('gone'))).toHaveLength(1)
  })

  it('are not told of the guard of a demo, which comes and goes, and which goes with the demo', async () => {
    const { id, token } = await t.makeSource('demo of a shop', true)
    const reports = [report({ kind: 'guard', instance: 'a shop that was a demo' })]
    expect((await t.call('POST', '/v1/enforcers/reports', { token, body: { reports } })).status).toBe(204)
    const view = async (): Promise<Json> => (await local('GET', '/v1/enforcers')).body.items.find((one: Json) => one.source.id === id)
    t.advance(46_000)
    await t.watchEnforcers()
    expect(await view()).toMatchObject({ state: 'silent' })
    expect((await notified()).filter((title) => title.includes('demo'))).toEqual([])
    expect((await local('DELETE', '/v1/demo')).status).toBe(200)
    expect(await view()).toBeUndefined()
  })
})

describe('a decision', () => {
  const states = async (id: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await local('GET', `/v1/decisions/${id}`)).body.confirmations.map((one: Json) => [
        `${one.enforcer.kind} ${one.enforcer.instance}`,
        one.state,
      ]),
    )

  it('says where it is in force, waited for, refused, only observed or not possible', async () => {
    t.advance(86_400_000 * 2)
    const made = await deny('203.0.113.50')
    const { revision, id } = made
    await told({ instance: 'in', revision })
    await told({ instance: 'late', revision: revision - 1 })
    await told({ instance: 'no', revision, refused: [{ id, reason: 'it is the gateway' }] })
    await told({ instance: 'dry', revision, mode: 'observe' })
    await told({ kind: 'guard', instance: 'old', revision, cannot: ['deny'] })
    const one = await told({ kind: 'guard', instance: 'quiet', revision })
    expect(await one.view()).toBeDefined()
    expect(await states(id)).toEqual({
      'nftables in': 'in_force',
      'nftables late': 'waiting',
      'nftables no': 'refused',
      'nftables dry': 'observed',
      'guard old': 'not_able',
      'guard quiet': 'in_force',
    })
    t.advance(46_000)
    expect((await states(id))['guard quiet']).toBe('silent')
  })

  it('names only those that it is meant for, and knows what addresses alone cannot say', async () => {
    t.advance(86_400_000 * 2)
    const guarded = await deny('203.0.113.51', { enforcers: ['guard'] })
    const login = await deny('203.0.113.52', { scope: 'login' })
    const user = await deny('ann', { target: { kind: 'user', value: 'ann' } })
    await told({ instance: 'fw', revision: user.revision })
    await told({ kind: 'guard', instance: 'app', revision: user.revision })
    expect(await states(guarded.id)).toEqual({ 'guard app': 'in_force' })
    expect(await states(login.id)).toEqual({ 'guard app': 'in_force', 'nftables fw': 'not_able' })
    expect(await states(user.id)).toEqual({ 'guard app': 'in_force', 'nftables fw': 'not_able' })
  })
})
