import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { systemClock } from '@parapet/core'
import type { SyslogDoors } from '@parapet/detect'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'
import { configSchema } from '../../config/schema.js'
import { silentLog } from '../../db/test-database.js'
import { createInbox } from './inbox.js'
import { openSyslog, type SyslogConfig } from './syslog.js'

let t: TestApp
let doors: SyslogDoors | undefined
const said: { fields: Readonly<Record<string, unknown>>; message: string }[] = []
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterEach(async () => {
  await doors?.close()
  doors = undefined
  said.length = 0
})
afterAll(() => t.close())

const DOOR = { host: '127.0.0.1', port: 0 }
const start = async (over: Partial<SyslogConfig> = {}): Promise<void> => {
  const { sources, events, metrics } = t.services
  doors = await openSyslog({
    config: { udp: DOOR, tcp: DOOR, connections: 8, sources: [{ name: 'web-1', from: ['127.0.0.0/8'], format: 'syslog' }], ...over },
    sources,
    events,
    metrics,
    clock: systemClock,
    log: { ...silentLog, warn: (fields, message) => void said.push({ fields, message }) },
  })
}
const stamp = (): string => new Date().toISOString()
const failed = (user: string, n = 1): string =>
  `<38>1 ${stamp()} web-1 sshd 77 - - Failed password for ${user} from 198.51.100.77 port ${4_000 + n} ssh2`
const sendTcp = (text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(doors?.ports.tcp ?? 0, '127.0.0.1')
    socket.once('error', reject).once('close', () => resolve())
    socket.end(text)
  })
const eventsOf = async (source: string) =>
  (await t.services.events.search({ limit: 200 })).items.filter((stored) => stored.source.name === source).map(({ event }) => event)

describe('syslog at the control plane', () => {
  it('is stored under the source whose addresses the sender has, parsed, and detected', async () => {
    await start()
    expect((await t.services.sources.list()).find(({ name }) => name === 'web-1')).toMatchObject({ kind: 'host', demo: false })
    await sendTcp(Array.from({ length: 8 }, (_, n) => `${failed('deploy', n)}\n`).join(''))
    const udp = createSocket('udp4')
    await new Promise<void>((resolve) => udp.send(failed('over-udp'), doors?.ports.udp ?? 0, '127.0.0.1', () => udp.close(() => resolve())))
    await expect.poll(async () => (await eventsOf('web-1')).length, { timeout: 10_000 }).toBe(9)
    expect((await eventsOf('web-1'))[0]).toMatchObject({
      'event.category': 'authentication',
      'event.outcome': 'failure',
      'source.ip': '198.51.100.77',
    })
    await t.settle()
    expect((await t.call('GET', '/v1/alerts?target=198.51.100.77', { token: t.local })).body.items.length).toBeGreaterThan(0)
  })

  it('makes no second source of one that is there, and keeps what no parser knows as a message', async () => {
    await start()
    await doors?.close()
    await start()
    expect((await t.services.sources.list()).filter(({ name }) => name === 'web-1')).toHaveLength(1)
    await sendTcp('this is no syslog at all\n')
    await expect
      .poll(async () => (await eventsOf('web-1')).some((event) => event.message === 'this is no syslog at all'), { timeout: 10_000 })
      .toBe(true)
  })

  it('of strangers is dropped, counted, and told of once and not for each message', async () => {
    await start({ sources: [{ name: 'far', from: ['192.0.2.0/24'], format: 'syslog' }] })
    await sendTcp(`${failed('a')}\n${failed('b')}\n${failed('c')}\n`)
    await expect.poll(() => said.length).toBe(1)
    expect(said[0]).toMatchObject({ fields: { why: 'unknown_sender', address: '127.0.0.1' } })
    await expect.poll(() => t.services.metrics.text()).toContain('parapet_syslog_dropped_messages_total{reason="unknown_sender"} 3')
    expect(await eventsOf('far')).toEqual([])
  })

  it('is settled with clear words where the settings are wrong', async () => {
    await expect(start({ sources: [{ name: 'web-1', from: ['::1'], format: 'no-such' }] })).rejects.toMatchObject({
      code: 'PPT_FORMAT_UNKNOWN',
    })
    const read = (syslog: unknown) =>
      configSchema
        .safeParse({ dataDir: '/d', publicUrl: 'http://localhost', consoleDir: '/c', syslog })
        .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    expect(read({ sources: [] })?.join()).toContain('syslog.sources')
    expect(read({ sources: [{ name: 'a', from: ['nonsense'] }] })?.join()).toContain('syslog.sources.0.from.0: an IP address or range')
    expect(read({ tcp: { port: 6514 }, sources: [{ name: 'a', from: ['10.0.0.0/8'] }] })).toBeUndefined()
  })
})

describe('what waits to be stored', () => {
  const event = { '@timestamp': 1 }

  it('is asked for again while the store is away, and kept in order', async () => {
    const stored: [string, number][] = []
    let away = 2
    const inbox = createInbox(
      async (source, events) => {
        await Promise.resolve()
        if (away-- > 0) throw new Error('away')
        stored.push(...events.map((each): [string, number] => [source, each['@timestamp']]))
      },
      () => expect.unreachable(),
    )
    for (let n = 0; n < 5; n++) expect(inbox.put('a', [{ '@timestamp': n }])).toBe(true)
    await expect.poll(() => stored.length, { timeout: 5_000 }).toBe(5)
    expect(stored.map(([, n]) => n)).toEqual([0, 1, 2, 3, 4])
    await inbox.close()
    expect(inbox.put('a', [event])).toBe(false)
  })

  it('has a bound, says when there is room again, and is stored before the end', async () => {
    let release: (() => void) | undefined
    let stored = 0
    const inbox = createInbox(
      async (_, events) => {
        if (stored === 0) await new Promise<void>((resolve) => (release = resolve))
        stored += events.length
      },
      () => expect.unreachable(),
    )
    const many = Array.from({ length: 10_000 }, () => event)
    expect(inbox.put('a', many)).toBe(true)
    expect(inbox.put('b', many)).toBe(true)
    expect(inbox.hasRoom()).toBe(false)
    expect(inbox.put('c', [event])).toBe(false)
    const room = inbox.room()
    await expect.poll(() => release).toBeDefined()
    release?.()
    await room
    expect(inbox.hasRoom()).toBe(true)
    await inbox.close()
    expect(stored).toBe(20_000)
  })

  it('is told of when it cannot be stored at the end', async () => {
    const lost: number[] = []
    const inbox = createInbox(
      () => Promise.reject(new Error('away')),
      (count) => void lost.push(count),
    )
    inbox.put('a', [event, event])
    await inbox.close()
    expect(lost).toEqual([2])
  })
})
