import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { selfSigned, type SelfSigned } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type DoorKind, openSyslogDoors, type SyslogDoorOptions, type SyslogDoors } from './index.js'

const HERE = { host: '127.0.0.1', port: 0 }
let place: string
let tls: SelfSigned
const open: SyslogDoors[] = []
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'parapet-doors-'))
  tls = selfSigned(place)
})
afterEach(() => Promise.all(open.splice(0).map((doors) => doors.close())))
afterAll(() => rmSync(place, { recursive: true, force: true }))

type Taken = { kind: DoorKind; address: string; message: string }
const start = async (options: Partial<SyslogDoorOptions>) => {
  const taken: Taken[] = []
  const dropped: string[] = []
  const counts = { cut: 0 }
  let room = true
  const waiting: (() => void)[] = []
  const doors = await openSyslogDoors(
    { connections: 3, ...options },
    {
      take: (messages, { kind, address }) => void taken.push(...messages.map((message) => ({ kind, address, message }))),
      hasRoom: () => room,
      room: () => new Promise((resolve) => waiting.push(resolve)),
      dropped: (kind, count, why) => void dropped.push(`${kind} ${count} ${why}`),
      cut: (_, count) => void (counts.cut += count),
      fault: (kind, message) => void dropped.push(`${kind} fault ${message}`),
    },
  )
  open.push(doors)
  const setRoom = (value: boolean): void => {
    room = value
    if (value) for (const resolve of waiting.splice(0)) resolve()
  }
  return { doors, taken, dropped, counts, setRoom }
}
const port = (doors: SyslogDoors, kind: DoorKind): number => doors.ports[kind] ?? 0
const LINE = '<38>Nov 20 10:00:00 web sshd[7]: hello'

describe('the doors for syslog', () => {
  it('take datagrams, streams in both framings, and TLS, each with where it came from', async () => {
    const { doors, taken } = await start({ udp: HERE, tcp: HERE, tls: { ...HERE, ...tls } })
    const udp = createSocket('udp4')
    await new Promise<void>((resolve) => udp.send(`${LINE} udp`, port(doors, 'udp'), '127.0.0.1', () => udp.close(() => resolve())))
    const tcp = connect(port(doors, 'tcp'), '127.0.0.1')
    const counted = `${LINE} counted`
    tcp.write(`${LINE} line\n${counted.length} ${counted}`)
    tcp.end(`${LINE} without an end`)
    const safe = connectTls({ port: port(doors, 'tls'), host: '127.0.0.1', rejectUnauthorized: false })
    safe.end(`${LINE} safe\n`)
    await expect.poll(() => taken.length, { timeout: 5_000 }).toBe(5)
    const said = (kind: DoorKind): string[] =>
      taken.filter((each) => each.kind === kind).map(({ message }) => message.slice(LINE.length + 1))
    expect(said('udp')).toEqual(['udp'])
    expect(said('tcp')).toEqual(['line', 'counted', 'without an end'])
    expect(said('tls')).toEqual(['safe'])
    expect(new Set(taken.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']))
  })

  it('let senders over TCP wait while nothing can be taken, and drop datagrams and say so', async () => {
    const { doors, taken, dropped, setRoom } = await start({ udp: HERE, tcp: HERE })
    const tcp = connect(port(doors, 'tcp'), '127.0.0.1')
    await new Promise((resolve) => tcp.once('connect', resolve))
    tcp.write(`${LINE} first\n`)
    await expect.poll(() => taken.length).toBe(1)
    setRoom(false)
    tcp.write(`${LINE} second\n`)
    await expect.poll(() => taken.length).toBe(2)
    tcp.write(`${LINE} third\n`)
    const udp = createSocket('udp4')
    await new Promise<void>((resolve) => udp.send(LINE, port(doors, 'udp'), '127.0.0.1', () => udp.close(() => resolve())))
    await expect.poll(() => dropped).toEqual(['udp 1 nothing could be taken'])
    expect(taken).toHaveLength(2)
    setRoom(true)
    await expect.poll(() => taken.length).toBe(3)
    tcp.destroy()
  })

  it('refuse connections beyond their bound, and are open again when one ends', async () => {
    const { doors, taken, dropped } = await start({ tcp: HERE, connections: 2 })
    const dial = () => connect(port(doors, 'tcp'), '127.0.0.1').on('error', () => undefined)
    const [first, second] = [dial(), dial()]
    first.write(`${LINE} 1\n`)
    second.write(`${LINE} 2\n`)
    await expect.poll(() => taken.length).toBe(2)
    const third = dial()
    await new Promise((resolve) => third.once('close', resolve))
    expect(dropped).toEqual(['tcp 1 more than 2 connections: one was refused'])
    first.destroy()
    await expect
      .poll(async () => {
        const next = dial()
        next.write(`${LINE} again\n`)
        await new Promise((resolve) => setTimeout(resolve, 100))
        next.destroy()
        return taken.length
      })
      .toBeGreaterThan(2)
    second.destroy()
  })

  it('cut what is longer than a line may be, count it, and go on behind it', async () => {
    const { doors, taken, counts } = await start({ tcp: HERE })
    const tcp = connect(port(doors, 'tcp'), '127.0.0.1')
    tcp.end(`<38>${'x'.repeat(1_000_000)}\n${LINE} after\n`)
    await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(2)
    expect(taken[0]?.message).toHaveLength(8_192)
    expect(taken[1]?.message).toBe(`${LINE} after`)
    expect(counts.cut).toBe(1)
  })

  it('take no harm from garbage and from handshakes that are none', async () => {
    const { doors, taken, dropped } = await start({ udp: HERE, tcp: HERE, tls: { ...HERE, ...tls } })
    const udp = createSocket('udp4')
    for (const bytes of [Buffer.alloc(0), Buffer.from([0xff, 0xfe, 0]), Buffer.alloc(60_000, 0x80)])
      await new Promise<void>((resolve) => udp.send(bytes, port(doors, 'udp'), '127.0.0.1', () => resolve()))
    udp.close()
    const plain = connect(port(doors, 'tls'), '127.0.0.1').on('error', () => undefined)
    plain.end('GET / HTTP/1.1\r\n\r\n')
    await new Promise((resolve) => plain.once('close', resolve))
    const tcp = connect(port(doors, 'tcp'), '127.0.0.1')
    tcp.end(`${LINE} still here\n`)
    await expect.poll(() => taken.some(({ message }) => message.endsWith('still here'))).toBe(true)
    expect(dropped).toEqual([])
  })

  it('open all or none: a port that is taken and a certificate that is none say so', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    const address = holder.address()
    const taken = typeof address === 'object' && address !== null ? address.port : 0
    await expect(start({ udp: HERE, tcp: { host: '127.0.0.1', port: taken } })).rejects.toMatchObject({ code: 'PPT_PORT_BUSY' })
    await expect(start({ tls: { ...HERE, cert: 'none', key: 'none' } })).rejects.toMatchObject({ code: 'PPT_CONFIG_INVALID' })
    await expect(start({ udp: { host: '203.0.113.77', port: 0 } })).rejects.toMatchObject({ code: 'PPT_CONFIG_INVALID' })
    await new Promise((resolve) => holder.close(resolve))
  })
})
