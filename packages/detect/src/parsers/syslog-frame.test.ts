import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSyslogFrame, readSyslogFrame } from './syslog-frame.js'

fc.configureGlobal({ seed: 20_261_121 })

const context = { now: Date.UTC(2026, 10, 21) }

const read = (line: string): { time: number; host: string; name: string; pid: number; message: string } | undefined => {
  const frame = createSyslogFrame()
  if (!readSyslogFrame(line, line.length, context, frame)) return undefined
  return {
    time: frame.time,
    host: frame.host,
    name: line.slice(frame.nameFrom, frame.nameTo),
    pid: frame.pid,
    message: line.slice(frame.messageFrom),
  }
}

const time = Date.UTC(2026, 10, 5, 3, 4, 5)

describe('the head of a syslog line', () => {
  it.each<[string, Partial<NonNullable<ReturnType<typeof read>>>]>([
    ['Nov  5 03:04:05 web01 sshd[7]: hello', { time, host: 'web01', name: 'sshd', pid: 7, message: 'hello' }],
    ['Nov  5 03:04:05 web01 sudo:     alice : TTY', { name: 'sudo', pid: -1, message: '    alice : TTY' }],
    ['Nov  5 03:04:05 web01.example.org systemd-logind[612]: x', { host: 'web01.example.org', name: 'systemd-logind', pid: 612 }],
    ['Nov  5 03:04:05 2001:db8::1 sshd[7]: x', { host: '2001:db8::1', name: 'sshd' }],
    ['<0>Nov  5 03:04:05 web01 sshd[7]: x', { host: 'web01' }],
    ['<191>Nov  5 03:04:05 web01 sshd[7]: x', { host: 'web01' }],
    ['2026-11-05T03:04:05.000001Z web01 sshd[7]: x', { time, host: 'web01' }],
    ['<38>2026-11-05T04:04:05+01:00 web01 sshd[7]: x', { time, host: 'web01' }],
    ['Nov  5 03:04:05 web01 sshd[4194304]: ', { pid: 4_194_304, message: '' }],
    ['Nov  5 03:04:05 web01 sshd[7]:', { pid: 7, message: '' }],
    ['Nov  5 03:04:05 web01 a.b/c_d-e[7]: x', { name: 'a.b/c_d-e' }],
    ['Nov  5 03:04:05 web01 sshd[7]:  two blanks', { message: ' two blanks' }],
    [
      'Nov  5 03:04:05 web01 sshd[7]: Nov  5 03:04:05 web02 sshd[8]: inner',
      { host: 'web01', pid: 7, message: 'Nov  5 03:04:05 web02 sshd[8]: inner' },
    ],
  ])('%s', (line, expected) => {
    expect(read(line)).toMatchObject(expected)
  })

  it.each([
    '<>Nov  5 03:04:05 web01 sshd[7]: x',
    '<1234>Nov  5 03:04:05 web01 sshd[7]: x',
    '< Nov  5 03:04:05 web01 sshd[7]: x',
    'Nov 5 03:04:05 web01 sshd[7]: x',
    'Nov  5 03:04:05web01 sshd[7]: x',
    'Nov  5 03:04:05 web01 sshd[7]x: y',
    'Nov  5 03:04:05 web01 sshd[7]:x',
    'Nov  5 03:04:05 web01 sshd[-7]: x',
    'Nov  5 03:04:05 web01 sshd[12345678901]: x',
    'Nov  5 03:04:05 web01 ss\thd[7]: x',
    'Nov  5 03:04:05 web01 : x',
    'Nov  5 03:04:05 web01 [7]: x',
  ])('is not %j', (line) => {
    expect(read(line)).toBeUndefined()
  })

  it('is read the same again and again in one frame, whatever came between', () => {
    const frame = createSyslogFrame()
    const good = 'Nov  5 03:04:05 web01 sshd[7]: x'
    for (const other of ['', 'garbage', 'Nov  5 03:04:05 db sshd[9]: y', 'Nov  5 03:04:05 db', good.slice(0, 20)]) {
      readSyslogFrame(other, other.length, context, frame)
      expect(readSyslogFrame(good, good.length, context, frame)).toBe(true)
      expect([frame.host, frame.pid, frame.messageFrom]).toEqual(['web01', 7, good.length - 1])
    }
  })

  it('is made up again by its parts, for any host, name, number and message', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '-', '_', '.'), minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(
        word,
        word,
        fc.integer({ min: 0, max: 4_194_304 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        (host, name, pid, message) => {
          expect(read(`Nov  5 03:04:05 ${host} ${name}[${pid}]: ${message}`)).toEqual({ time, host, name, pid, message })
          expect(read(`Nov  5 03:04:05 ${host} ${name}: ${message}`)).toEqual({ time, host, name, pid: -1, message })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('never reads beyond the end that it is given', () => {
    const line = 'Nov  5 03:04:05 web01 sshd[7]: hello'
    const frame = createSyslogFrame()
    for (let end = 0; end <= line.length; end++) {
      const fits = readSyslogFrame(line, end, context, frame)
      expect(!fits || frame.messageFrom <= end).toBe(true)
    }
  })
})
