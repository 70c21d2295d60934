import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Decision, HOUR, MINUTE } from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Answer, createTestApp, type Json, type TestApp } from '../../app/fixtures/test-app.js'
import { configSchema } from '../../config/index.js'
import { createOutbound } from '../../http/outbound/index.js'
import { createHeldDecisions } from '../../modules/authorize/index.js'
import { createFeeds, type Feeds } from '../../modules/feeds/index.js'

const OPERATOR = { kind: 'operator', id: 'ann', name: 'Ann' } as const
const KEY = Buffer.from('a secret of twenty-four bytes or so')
const SECRET = `whsec_${KEY.toString('base64')}`

let t: TestApp
let token: string
let place: string
let receiver: Server
let url: string
let count = 0

/** What the receiver does with the next messages: a status each, then 200. */
let answers: number[] = []
type Message = { readonly id: string; readonly body: Json; readonly at: number; readonly text: string }
const got: Message[] = []
const refusedSignatures: string[] = []
/** The list as the receiver keeps it: what came once is not taken twice. */
let list: string[] | undefined
const seen = new Set<string>()

const take = (message: Message): void => {
  if (seen.has(message.id)) return
  seen.add(message.id)
  const { body } = message
  if (body.type === 'feed.snapshot') list = body.ranges
  else list = [...(list ?? []).filter((range) => !body.removed.includes(range)), ...body.added]
}

const decide = async (fields: Partial<NewDecision> = {}, many = 1): Promise<readonly Decision[]> => {
  const now = t.now()
  return t.services.decisions.create(
    Array.from({ length: many }, () => ({
      id: `d-${++count}`,
      target: { kind: 'ip', value: `203.0.113.${count % 250}` },
      action: 'deny',
      scope: 'all',
      mode: 'enforce',
      reason: 'x',
      author: OPERATOR,
      batch: `b-${count}`,
      startsAt: now,
      expiresAt: now + HOUR,
      ...fields,
    })),
  )
}
const ip = (value: string): Partial<NewDecision> => ({ target: { kind: 'ip', value } })
const cidr = (value: string): Partial<NewDecision> => ({ target: { kind: 'cidr', value } })
const fetchList = (query = '', headers: Record<string, string> = {}, name = 'edge'): Promise<Answer> =>
  t.call('GET', `/v1/feeds/${name}${query}`, { token, headers })
const ranges = (answer: Answer): string[] => answer.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
const until = (check: () => unknown): Promise<unknown> =>
  vi.waitFor(
    async () => {
      // lists are made anew once a second at most
      t.advance(1_000)
      await check()
    },
    { timeout: 8_000, interval: 30 },
  )
