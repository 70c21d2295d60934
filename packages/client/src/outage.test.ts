import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { createDecisionSet, type Decision, type SecurityEvent } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, createClient } from './client.js'

/** A control plane that keeps what it acknowledged, and can be killed and started again on its port. */
type Plane = {
  readonly port: () => number
  readonly start: () => Promise<void>
  readonly kill: () => void
  readonly stored: Map<string, number>
  readonly requests: () => number
  /** what happens to the n-th batch */
  fate: (n: number) => 'take' | 'lose-answer' | 'refuse' | 'hang-up'
}
const planes: Plane[] = []
const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
  for (const plane of planes.splice(0)) plane.kill()
})

const createPlane = (decisions: () => readonly Decision[] = () => []): Plane => {
  const stored = new Map<string, number>()
  let server: Server | undefined
  let port = 0
  let requests = 0
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === '/v1/decisions/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(
        `event: snapshot\nid: ${decisions().length}\ndata: ${JSON.stringify({ revision: decisions().length, decisions: decisions() })}\n\n`,
      )
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const events = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
        .toString()
        .split('\n')
        .map((line) => JSON.parse(line) as SecurityEvent)
      const fate = plane.fate(requests++)
      if (fate === 'hang-up') {
        request.socket.destroy()
        return
      }
      if (fate === 'refuse') {
        response.writeHead(503).end()
        return
      }
      let duplicates = 0
      for (const event of events) {
        const id = String(event['event.id'])
        const times = stored.get(id) ?? 0
        if (times > 0) duplicates++
        stored.set(id, times + 1)
      }
      if (fate === 'lose-answer') request.socket.destroy()
      else response.writeHead(202).end(JSON.stringify({ accepted: events.length - duplicates, duplicates, rejected: [] }))
    })
  }
  const plane: Plane = {
    stored,
    requests: () => requests,
    port: () => port,
    fate: () => 'take',
    start: async () => {
      const next = createServer(handle)
      server = next
      await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve))
      port = (next.address() as AddressInfo).port
    },
    kill: () => {
      server?.closeAllConnections()
      server?.close()
    },
  }
  planes.push(plane)
  return plane
}
const clientOf = (plane: Plane): Client => {
  const client = createClient({ url: `http://127.0.0.1:${plane.port()}`, token: 'ppt_test-token', chance: () => 0, closeMs: 500 })
  clients.push(client)
  return client
}
const until = async (what: () => boolean): Promise<void> => {
  for (let i = 0; i < 1_000 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(what()).toBe(true)
}

describe('an unreliable control plane', () => {
  it('loses no event and counts none twice, whatever happens to the batches', async () => {
    const plane = createPlane()
    await plane.start()
    const fates = ['refuse', 'lose-answer', 'take', 'hang-up', 'lose-answer', 'refuse'] as const
    plane.fate = (n) => fates[n] ?? 'take'
    const client = clientOf(plane)
    for (let i = 0; i < 1_200; i++)
      client.send({ '@timestamp': i, 'event.category': i % 10 === 0 ? 'authentication' : 'web', 'event.id': `id-${i}` })
    for (let round = 0; round < 12; round++) await client.flush()
    expect(plane.stored.size).toBe(1_200)
    const { sent, duplicates, rejected, dropped, waiting } = client.stats()
    expect({ rejected, dropped, waiting }).toEqual({ rejected: 0, dropped: 0, waiting: 0 })
    // what was stored before the answer got lost came back as a duplicate
    expect(sent + duplicates).toBe(1_200)
    expect(duplicates).toBeGreaterThan(0)
  })

  it('that is killed and started again gets everything that happened in between', async () => {
    const plane = createPlane()
    await plane.start()
    const client = clientOf(plane)
    client.send({ '@timestamp': 1, 'event.id': 'before' })
    await client.flush()
    plane.kill()
    for (let i = 0; i < 300; i++) client.send({ '@timestamp': i, 'event.id': `during-${i}` })
    await client.flush()
    expect(client.stats()).toMatchObject({ state: 'away', waiting: 300 })
    expect(client.stats().lastError).toContain('ECONNREFUSED')
    await plane.start()
    await until(() => plane.stored.size === 301)
    await until(() => client.stats().state === 'ok')
    expect(client.stats()).toMatchObject({ sent: 301, dropped: 0, waiting: 0, lastError: undefined })
  })

  it('is not asked more often the more there is to send', async () => {
    const plane = createPlane()
    await plane.start()
    plane.fate = () => 'refuse'
    const client = clientOf(plane)
    for (let i = 0; i < 5_000; i++) client.send({ '@timestamp': i, 'event.category': 'web' })
    await new Promise((resolve) => setTimeout(resolve, 700))
    // at once, after 125 ms, 250 ms, 500 ms
    expect(plane.requests()).toBeLessThanOrEqual(5)
  })

  it('gives the decisions back when it is back', async () => {
    const decision = (id: string): Decision => ({
      id,
      revision: 1,
      target: { kind: 'ip', value: '203.0.113.7' },
      action: 'deny',
      scope: 'login',
      mode: 'enforce',
      reason: 'test',
      author: { kind: 'policy', id: 'p' },
      batch: 'b',
      startsAt: 0,
      expiresAt: 9e15,
    })
    let decisions = [decision('first')]
    const plane = createPlane(() => decisions)
    await plane.start()
    const set = createDecisionSet()
    const states: string[] = []
    clientOf(plane).followDecisions(set, { state: ({ kind }) => states.push(kind) })
    await until(() => set.size === 1)
    plane.kill()
    await until(() => states.at(-1) === 'away')
    expect(set.match({ address: '203.0.113.7' }, 1)).toHaveLength(1)
    decisions = [decision('second'), decision('third')]
    await plane.start()
    await until(() => set.size === 2)
    expect(set.all().map(({ id }) => id)).toEqual(['second', 'third'])
    expect(states).toEqual(['live', 'away', 'live'])
  })
})

describe('a program that ends', () => {
  it('sends its last event on closing, and may close twice', async () => {
    const plane = createPlane()
    await plane.start()
    const client = clientOf(plane)
    client.send({ '@timestamp': 1, 'event.id': 'last' })
    await client.close()
    expect(plane.stored.get('last')).toBe(1)
    await client.close()
    await client.flush()
    expect(client.stats()).toMatchObject({ sent: 1, dropped: 0 })
  })
})
