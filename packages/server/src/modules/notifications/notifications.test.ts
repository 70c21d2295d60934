import { DAY, HOUR, MINUTE, SECOND } from '@parapet/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { dumpTables } from '../../db/fixtures/dump.js'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { makeCertificate, type Receiver, startReceiver } from '../../http/outbound/fixtures/receiver.js'
import { type MailServer, startMailServer } from './fixtures/mail-server.js'
import { allOf, createScene, routeOf, type Scene, writeAlerts } from './fixtures/scene.js'
import type { NewNotification } from './types.js'

const own = makeCertificate('localhost')
const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
let database: TestDatabase
let receiver: Receiver
let other: Receiver
let mail: MailServer
let scene: Scene
let hook: string
let second: string
const scenes: Scene[] = []

beforeAll(async () => {
  receiver = await startReceiver()
  other = await startReceiver()
  mail = await startMailServer(own)
}, 60_000)
afterAll(async () => {
  await receiver.close()
  await other.close()
  await mail.close()
})
beforeEach(async () => {
  database = await createTestDatabase({ poolSize: 16 })
  receiver.answer({})
  receiver.received.length = 0
  other.answer({})
  other.received.length = 0
  mail.mails.length = 0
  scene = await open()
  hook = await webhookTo(receiver, 'Hook')
  second = await webhookTo(other, 'Second')
}, 60_000)
afterEach(async () => {
  for (const each of scenes.splice(0)) await each.worker.stop()
  await database.close()
}, 60_000)

const open = async (options: Parameters<typeof createScene>[1] = {}): Promise<Scene> => {
  const smtp = { host: 'localhost', port: mail.port, from: 'parapet@example.org' }
  const made = await createScene(database, { smtp, ca: own.cert, ...options })
  await made.worker.start()
  scenes.push(made)
  return made
}
const webhookTo = async (to: Receiver, name: string): Promise<string> =>
  (
    await scene.notifications.channels.create({
      kind: 'webhook',
      name,
      enabled: true,
      settings: { url: `${to.url}/hook` },
      secrets: { secret: SECRET },
    })
  ).id
const news = (change: Partial<NewNotification> = {}): NewNotification => ({
  kind: 'alert',
  level: 'high',
  title: 'Something',
  text: 'It happened.',
  ...change,
})
const titles = (from: Receiver = receiver): string[] => from.received.map(({ body }) => JSON.parse(body).data.title)
const stateOf = async (id: string) => (await allOf(scene)).find((each) => each.id === id)
const eventually = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 25 })
const settled = (id: string, state: string): Promise<void> => eventually(async () => expect((await stateOf(id))?.state).toBe(state))
/** long enough for a worker that is woken to have looked */
const aMoment = (): Promise<void> => new Promise((done) => setTimeout(done, 300))