const holds = (...wanted: string[]): Promise<unknown> => until(async () => expect(ranges(await fetchList())).toEqual(wanted))
const receives = (...wanted: string[]): Promise<unknown> => until(() => expect(list).toEqual(wanted))

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const [id, at] = [String(request.headers['webhook-id']), String(request.headers['webhook-timestamp'])]
      const expected = `v1,${createHmac('sha256', KEY).update(`${id}.${at}.${text}`).digest('base64')}`
      if (request.headers['webhook-signature'] !== expected) refusedSignatures.push(id)
      const message = { id, at: Number(at), text, body: JSON.parse(text) }
      got.push(message)
      const status = answers.shift() ?? 200
      if (status === 200) take(message)
      // 0: taken, and the answer is lost on its way
      if (status === 0) {
        take(message)
        request.socket.destroy()
      } else response.writeHead(status).end()
    })
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/parapet`
  place = mkdtempSync(join(tmpdir(), 'parapet-feeds-'))
  const secret = join(place, 'secret')
  writeFileSync(secret, `${SECRET}\n`, { mode: 0o600 })
  t = await createTestApp({
    allowList: ['198.51.100.7'],
    notifications: { allowPrivate: ['127.0.0.0/8'] },
    feeds: [
      { name: 'edge', webhooks: [{ url, secret: `file:${secret}` }] },
      { name: 'few', most: 2 },
    ],
  })
  token = (await t.makeToken(['feeds.read'])).token
}, 60_000)
afterAll(async () => {
  await t?.close()
  receiver?.close()
  rmSync(place, { recursive: true, force: true })
})
beforeEach(async () => {
  answers = []
  const { decisions } = await t.services.decisions.active(t.now())
  await t.services.decisions.lift(
    decisions.map(({ id }) => id),
    OPERATOR,
    'next test',
    t.now(),
  )
  await holds()
  await receives()
  got.length = 0
})

describe('a list', () => {
  it('has a name that is safe in every program that gets it, once', () => {
    const names = (...given: string[]): boolean => configSchema.shape.feeds.safeParse(given.map((name) => ({ name }))).success
    for (const name of ['edge', 'a', 'my-list_2', 'a'.repeat(24)]) expect(names(name)).toBe(true)
    for (const name of ['', 'Edge', '1a', 'a b', 'a;b', 'a\n', '$a', 'a'.repeat(25), '../a'])
      expect([name, names(name)]).toEqual([name, false])
    expect(names('edge', 'edge')).toBe(false)
  })

  it('holds the fewest ranges that deny the same addresses, and nothing that a list cannot say', async () => {
    await decide(ip('203.0.113.4'))
    await decide(ip('203.0.113.5'))
    await decide(cidr('203.0.113.6/31'))
    await decide(ip('2001:db8::1'))
    await decide(cidr('2001:db8:0:1::/64'))
    await decide({ ...ip('203.0.113.99'), mode: 'observe' })
    await decide({ ...ip('203.0.113.98'), scope: 'login' })
    await decide({ ...ip('203.0.113.97'), action: 'throttle' })
    await decide({ ...ip('203.0.113.96'), enforcers: ['guard', 'nginx'] })
    await decide({ target: { kind: 'user', value: 'ann' } })
    await decide({ target: { kind: 'all', value: '*' }, action: 'lockdown', lockdown: { mode: 'all', allow: [] } })
    await holds('203.0.113.4/30', '2001:db8::/63')
  })

  it('never holds an allowed address, nor a range around it, nor anything but addresses', async () => {
    await decide(ip('198.51.100.7'))
    await decide(cidr('198.51.100.0/24'))
    await decide(cidr('10.0.0.0/7'))
    for (const value of ['203.0.113.1 ; drop', '0.0.0.0/0', '# x', '']) await decide(cidr(value))
    await decide(ip('203.0.113.8'))
    await holds('203.0.113.8')
    const report = t.services.feeds.reports().find(({ instance }) => instance === 'list edge')
    expect(report).toMatchObject({ kind: 'feed', wanted: 1, held: null })
    expect(report?.refused.map(({ reason }) => reason)).toEqual(expect.arrayContaining([expect.stringContaining('on the allow-list')]))
  })

  it('ends with its decisions, also while nothing else happens', async () => {
    await decide({ ...ip('203.0.113.9'), expiresAt: t.now() + MINUTE })
    await holds('203.0.113.9')
    t.advance(MINUTE)
    expect(ranges(await fetchList())).toEqual([])
  })

  it('keeps to its bound: the newest decisions win, and the others are named', async () => {
    for (const value of ['203.0.113.10', '203.0.113.20', '203.0.113.30']) {
      await decide(ip(value))
      t.advance(10)
    }
    await until(async () => expect(ranges(await fetchList('', {}, 'few'))).toEqual(['203.0.113.20', '203.0.113.30']))
    const report = t.services.feeds.reports().find(({ instance }) => instance === 'list few')
    expect(report?.refused[0]?.reason).toMatch(/holds 2 ranges at most/)
  })

  it('says that nothing has changed, and gives the same bytes as long as nothing has', async () => {
    await decide(ip('203.0.113.11'))
    await holds('203.0.113.11')
    const first = await fetchList()
    const etag = String(first.headers['etag'])
    expect(first.text).toMatch(/^# generated by Parapet: list edge, revision \d+, 1 ranges\n# generated at 20/)
    for (const value of [etag, `"x", ${etag}`, `W/${etag}`]) {
      const again = await fetchList('', { 'if-none-match': value })
      expect([again.status, again.text]).toEqual([304, ''])
    }
    await decide({ ...ip('203.0.113.11'), action: 'throttle' })
    t.advance(5_000)
    expect((await fetchList('', { 'if-none-match': etag })).status).toBe(304)
    await decide(ip('203.0.113.12'))
    await until(async () => expect((await fetchList('', { 'if-none-match': etag })).status).toBe(200))
    expect((await fetchList('?format=json', { 'if-none-match': etag })).status).toBe(200)
  })

  it('comes in the formats of other programs', async () => {
    await decide(ip('203.0.113.13'))
    await decide(ip('2001:db8:7::1'))
    await holds('203.0.113.13', '2001:db8:7::/64')
    const json = await fetchList('?format=json')
    expect(json.body).toMatchObject({ name: 'edge', entries: 2, ranges: ['203.0.113.13', '2001:db8:7::/64'], revision: expect.any(Number) })
    expect((await fetchList('?format=nginx')).text).toContain(
      'geo $parapet_list_edge {\n\tdefault 0;\n\t203.0.113.13 1;\n\t2001:db8:7::/64 1;\n}',
    )
    expect((await fetchList('?format=ipset')).text).toContain('add edge-6-new 2001:db8:7::/64\n')
    expect((await fetchList('?format=nft')).text).toContain('elements = { 203.0.113.13 }')
    expect((await fetchList('?format=xml')).status).toBe(422)
  })

  it('is for tokens with the scope of feeds, which opens nothing else', async () => {
    const other = await t.makeToken(['decisions.read'])
    expect((await t.call('GET', '/v1/feeds/edge', { token: other.token })).status).toBe(403)
    expect((await t.call('GET', '/v1/feeds/edge')).status).toBe(401)
    expect((await t.call('GET', '/v1/decisions', { token })).status).toBe(403)
    expect((await fetchList('', {}, 'other')).status).toBe(404)
  })

  it('is an error, never an empty list, while decisions are not known', async () => {
    const held = createHeldDecisions({ decisions: t.services.decisions, clock: t.now, log: { warn: () => undefined } as never })
    const feeds = createFeeds({ ...own(), config: { feeds: [{ name: 'edge', most: 10, webhooks: [] }] }, held })
    expect(feeds.lists.read('edge')).toBe('not_ready')
    const spy = vi.spyOn(t.services.feeds.lists, 'read').mockReturnValue('not_ready')
    expect((await fetchList()).status).toBe(503)
    spy.mockRestore()
  })
})

const own = () => ({
  protectedTargets: t.services.protectedTargets,
  outbound: createOutbound({ allowPrivate: ['127.0.0.0/8'] }),
  pool: t.database.pool,
  instance: 'test',
  owner: `test-${++count}`,
  version: '0',
  env: { SECRET } as Record<string, string | undefined>,
  random: () => 0.5,
  clock: t.now,
  log: { warn: () => undefined } as never,
})

describe('a receiver', () => {
  it('gets changes as they come, signed, in order, and holds what the list holds', async () => {
    const [made] = await decide(ip('203.0.113.40'))
    await receives('203.0.113.40')
    await decide(ip('2001:db8:8::1'))
    await receives('203.0.113.40', '2001:db8:8::/64')
    await t.services.decisions.lift([made?.id ?? ''], OPERATOR, 'x', t.now())
    await receives('2001:db8:8::/64')
    expect(refusedSignatures).toEqual([])
    const sequences = got.map(({ body }) => body.sequence)
    expect(sequences).toEqual(sequences.map((_, i) => sequences[0] + i))
    expect(got.at(-1)?.body).toMatchObject({ type: 'feed.changed', feed: 'edge', removed: ['203.0.113.40'], added: [], entries: 1 })
    expect(got.at(-1)?.body.digest).toBe(createHash('sha256').update('2001:db8:8::/64').digest('hex'))
  })

  it('that fails gets the same message again, with the same id, until it takes it, and nothing overtakes it', async () => {
    answers = [500, 503, 301]
    await decide(ip('203.0.113.41'))
    await until(() => expect(got.length).toBeGreaterThanOrEqual(1))
    await decide(ip('203.0.113.51'))
    await until(() => expect(got.length).toBeGreaterThanOrEqual(2))
    const pushed = t.services.feeds.reports().find(({ instance }) => instance.startsWith('edge to'))
    expect(pushed?.trouble).toMatch(/the receiver answered 50/)
    await receives('203.0.113.41', '203.0.113.51')
    const [first, ...rest] = got
    expect(rest.slice(0, 3).map(({ id, text }) => [id, text])).toEqual(Array.from({ length: 3 }, () => [first?.id, first?.text]))
    await until(() =>
      expect(t.services.feeds.reports().find(({ instance }) => instance.startsWith('edge to'))).toMatchObject({
        wanted: 2,
        held: 2,
        trouble: null,
      }),
    )
  })

  it('that took a message whose answer was lost takes it once: the id is the same', async () => {
    answers = [0]
    await decide(ip('203.0.113.42'))
    await until(() => expect(got.length).toBeGreaterThanOrEqual(2))
    expect(got[1]?.id).toBe(got[0]?.id)
    await decide(ip('203.0.113.52'))
    await receives('203.0.113.42', '203.0.113.52')
  })

  it('that is out of step says 409 and gets everything', async () => {
    await decide(ip('203.0.113.43'))
    await receives('203.0.113.43')
    list = ['192.0.2.1']
    answers = [409]
    await decide(ip('203.0.113.53'))
    await receives('203.0.113.43', '203.0.113.53')
    expect(got.at(-1)?.body.type).toBe('feed.snapshot')
  })

  it('is told everything when somebody asks for it', async () => {
    await decide(ip('203.0.113.44'))
    await receives('203.0.113.44')
    list = []
    const asked = await t.call('POST', '/v1/feeds/edge/snapshot', { token })
    expect([asked.status, asked.body]).toEqual([202, { receivers: 1 }])
    await receives('203.0.113.44')
    expect((await t.call('POST', '/v1/feeds/none/snapshot', { token })).status).toBe(404)
  })
})

describe('a server that is killed', () => {
  const makeServer = async (path: string): Promise<{ feeds: Feeds; stop: () => void }> => {
    const held = createHeldDecisions({ decisions: t.services.decisions, clock: t.now, log: { warn: () => undefined } as never })
    await held.start()
    const feeds = createFeeds({
      ...own(),
      config: { feeds: [{ name: 'other', most: 100, webhooks: [{ url: `${url}/${path}`, secret: 'env:SECRET' }] }] },
      held,
    })
    return { feeds, stop: () => held.stop() }
  }

  it('between writing a message down and its answer leaves it to the next one, with the same id: nothing is lost or told twice', async () => {
    await decide(ip('203.0.113.45'))
    const ids: string[] = []
    // it dies with its first message on the way: no answer ever comes back to it
    const dying = createHeldDecisions({ decisions: t.services.decisions, clock: t.now, log: { warn: () => undefined } as never })
    await dying.start()
    const config = { feeds: [{ name: 'other', most: 100, webhooks: [{ url: `${url}/killed`, secret: 'env:SECRET' }] }] }
    const first = createFeeds({
      ...own(),
      config,
      held: dying,
      outbound: {
        send: async (request) => {
          ids.push(request.headers?.['webhook-id'] ?? '')
          return new Promise(() => undefined)
        },
      },
    })
    first.start()
    await vi.waitFor(() => expect(ids).toHaveLength(1))
    got.length = 0
    const { feeds, stop } = await makeServer('killed')
    feeds.start()
    await new Promise((resolve) => setTimeout(resolve, 300))
    // it may still be at work: its lease holds
    expect(got.filter(({ body }) => body.feed === 'other')).toEqual([])
    t.advance(31_000)
    await vi.waitFor(() => expect(got.filter(({ body }) => body.feed === 'other').map(({ id }) => id)).toEqual(ids), { timeout: 4_000 })
    await feeds.stop()
    stop()
    dying.stop()
  })

  it('does not start with a secret that is none, and does not show what it found', () => {
    for (const env of [{ SECRET: 'hunter2-hunter2' }, { SECRET: 'whsec_x' }, {}] as Record<string, string | undefined>[]) {
      let said = ''
      try {
        createFeeds({
          ...own(),
          env,
          config: { feeds: [{ name: 'other', most: 1, webhooks: [{ url, secret: 'env:SECRET' }] }] },
          held: {} as never,
        })
      } catch (error) {
        said = (error as Error).message
      }
      expect(said).toMatch(/env:SECRET holds no secret/)
      expect(said).not.toContain('hunter2')
    }
  })

  it('sends nothing to private addresses that nobody allowed', async () => {
    const held = createHeldDecisions({ decisions: t.services.decisions, clock: t.now, log: { warn: () => undefined } as never })
    await held.start()
    await decide(ip('203.0.113.46'))
    got.length = 0
    const feeds = createFeeds({
      ...own(),
      outbound: createOutbound({ allowPrivate: [] }),
      config: { feeds: [{ name: 'inner', most: 10, webhooks: [{ url: url.replace('http:', 'https:'), secret: 'env:SECRET' }] }] },
      held,
    })
    feeds.start()
    await vi.waitFor(() => expect(feeds.reports()[0]?.trouble).toMatch(/./), { timeout: 4_000 })
    expect(got.filter(({ body }) => body.feed === 'inner')).toEqual([])
    await feeds.stop()
    held.stop()
  })
})
