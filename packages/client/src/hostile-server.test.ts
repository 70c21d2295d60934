import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDecisionSet, type Decision, type DecisionSet, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, type ClientOptions, createClient } from './client.js'
import { deliver, type Delivery } from './deliver.js'
import { readEndpoint } from './endpoint.js'

/** What is not the control plane, or is broken, must not get a token, nor break the application, nor open what was closed. */
const TOKEN = 'ppt_a-token-that-nobody-else-may-see'
const servers: Server[] = []
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
const serve = async (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => handler(request, response))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const connect = (url: string, over: Partial<ClientOptions> = {}): Client => {
  const client = createClient({ url, token: TOKEN, chance: () => 0, closeMs: 200, ...over })
  clients.push(client)
  return client
}
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 400 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(what()).toBe(true)
}
const event: SecurityEvent = { '@timestamp': 1, 'event.category': 'web' }
const held: Decision = {
  id: 'held', revision: 3, target: { kind: 'ip', value: '203.0.113.7' }, action: 'deny', scope: 'all', mode: 'enforce', reason: 'x',
  author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
} // prettier-ignore
const holding = (): DecisionSet => {
  const set = createDecisionSet()
  set.apply(held)
  return set
}

describe('a token', () => {
  it('goes to no other place: neither events nor the stream of decisions follow a redirect', async () => {
    const elsewhere: (string | undefined)[] = []
    const other = await serve((request, response) => {
      elsewhere.push(request.headers.authorization)
      response.end('{}')
    })
    for (const status of [301, 302, 303, 307, 308]) {
      let asked = 0
      const url = await serve((request, response) => {
        asked++
        response.writeHead(status, { location: `${other}${request.url}` }).end()
      })
      const client = connect(url)
      client.followDecisions(holding())
      client.send(event)
      await client.flush()
      await until(() => asked >= 2)
      await client.close()
    }
    expect(elsewhere).toEqual([])
  })

  it('is in no problem, no state and no count that is shown', async () => {
    const url = await serve((request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ code: request.headers.authorization }))
    })
    const shown: unknown[] = []
    const client = connect(url, { onProblem: (problem) => shown.push(problem) })
    client.followDecisions(holding(), { state: (state) => shown.push(state) })
    client.send(event)
    await client.flush()
    await until(() => shown.length >= 2)
    const said = JSON.stringify([shown, client.stats()])
    expect(said).toContain('HTTP 401')
    expect(said).not.toContain(TOKEN)
  })
})

describe('an answer to a batch', () => {
  const endpoint = readEndpoint('http://localhost:1', TOKEN)
  const items = [1, 2, 3].map((n) => ({ id: `e${n}`, json: `{"n":${n}}`, urgent: false }))
  const answered = (status: number, body: string, headers: Record<string, string> = {}): Promise<Delivery> =>
    deliver(items, {
      endpoint,
      clock: () => 1_800_000_000_000,
      abort: new AbortController(),
      fetch: async () => new Response(status === 204 ? null : body, { status, headers }),
    })

  it('of any shape gives counts that are numbers, and blames only events that were sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 3 }), fc.constantFrom(200, 202, 204), async (body, status) => {
        const delivery = await answered(status, body)
        expect(delivery.kind).toBe('taken')
        const { accepted, duplicates, rejected } = delivery as Extract<Delivery, { kind: 'taken' }>
        expect(Number.isFinite(accepted) && Number.isFinite(duplicates)).toBe(true)
        for (const { id } of rejected) expect(items.map((item) => item.id)).toContain(id)
      }),
      { numRuns: 200 },
    )
    const odd = {
      rejected: [{ index: -1 }, { index: 3 }, { index: '0' }, { index: 1, code: 'c'.repeat(9_000), detail: {} }, { index: 0.5 }],
    }
    const delivery = await answered(202, JSON.stringify(odd))
    expect(delivery).toMatchObject({ kind: 'taken', rejected: [{ id: 'e2', code: 'c'.repeat(64) }] })
  })

  it('decides by its status alone: again, refused or unfit, with a short reason', async () => {
    const kinds = new Map<number, string>()
    for (const status of [400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 502, 503, 504]) {
      const delivery = await answered(status, JSON.stringify({ code: 'X'.repeat(5_000) }))
      kinds.set(status, delivery.kind)
      expect('reason' in delivery ? delivery.reason.length : 0).toBeLessThan(100)
    }
    expect(Object.fromEntries(kinds)).toEqual({
      400: 'unfit', 401: 'refused', 403: 'refused', 404: 'again', 408: 'again', 413: 'unfit', 415: 'unfit', 422: 'unfit',
      429: 'again', 500: 'again', 502: 'again', 503: 'again', 504: 'again',
    }) // prettier-ignore
  })

  it('that never comes, or breaks off, is a reason to send again', async () => {
    const broken = await serve((_request, response) => {
      response.writeHead(202, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"accepted"')
      setTimeout(() => response.destroy(), 20)
    })
    const client = connect(broken)
    client.send(event)
    await client.flush()
    expect(client.stats().waiting + client.stats().sent).toBeLessThanOrEqual(1)
    const gone = connect('http://127.0.0.1:1')
    gone.send(event)
    await gone.flush()
    expect(gone.stats()).toMatchObject({ waiting: 1, state: 'away', sent: 0 })
  })
})

