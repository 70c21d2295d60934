import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { HOUR, MINUTE } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../../app/fixtures/test-app.js'
import { dumpTables } from '../../db/fixtures/dump.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

type Agent = { readonly id: string; readonly token: string; readonly key: KeyObject; readonly publicKey: string }

const makeKey = (): { key: KeyObject; publicKey: string } => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { key: privateKey, publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64url') }
}
const invite = async (name: string): Promise<{ id: string; token: string }> => {
  const { body } = await t.call('POST', '/v1/enrolments', { token: t.local, body: { name } })
  return body
}
const enrolWith = (token: string, publicKey: string, extra: object = {}) =>
  t.call('POST', '/v1/agents/enrol', { body: { token, name: 'host', publicKey, version: '1.0.0', ...extra }, from: '203.0.113.20' })
const enrol = async (name: string): Promise<Agent> => {
  const { token } = await invite(name)
  const pair = makeKey()
  const { body, status } = await enrolWith(token, pair.publicKey)
  expect(status).toBe(201)
  return { id: body.sourceId, token: body.token, ...pair }
}
const signature = (key: KeyObject, body: string, at: number): string =>
  `t=${at}, v1=${sign(null, Buffer.from(`${at}.${body}`), key).toString('base64url')}`
const post = (agent: Agent, url: string, body: unknown, options: { at?: number; header?: string; raw?: string; token?: string } = {}) => {
  const raw = options.raw ?? JSON.stringify(body)
  const header = options.header ?? signature(agent.key, JSON.stringify(body), options.at ?? t.now())
  return t.call('POST', url, { token: options.token ?? agent.token, raw, headers: { 'parapet-signature': header } })
}
const heartbeat = (extra: object = {}): Record<string, unknown> => ({
  version: '1.0.0',
  host: 'web-1',
  startedAt: t.now() - HOUR,
  now: t.now(),
  inputs: [
    {
      name: 'file:/var/log/auth.log',
      format: 'sshd',
      lines: 10,
      events: 9,
      unknown: 1,
      cut: 0,
      dropped: 0,
      droppedWhy: null,
      lastEventAt: t.now(),
      behindBytes: 0,
      error: null,
    },
  ],
  spool: { events: 0, bytes: 0, oldestAt: null, dropped: 0 },
  rules: { running: 40, problems: 0 },
  alerts: 0,
  ...extra,
})
const beat = (agent: Agent, extra: object = {}, options: Parameters<typeof post>[3] = {}) =>
  post(agent, '/v1/agents/heartbeat', heartbeat(extra), options)
const health = async (id: string): Promise<Json> =>
  (await t.call('GET', '/v1/sources', { token: t.local })).body.items.find((source: Json) => source.id === id)

