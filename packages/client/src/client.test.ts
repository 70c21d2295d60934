import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { createDecisionSet, type Decision, type SecurityEvent } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, type ClientOptions, createClient } from './client.js'
import type { SenderProblem } from './sender.js'
import { memorySpool } from './spool.js'

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void
const open: { client: Client; server: Server }[] = []

/** A control plane of a few lines: a real server on a real port. */
const setup = async (
  handler: Handler,
  options: Partial<ClientOptions> = {},
): Promise<{ client: Client; server: Server; url: string; problems: SenderProblem[] }> => {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => handler(request, response, Buffer.concat(chunks)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const problems: SenderProblem[] = []
  const client = createClient({
    url,
    token: 'ppt_test-token',
    onProblem: (problem) => problems.push(problem),
    chance: () => 0,
    closeMs: 300,
    ...options,
  })
  open.push({ client, server })
  return { client, server, url, problems }
}
afterEach(async () => {
  for (const { client, server } of open.splice(0)) {
    await client.close()
    server.closeAllConnections()
    server.close()
  }
})

const read = (request: IncomingMessage, body: Buffer): SecurityEvent[] =>
  (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as SecurityEvent)
const take: Handler = (request, response, body) => {
  response
    .writeHead(202, { 'content-type': 'application/json' })
    .end(JSON.stringify({ accepted: read(request, body).length, duplicates: 0, rejected: [] }))
}
const event = (n: number): SecurityEvent => ({ '@timestamp': n, 'event.category': 'web', 'url.path': `/${n}` })
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(what()).toBe(true)
}

