import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectAdmin } from '../../../db/bundled/postmaster.js'
import { type CallOptions, createTestApp, failedLogin, type Json, type TestApp } from '../../../app/fixtures/test-app.js'

let t: TestApp
let token: string
beforeAll(async () => {
  t = await createTestApp({ ingest: { batchesInFlight: 3 } })
  token = (await t.makeSource('shop')).token
}, 60_000)
afterAll(() => t.close())

const send = (body: unknown, options: CallOptions = {}) =>
  t.call('POST', '/v1/events', { token, ...(Buffer.isBuffer(body) || typeof body === 'string' ? { raw: body } : { body }), ...options })
let serial = 0
const fresh = (extra: Record<string, unknown> = {}) => failedLogin({ 'event.id': `e-${++serial}`, 'source.ip': '198.51.100.1', ...extra })
const ndjson = { headers: { 'content-type': 'application/x-ndjson' } }
const stored = async (id: string) => (await t.services.events.byIds([id]))[0]

describe('what is taken', () => {
  it('is an event, an array, and {"events": [...]}, durable before the answer', async () => {
    for (const make of [(e: object) => e, (e: object) => [e], (e: object) => ({ events: [e] })]) {
      const event = fresh()
      const answer = await send(make(event))
      expect(answer).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0, rejected: [] } })
      expect((await stored(String(event['event.id'])))?.source).toMatchObject({ name: 'shop' })
    }
  })

  it('is NDJSON with blank lines and CRLF', async () => {
    const answer = await send(`${JSON.stringify(fresh())}\r\n\n${JSON.stringify(fresh())}\n`, ndjson)
    expect(answer.body).toEqual({ accepted: 2, duplicates: 0, rejected: [] })
  })

  it('is gzip of either', async () => {
    const gzip = { 'content-encoding': 'gzip' }
    expect((await send(gzipSync(JSON.stringify([fresh(), fresh()])), { headers: gzip })).body).toMatchObject({ accepted: 2 })
    expect(
      (await send(gzipSync(`${JSON.stringify(fresh())}\n`), { headers: { ...gzip, 'content-type': 'application/x-ndjson' } })).body,
    ).toMatchObject({ accepted: 1 })
  })

  it('is an empty batch, which changes nothing', async () => {
    expect((await send([])).body).toEqual({ accepted: 0, duplicates: 0, rejected: [] })
  })

  it('gets an id when it brings none', async () => {
    const { 'event.id': _id, ...event } = fresh({ 'user.name': 'no-id' })
    expect((await send(event)).status).toBe(202)
    const { body } = await t.call('GET', '/v1/events?user=no-id', { token: t.local })
    expect(body.items[0].event['event.id']).toMatch(/^\S{8,}$/)
  })

  it('is detected: five failures become an alert', async () => {
    await send(Array.from({ length: 6 }, () => fresh({ 'user.name': 'bob', 'source.ip': '198.51.100.77' })))
    await t.settle()
    const { body } = await t.call('GET', '/v1/alerts?target=bob', { token: t.local })
    expect(body.items[0]).toMatchObject({ scope: { kind: 'user', value: 'bob' }, sources: [{ name: 'shop' }] })
  })
})