describe('a notification', () => {
  it('is told when the transaction of its caller commits, and never when it does not', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    await expect(
      transaction(database.pool, async (client) => {
        await scene.notifications.enqueueIn(client, news({ title: 'never' }))
        throw new Error('the caller failed')
      }),
    ).rejects.toThrow('the caller failed')
    const id = await transaction(database.pool, (client) => scene.notifications.enqueueIn(client, news({ title: 'told' })))
    await settled(id, 'sent')
    expect(titles()).toEqual(['told'])
    expect(await stateOf(id)).toMatchObject({ count: 1, receipts: [{ channel: { id: hook, name: 'Hook' }, state: 'sent', attempts: 1 }] })
  })

  it('is told once for its key, also when two say it at once, and both get its id', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    const ids = await Promise.all(Array.from({ length: 8 }, () => scene.notifications.enqueue(news({ key: 'lockdown:1:started' }))))
    expect(new Set(ids).size).toBe(1)
    await settled(ids[0] ?? '', 'sent')
    await aMoment()
    expect(titles()).toHaveLength(1)
  })

  it('without a route is shown as that, not forgotten', async () => {
    const id = await scene.notifications.enqueue(news())
    await settled(id, 'no_route')
    expect((await scene.notifications.list({ state: 'no_route', limit: 10 })).items).toHaveLength(1)
    expect((await scene.notifications.list({ state: 'sent', limit: 10 })).items).toHaveLength(0)
  })

  it('for administrators reaches every channel when no route takes it', async () => {
    const id = await scene.notifications.enqueue(news({ kind: 'breach', level: 'critical', audience: 'administrators' }))
    await settled(id, 'sent')
    await eventually(() => expect([receiver.received.length, other.received.length]).toEqual([1, 1]))
  })

  it('and its channels are sealed: no word, no secret, no address stands in the database', async () => {
    await scene.notifications.channels.create({
      kind: 'email',
      name: 'Mail',
      enabled: true,
      settings: { to: ['hidden@example.org'] },
      secrets: {},
    })
    await scene.notifications.enqueue(
      news({ title: 'very-secret-title', text: 'very-secret-text', group: 'very-secret-group', key: 'very-secret-key' }),
    )
    const dump = await dumpTables(database)
    for (const word of ['very-secret', SECRET.slice(6, 30), 'hidden@example.org', receiver.url]) expect(dump).not.toContain(word)
  })

  it('takes only paths of the console as its link', async () => {
    const hrefs = ['/incidents/1?x=2', '//evil.example', 'https://evil.example', '/\\evil.example', 'javascript:1', '/a b', '/\u202E']
    for (const href of hrefs) await scene.notifications.enqueue(news({ href }))
    expect((await allOf(scene)).map(({ href }) => href).filter((href) => href !== null)).toEqual(['/incidents/1?x=2'])
  })

  it('is listed in pages, newest first', async () => {
    for (let n = 0; n < 5; n++) await scene.notifications.enqueue(news({ title: `n${n}` }))
    const first = await scene.notifications.list({ limit: 3 })
    const rest = await scene.notifications.list({ limit: 3, cursor: first.next ?? '' })
    expect([...first.items, ...rest.items].map(({ title }) => title)).toEqual(['n4', 'n3', 'n2', 'n1', 'n0'])
    expect(rest.next).toBeNull()
    await expect(scene.notifications.list({ limit: 3, cursor: 'x' })).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('is forgotten after ninety days', async () => {
    await scene.notifications.enqueue(news())
    expect(await scene.notifications.sweep()).toBe(0)
    await scene.advance(90 * DAY + SECOND)
    expect(await scene.notifications.sweep()).toBe(1)
    expect(await allOf(scene)).toEqual([])
  })
})

describe('quiet hours', () => {
  it('hold everything but what is critical, and end', async () => {
    const minute = Math.floor((scene.now() % DAY) / MINUTE)
    const quiet = { from: (minute + 1_430) % 1_440, to: (minute + 60) % 1_440, zone: 'UTC', weekdays: [] }
    await scene.notifications.routes.replace([routeOf([hook], { quiet })])
    const id = await scene.notifications.enqueue(news({ title: 'waits' }))
    await settled(id, 'quiet')
    const critical = await scene.notifications.enqueue(news({ title: 'at once', level: 'critical' }))
    await settled(critical, 'sent')
    expect(titles()).toEqual(['at once'])
    await scene.advance(HOUR + MINUTE)
    await settled(id, 'sent')
    expect(titles()).toEqual(['at once', 'waits'])
  })
})

