import { DAY, HOUR, MINUTE } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
let shop: { id: string; token: string }
let host: { id: string; token: string }
const HOSTILE = '=cmd|"/c calc"!A1'

beforeAll(async () => {
  t = await createTestApp({ privacy: { viewersSeeNames: false } })
  shop = await t.makeSource('shop')
  host = await t.makeSource('host')
  const send = (token: string, body: unknown[]) => t.call('POST', '/v1/events', { token, body })
  await send(
    host.token,
    Array.from({ length: 120 }, (_, i) =>
      failedLogin({
        '@timestamp': t.now(),
        'event.id': `h-${i}`,
        'source.ip': `203.0.113.${i % 4}`,
        'user.name': i % 3 === 0 ? 'carol' : 'dave',
        'user.target.name': 'root',
        'event.dataset': 'sshd',
        'process.pid': i,
        message: i === 7 ? 'Needle in the \u00e9\u0000\ud800 hay' : `line ${i}`,
      }),
    ),
  )
  t.advance(HOUR)
  await send(
    shop.token,
    Array.from({ length: 80 }, (_, i) => ({
      '@timestamp': t.now(),
      'event.id': `w-${i}`,
      'event.category': 'web',
      'event.action': 'http-request',
      'event.dataset': 'nginx.access',
      'source.ip': '198.51.100.7',
      'url.path': i % 2 === 0 ? `/admin/${i}` : '/login',
      'http.response.status_code': i % 5 === 0 ? 500 : 200,
      'user_agent.original': i === 3 ? HOSTILE : 'Mozilla "quoted" \\ back',
      'a.b': i === 4 ? '","url.path":"/login' : 'x',
    })),
  )
}, 60_000)
afterAll(() => t.close())

const get = (path: string) => t.call('GET', path, { token: t.local })
const search = (query: string) => get(`/v1/events?limit=200&${query}`)
const f = (filter: string): string => `filter=${encodeURIComponent(filter)}`
const count = async (...filters: string[]): Promise<number> => (await search(filters.map(f).join('&'))).body.items.length

describe('a search', () => {
  it('finds events by the values of their fields, all of which must hold', async () => {
    expect(await count()).toBe(200)
    expect(await count('event.dataset:sshd')).toBe(120)
    expect(await count('event.dataset:SSHD')).toBe(0)
    expect(await count('url.path:/login')).toBe(40)
    expect(await count('url.path:/admin/*')).toBe(40)
    expect(await count('url.path:/admin')).toBe(0)
    expect(await count('http.response.status_code:500')).toBe(16)
    expect(await count('http.response.status_code:50')).toBe(0)
    expect(await count('process.pid:11')).toBe(1)
    expect(await count('source.ip:203.0.113.1')).toBe(30)
    expect(await count('source.ip:203.0.113.0/30')).toBe(120)
    expect(await count('event.dataset:sshd', 'source.ip:203.0.113.2', 'user.name:dave')).toBe(20)
    expect(await count('user_agent.original:Mozilla "quoted" \\ back')).toBe(79)
  })

  it('leaves out what a minus says', async () => {
    expect(await count('-event.dataset:sshd')).toBe(80)
    expect(await count('-http.response.status_code:500', 'event.dataset:nginx.access')).toBe(64)
    expect(await count('-source.ip:203.0.113.0/24')).toBe(80)
    expect(await count('-user.name:carol', 'event.dataset:sshd')).toBe(80)
    expect(await count('-url.path:/admin/*', '-event.dataset:sshd')).toBe(40)
  })

  it('is not led astray by text that looks like a field', async () => {
    const { body } = await search(f('url.path:/login'))
    expect(body.items.every((stored: Json) => stored.event['url.path'] === '/login')).toBe(true)
    // the field a.b of an event holds the very text that a login would be written as
    expect(await count('a.b:","url.path":"/login')).toBe(1)
    for (const value of [`' OR 1=1 --`, '%', '_', '\\', '"', '{', "';DROP TABLE events;--"])
      expect(await count(`url.path:${value}`)).toBe(0)
  })

  it('finds what is sealed by its blind index, and says where it cannot', async () => {
    expect(await count('user.name:carol')).toBe(40)
    expect(await count('user.name:CAROL')).toBe(40)
    const refused = await search(f('user.target.name:root'))
    expect(refused.body).toMatchObject({ status: 422, detail: expect.stringContaining('sealed') })
    expect((await search(f('user.name:car*'))).status).toBe(422)
  })

  it('finds text in any field that is not sealed, whatever its case, also beside what JSON readers choke on', async () => {
    expect((await search('q=needle+IN+the')).body.items).toMatchObject([{ event: { 'event.dataset': 'sshd' } }])
    expect((await search(`q=${encodeURIComponent('é')}`)).body.items).toHaveLength(1)
    expect((await search('q=carol')).body.items).toHaveLength(0)
    expect((await search('q=%2525')).body.items).toHaveLength(0)
  })

  it('is bounded by time and by source', async () => {
    expect((await search(`source=${shop.id}`)).body.items).toHaveLength(80)
    expect((await search(`since=${t.now() - 10 * MINUTE}`)).body.items).toHaveLength(80)
    expect((await search(`until=${t.now() - 10 * MINUTE}`)).body.items).toHaveLength(120)
    expect((await search(`since=${t.now() + HOUR}`)).body).toEqual({ items: [], next: null, whole: true })
  })

  it('comes in pages without a gap or a repetition, which end', async () => {
    for (const query of ['', f('event.dataset:sshd'), f('user.name:dave'), 'address=203.0.113.0/24', 'q=line']) {
      const seen: number[] = []
      let cursor = ''
      for (let i = 0; i < 60; i++) {
        const { body } = await get(`/v1/events?limit=7&${query}${cursor}`)
        seen.push(...body.items.map(({ sequence }: Json) => sequence))
        if (body.next === null) break
        cursor = `&cursor=${body.next}`
      }
      const all = (await search(query)).body.items.map(({ sequence }: Json) => sequence)
      expect([query, seen]).toEqual([query, all])
    }
  })

  it('refuses what is no filter, and repeats nothing of it', async () => {
    const bad = ['nocolon', ':x', 'a b:x', 'x:', '-:x', `${'x'.repeat(200)}:y`, 'a\u0000:x', "x'y:1", 'source.ip:nonsense', '"x":1']
    for (const filter of bad) {
      const { status, text } = await search(f(filter))
      expect([status, filter]).toEqual([422, filter])
      expect(text).not.toContain('nonsense')
    }
    expect((await search(Array.from({ length: 17 }, () => f('a:b')).join('&'))).status).toBe(422)
    for (const query of ['since=5&until=4', 'q=', 'limit=0', 'cursor=abc', `q=${'x'.repeat(300)}`, 'address=x'])
      expect([(await search(query)).status, query]).toEqual([422, query])
  })
})

