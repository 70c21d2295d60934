import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, failedLogin, type Json, type TestApp } from '../app/fixtures/test-app.js'

let t: TestApp
let base: string
beforeAll(async () => {
  t = await createTestApp()
  await t.app.listen({ port: 0, host: '127.0.0.1' })
  base = `http://127.0.0.1:${(t.app.server.address() as { port: number }).port}`
}, 60_000)
afterAll(() => t.close())

type Message = { event: string; id: number; data: Json }

/** A real client over a real socket. */
const follow = async (path: string, headers: Record<string, string>) => {
  const abort = new AbortController()
  const response = await fetch(base + path, { headers, signal: abort.signal })
  const messages: Message[] = []
  let comments = 0
  let ended = false
  const read = async (): Promise<void> => {
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString()
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n')
        text = text.slice(end + 2)
        if (lines[0]?.startsWith(':') === true) comments++
        const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
        if (field('data') !== undefined)
          messages.push({ event: field('event') ?? '', id: Number(field('id')), data: JSON.parse(field('data') ?? '') })
      }
    }
  }
  const done = response.ok
    ? read()
        .catch(() => undefined)
        .finally(() => (ended = true))
    : Promise.resolve()
  return {
    response,
    messages,
    comments: () => comments,
    ended: () => ended,
    wait: async (count: number) => {
      await expect.poll(() => messages.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count)
    },
    stop: async () => {
      abort.abort()
      await done
    },
  }
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
let host = 0
const block = async (duration = '1h'): Promise<{ id: string; revision: number }> =>
  (
    await t.call('POST', '/v1/decisions', {
      token: t.local,
      body: { target: { kind: 'ip', value: `203.0.113.${++host}` }, action: 'deny', scope: 'all', duration, reason: 'test' },
    })
  ).body

describe('the stream of decisions', () => {
  it('begins with a snapshot and goes on with every change, in order', async () => {
    const before = await block()
    const stream = await follow('/v1/decisions/stream', bearer(t.local))
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.response.headers.get('cache-control')).toBe('no-store')
    expect(stream.response.headers.get('x-content-type-options')).toBe('nosniff')
    await stream.wait(1)
    expect(stream.messages[0]).toMatchObject({ event: 'snapshot', id: before.revision, data: { revision: before.revision } })
    expect(stream.messages[0]?.data.decisions.map(({ id }: { id: string }) => id)).toContain(before.id)
    const made = await block()
    await t.call('POST', `/v1/decisions/${before.id}/lift`, { token: t.local, body: { reason: 'undo' } })
    await stream.wait(3)
    expect(stream.messages.slice(1)).toMatchObject([
      { event: 'decision', id: made.revision, data: { id: made.id } },
      { event: 'decision', id: made.revision + 1, data: { id: before.id, lifted: { reason: 'undo' } } },
    ])
    await stream.stop()
  })

  it('resumes where a follower was, without a snapshot and without a gap', async () => {
    const first = await block()
    const missed = [await block(), await block()]
    const stream = await follow('/v1/decisions/stream', { ...bearer(t.local), 'last-event-id': String(first.revision) })
    await stream.wait(2)
    expect(stream.messages.map(({ id }) => id)).toEqual(missed.map(({ revision }) => revision))
    await stream.stop()
  })

  it('starts over for a cursor that is none, or of another store', async () => {
    for (const cursor of ['x', '-1', '999999999', '1e3']) {
      const stream = await follow('/v1/decisions/stream', { ...bearer(t.local), 'last-event-id': cursor })
      await stream.wait(1)
      expect(stream.messages[0]?.event).toBe('snapshot')
      await stream.stop()
    }
  })

  it('is open to the token of a source, and to no stranger', async () => {
    const { token } = await t.makeSource()
    const stream = await follow('/v1/decisions/stream', bearer(token))
    await stream.wait(1)
    await stream.stop()
    expect((await follow('/v1/decisions/stream', {})).response.status).toBe(401)
    expect((await follow('/v1/alerts/stream', bearer(token))).response.status).toBe(403)
  })

  it('loses nothing that happens while it opens', async () => {
    const opening = follow('/v1/decisions/stream', bearer(t.local))
    const made = await Promise.all(Array.from({ length: 8 }, () => block()))
    const stream = await opening
    const seen = () =>
      new Set(
        stream.messages.flatMap(({ event, data }) =>
          event === 'snapshot' ? data.decisions.map((one: { id: string }) => one.id) : [data.id],
        ),
      )
    await expect.poll(() => made.every(({ id }) => seen().has(id)), { timeout: 10_000 }).toBe(true)
    const ids = stream.messages.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b))
    await stream.stop()
  })
})