describe('like notifications', () => {
  it('are one at once and then one with a count, and the record holds each', async () => {
    await scene.notifications.routes.replace([routeOf([hook], { groupMinutes: 10 })])
    const first = await scene.notifications.enqueue(news({ group: 'g', title: 'a' }))
    await settled(first, 'sent')
    const ids: string[] = []
    for (let n = 0; n < 5; n++) ids.push(await scene.notifications.enqueue(news({ group: 'g', title: `b${n}` })))
    const different = await scene.notifications.enqueue(news({ group: 'other', title: 'c' }))
    await settled(different, 'sent')
    await eventually(async () => expect((await stateOf(ids[0] ?? ''))?.count).toBe(5))
    expect(titles()).toEqual(['a', 'c'])
    await scene.advance(10 * MINUTE + SECOND)
    await settled(ids[0] ?? '', 'sent')
    expect(titles()).toEqual(['a', 'c', 'b0'])
    expect(JSON.parse(receiver.received.at(-1)?.body ?? '').data.count).toBe(5)
    // one that went into the message of another is acknowledged with it
    expect((await scene.notifications.acknowledge(ids[3] ?? '', 'Ann')).id).toBe(ids[0])
  })

  it('that are critical are told at once as well, and come again with a count while they go on', async () => {
    await scene.notifications.routes.replace([routeOf([hook], { groupMinutes: 10 })])
    const first = await scene.notifications.enqueue(news({ level: 'critical', group: 'g' }))
    await settled(first, 'sent')
    const ids = [
      await scene.notifications.enqueue(news({ level: 'critical', group: 'g' })),
      await scene.notifications.enqueue(news({ level: 'critical', group: 'g' })),
    ]
    await eventually(async () => expect((await stateOf(ids[0] ?? ''))?.count).toBe(2))
    await scene.advance(10 * MINUTE + SECOND)
    await settled(ids[0] ?? '', 'sent')
    expect(receiver.received).toHaveLength(2)
  })

  it('are not lost in one that somebody acknowledged before it went out', async () => {
    await scene.notifications.routes.replace([routeOf([hook], { groupMinutes: 10 })])
    const first = await scene.notifications.enqueue(news({ group: 'g', title: 'a' }))
    await settled(first, 'sent')
    const held = await scene.notifications.enqueue(news({ group: 'g', title: 'b' }))
    await aMoment()
    await scene.notifications.acknowledge(held, 'Ann')
    const later = await scene.notifications.enqueue(news({ group: 'g', title: 'c' }))
    await aMoment()
    await scene.advance(10 * MINUTE + SECOND)
    await settled(later, 'sent')
    expect(titles()).toEqual(['a', 'c'])
    expect(await stateOf(held)).toMatchObject({ state: 'acknowledged', receipts: [] })
  })

  it('wait for nobody without grouping', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    for (let n = 0; n < 3; n++) await scene.notifications.enqueue(news())
    await eventually(() => expect(receiver.received).toHaveLength(3))
  })
})

describe('when nobody acknowledges', () => {
  const escalating = () => routeOf([hook], { escalate: [{ afterMinutes: 15, channels: [second] }, { afterMinutes: 30, channels: [hook, second] }] }) // prettier-ignore

  it('the next ones are told, step by step', async () => {
    await scene.notifications.routes.replace([escalating()])
    const id = await scene.notifications.enqueue(news({ title: 'x' }))
    await settled(id, 'sent')
    await scene.advance(15 * MINUTE + SECOND)
    await eventually(() => expect(titles(other)).toEqual(['x']))
    expect(JSON.parse(other.received[0]?.body ?? '').data.escalation).toBe(1)
    await scene.advance(15 * MINUTE)
    await eventually(() => expect([receiver.received.length, other.received.length]).toEqual([2, 2]))
    await eventually(async () => expect(await stateOf(id)).toMatchObject({ escalations: 2, receipts: { length: 4 } }))
  })

  it('they are not once somebody has, and he is named', async () => {
    await scene.notifications.routes.replace([escalating()])
    const id = await scene.notifications.enqueue(news())
    await settled(id, 'sent')
    expect(await scene.notifications.acknowledge(id, 'Ann')).toMatchObject({ state: 'acknowledged', acknowledged: { by: 'Ann' } })
    expect(await scene.notifications.acknowledge(id, 'Ben')).toMatchObject({ acknowledged: { by: 'Ann' } })
    await scene.advance(HOUR)
    await aMoment()
    expect(other.received).toEqual([])
    await expect(scene.notifications.acknowledge('nothing', 'Ann')).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
  })
})