describe('sending events', () => {
  it('goes in one batch within 200 ms, with the token and an id for each event [ASVS 16.4.3]', async () => {
    const got: { events: SecurityEvent[]; headers: IncomingMessage['headers'] }[] = []
    const { client } = await setup((request, response, body) => {
      got.push({ events: read(request, body), headers: request.headers })
      take(request, response, body)
    })
    const began = Date.now()
    for (let i = 0; i < 3; i++) client.send(event(i))
    await until(() => got.length === 1)
    expect(Date.now() - began).toBeLessThan(600)
    expect(got[0]?.headers).toMatchObject({ authorization: 'Bearer ppt_test-token', 'content-type': 'application/x-ndjson' })
    expect(new Set(got[0]?.events.map((one) => one['event.id'])).size).toBe(3)
    expect(got[0]?.events[0]?.['event.id']).toMatch(/^[0-9a-f-]{14}7/)
    await until(() => client.stats().sent === 3)
  })

  it('sends 500 at once without waiting, and no batch over 500', async () => {
    const sizes: number[] = []
    const { client } = await setup((request, response, body) => {
      sizes.push(read(request, body).length)
      take(request, response, body)
    })
    for (let i = 0; i < 1_700; i++) client.send(event(i))
    await client.flush()
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(1_700)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
  })

  it('compresses large batches only', async () => {
    const encodings: (string | undefined)[] = []
    const { client } = await setup((request, response, body) => {
      encodings.push(request.headers['content-encoding'])
      take(request, response, body)
    })
    client.send(event(1))
    await client.flush()
    for (let i = 0; i < 200; i++) client.send(event(i))
    await client.flush()
    expect(encodings).toEqual([undefined, 'gzip'])
  })

  it('sends sign-ins before requests', async () => {
    const got: SecurityEvent[] = []
    const { client } = await setup((request, response, body) => {
      got.push(...read(request, body))
      take(request, response, body)
    })
    client.send(event(1))
    client.send({ '@timestamp': 2, 'event.category': 'authentication' })
    await client.flush()
    expect(got.map((one) => one['event.category'])).toEqual(['authentication', 'web'])
  })

  it('sends the same ids again after an outage, so that nothing counts twice', async () => {
    const seen: string[][] = []
    const { client, problems } = await setup((request, response, body) => {
      seen.push(read(request, body).map((one) => one['event.id'] ?? ''))
      if (seen.length <= 2) response.writeHead(503).end()
      else take(request, response, body)
    })
    client.send(event(1))
    await until(() => client.stats().sent === 1)
    expect(seen).toHaveLength(3)
    expect(new Set(seen.flat()).size).toBe(1)
    expect(problems.map(({ kind }) => kind)).toEqual(['away', 'back'])
  })

  it('waits as long as Retry-After says', async () => {
    const times: number[] = []
    const { client } = await setup((request, response, body) => {
      times.push(Date.now())
      if (times.length === 1) response.writeHead(429, { 'retry-after': '1' }).end('{"code":"PPT_BACKPRESSURE"}')
      else take(request, response, body)
    })
    client.send(event(1))
    await until(() => times.length === 1)
    client.send(event(2))
    await until(() => client.stats().sent === 2)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(990)
    expect(client.stats().waiting).toBe(0)
  })

  it('makes no storm of Retry-After: 0, nor of one in the past', async () => {
    for (const after of ['0', 'Thu, 01 Jan 1970 00:00:00 GMT']) {
      let asked = 0
      const { client } = await setup((_request, response) => {
        asked++
        response.writeHead(503, { 'retry-after': after }).end()
      })
      client.send(event(1))
      await new Promise((resolve) => setTimeout(resolve, 900))
      // 125, 250 and 500 ms apart
      expect(asked).toBeGreaterThanOrEqual(2)
      expect(asked).toBeLessThanOrEqual(4)
    }
  })

  it('counts an event that cannot be written as dropped, and throws nothing', async () => {
    const { client, problems } = await setup(take)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const odd of [circle, 1n])
      client.send({ '@timestamp': 1, 'event.category': 'web', 'parapet.odd': odd } as unknown as SecurityEvent)
    client.send(event(1))
    await client.flush()
    expect(client.stats()).toMatchObject({ dropped: 2, waiting: 0 })
    expect(problems).toContainEqual({ kind: 'dropped', count: 1, detail: 'an event cannot be written as JSON' })
  })

  it('drops only what was rejected one by one, and says which', async () => {
    const { client, problems } = await setup((request, response, body) => {
      const { length } = read(request, body)
      response
        .writeHead(202)
        .end(
          JSON.stringify({ accepted: length - 1, duplicates: 0, rejected: [{ index: 1, code: 'PPT_EVENT_INVALID', detail: 'url.path' }] }),
        )
    })
    for (let i = 0; i < 3; i++) client.send({ ...event(i), 'event.id': `id-${i}` })
    await client.flush()
    expect(client.stats()).toMatchObject({ sent: 2, rejected: 1, dropped: 0, waiting: 0 })
    expect(problems).toEqual([{ kind: 'rejected', count: 1, items: [{ id: 'id-1', code: 'PPT_EVENT_INVALID', detail: 'url.path' }] }])
  })

  it('halves a batch that the server cannot take until only the bad event is left', async () => {
    const got: string[] = []
    const { client } = await setup((request, response, body) => {
      const ids = read(request, body).map((one) => one['event.id'] ?? '')
      if (ids.includes('bad')) {
        response.writeHead(413).end()
        return
      }
      got.push(...ids)
      take(request, response, body)
    })
    for (const id of ['a', 'b', 'bad', 'c', 'd', 'e']) client.send({ ...event(1), 'event.id': id })
    await client.flush()
    expect(got).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(client.stats()).toMatchObject({ sent: 5, rejected: 1, waiting: 0 })
  })

  it('keeps everything while the token is refused, and says so once', async () => {
    const { client, problems } = await setup((_request, response) => response.writeHead(401).end('{"code":"PPT_TOKEN_INVALID"}'))
    client.send(event(1))
    await client.flush()
    await client.flush()
    expect(client.stats()).toMatchObject({ state: 'refused', waiting: 1, lastError: 'HTTP 401 PPT_TOKEN_INVALID' })
    expect(problems).toEqual([{ kind: 'refused', detail: 'HTTP 401 PPT_TOKEN_INVALID' }])
    expect(JSON.stringify(problems)).not.toContain('ppt_test-token')
  })

  it('does not follow a redirect: it would carry the token elsewhere [ASVS 15.3.2]', async () => {
    let elsewhere = 0
    const other = await setup((_request, response) => {
      elsewhere++
      response.end()
    })
    const { client } = await setup((_request, response) => response.writeHead(307, { location: `${other.url}/v1/events` }).end())
    client.send(event(1))
    await client.flush()
    expect(elsewhere).toBe(0)
    expect(client.stats().waiting).toBe(1)
  })

  it('counts what the spool had to drop, and reports it to the control plane when it is back', async () => {
    let up = false
    const got: SecurityEvent[] = []
    const { client, problems } = await setup(
      (request, response, body) => {
        if (!up) {
          response.writeHead(500).end()
          return
        }
        got.push(...read(request, body))
        take(request, response, body)
      },
      { spool: memorySpool({ maxEvents: 5 }) },
    )
    client.send(event(0))
    await client.flush()
    for (let i = 1; i <= 8; i++) client.send(event(i))
    expect(client.stats().dropped).toBe(3)
    expect(problems.filter(({ kind }) => kind === 'dropped')).toHaveLength(3)
    up = true
    await client.flush()
    expect(got.filter((one) => one['event.category'] === 'web')).toHaveLength(6)
    expect(got.find((one) => one['event.action'] === 'events-dropped')).toMatchObject({ 'parapet.dropped': 3 })
  })

  it('drops an event over 64 KiB by itself', async () => {
    const { client } = await setup(take)
    client.send({ '@timestamp': 1, message: 'x'.repeat(70_000) })
    client.send(event(1))
    await client.flush()
    expect(client.stats()).toMatchObject({ sent: 2, dropped: 1, waiting: 0 })
  })

  it('tells a spool that keeps things what is settled: taken, or never to be taken, and nothing that is still on its way', async () => {
    const settled: string[] = []
    let status = 503
    const spool = Object.assign(memorySpool(), {
      settle: (items: readonly { id: string }[]) => void settled.push(...items.map(({ id }) => id)),
    })
    const problems: SenderProblem[] = []
    const { client } = await setup(
      (request, response, body) => (status === 202 ? take(request, response, body) : response.writeHead(status).end('{}')),
      { spool, onProblem: (problem) => problems.push(problem) },
    )
    client.send({ ...event(1), 'event.id': 'a' })
    await client.flush()
    expect(settled).toEqual([])
    status = 202
    await client.flush()
    expect(settled).toEqual(['a'])
    status = 422
    client.send({ ...event(2), 'event.id': 'b' })
    await client.flush()
    expect(settled).toEqual(['a', 'b'])
    status = 503
    client.send({ ...event(3), 'event.id': 'c' })
    await client.close()
    expect(settled).toEqual(['a', 'b'])
    expect(problems.some(({ kind }) => kind === 'dropped')).toBe(false)
  })

  it('survives a listener that throws, and an answer that is no JSON', async () => {
    const { client } = await setup((_request, response) => response.writeHead(202).end('<html>'), {
      onProblem: () => {
        throw new Error('listener')
      },
    })
    client.send({ '@timestamp': 1, message: 'x'.repeat(70_000) })
    client.send(event(1))
    await client.flush()
    expect(client.stats()).toMatchObject({ state: 'ok', waiting: 0 })
  })

  it('at the end sends what waits; what cannot be sent is counted', async () => {
    const good = await setup(take)
    good.client.send(event(1))
    await good.client.close()
    expect(good.client.stats()).toMatchObject({ sent: 1, waiting: 0, dropped: 0 })
    const hung = await setup(() => undefined)
    hung.client.send(event(1))
    const began = Date.now()
    await hung.client.close()
    expect(Date.now() - began).toBeLessThan(2_000)
    expect(hung.client.stats()).toMatchObject({ sent: 0, waiting: 0, dropped: 1 })
    hung.client.send(event(2))
    expect(hung.client.stats().dropped).toBe(2)
  })
})

