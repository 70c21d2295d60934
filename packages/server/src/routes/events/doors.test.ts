import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'
import { toOcsf } from '@parapet/core/ocsf'

let t: TestApp
let token: string
beforeAll(async () => {
  t = await createTestApp()
  token = (await t.makeSource('collector')).token
}, 60_000)
afterAll(() => t.close())

const AT = Date.now() - 60_000
let serial = 0
const signIn = (fields: Record<string, unknown> = {}) => ({
  ...toOcsf({
    '@timestamp': AT,
    'event.id': `ocsf-${++serial}`,
    'event.category': 'authentication',
    'event.action': 'login',
    'event.outcome': 'failure',
    'source.ip': '198.51.100.9',
    'user.name': 'ann',
  }),
  ...fields,
})

describe('the door for OCSF', () => {
  it('takes an event, an array and NDJSON, once each by its id, and tells what is none', async () => {
    const event = signIn()
    expect((await t.call('POST', '/v1/events/ocsf', { token, body: event })).body).toEqual({ accepted: 1, duplicates: 0, rejected: [] })
    const again = await t.call('POST', '/v1/events/ocsf', { token, body: [event, signIn(), { class_uid: 6003, time: 1 }, 'x'] })
    expect(again).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 1 } })
    expect(again.body.rejected).toEqual([
      { index: 2, code: 'PPT_EVENT_INVALID', detail: expect.stringContaining('class_uid: 6003 is none of') },
      { index: 3, code: 'PPT_EVENT_INVALID', detail: 'an event of OCSF is an object' },
    ])
    const lines = `${JSON.stringify(signIn())}\nnot json\n`
    const ndjson = await t.call('POST', '/v1/events/ocsf', { token, raw: lines, headers: { 'content-type': 'application/x-ndjson' } })
    expect(ndjson.body).toMatchObject({ accepted: 1, rejected: [{ index: 1 }] })
    const [stored] = await t.services.events.byIds([`ocsf-1`])
    expect(stored?.event).toMatchObject({ 'event.category': 'authentication', 'event.outcome': 'failure', 'source.ip': '198.51.100.9' })
  })

  it('leads to alerts, which go out as Detection Findings', async () => {
    const events = Array.from({ length: 8 }, () => signIn({ src_endpoint: { ip: '198.51.100.88' }, user: { name: 'carl' } }))
    await t.call('POST', '/v1/events/ocsf', { token, body: events })
    await t.settle()
    const { status, body } = await t.call('GET', '/v1/alerts/ocsf?limit=50', { token: t.local })
    expect(status).toBe(200)
    const found = body.items.filter((item: { observables: { value: string }[] }) =>
      item.observables.some(({ value }) => value === '198.51.100.88'),
    )
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]).toMatchObject({
      class_uid: 2004,
      category_uid: 2,
      metadata: { version: '1.4.0' },
      finding_info: { analytic: { type_id: 1 } },
    })
  })

  it('is closed to whoever may not send or read', async () => {
    expect((await t.call('POST', '/v1/events/ocsf', { body: signIn() })).status).toBe(401)
    expect((await t.call('POST', '/v1/events/ocsf', { token: t.local, body: signIn() })).status).toBe(403)
    expect((await t.call('GET', '/v1/alerts/ocsf', { token })).status).toBe(403)
  })
})

const logs = (body: string) => ({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeLogs: [{ logRecords: [{ timeUnixNano: `${AT}123456`, body: { stringValue: body } }] }],
    },
  ],
})

describe('the door for OpenTelemetry', () => {
  it('takes JSON and gzip, answers as the protocol says, and counts what is sent again once', async () => {
    const first = await t.call('POST', '/v1/logs', { token, body: logs('one') })
    expect(first).toMatchObject({ status: 200, body: {} })
    expect(first.headers['content-type']).toContain('application/json')
    const gzip = await t.call('POST', '/v1/logs', {
      token,
      raw: gzipSync(JSON.stringify(logs('one'))),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    })
    expect(gzip.status).toBe(200)
    const { rows } = await t.services.database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM events WHERE id LIKE 'otlp-%'`)
    expect(rows[0]?.n).toBe(1)
  })

  it('takes protobuf and answers in it', async () => {
    // resourceLogs > scopeLogs > logRecords > body "two", time in ns
    const time = Buffer.alloc(9)
    time[0] = 9
    time.writeBigUInt64LE(BigInt(`${AT}223456`), 1)
    const nest = (tag: number, bytes: Buffer): Buffer => Buffer.concat([Buffer.from([tag, bytes.length]), bytes])
    const record = Buffer.concat([time, nest(0x2a, nest(0x0a, Buffer.from('two')))])
    const answer = await t.call('POST', '/v1/logs', {
      token,
      raw: nest(0x0a, nest(0x12, nest(0x12, record))),
      headers: { 'content-type': 'application/x-protobuf' },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/x-protobuf')
    expect(answer.text).toBe('')
    const { rows } = await t.services.database.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM events WHERE body ->> 'message' = 'two'`,
    )
    expect(rows[0]?.n).toBe(1)
  })

  it('says how many records were not taken, and refuses what is no request', async () => {
    const wrong = logs('x')
    wrong.resourceLogs[0]?.resource.attributes.push({ key: 'parapet.format', value: { stringValue: 'nginx.access' } })
    expect((await t.call('POST', '/v1/logs', { token, body: wrong })).body).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('no line of nginx.access') },
    })
    const garbage = { token, raw: Buffer.from([0x0a, 0xff]), headers: { 'content-type': 'application/x-protobuf' } }
    expect(await t.call('POST', '/v1/logs', garbage)).toMatchObject({ status: 400, body: { code: 'PPT_BODY_MALFORMED' } })
    expect((await t.call('POST', '/v1/logs', { token, raw: '[1', headers: { 'content-type': 'application/json' } })).status).toBe(400)
    expect((await t.call('POST', '/v1/logs', { body: logs('x') })).status).toBe(401)
    // protobuf is for this door alone
    const elsewhere = await t.call('POST', '/v1/sources', {
      token: t.local,
      raw: 'x',
      headers: { 'content-type': 'application/x-protobuf' },
    })
    expect(elsewhere.status).toBe(415)
  })
})