describe('a channel in trouble', () => {
  it('is asked again under the same id until it takes the message', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    receiver.answer({ status: 503 })
    const id = await scene.notifications.enqueue(news())
    await eventually(async () =>
      expect(await stateOf(id)).toMatchObject({ receipts: [{ state: 'waiting', attempts: 1, detail: expect.stringMatching(/503/) }] }),
    )
    expect((await scene.notifications.channels.list()).find((each) => each.id === hook)?.lastError).toMatch(/503/)
    receiver.answer({})
    await scene.advance(MINUTE)
    await settled(id, 'sent')
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect((await scene.notifications.channels.list()).find((each) => each.id === hook)).toMatchObject({
      lastError: null,
      lastSentAt: expect.any(Number),
    })
  })

  it('is left in peace for as long as it asks, with everything that is for it', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    receiver.answer({ status: 429, headers: { 'retry-after': '600' } })
    await scene.notifications.enqueue(news({ title: 'one' }))
    await eventually(() => expect(receiver.received).toHaveLength(1))
    await aMoment()
    receiver.answer({})
    await scene.advance(5 * MINUTE)
    await aMoment()
    expect(receiver.received).toHaveLength(1)
    await scene.advance(6 * MINUTE)
    await eventually(() => expect(receiver.received).toHaveLength(2))
  })

  it('for good is a dead letter with its reason', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    receiver.answer({ status: 410 })
    const id = await scene.notifications.enqueue(news())
    await settled(id, 'failed')
    expect(await stateOf(id)).toMatchObject({ receipts: [{ state: 'failed', detail: expect.stringMatching(/removed there/) }] })
    expect((await scene.notifications.list({ state: 'failed', limit: 10 })).items).toHaveLength(1)
  })

  it('that hangs holds up no other, and not the same message elsewhere', async () => {
    await scene.notifications.routes.replace([routeOf([hook, second])])
    receiver.answer((_request, _response) => undefined)
    for (let n = 0; n < 3; n++) await scene.notifications.enqueue(news({ title: `n${n}` }))
    await eventually(() => expect(titles(other).toSorted()).toEqual(['n0', 'n1', 'n2']))
    expect(receiver.received.length).toBeLessThanOrEqual(1)
    await receiver.close()
    receiver = await startReceiver()
  })

  it('that was switched off fails what waits for it, and says so', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    receiver.answer({ status: 503 })
    const id = await scene.notifications.enqueue(news())
    await eventually(() => expect(receiver.received).toHaveLength(1))
    await scene.notifications.channels.change(hook, { enabled: false })
    await scene.advance(MINUTE)
    await settled(id, 'failed')
    expect((await stateOf(id))?.receipts[0]?.detail).toMatch(/switched off/)
  })
})

describe('alerts', () => {
  it('are told once each, from the level of the routes on, those of the demo never', async () => {
    await scene.notifications.routes.replace([routeOf([hook], { minLevel: 'high' })])
    const low = { id: 'a', title: 'Low', level: 'medium', tags: [], version: '1' } as const
    await writeAlerts(database, [{ id: 'one' }, { id: 'quiet', rule: low }, { id: 'shown', demo: true }])
    await eventually(() => expect(titles()).toEqual(['Brute force']))
    // the same alert with more events
    await writeAlerts(database, [{ id: 'one', count: 80 }, { id: 'two' }])
    await eventually(() => expect(titles()).toHaveLength(2))
    await aMoment()
    expect(await allOf(scene)).toHaveLength(2)
    expect((await allOf(scene))[0]).toMatchObject({
      kind: 'alert',
      href: '/alerts/two',
      text: expect.stringContaining('40 failed sign-ins'),
    })
  })

  it('that somebody has told with them are not told twice', async () => {
    await scene.notifications.routes.replace([routeOf([hook])])
    await scene.notifications.enqueue(news({ kind: 'breach', title: 'Breach', alertId: 'one' }))
    await writeAlerts(database, [{ id: 'one' }, { id: 'two' }])
    await eventually(() => expect(titles().toSorted()).toEqual(['Breach', 'Brute force']))
    await aMoment()
    expect(await allOf(scene)).toHaveLength(2)
  })

  it('of a silent source are told as that', async () => {
    const rule = { id: 'silent-source', title: 'A source says nothing any more', level: 'medium', tags: [], version: '1' } as const
    await scene.notifications.routes.replace([routeOf([hook], { kinds: ['source_silent'], minLevel: 'medium' })])
    await writeAlerts(database, [{ id: 'silent-1', rule }])
    await eventually(() => expect(receiver.received).toHaveLength(1))
    expect((await allOf(scene))[0]?.kind).toBe('source_silent')
  })

  it('that are grave have no route rather than no trace', async () => {
    await writeAlerts(database, [{ id: 'one' }])
    await eventually(async () => expect((await allOf(scene)).map(({ state }) => state)).toEqual(['no_route']))
  })
})