describe('the values of a field', () => {
  it('are counted under the same filters, and say of how many', async () => {
    const { body } = await get(`/v1/events/values?field=url.path&${f('url.path:/login')}`)
    expect(body).toEqual({ field: 'url.path', values: [{ value: '/login', count: 40 }], of: 40, distinct: 1, whole: true })
    const names = await get('/v1/events/values?field=user.name&most=1')
    expect(names.body).toMatchObject({ values: [{ value: 'dave', count: 80 }], of: 200, distinct: 2 })
    expect((await get('/v1/events/values?field=__proto__')).body).toMatchObject({ values: [], distinct: 0 })
    for (const query of ['', 'field=', 'field=a%20b', 'field=x&most=0', 'field=x&most=101'])
      expect((await get(`/v1/events/values?${query}`)).status).toBe(422)
  })

  it('are hints where names are not shown', async () => {
    const { cookie } = await t.makeOperator('viewer')
    const { text, body } = await t.call('GET', '/v1/events/values?field=user.name', { cookie })
    expect(text).not.toMatch(/carol|dave/)
    expect(body.values[0]).toMatchObject({ value: expect.stringMatching(/^d\*\*\*~/), count: 80 })
  })
})

describe('the histogram', () => {
  it('counts every event once, in buckets of equal length', async () => {
    const since = t.now() - 2 * HOUR
    const { body } = await get(`/v1/events/histogram?since=${since}&until=${t.now() + MINUTE}&buckets=10`)
    expect(body.buckets).toHaveLength(10)
    expect(body.whole).toBe(true)
    expect(body.buckets[0].at).toBe(since)
    expect(body.buckets[1].at - since).toBe(body.step)
    expect(body.buckets.map(({ events }: Json) => events).filter((n: number) => n > 0)).toEqual([120, 80])
    const filtered = await get(`/v1/events/histogram?since=${since}&${f('event.dataset:nginx.access')}&${f('-url.path:/login')}`)
    expect(filtered.body.buckets.reduce((sum: number, each: Json) => sum + each.events, 0)).toBe(40)
    const byUser = await get(`/v1/events/histogram?since=${since}&${f('user.name:carol')}`)
    expect(byUser.body.buckets.reduce((sum: number, each: Json) => sum + each.events, 0)).toBe(40)
    expect((await get('/v1/events/histogram?buckets=0')).status).toBe(422)
    expect((await get('/v1/events/histogram?buckets=501')).status).toBe(422)
  })

  it('of a time without events is whole and empty', async () => {
    const { body } = await get(`/v1/events/histogram?since=${t.now() - 90 * DAY}&until=${t.now() - 80 * DAY}&buckets=3`)
    expect(body).toMatchObject({ whole: true, buckets: [{ events: 0 }, { events: 0 }, { events: 0 }] })
  })
})

describe('an export', () => {
  it('holds everything that a search finds, a line each, and is recorded', async () => {
    const { text, headers, status } = await get(`/v1/events/export?${f('event.dataset:sshd')}`)
    expect(status).toBe(200)
    expect(headers).toMatchObject({
      'content-type': expect.stringContaining('application/x-ndjson'),
      'content-disposition': expect.stringMatching(/^attachment; filename="events-\d{4}-\d\d-\d\d\.ndjson"$/),
    })
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(120)
    expect(lines.every(({ event }) => event['event.dataset'] === 'sshd')).toBe(true)
    const { body } = await get('/v1/audit?action=events.exported&limit=1')
    expect(body.items[0]).toMatchObject({ outcome: 'success', detail: { format: 'ndjson', filters: 1 } })
  })

  it('as CSV holds no formula and no broken line', async () => {
    const { text, headers } = await get(`/v1/events/export?format=csv&${f('event.dataset:nginx.access')}`)
    expect(headers['content-type']).toContain('text/csv')
    const lines = text.split('\r\n')
    expect(lines).toHaveLength(82)
    expect(lines[0]).toContain('"user_agent.original"')
    expect(text).toContain(`"'=cmd|""/c calc""!A1"`)
    for (const line of lines) expect(line).not.toMatch(/(?:^|,)"[=+@-]/)
  })

  it('shows hints to who may not see names', async () => {
    const { cookie } = await t.makeOperator('viewer')
    for (const format of ['ndjson', 'csv']) {
      const { status, text } = await t.call('GET', `/v1/events/export?format=${format}`, { cookie })
      expect(status).toBe(200)
      expect(text).not.toMatch(/carol|dave/)
    }
    expect((await get('/v1/events/export?format=xlsx')).status).toBe(422)
  })
})
