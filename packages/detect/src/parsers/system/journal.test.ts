import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, isSound, said } from './fixtures/said.js'
import { createJournalDecoder } from './journal-decoder.js'
import { journalEvent, journalJson, type JournalEntry } from './journal.js'

fc.configureGlobal({ seed: 20_261_122 })

const base = {
  __REALTIME_TIMESTAMP: '1763809933123456',
  _HOSTNAME: 'web01',
  _UID: '0',
  _PID: '7',
  PRIORITY: '6',
  SYSLOG_IDENTIFIER: 'sshd',
  _EXE: '/usr/sbin/sshd',
  MESSAGE: 'Failed password for root from 198.18.0.1 port 1 ssh2',
}
const entry = (fields: Readonly<Record<string, string>>): JournalEntry => new Map(Object.entries({ ...base, ...fields }))

/** An entry as `journalctl -o export` writes it. */
const exported = (fields: Readonly<Record<string, string | Buffer>>): Buffer =>
  Buffer.concat([
    ...Object.entries(fields).map(([name, value]) => {
      if (typeof value === 'string' && !value.includes('\n')) return Buffer.from(`${name}=${value}\n`)
      const data = Buffer.from(value as string)
      const size = Buffer.alloc(8)
      size.writeBigUInt64LE(BigInt(data.length))
      return Buffer.concat([Buffer.from(`${name}\n`), size, data, Buffer.from('\n')])
    }),
    Buffer.from('\n'),
  ])

const decode = (chunks: readonly Uint8Array[]): { entries: Record<string, string>[]; counts: Record<string, number> } => {
  const decoder = createJournalDecoder()
  const entries = chunks.flatMap((chunk) => decoder.push(chunk))
  return { entries: [...entries, ...decoder.end()].map((one) => Object.fromEntries(one)), counts: { ...decoder.counts } }
}

describe('an entry', () => {
  it('is read by the name of its program', () => {
    expect(journalEvent(entry({}))).toMatchObject({
      '@timestamp': 1_763_809_933_123,
      'event.dataset': 'sshd',
      'event.action': 'login',
      'source.ip': '198.18.0.1',
      'host.name': 'web01',
      'process.pid': 7,
    })
    expect(said(journalEvent(entry({ SYSLOG_IDENTIFIER: 'CRON', MESSAGE: '(root) CMD (id)' })))).toMatchObject({
      dataset: 'cron',
      command: 'id',
    })
    expect(
      said(journalEvent(entry({ SYSLOG_IDENTIFIER: 'systemd', UNIT: 'nginx.service', MESSAGE: 'Stopped A web server.' }))),
    ).toMatchObject({ action: 'service-stopped', service: 'nginx.service' })
    expect(journalEvent(entry({ SYSLOG_IDENTIFIER: 'app', _UID: '33', _SYSTEMD_UNIT: 'app.service', PRIORITY: '3' }))).toMatchObject({
      'event.dataset': 'syslog',
      'service.name': 'app.service',
      'log.level': 'error',
    })
  })

  it('of somebody who writes under the name of a program of the system is not believed', () => {
    const forged = journalEvent(entry({ _UID: '1000', _EXE: '/usr/bin/logger' }))
    expect(said(forged)).toEqual({ dataset: 'syslog', category: 'host', action: 'message', reason: 'untrusted_sender' })
    expect(forged?.message).toContain('Failed password')
    for (const name of ['sudo', 'su', 'CRON', 'sshd-session', 'useradd'])
      expect(said(journalEvent(entry({ _UID: '1000', _EXE: `/tmp/${name}`, SYSLOG_IDENTIFIER: name })))).toMatchObject({
        reason: 'untrusted_sender',
      })
    expect(
      said(journalEvent(entry({ _UID: '1000', SYSLOG_IDENTIFIER: 'app', MESSAGE: 'pam_unix(sshd:auth): check pass; user unknown' }))),
    ).toMatchObject({ reason: 'untrusted_sender' })
  })

  it('of sudo and su is believed under the number of whoever called them', () => {
    const sudo = entry({
      _UID: '1000',
      _EXE: '/usr/bin/sudo',
      SYSLOG_IDENTIFIER: 'sudo',
      MESSAGE: 'alice : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/id',
    })
    expect(said(journalEvent(sudo))).toMatchObject({ dataset: 'sudo', action: 'sudo-command', user: 'alice' })
  })

  it('without a time or a message is none', () => {
    for (const missing of ['__REALTIME_TIMESTAMP', 'MESSAGE']) {
      const partial = new Map(entry({}))
      partial.delete(missing)
      expect(journalEvent(partial)).toBeUndefined()
    }
    expect(journalEvent(entry({ __REALTIME_TIMESTAMP: 'x' }))).toBeUndefined()
  })
})