describe('several servers', () => {
  it('share the work: each message goes out once', async () => {
    await scene.notifications.routes.replace([routeOf([hook, second])])
    await open()
    await open()
    const count = 40
    await Promise.all(Array.from({ length: count }, (_, n) => scene.notifications.enqueue(news({ title: `n${n}`, key: `k${n}` }))))
    await writeAlerts(database, [{ id: 'one' }])
    await vi.waitFor(() => expect([receiver.received.length, other.received.length]).toEqual([count + 1, count + 1]), {
      timeout: 60_000,
      interval: 50,
    })
    await aMoment()
    for (const each of [receiver, other]) {
      expect(each.received).toHaveLength(count + 1)
      expect(new Set(each.received.map(({ headers }) => headers['webhook-id'])).size).toBe(count + 1)
    }
  }, 90_000)
})

describe('a mail', () => {
  const linkOf = (text: string): URL => new URL(/https:\/\/\S+acknowledge\?token=\S+/.exec(text)?.[0] ?? '')

  it('arrives with a link by which its reader acknowledges, once', async () => {
    const { id: channel } = await scene.notifications.channels.create({
      kind: 'email',
      name: 'On call',
      enabled: true,
      settings: { to: ['ann@example.org'] },
      secrets: {},
    })
    await scene.notifications.routes.replace([routeOf([channel])])
    const id = await scene.notifications.enqueue(news({ title: 'Look: http://evil.example', href: '/incidents/7' }))
    await settled(id, 'sent')
    const [got] = mail.mails
    expect(got?.headers.get('subject')).toBe('[HIGH] Look: http[:]//evil[.]example')
    expect(got?.text).toContain('https://parapet.example.org/incidents/7')
    const token = linkOf(got?.text ?? '').searchParams.get('token') ?? ''
    expect(got?.html).toContain(token)
    expect(await scene.notifications.readLink(token)).toMatchObject({ id, acknowledged: null })
    expect(await scene.notifications.acknowledgeByLink(token)).toMatchObject({ acknowledged: { by: 'link in On call' } })
    await expect(scene.notifications.acknowledgeByLink(token)).rejects.toMatchObject({ code: 'PPT_ACKNOWLEDGE_LINK' })
  })

  it('has a link that is good for a week and for nothing else', async () => {
    const { id: channel } = await scene.notifications.channels.create({
      kind: 'email',
      name: 'M',
      enabled: true,
      settings: { to: ['a@example.org'] },
      secrets: {},
    })
    await scene.notifications.routes.replace([routeOf([channel])])
    const id = await scene.notifications.enqueue(news())
    await settled(id, 'sent')
    const token = linkOf(mail.mails[0]?.text ?? '').searchParams.get('token') ?? ''
    const [, ...rest] = token.split('.')
    for (const odd of [
      '',
      'x',
      `other.${rest.join('.')}`,
      `${token}x`,
      token.slice(0, -2),
      token.replace(/\.\d+\./, '.99999999999999.'),
      'a'.repeat(600),
    ])
      await expect(scene.notifications.readLink(odd), odd).rejects.toMatchObject({ code: 'PPT_ACKNOWLEDGE_LINK' })
    await scene.advance(7 * DAY + SECOND)
    await expect(scene.notifications.readLink(token)).rejects.toMatchObject({ code: 'PPT_ACKNOWLEDGE_LINK' })
  })
})