describe('an enrolment', () => {
  it('gives a token once, and a command to run; it is listed without the token and kept as a hash', async () => {
    const made = await t.call('POST', '/v1/enrolments', { token: t.local, body: { name: 'db-1' } })
    expect(made).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^ppe_[\w-]{43}$/), expiresAt: expect.any(Number) } })
    expect(made.body.command).toBe(`parapet agent install --server http://localhost:8700 --token ${made.body.token}`)
    const list = await t.call('GET', '/v1/enrolments', { token: t.local })
    expect(list.body.items).toMatchObject([{ id: made.body.id, name: 'db-1', by: { name: 'command on this machine' } }])
    expect(list.text).not.toContain(made.body.token)
    expect(await dumpTables(t.database)).not.toContain(made.body.token)
    expect((await t.call('DELETE', `/v1/enrolments/${made.body.id}`, { token: t.local })).status).toBe(204)
    expect((await enrolWith(made.body.token, makeKey().publicKey)).body).toMatchObject({ status: 401, code: 'PPT_TOKEN_INVALID' })
  })

  it('asks an admin for a recent proof of who he is', async () => {
    const admin = await t.makeOperator('admin')
    const viewer = await t.makeOperator('viewer')
    expect((await t.call('POST', '/v1/enrolments', { cookie: viewer.cookie, body: { name: 'x' } })).status).toBe(403)
    expect((await t.call('POST', '/v1/enrolments', { cookie: admin.cookie, body: { name: 'x-1' } })).status).toBe(201)
    t.advance(11 * MINUTE)
    expect((await t.call('POST', '/v1/enrolments', { cookie: admin.cookie, body: { name: 'x-2' } })).body).toMatchObject({
      code: 'PPT_STEP_UP',
    })
  })

  it('lets exactly one of two in that come at once, and nobody after an hour', async () => {
    const { token } = await invite('race')
    const answers = await Promise.all([enrolWith(token, makeKey().publicKey), enrolWith(token, makeKey().publicKey)])
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 401]))
    const late = await invite('late')
    t.advance(HOUR)
    expect((await enrolWith(late.token, makeKey().publicKey)).status).toBe(401)
  })

  it('stays good when what the agent sent was wrong', async () => {
    const { token } = await invite('careful')
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
    for (const key of ['', 'x', rsa.slice(0, 100), Buffer.alloc(44).toString('base64url'), `${makeKey().publicKey}=`])
      expect((await enrolWith(token, key)).body).toMatchObject({ status: 422, code: 'PPT_INVALID' })
    expect((await enrolWith(token, makeKey().publicKey, { version: 'x\n' })).status).toBe(422)
    expect((await enrolWith('ppe_short', makeKey().publicKey)).status).toBe(401)
    expect((await enrolWith(token, makeKey().publicKey)).status).toBe(201)
  })

  it('takes over the host of that name with a new key, whose old token ends; never an application', async () => {
    const before = await enrol('again')
    const after = await enrol('again')
    expect(after.id).toBe(before.id)
    expect((await beat(before)).status).toBe(401)
    expect((await beat(after)).status).toBe(204)
    expect((await beat(before, {}, { token: after.token })).body).toMatchObject({ code: 'PPT_SIGNATURE_INVALID' })
    await t.makeSource('an app')
    expect((await t.call('POST', '/v1/enrolments', { token: t.local, body: { name: 'An App' } })).body).toMatchObject({ status: 409 })
  })

  it('is tried by strangers a few times only', async () => {
    const address = { from: '203.0.113.99', body: { token: 'ppe_x', name: 'x', publicKey: makeKey().publicKey, version: '1' } }
    let last = 0
    for (let i = 0; i < 30; i++) last = (await t.call('POST', '/v1/agents/enrol', address)).status
    expect(last).toBe(429)
  })
})