describe('bad input: events of another time', () => {
  it('one of next year, or of the year 9999, is taken as of now and blinds nobody to what happens now', async () => {
    const claims = [t.now() + 366 * 86_400_000, 253_402_300_799_999]
    await send(Array.from({ length: 3 }, (_, i) => fresh({ 'user.name': 'tess', 'source.ip': '198.51.100.78', 'event.id': `now-${i}` })))
    const answer = await send(claims.map((at) => fresh({ '@timestamp': at, 'user.name': 'doc', 'source.ip': '198.51.100.79' })))
    expect(answer.body).toMatchObject({ accepted: 2, rejected: [] })
    await t.settle()
    await send(Array.from({ length: 3 }, (_, i) => fresh({ 'user.name': 'tess', 'source.ip': '198.51.100.78', 'event.id': `then-${i}` })))
    await t.settle()
    expect((await t.call('GET', '/v1/alerts?target=tess', { token: t.local })).body.items).not.toEqual([])
    const { items } = (await t.call('GET', '/v1/events?user=doc', { token: t.local })).body
    expect(items.map(({ event }: Json) => event['parapet.claimed_timestamp']).toSorted()).toEqual(claims)
    for (const { event, receivedAt } of items) expect(event['@timestamp']).toBe(receivedAt)
  })

  it('one that is ahead by a wrong time zone, or from long ago, keeps its time', async () => {
    const times = [t.now() + 14 * 3_600_000, 0, t.now() - 400 * 86_400_000]
    await send(times.map((at) => fresh({ '@timestamp': at, 'user.name': 'zoe', 'source.ip': '198.51.100.80' })))
    const { items } = (await t.call('GET', '/v1/events?user=zoe', { token: t.local })).body
    expect(new Set(items.map(({ event }: Json) => event['@timestamp']))).toEqual(new Set(times))
    expect(items.some(({ event }: Json) => 'parapet.claimed_timestamp' in event)).toBe(false)
  })

  it('a time that is no time refuses its event', async () => {
    const answer = await send([-1, 1.5, 1e300, '2026-11-21', null, 253_402_300_800_000].map((at) => fresh({ '@timestamp': at })))
    expect(answer.body.rejected.map(({ code }: Json) => code)).toEqual(Array.from({ length: 6 }, () => 'PPT_EVENT_INVALID'))
  })
})

describe('bad input: malformed events', () => {
  it('JSON that is broken is 400 with the place, and quotes nothing', async () => {
    const answer = await send('[{"@timestamp":1},{"secret":oops}]')
    expect(answer.body).toMatchObject({ status: 400, code: 'PPT_BODY_MALFORMED', detail: 'not JSON at position 28' })
    expect(answer.text).not.toContain('oops')
  })

  it('a cut body is 400 with the place where it ends', async () => {
    expect((await send('[{"@timestamp":1')).body).toMatchObject({
      code: 'PPT_BODY_MALFORMED',
      detail: 'the JSON ends too early, at position 16',
    })
    expect((await send('')).status).toBe(400)
  })

  it('wrong types and missing fields refuse their event, by its place, and no other', async () => {
    const answer = await send([
      fresh(),
      fresh({ 'source.ip': 7 }),
      { 'event.id': 'x' },
      'text',
      null,
      fresh({ nested: { a: 1 } }),
      fresh({ '@timestamp': '2026' }),
      fresh(),
    ])
    expect(answer.status).toBe(202)
    expect(answer.body.accepted).toBe(2)
    expect(answer.body.rejected).toEqual([
      { index: 1, code: 'PPT_EVENT_INVALID', detail: 'source.ip: must be string' },
      { index: 2, code: 'PPT_EVENT_INVALID', detail: '@timestamp: is missing' },
      { index: 3, code: 'PPT_EVENT_INVALID', detail: 'an event is an object of fields' },
      { index: 4, code: 'PPT_EVENT_INVALID', detail: 'an event is an object of fields' },
      { index: 5, code: 'PPT_EVENT_INVALID', detail: 'nested: takes text, a number, true, false, null or a list of these' },
      { index: 6, code: 'PPT_EVENT_INVALID', detail: '@timestamp: must be integer' },
    ])
  })

  it('a bad NDJSON line refuses that line only; nothing but bad lines is no NDJSON', async () => {
    expect((await send(`${JSON.stringify(fresh())}\n{"a":\n${JSON.stringify(fresh())}`, ndjson)).body).toMatchObject({
      accepted: 2,
      rejected: [{ index: 1, code: 'PPT_EVENT_INVALID', detail: 'the JSON ends too early, at position 5' }],
    })
    expect((await send('GET / HTTP/1.1\nHost: x', ndjson)).body).toMatchObject({
      code: 'PPT_BODY_MALFORMED',
      detail: 'line 1: not JSON at position 0',
    })
  })

  it('a body that is neither object nor array is 400', async () => {
    for (const raw of ['1', '"x"', 'null', '{"events": 1}']) expect((await send(raw)).body.code).toBe('PPT_BODY_MALFORMED')
  })
})