const decision = (id: string, revision: number, over: Partial<Decision> = {}): Decision => ({
  id,
  revision,
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'test',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: 0,
  expiresAt: 9e15,
  ...over,
})
const snapshot = (revision: number, ...decisions: Decision[]): string =>
  `event: snapshot\nid: ${revision}\ndata: ${JSON.stringify({ revision, decisions })}\n\n`
const change = (one: Decision): string => `event: decision\nid: ${one.revision}\ndata: ${JSON.stringify(one)}\n\n`
const stream = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  response.write('retry: 2000\n\n')
}

describe('following decisions', () => {
  it('starts with a snapshot and applies every change', async () => {
    let connection: ServerResponse | undefined
    const { client } = await setup((_request, response) => {
      stream(response)
      response.write(snapshot(4, decision('a', 3)))
      connection = response
    })
    const set = createDecisionSet()
    const states: string[] = []
    client.followDecisions(set, { state: ({ kind }) => states.push(kind) })
    await until(() => set.size === 1)
    connection?.write(change(decision('b', 5)))
    await until(() => set.size === 2)
    connection?.write(change(decision('a', 6, { lifted: { at: 1, by: { kind: 'operator', id: 'o' }, reason: 'x' } })))
    await until(() => set.size === 1)
    expect(set.all()[0]?.id).toBe('b')
    expect(states).toEqual(['live'])
  })

  it('does not come back in a storm to a control plane that answers and dies', async () => {
    let asked = 0
    const { client } = await setup((_request, response) => {
      asked++
      stream(response)
      response.end(snapshot(4, decision('a', 3)))
    })
    client.followDecisions(createDecisionSet())
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    // 125, 250 and 500 ms apart, not eight times a second for ever
    expect(asked).toBeGreaterThanOrEqual(2)
    expect(asked).toBeLessThanOrEqual(4)
  })

  it('goes on where it broke off, and keeps what it has in between [ASVS 16.5.2]', async () => {
    const cursors: (string | undefined)[] = []
    const states: string[] = []
    const { client } = await setup((request, response) => {
      cursors.push(request.headers['last-event-id'] as string | undefined)
      stream(response)
      if (cursors.length === 1) {
        response.write(snapshot(4, decision('a', 3)))
        setTimeout(() => response.destroy(), 20)
      } else response.write(change(decision('b', 5)))
    })
    const set = createDecisionSet()
    client.followDecisions(set, { state: ({ kind }) => states.push(kind) })
    await until(() => states.includes('away'))
    expect(set.size).toBe(1)
    await until(() => set.size === 2)
    expect(cursors).toEqual([undefined, '4'])
    expect(states).toEqual(['live', 'away', 'live'])
  })

  it('takes a snapshot in parts as one: what was held binds until it is whole, and one that broke off is begun again', async () => {
    const cursors: unknown[] = []
    let finish: () => void = () => undefined
    const part = (...decisions: Decision[]): string =>
      `event: snapshot\ndata: ${JSON.stringify({ revision: 9, decisions, more: true })}\n\n`
    const { client } = await setup(({ headers }, response) => {
      cursors.push(headers['last-event-id'])
      stream(response)
      if (cursors.length === 1) {
        response.write(snapshot(4, decision('old', 3)))
        response.end(part(decision('half', 5)))
        return
      }
      response.write(part(decision('a', 5)))
      finish = () => response.write(`${part(decision('b', 6))}${snapshot(9, decision('c', 7))}`)
    })
    const set = createDecisionSet()
    client.followDecisions(set)
    await until(() => cursors.length === 2)
    await new Promise((done) => setTimeout(done, 50))
    expect(set.all().map(({ id }) => id)).toEqual(['old'])
    finish()
    await until(() => set.size === 3)
    // a part has no id: what to come back with is what was whole
    expect([set.all().map(({ id }) => id), cursors]).toEqual([
      ['a', 'b', 'c'],
      [undefined, '4'],
    ])
  })

  it('replaces everything when a snapshot comes instead of the changes', async () => {
    let connections = 0
    const { client } = await setup((_request, response) => {
      stream(response)
      if (++connections === 1) response.end(snapshot(4, decision('old', 3)))
      else response.write(snapshot(2, decision('new', 1)))
    })
    const set = createDecisionSet()
    client.followDecisions(set)
    await until(() => set.all()[0]?.id === 'new')
    expect(set.size).toBe(1)
  })

  it('takes silence for a dead connection and heartbeats for life', async () => {
    let connections = 0
    const { client } = await setup(
      (_request, response) => {
        stream(response)
        if (++connections === 1) response.write(snapshot(1))
        else {
          const timer = setInterval(() => response.write(': heartbeat\n\n'), 40)
          response.on('close', () => clearInterval(timer))
        }
      },
      // far longer than a busy machine keeps a timer waiting
      { silenceMs: 800 },
    )
    const states: string[] = []
    client.followDecisions(createDecisionSet(), { state: (state) => states.push(state.kind === 'away' ? state.reason : state.kind) })
    await until(() => connections === 2)
    await new Promise((resolve) => setTimeout(resolve, 1_600))
    expect(connections).toBe(2)
    expect(states).toEqual(['live', 'no sign of life from the control plane', 'live'])
  })

  it('says that the control plane is away, also when the token is refused, and tries again', async () => {
    let asked = 0
    const { client } = await setup((_request, response) => {
      asked++
      response.writeHead(asked < 3 ? 403 : 200, { 'content-type': 'application/json' }).end('{}')
    })
    const reasons: string[] = []
    client.followDecisions(createDecisionSet(), { state: (state) => reasons.push(state.kind === 'away' ? state.reason : state.kind) })
    await until(() => asked >= 3)
    expect(reasons).toEqual(['HTTP 403'])
  })

  it('reads the whole list again after a message that it could not read', async () => {
    const cursors: (string | undefined)[] = []
    const { client } = await setup((request, response) => {
      cursors.push(request.headers['last-event-id'] as string | undefined)
      stream(response)
      if (cursors.length === 1) response.write(`${snapshot(4, decision('a', 3))}event: decision\nid: 5\ndata: {"id":\n\n`)
      else response.write(snapshot(5, decision('a', 3), decision('b', 5)))
    })
    const set = createDecisionSet()
    client.followDecisions(set)
    await until(() => set.size === 2)
    expect(cursors).toEqual([undefined, undefined])
  })

  it('takes in nothing that is no decision', async () => {
    const bad = [{}, null, { ...decision('x', 1), target: null }, { ...decision('x', 1), revision: '1' }, { ...decision('x', 1), id: 7 }]
    let connections = 0
    const { client } = await setup((_request, response) => {
      stream(response)
      response.write(`event: decision\nid: 1\ndata: ${JSON.stringify(bad[connections++ % bad.length])}\n\n`)
    })
    const set = createDecisionSet()
    client.followDecisions(set)
    await until(() => connections >= 2)
    expect(set.size).toBe(0)
  })

  it('stops when told, and does not come back', async () => {
    let connections = 0
    let gone = false
    const { client } = await setup((request, response) => {
      connections++
      stream(response)
      response.write(snapshot(1))
      request.socket.on('close', () => {
        gone = true
      })
    })
    const states: string[] = []
    const follower = client.followDecisions(createDecisionSet(), { state: ({ kind }) => states.push(kind) })
    await until(() => states.length === 1)
    follower.stop()
    await until(() => gone)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(connections).toBe(1)
    expect(states).toEqual(['live'])
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ url: 'localhost:8700' }, 'controlPlane.url'],
    [{ url: '' }, 'controlPlane.url'],
    [{ url: 'ftp://x/' }, 'neither http nor https'],
    [{ url: 'http://user:pw@x/' }, 'holds a name or a password'],
    [{ url: 'http://x/?token=1' }, 'has a query'],
    [{ token: '' }, 'controlPlane.token'],
    [{ token: 'with space in it' }, 'controlPlane.token'],
    [{ token: 'line\r\nbreak-in-it' }, 'controlPlane.token'],
    [{ tokn: 'x' }, 'controlPlane has no option "tokn"'],
  ])('%j is refused at start, by name', (options, message) => {
    const create = (): Client => createClient({ url: 'http://localhost:8700', token: 'ppt_test-token', ...options })
    expect(create).toThrow(message)
    expect(create).toThrow(expect.objectContaining({ code: 'PPT_CONFIG_INVALID' }))
    expect(create).not.toThrow('with space in it')
  })

  it('say when the token travels in clear to another machine', () => {
    const clear = (url: string): boolean => createClient({ url, token: 'ppt_test-token' }).stats().cleartext
    expect(clear('http://10.0.0.5:8700')).toBe(true)
    expect(clear('http://127.0.0.1:8700')).toBe(false)
    expect(clear('https://parapet.example/base/')).toBe(false)
  })
})