describe('a heartbeat', () => {
  it('shows how the agent and its inputs are', async () => {
    const agent = await enrol('beating')
    expect(await health(agent.id)).toMatchObject({ kind: 'host', state: 'new', agent: null })
    expect((await beat(agent)).status).toBe(204)
    expect(await health(agent.id)).toMatchObject({
      state: 'live',
      agent: { host: 'web-1', state: 'live', inputs: [{ name: 'file:/var/log/auth.log', unknown: 1 }], receivedAt: expect.any(Number) },
    })
  })

  it('counts only with the key that was enrolled, over these bytes, at this time, once', async () => {
    const agent = await enrol('pinned')
    const other = makeKey()
    const at = t.now()
    const body = JSON.stringify(heartbeat())
    const refused = [
      { header: '' },
      { header: 'v1=x' },
      { header: signature(other.key, body, at) },
      { header: signature(agent.key, `${body} `, at) },
      { header: signature(agent.key, body, at).replace(`t=${at}`, `t=${at + 1}`) },
      { header: signature(agent.key, body, at - 6 * MINUTE) },
      { header: signature(agent.key, body, at + 6 * MINUTE) },
      { header: `t=${'9'.repeat(40)}, v1=${'A'.repeat(86)}` },
    ]
    for (const { header } of refused)
      expect([(await post(agent, '/v1/agents/heartbeat', {}, { raw: body, header })).body.code, header]).toEqual([
        'PPT_SIGNATURE_INVALID',
        header,
      ])
    const good = signature(agent.key, body, at)
    expect((await post(agent, '/v1/agents/heartbeat', {}, { raw: body, header: good })).status).toBe(204)
    // sent again by whoever heard it
    expect((await post(agent, '/v1/agents/heartbeat', {}, { raw: body, header: good })).body).toMatchObject({
      code: 'PPT_SIGNATURE_INVALID',
    })
  })

  it('may come packed: what is signed is what is in it', async () => {
    const agent = await enrol('packed')
    const body = JSON.stringify(heartbeat())
    const answer = await t.call('POST', '/v1/agents/heartbeat', {
      token: agent.token,
      raw: gzipSync(body),
      headers: { 'content-encoding': 'gzip', 'parapet-signature': signature(agent.key, body, t.now()) },
    })
    expect(answer.status).toBe(204)
  })

  it('is refused from a source that is no agent, and when it is not what a heartbeat is', async () => {
    const app = await t.makeSource()
    const agent = await enrol('wrong')
    expect((await beat(agent, {}, { token: app.token })).body).toMatchObject({ status: 403, code: 'PPT_FORBIDDEN' })
    expect((await beat(agent, {}, { token: t.local })).status).toBe(403)
    const input = (heartbeat()['inputs'] as Json[])[0]
    for (const extra of [
      { version: 7 },
      { host: 'a\u001b[2Jb' },
      { inputs: Array.from({ length: 257 }, () => input) },
      { inputs: [{ ...input, lines: -1 }] },
      { inputs: [{ ...input, name: 'x'.repeat(300) }] },
      { alerts: 1e300 },
    ])
      expect([(await beat(agent, extra)).status, JSON.stringify(extra).slice(0, 60)]).toEqual([422, JSON.stringify(extra).slice(0, 60)])
    const broken = '{"version":'
    expect((await post(agent, '/v1/agents/heartbeat', {}, { raw: broken, header: signature(agent.key, broken, t.now()) })).status).toBe(400)
  })
})

describe('alerts of an agent', () => {
  const alert = (id: string, extra: object = {}): Json => ({
    id,
    rule: { id: 'ssh-brute-force', title: 'Brute force', level: 'high', tags: [], version: '1' },
    group: { 'source.ip': '203.0.113.7' },
    scope: { kind: 'ip', value: '203.0.113.7' },
    first: t.now() - 1_000,
    last: t.now(),
    count: 5,
    targets: ['203.0.113.7'],
    events: [],
    why: 'five failures',
    ...extra,
  })
  const send = (agent: Agent, alerts: unknown) => post(agent, '/v1/agents/alerts', { alerts })

  it('become alerts of its source, once, with its events, and stand in Triage', async () => {
    const agent = await enrol('alerting')
    const event = failedLogin({ 'event.id': 'local-1', 'event.action': 'something else', '@timestamp': t.now() })
    await t.call('POST', '/v1/events', { token: agent.token, body: [event] })
    const one = alert('agent-alert-1', { events: ['local-1'] })
    for (let i = 0; i < 2; i++) expect((await send(agent, [one])).body).toEqual({ accepted: 1, refused: 0 })
    const { body } = await t.call('GET', '/v1/alerts/agent-alert-1', { token: t.local })
    expect(body.alert).toMatchObject({
      why: expect.stringContaining('five failures'),
      sources: [{ id: agent.id, name: 'alerting' }],
      demo: false,
    })
    expect(body.events).toHaveLength(1)
    const groups = await t.call('GET', '/v1/triage?q=203.0.113.7', { token: t.local })
    expect(groups.body.items).toMatchObject([{ alerts: 1, events: 5 }])
  })

  it('never change an alert in which the source has no part', async () => {
    const ann = await enrol('host-a')
    const ben = await enrol('host-b')
    await send(ann, [alert('theirs', { scope: { kind: 'ip', value: '203.0.113.8' } })])
    const { body } = await send(ben, [
      alert('theirs', { why: 'all is well', count: 0 }),
      alert('own', { scope: { kind: 'ip', value: '203.0.113.6' } }),
    ])
    expect(body).toEqual({ accepted: 1, refused: 1 })
    expect((await t.call('GET', '/v1/alerts/theirs', { token: t.local })).body.alert.why).toContain('five failures')
  })

  it('are bounded, signed, and refused as a whole when one of them is none', async () => {
    const agent = await enrol('bounded')
    for (const bad of [
      [],
      [alert('x\n')],
      [alert('ok-1'), { ...alert('ok-2'), rule: undefined }],
      [alert('ok-3', { count: -1 })],
      [alert('ok-4', { why: 'x'.repeat(3_000) })],
      [alert('ok-5', { targets: Array.from({ length: 1_001 }, () => 'x') })],
      Array.from({ length: 501 }, (_, i) => alert(`m-${i}`)),
    ])
      expect((await send(agent, bad)).status).toBe(422)
    expect((await post(agent, '/v1/agents/alerts', { alerts: [alert('ok-6')] }, { header: 'none' })).status).toBe(401)
    const { rows } = await t.database.pool.query(`SELECT id FROM alerts WHERE id LIKE 'ok-%' OR id LIKE 'm-%'`)
    expect(rows).toEqual([])
  })
})