describe('a stream of decisions', () => {
  it('that is no stream leaves what is held in force', async () => {
    for (const [type, body] of [
      ['text/html', '<html>welcome to the hotel network</html>'],
      ['application/json', '{"decisions":[]}'],
      ['text/event-stream', 'event: snapshot\nid: 9\ndata: {"decisions":"none"}\n\n'],
      ['text/event-stream', 'event: snapshot\nid: 9\ndata: []\n\n'],
      ['text/event-stream', 'event: snapshot\nid: 9\ndata: {"revision":9,"decisions":[{"id":"x"}]}\n\n'],
      ['text/event-stream', 'event: snapshot\nid: 9\ndata: {"revision":9,"decisions":[],"more":true}\n\n'],
    ] as const) {
      let asked = 0
      const url = await serve((_request, response) => {
        asked++
        response.writeHead(200, { 'content-type': type }).end(body)
      })
      const set = holding()
      const changes: unknown[] = []
      const follower = connect(url).followDecisions(set, { change: (decision) => changes.push(decision) })
      await until(() => asked >= 2)
      follower.stop()
      expect([body, set.all()]).toEqual([body, [held]])
      expect(changes).toEqual([])
    }
  })

  it('of junk never opens what is closed', async () => {
    let body = ''
    let asked = 0
    const url = await serve((_request, response) => {
      asked++
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(body)
    })
    const lines = fc.constantFrom(
      'event: decision',
      'event: snapshot',
      'event: other',
      'id: 9',
      'data: null',
      'data: {',
      'data: {}',
      'data: 1',
      '',
      ':x',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(lines, fc.string({ maxLength: 30 })), { maxLength: 20 }), async (junk) => {
        body = `${junk.join('\n')}\n\n`
        const before = asked
        const set = holding()
        const follower = connect(url).followDecisions(set)
        await until(() => asked > before)
        await new Promise((resolve) => setTimeout(resolve, 15))
        follower.stop()
        expect(set.all()).toEqual([held])
      }),
      { numRuns: 25 },
    )
  })

  it('that only says an id moves no cursor: what was not taken in is asked for again', async () => {
    const cursors: unknown[] = []
    const url = await serve((request, response) => {
      cursors.push(request.headers['last-event-id'])
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('id: 77\n\nevent: other\nid: 78\ndata: {}\n\nevent: decision\nid: 79\ndata: {"id":1}\n\n')
    })
    connect(url).followDecisions(holding())
    await until(() => cursors.length >= 2)
    expect(cursors.slice(0, 2)).toEqual([undefined, undefined])
  })
})
