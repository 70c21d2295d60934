import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDecisionSet, type Decision, type EnforcerReport } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { type Client, createClient } from './client.js'

const open: { client: Client; server: Server }[] = []
afterEach(async () => {
  for (const { client, server } of open.splice(0)) {
    await client.close()
    server.closeAllConnections()
    server.close()
  }
})

type Seen = { readonly reports: EnforcerReport[]; readonly token: string | undefined }

/** A control plane that takes reports; `answer` says with what status, or that it hangs. */
const setup = async (answer: () => number | 'hang' = () => 204): Promise<{ client: Client; seen: Seen[] }> => {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/v1/enforcers/reports')
        seen.push({
          ...(JSON.parse(Buffer.concat(chunks).toString()) as { reports: EnforcerReport[] }),
          token: request.headers.authorization,
        })
      const status = answer()
      if (status !== 'hang') response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const client = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'ppt_test-token', closeMs: 100 })
  open.push({ client, server })
  return { client, seen }
}
const report = (instance: string): EnforcerReport => ({
  kind: 'guard',
  instance,
  version: '1',
  mode: 'enforce',
  now: 1,
  revision: 1,
  wanted: 0,
  held: 0,
  checkedAt: null,
  repairs: [],
  refused: [],
  cannot: [],
  latencyMs: null,
  trouble: null,
})
const until = async (what: () => boolean): Promise<void> => {
  await expect.poll(what, { timeout: 4_000 }).toBe(true)
}

describe('reports of enforcers', () => {
  it('are told at once, and when somebody says so, with what is held then', async () => {
    const { client, seen } = await setup()
    let held = 0
    const reporting = client.reportEnforcers(() => [report(`n${++held}`)])
    await until(() => seen.length === 1)
    reporting.now()
    await until(() => seen.length === 2)
    expect(seen.map(({ reports, token }) => [reports[0]?.instance, token])).toEqual([
      ['n1', 'Bearer ppt_test-token'],
      ['n2', 'Bearer ppt_test-token'],
    ])
  })

  it('are told one after the other: many wishes at once are one more report', async () => {
    const { client, seen } = await setup()
    const reporting = client.reportEnforcers(async () => [report('x')])
    for (let i = 0; i < 50; i++) reporting.now()
    await until(() => seen.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(seen).toHaveLength(2)
  })

  it('that fail, by the server or by who reads them, end nothing', async () => {
    let status = 500
    let broken = false
    const { client, seen } = await setup(() => status)
    const reporting = client.reportEnforcers(() => {
      if (broken) throw new Error('nft is gone')
      return [report('x')]
    })
    await until(() => seen.length === 1)
    broken = true
    reporting.now()
    await new Promise((resolve) => setTimeout(resolve, 50))
    broken = false
    status = 204
    reporting.now()
    await until(() => seen.length === 2)
  })

  it('do not follow a redirect with the token, nor wait for ever at a server that hangs when they are stopped', async () => {
    const { client, seen } = await setup(() => 302)
    client.reportEnforcers(() => [report('x')]).stop()
    const hanging = await setup(() => 'hang')
    const reporting = hanging.client.reportEnforcers(() => [report('x')])
    await until(() => hanging.seen.length === 1)
    reporting.stop()
    reporting.now()
    await hanging.client.close()
    expect(hanging.seen).toHaveLength(1)
    expect(seen.length).toBeLessThanOrEqual(1)
  })

  it('of nothing are not sent', async () => {
    const { client, seen } = await setup()
    client.reportEnforcers(() => []).now()
    await new Promise((resolve) => setTimeout(resolve, 80))
    expect(seen).toEqual([])
  })
})

describe('a stream of decisions', () => {
  const decision = (extra: Partial<Decision>): Decision => ({
    id: 'd',
    revision: 1,
    target: { kind: 'all', value: '*' },
    action: 'lockdown',
    scope: 'all',
    mode: 'enforce',
    reason: 'drill',
    author: { kind: 'operator', id: 'o' },
    batch: 'b',
    startsAt: 0,
    expiresAt: 4_000_000_000_000,
    ...extra,
  })
  const follow = async (decisions: readonly unknown[]): Promise<readonly Decision[]> => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: snapshot\nid: 1\ndata: ${JSON.stringify({ revision: 1, decisions })}\n\n`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = createClient({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      token: 'ppt_test-token',
      chance: () => 0,
    })
    open.push({ client, server })
    const set = createDecisionSet()
    await new Promise<void>((resolve) => {
      client.followDecisions(set, { change: () => resolve(), state: ({ kind }) => kind === 'away' && resolve() })
    })
    return set.all()
  }

  it('hands on for whom a decision is meant and what a lockdown lets in', async () => {
    const lockdown = { mode: 'known_users', allow: ['192.0.2.0/24'] } as const
    expect(await follow([decision({ lockdown, enforcers: ['guard'] })])).toMatchObject([{ lockdown, enforcers: ['guard'] }])
  })

  it('is none when a lockdown does not say whom it lets in: it would shut out those who run it', async () => {
    const odd = [
      {},
      { lockdown: { mode: 'known_users' } },
      { lockdown: { mode: 'nobody', allow: [] } },
      { lockdown: { mode: 'all', allow: [7] } },
    ]
    for (const extra of odd) expect(await follow([decision(extra as Partial<Decision>)])).toEqual([])
    expect(await follow([decision({ action: 'deny', lockdown: { mode: 'all', allow: [] } })])).toEqual([])
    expect(await follow([decision({ action: 'deny', enforcers: 'guard' as never })])).toEqual([])
  })
})