describe('bad input: binary', () => {
  it('bytes that are no UTF-8 are 400, not replaced', async () => {
    expect(
      (await send(Buffer.concat([Buffer.from('[{"@timestamp":1,"message":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}]')]))).body,
    ).toMatchObject({
      code: 'PPT_BODY_MALFORMED',
      detail: 'the body is not UTF-8',
    })
    expect((await send(randomBytes(2_000), ndjson)).body.code).toBe('PPT_BODY_MALFORMED')
  })

  it('NUL, control and ANSI characters and lone surrogates are data, kept as they came', async () => {
    const text = 'a\u0000b\u001b[31mred\r\nForged: line\u202e\ud800'
    const event = fresh({ 'user.name': `${text}!`, 'url.path': `/\u0000`, message: text })
    expect((await send(event)).body).toMatchObject({ accepted: 1 })
    expect((await stored(String(event['event.id'])))?.event).toMatchObject({ message: text, 'user.name': `${text}!` })
    await t.settle()
  })

  it('gzip that is damaged or cut is 400', async () => {
    const headers = { 'content-encoding': 'gzip' }
    const packed = gzipSync(JSON.stringify([fresh()]))
    expect((await send(packed.subarray(0, packed.length - 10), { headers })).body).toMatchObject({
      code: 'PPT_BODY_MALFORMED',
      detail: 'the gzip data ends too early',
    })
    expect((await send(Buffer.from('not gzip'), { headers })).body).toMatchObject({
      code: 'PPT_BODY_MALFORMED',
      detail: 'the gzip data is damaged',
    })
    expect((await send(randomBytes(50), { headers })).status).toBe(400)
  })
})

describe('bad input: oversized', () => {
  it('more than 5 MB is 413, by its length or as it comes', async () => {
    const answer = await send(`[${'{"@timestamp":1},'.repeat(320_000)}]`)
    expect(answer.body).toMatchObject({ status: 413, code: 'PPT_BODY_TOO_LARGE', detail: expect.stringContaining('5242880') })
  })

  it('a zip bomb is 413 without being inflated', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * 1_024 * 1_024), { level: 9 })
    expect(bomb.length).toBeLessThan(250_000)
    const before = process.memoryUsage.rss()
    expect((await send(bomb, { headers: { 'content-encoding': 'gzip' } })).body.code).toBe('PPT_BODY_TOO_LARGE')
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 * 1_024 * 1_024)
  })

  it('more than 5,000 events are 413, in both forms', async () => {
    const event = '{"@timestamp":1}'
    expect((await send(`[${Array.from({ length: 5_001 }, () => event).join(',')}]`)).body.code).toBe('PPT_BODY_TOO_LARGE')
    expect((await send(`${event}\n`.repeat(5_001), ndjson)).body.code).toBe('PPT_BODY_TOO_LARGE')
  })

  it('one event over 64 KiB, a long text, many fields, many items, long names refuse the event', async () => {
    const big = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`f${i}`, 'x'.repeat(8_000)]))
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`f${i}`, 1]))
    const answer = await send([
      fresh(big),
      fresh({ message: 'x'.repeat(8_193) }),
      fresh(many),
      fresh({ list: Array.from({ length: 65 }, () => 1) }),
      fresh({ ['n'.repeat(129)]: 1 }),
      fresh({ 'event.id': 'x'.repeat(129) }),
    ])
    expect(answer.body.accepted).toBe(0)
    expect(answer.body.rejected.map(({ code }: { code: string }) => code)).toEqual([
      'PPT_EVENT_TOO_LARGE',
      ...Array.from({ length: 5 }, () => 'PPT_EVENT_INVALID'),
    ])
    expect(answer.body.rejected[2].detail).toBe('an event has at most 128 fields')
  })

  it('64 KiB counts bytes, not characters', async () => {
    const fields = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`f${i}`, '\u4e00'.repeat(8_000)]))
    expect((await send(fresh(fields))).body.rejected[0].code).toBe('PPT_EVENT_TOO_LARGE')
    const ascii = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`f${i}`, 'x'.repeat(8_000)]))
    expect((await send(fresh(ascii))).body.accepted).toBe(1)
  })
})