describe('journalctl -o json', () => {
  const parse = (value: unknown): Record<string, unknown> => said(journalJson.parse(JSON.stringify(value), context))
  it('is read a line at a time, bytes and repeated fields too', () => {
    expect(parse(base)).toMatchObject({ dataset: 'sshd', outcome: 'failure', ip: '198.18.0.1' })
    expect(parse({ ...base, MESSAGE: [...Buffer.from(base.MESSAGE)] })).toMatchObject({ dataset: 'sshd', ip: '198.18.0.1' })
    expect(parse({ ...base, SYSLOG_IDENTIFIER: ['sshd', 'other'] })).toMatchObject({ dataset: 'sshd' })
    expect(parse({ ...base, MESSAGE: null })).toEqual({ nothing: true })
  })

  it.each(['', '{}', '[]', '{"__REALTIME_TIMESTAMP"', 'null', '{"a":"__REALTIME_TIMESTAMP"}', '{"__REALTIME_TIMESTAMP":5,"MESSAGE":{}}'])(
    '%j is none',
    (line) => {
      expect([journalJson.parse(line, context), journalJson.sniff(line)]).toEqual([undefined, false])
    },
  )
})

describe('journalctl -o export', () => {
  const binary = Buffer.from('a\nMESSAGE=forged\n\n_UID=0\n=\0\u00ff')

  it('is read with values of any bytes, which never pass for fields', () => {
    const stream = Buffer.concat([
      exported({ ...base, _UID: '1000', MESSAGE: binary }),
      exported({ __REALTIME_TIMESTAMP: '5', MESSAGE: 'next' }),
    ])
    const { entries, counts } = decode([stream])
    expect(entries).toHaveLength(2)
    expect(entries[0]).toMatchObject({ _UID: '1000', MESSAGE: binary.toString('utf8') })
    expect(entries[1]).toEqual({ __REALTIME_TIMESTAMP: '5', MESSAGE: 'next' })
    expect(counts).toEqual({ entries: 2, cut: 0, malformed: 0 })
  })

  it('keeps the first of a field that comes twice, and none that it does not need', () => {
    expect(decode([Buffer.from('MESSAGE=a\nMESSAGE=b\nEVIL=c\n\n')]).entries).toEqual([{ MESSAGE: 'a' }])
  })

  it('is the same for every way to cut the stream', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '\n', '=', '\0', 'ß', 'MESSAGE='), maxLength: 12 })
    const fields = fc.record({ MESSAGE: value, _UID: value, OTHER: value }, { requiredKeys: [] })
    fc.assert(
      fc.property(
        fc.array(fields, { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 10 }),
        (list, sizes) => {
          const all = Buffer.concat(list.map((one) => exported(one as Record<string, string>)))
          const chunks: Buffer[] = []
          for (let at = 0, n = 0; at < all.length; n++) {
            const size = sizes[n % sizes.length] ?? 1
            chunks.push(all.subarray(at, at + size))
            at += size
          }
          const whole = decode([all])
          expect(decode(chunks)).toEqual(whole)
          // what was written is read: the format has a writer here
          const kept = list
            .map((one) => Object.fromEntries(Object.entries(one).filter(([name]) => name !== 'OTHER')))
            .filter((one) => Object.keys(one).length > 0)
          expect(whole.entries).toEqual(kept)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is bounded: a huge field is cut and counted, the entry and the next one are read', () => {
    const { entries, counts } = decode([
      exported({ __REALTIME_TIMESTAMP: '1', MESSAGE: Buffer.alloc(3_000_000, 65) }),
      exported({ MESSAGE: 'b'.repeat(50_000) }),
      exported({ MESSAGE: 'next' }),
    ])
    expect(entries.map((one) => one['MESSAGE']?.length)).toEqual([8_192, 8_192, 4])
    expect(counts).toEqual({ entries: 3, cut: 2, malformed: 0 })
  })

  it('goes on after fields that make no sense', () => {
    const { entries, counts } = decode([
      Buffer.from(`=x\n${'N'.repeat(100)}\nMESSAGE=a\n\n`),
      Buffer.concat([Buffer.from('BIG\n'), Buffer.alloc(8, 255), Buffer.from('MESSAGE=b\n\n')]),
    ])
    expect(entries).toEqual([{ MESSAGE: 'a' }, { MESSAGE: 'b' }])
    expect(counts['malformed']).toBe(3)
  })

  it('gives an entry that the end of the stream cut, when its last field is whole', () => {
    expect(decode([Buffer.from('MESSAGE=a\n_UID=0')]).entries).toEqual([{ MESSAGE: 'a', _UID: '0' }])
    expect(decode([Buffer.from('MESSAGE\n\u0001')]).entries).toEqual([])
  })

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), (chunks) => {
        for (const one of decode(chunks).entries) expect(isSound(journalEvent(new Map(Object.entries(one))))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
