import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { createSocket, type Socket as Datagrams } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecurityEvent } from '@parapet/core'
import { findProgram, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { syslog } from './auth.js'
import { createSyslogDecoder, syslogDatagram } from './syslog-decoder.js'

const can = needs('rsyslogd', 'logger')
const folder = mkdtempSync(join(tmpdir(), 'parapet-rsyslog-'))
const received: string[] = []
let udp: Datagrams
let tcp: Server
let sender: ChildProcess | undefined

const eventOf = (text: string): SecurityEvent | undefined => {
  const line = received.find((one) => one.includes(text))
  return line === undefined ? undefined : syslog.parse(line, { now: Date.now(), utcOffsetMinutes: -new Date().getTimezoneOffset() })
}
const arrived = async (text: string, times = 1): Promise<void> => {
  for (let tries = 0; tries < 200 && received.filter((line) => line.includes(text)).length < times; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50))
}
const log = (...args: readonly string[]): void => void spawnSync('logger', [...args], { stdio: 'ignore' })

beforeAll(async () => {
  udp = createSocket('udp4')
  udp.on('message', (bytes) => received.push(syslogDatagram(bytes)))
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  tcp = createServer((socket) => {
    const decoder = createSyslogDecoder()
    socket.on('data', (bytes: Buffer) => received.push(...decoder.push(bytes)))
    socket.on('end', () => received.push(...decoder.end()))
    socket.on('error', () => undefined)
  })
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  if (!can.ok) return
  const [udpPort, tcpPort] = [udp.address().port, (tcp.address() as AddressInfo).port]
  const forward = (program: string, port: number, protocol: string, template: string, framing: string): string =>
    `if $programname == "${program}" then action(type="omfwd" target="127.0.0.1" port="${port}" protocol="${protocol}" template="${template}"${framing})`
  const settings = [
    'module(load="imuxsock" SysSock.Use="off")',
    `input(type="imuxsock" Socket="${folder}/log")`,
    forward('old-udp', udpPort, 'udp', 'RSYSLOG_TraditionalForwardFormat', ''),
    forward('iso-udp', udpPort, 'udp', 'RSYSLOG_ForwardFormat', ''),
    forward('new-udp', udpPort, 'udp', 'RSYSLOG_SyslogProtocol23Format', ''),
    forward('old-tcp', tcpPort, 'tcp', 'RSYSLOG_TraditionalForwardFormat', ''),
    forward('new-tcp', tcpPort, 'tcp', 'RSYSLOG_SyslogProtocol23Format', ' TCP_Framing="octet-counted"'),
    forward('sudo', tcpPort, 'tcp', 'RSYSLOG_SyslogProtocol23Format', ' TCP_Framing="octet-counted"'),
  ]
  writeFileSync(join(folder, 'rsyslog.conf'), `${settings.join('\n')}\n`)
  sender = spawn(findProgram('rsyslogd') ?? 'rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'pid')], {
    stdio: 'ignore',
  })
  for (let tries = 0; tries < 100 && !existsSync(join(folder, 'log')); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
}, 30_000)

afterAll(async () => {
  if (sender !== undefined && sender.exitCode === null) {
    const exit = once(sender, 'exit')
    sender.kill()
    await exit
  }
  udp.close()
  tcp.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(can.ok)(`the real rsyslogd as a sender${can.note}`, () => {
  it.each(['old-udp', 'iso-udp', 'new-udp', 'old-tcp', 'new-tcp'])(
    '%s arrives whole, with its time, host, program and level',
    async (program) => {
      log('-u', join(folder, 'log'), '-t', program, '-p', 'auth.err', '--id=4711', `héllo from ${program} <34>`)
      await arrived(`héllo from ${program}`)
      const event = eventOf(`héllo from ${program}`)
      expect(event).toMatchObject({
        'event.dataset': 'syslog',
        'process.name': program,
        'process.pid': 4711,
        'log.level': 'error',
        'host.name': expect.stringMatching(new RegExp(`^${hostname().split('.')[0] ?? ''}`)) as unknown,
        message: `héllo from ${program} <34>`,
      })
      expect(Math.abs(Date.now() - (event?.['@timestamp'] ?? 0))).toBeLessThan(60_000)
    },
  )

  it('keeps many messages on one connection apart, in both framings', async () => {
    for (const program of ['old-tcp', 'new-tcp']) {
      for (let n = 0; n < 20; n++) log('-u', join(folder, 'log'), '-t', program, `burst-${program}-${n}-end 12 <34>x`)
      await arrived(`burst-${program}-`, 20)
      const lines = received.filter((line) => line.includes(`burst-${program}-`))
      expect(lines.map((line) => syslog.parse(line, { now: Date.now() })?.message)).toEqual(
        Array.from({ length: 20 }, (_, n) => `burst-${program}-${n}-end 12 <34>x`),
      )
    }
  })

  it('brings lines of programs that are read by name', async () => {
    log('-u', join(folder, 'log'), '-t', 'sudo', 'alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/marker')
    await arrived('/usr/bin/marker')
    expect(eventOf('/usr/bin/marker')).toMatchObject({
      'event.dataset': 'sudo',
      'user.name': 'alice',
      'process.command_line': '/usr/bin/marker',
    })
  })
})

describe.runIf(can.ok)(`the real logger as a sender${can.note}`, () => {
  it.each([
    ['udp', '--rfc3164'],
    ['udp', '--rfc5424'],
    ['tcp', '--rfc3164'],
    ['tcp', '--rfc5424'],
  ])('over %s with %s', async (protocol, format) => {
    const port = protocol === 'udp' ? udp.address().port : (tcp.address() as AddressInfo).port
    const more = format === '--rfc5424' ? ['--msgid', 'ID7', '--sd-id', 'a@1', '--sd-param', 'k="v\\]"'] : []
    const text = `direct ${protocol} ${format.slice(2)}`
    log('-n', '127.0.0.1', '-P', String(port), protocol === 'udp' ? '-d' : '-T', format, '-t', 'app', ...more, text)
    await arrived(text)
    expect(eventOf(text)).toMatchObject({ 'process.name': 'app', message: text, 'log.level': 'notice' })
    expect(eventOf(text)?.['log.syslog.msgid']).toBe(format === '--rfc5424' ? 'ID7' : undefined)
  })

  it('counts its messages by length with --octet-count', async () => {
    log('-n', '127.0.0.1', '-P', String((tcp.address() as AddressInfo).port), '-T', '--octet-count', '-t', 'app', 'counted by logger')
    await arrived('counted by logger')
    expect(eventOf('counted by logger')).toMatchObject({ message: 'counted by logger', 'process.name': 'app' })
  })
})