describe('a source that falls silent', () => {
  const silent = async (): Promise<Json[]> =>
    (await t.call('GET', '/v1/alerts?rule=silent-source&limit=200', { token: t.local })).body.items

  it('is an alert, once for each silence, after the time that is allowed for it', async () => {
    const app = await t.makeSource('quiet app')
    const slow = await t.makeSource('slow app')
    const never = await t.makeSource('never app')
    await t.makeSource('new app')
    const demo = await t.makeSource('demo app', true)
    const change = (id: string, silentAfterMinutes: number | null) =>
      t.call('PATCH', `/v1/sources/${id}`, { token: t.local, body: { silentAfterMinutes } })
    expect((await change(slow.id, 600)).body).toMatchObject({ silentAfterMs: 600 * MINUTE })
    expect((await change(never.id, null)).body).toMatchObject({ silentAfterMs: null })
    expect((await change('nobody', 5)).status).toBe(404)
    for (const minutes of [0, -1, 10_081, 1.5, '5']) expect((await change(app.id, minutes as number)).status).toBe(422)
    for (const { token } of [app, slow, never, demo])
      await t.call('POST', '/v1/events', { token, body: [{ '@timestamp': t.now(), 'event.action': 'x' }] })
    const before = (await silent()).length
    await t.watchSilence()
    const count = (await silent()).length
    t.advance(HOUR + MINUTE)
    await t.watchSilence()
    await t.watchSilence()
    const named = (await silent()).filter(({ scope }) => scope.value.endsWith(' app'))
    expect(named.map(({ scope }) => scope.value)).toEqual(['quiet app'])
    expect(named[0].why).toBe('quiet app has sent no event for 1h 1m, 1h is allowed.')
    expect(count).toBeGreaterThanOrEqual(before)
    const detail = await t.call('GET', `/v1/alerts/${named[0].id}`, { token: t.local })
    expect(detail.body.rule.inWords).toContain('no event')
    // it speaks, and is silent once more
    await t.call('POST', '/v1/events', { token: app.token, body: [{ '@timestamp': t.now(), 'event.action': 'y' }] })
    expect(await health(app.id)).toMatchObject({ state: 'live', events24h: 2, lagMs: expect.any(Number) })
    t.advance(HOUR + MINUTE)
    await t.watchSilence()
    expect((await silent()).filter(({ scope }) => scope.value === 'quiet app')).toHaveLength(2)
  })

  it('is told of an agent within a minute, whatever its source sends', async () => {
    const agent = await enrol('dying')
    await beat(agent)
    await t.watchSilence()
    t.advance(MINUTE + 1)
    await t.call('POST', '/v1/events', { token: agent.token, body: [{ '@timestamp': t.now(), 'event.action': 'x' }] })
    expect(await health(agent.id)).toMatchObject({ state: 'silent', agent: { state: 'silent' } })
    await Promise.all([t.watchSilence(), t.watchSilence()])
    const told = (await silent()).filter(({ scope }) => scope.value === 'dying')
    expect(told.map(({ why }) => why)).toEqual([
      'The agent of dying has sent no heartbeat for 1m; every 15 seconds is usual, 1m is allowed.',
    ])
  })
})