describe('bad input: deeply nested', () => {
  it('brackets beyond any event of ours are 400 before they are parsed', async () => {
    for (const raw of ['['.repeat(100_000), `${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`]) {
      expect((await send(raw)).body).toMatchObject({
        status: 400,
        code: 'PPT_BODY_MALFORMED',
        detail: expect.stringMatching(/^nested deeper than 32 at position \d+$/),
      })
    }
  })

  it('brackets within text do not count', async () => {
    expect((await send(fresh({ message: '[{'.repeat(500), 'url.path': '\\"[[[[' }))).body.accepted).toBe(1)
  })
})

describe('bad input: duplicates', () => {
  it('an id that this source sent before is counted and stored once, in one batch and across', async () => {
    const event = fresh()
    expect((await send([event, event])).body).toEqual({ accepted: 1, duplicates: 1, rejected: [] })
    expect((await send(event)).body).toEqual({ accepted: 0, duplicates: 1, rejected: [] })
  })

  it('the same id of another source is another event', async () => {
    const event = fresh()
    await send(event)
    const other = await t.makeSource('other shop')
    expect((await send(event, { token: other.token })).body.accepted).toBe(1)
  })
})

describe('bad input: names that reach for the prototype', () => {
  it('are refused and touch nothing', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const answer = await send(`{"@timestamp":1,"${name}":"x"}`)
      expect(answer.body.rejected).toHaveLength(1)
      expect((await send(`{"@timestamp":1,"${name}":{"polluted":true}}`)).body.rejected).toHaveLength(1)
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('bad input: content types', () => {
  it('anything but JSON and NDJSON is 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'image/png',
    ]) {
      expect((await send('[]', { headers: { 'content-type': type } })).body).toMatchObject({ status: 415, code: 'PPT_MEDIA_TYPE' })
    }
  })

  it('another charset and another encoding are 415', async () => {
    expect((await send('[]', { headers: { 'content-type': 'application/json; charset=utf-16' } })).body.code).toBe('PPT_MEDIA_TYPE')
    expect((await send('[]', { headers: { 'content-encoding': 'br' } })).body.code).toBe('PPT_MEDIA_TYPE')
    expect((await send('[]', { headers: { 'content-type': 'application/json; charset="UTF-8"' } })).status).toBe(202)
  })

  it('no content type is 415', async () => {
    const answer = await t.app.inject({
      method: 'POST',
      url: '/v1/events',
      headers: { authorization: `Bearer ${token}`, 'content-type': '' },
      payload: '[]',
    })
    expect(answer.statusCode).toBe(415)
  })
})