describe('the stream of alerts', () => {
  it('shows an alert without being asked, and resumes by its id', async () => {
    const { token } = await t.makeSource('streaming shop')
    const stream = await follow('/v1/alerts/stream', bearer(t.local))
    await expect.poll(() => t.services.streams.size).toBe(1)
    const send = (user: string) =>
      t.call('POST', '/v1/events', {
        token,
        body: Array.from({ length: 6 }, () => failedLogin({ '@timestamp': t.now(), 'user.name': user, 'source.ip': '198.51.100.44' })),
      })
    await send('carl')
    await stream.wait(1)
    expect(stream.messages[0]).toMatchObject({ event: 'alert', data: { sources: [{ name: 'streaming shop' }] } })
    const last = stream.messages[0]?.id ?? 0
    await stream.stop()
    await send('dave')
    await t.settle()
    const resumed = await follow('/v1/alerts/stream', { ...bearer(t.local), 'last-event-id': String(last) })
    await resumed.wait(1)
    expect(resumed.messages.every(({ id }) => id > last)).toBe(true)
    await resumed.stop()
  })
})

describe('a stream ends', () => {
  const opened = async (headers: Record<string, string>) => {
    const stream = await follow('/v1/decisions/stream', headers)
    await stream.wait(1)
    return stream
  }
  const ends = async (stream: { ended: () => boolean }) => {
    await expect.poll(stream.ended, { timeout: 5_000 }).toBe(true)
  }

  it('when its token is revoked', async () => {
    const { token, id } = await t.makeToken(['decisions.read'])
    const stream = await opened(bearer(token))
    await t.call('DELETE', `/v1/tokens/${id}`, { token: t.local })
    await ends(stream)
  })

  it('when its operator signs out', async () => {
    const { cookie } = await t.makeOperator()
    const stream = await opened({ cookie })
    await t.call('DELETE', '/v1/session', { cookie })
    await ends(stream)
  })

  it('when its operator is removed', async () => {
    const { cookie, id } = await t.makeOperator('viewer')
    const stream = await opened({ cookie })
    await t.call('DELETE', `/v1/operators/${id}`, { token: t.local })
    await ends(stream)
  })

  it('at the next beat when the token expired or was revoked elsewhere, and not before', async () => {
    const expiring = await t.makeToken(['decisions.read'], { expiresInDays: 1 })
    const elsewhere = await t.makeToken(['decisions.read'])
    const [one, two, healthy] = [await opened(bearer(expiring.token)), await opened(bearer(elsewhere.token)), await opened(bearer(t.local))]
    await t.services.streams.beat()
    await expect.poll(one.comments).toBe(1)
    t.advance(86_400_000)
    await t.database.pool.query('update api_tokens set revoked_at = 1 where id = $1', [elsewhere.id])
    await t.services.streams.beat()
    await ends(one)
    await ends(two)
    await expect.poll(healthy.comments).toBe(2)
    expect(healthy.ended()).toBe(false)
    await healthy.stop()
  })

  it('and leaves nothing behind when the client goes', async () => {
    const stream = await opened(bearer(t.local))
    await stream.stop()
    await expect.poll(() => t.services.streams.size).toBe(0)
  })

  it('for most of those that come at the same moment: they cannot all find the same room', async () => {
    const { token } = await t.makeToken(['decisions.read'])
    const streams = await Promise.all(Array.from({ length: 45 }, () => follow('/v1/decisions/stream', bearer(token))))
    const states = streams.map(({ response }) => response.status)
    expect([states.filter((status) => status === 200).length, states.filter((status) => status === 429).length]).toEqual([32, 13])
    expect(t.services.streams.size).toBe(32)
    await Promise.all(streams.map((stream) => stream.stop()))
    await expect.poll(() => t.services.streams.size).toBe(0)
  })

  it('for the one that holds too many: 429 before it begins', async () => {
    const { token } = await t.makeToken(['decisions.read'])
    const streams = []
    for (let i = 0; i < 32; i++) streams.push(await follow('/v1/decisions/stream', bearer(token)))
    const refused = await follow('/v1/decisions/stream', bearer(token))
    expect(refused.response.status).toBe(429)
    expect(refused.response.headers.get('retry-after')).toBe('15')
    await Promise.all(streams.map((stream) => stream.stop()))
  })
})