describe('bad input: tokens', () => {
  it('a wrong, an expired and a revoked one are 401 with the same answer', async () => {
    const expiring = await t.makeToken(['decisions.read'], { expiresInDays: 1 })
    const revoked = await t.makeToken(['decisions.read'])
    await t.call('DELETE', `/v1/tokens/${revoked.id}`, { token: t.local })
    t.advance(86_400_001)
    for (const bad of [`ppt_${'x'.repeat(43)}`, 'ppt_short', 'hunter2', expiring.token, revoked.token]) {
      expect((await send([fresh()], { token: bad })).body).toMatchObject({ status: 401, code: 'PPT_TOKEN_INVALID' })
    }
    for (const authorization of ['Basic eDp5', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(5_000)}`]) {
      expect((await t.call('POST', '/v1/events', { headers: { authorization }, body: [] })).body.code).toBe('PPT_TOKEN_INVALID')
    }
  })

  it('one without a source may not send, whatever else it may', async () => {
    expect((await send([fresh()], { token: t.local })).body).toMatchObject({
      status: 403,
      detail: expect.stringContaining("source's own token"),
    })
    const { cookie } = await t.makeOperator('admin')
    expect((await t.call('POST', '/v1/events', { cookie, body: [fresh()] })).status).toBe(403)
  })

  it('a token writes in the name of its own source only', async () => {
    const { id, token: own } = await t.makeSource('named shop')
    const event = fresh({ 'service.name': 'somebody else' })
    await send(event, { token: own })
    const page = await t.call('GET', '/v1/events?address=198.51.100.1&limit=200', { token: t.local })
    expect(page.body.items.find((item: Json) => item.event['event.id'] === event['event.id']).source).toEqual({ id, name: 'named shop' })
  })
})

describe('when the server is behind', () => {
  it('429 says how long to wait, and takes the same batch later', async () => {
    const event = fresh()
    t.services.inFlight.count += 3
    try {
      const answer = await send(event)
      expect(answer.body).toMatchObject({ status: 429, code: 'PPT_BACKPRESSURE' })
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    } finally {
      t.services.inFlight.count -= 3
    }
    expect((await send(event)).body.accepted).toBe(1)
  })

  it('forgets what was in flight, also of batches that failed', async () => {
    await send('{').catch(() => undefined)
    await send([fresh()])
    expect(t.services.inFlight.count).toBe(0)
  })

  it('is counted in the metrics', async () => {
    const { text } = await t.call('GET', '/metrics')
    expect(text).toMatch(/parapet_ingest_refused_batches_total\{reason="backpressure"\} 1/)
    expect(text).toMatch(/parapet_ingest_refused_batches_total\{reason="malformed"\} [1-9]/)
    expect(text).toMatch(/parapet_ingest_events_total\{outcome="accepted"\} [1-9]/)
    expect(text).toMatch(/parapet_ingest_events_total\{outcome="duplicate"\} [1-9]/)
  })
})

describe('a database that goes away mid-request', () => {
  it('is 503 with Retry-After, nothing counts as accepted, and sending again is safe', async () => {
    const event = fresh()
    const holder = await t.database.owner().connect()
    const admin = await connectAdmin(t.database.socketDir)
    try {
      // the batch waits for this lock when its connection is cut; what reads events in the background waits too, and is left alone
      await holder.query('begin; lock table events in access exclusive mode')
      const pending = send(event)
      const waiting = `select pid from pg_stat_activity where datname = '${t.database.name}' and usename = 'parapet_app' and wait_event_type = 'Lock' and query !~ '^SELECT'`
      await expect.poll(async () => (await admin.query(waiting)).rowCount).toBeGreaterThan(0)
      await admin.query(`select pg_terminate_backend(pid) from (${waiting}) as busy`)
      const answer = await pending
      expect(answer.body).toMatchObject({ status: 503, code: 'PPT_DATABASE_UNAVAILABLE' })
      expect(answer.headers['retry-after']).toBe('2')
      expect(answer.text).not.toContain('terminat')
      await holder.query('rollback')
    } finally {
      holder.release()
      await admin.end()
    }
    expect(await stored(String(event['event.id']))).toBeUndefined()
    expect((await send(event)).body.accepted).toBe(1)
  })
})

describe('on the wire', () => {
  it('a request that is no HTTP gets 400 and a closed connection', async () => {
    await t.app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = t.app.server.address() as { port: number }
    const talk = (text: string): Promise<string> =>
      new Promise((done) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text))
        let heard = ''
        socket.on('data', (chunk) => (heard += chunk.toString()))
        socket.on('close', () => done(heard))
      })
    expect(await talk('\u0016\u0003\u0001 this is TLS, perhaps\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request/)
    expect(await talk(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/)
  })
})
