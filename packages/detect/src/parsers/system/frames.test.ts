import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { syslog } from './auth.js'
import { context, isSound } from './fixtures/said.js'

fc.configureGlobal({ seed: 20_261_122 })

const parse = (line: string): Record<string, unknown> => {
  const event = syslog.parse(line, context)
  return event === undefined
    ? { nothing: true }
    : (Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined)) as Record<string, unknown>)
}

const time = Date.UTC(2026, 10, 22, 11, 12, 13)

describe('RFC 5424', () => {
  it('reads every part', () => {
    expect(parse('<165>1 2026-11-22T11:12:13.003Z host.example.org evntslog 42 ID47 [a@1 x="1"][b@1 y="2"] \ufeffAn event')).toEqual({
      '@timestamp': time + 3,
      'event.category': 'host',
      'event.action': 'message',
      'event.outcome': 'unknown',
      'event.dataset': 'syslog',
      message: 'An event',
      'host.name': 'host.example.org',
      'process.name': 'evntslog',
      'process.pid': 42,
      'log.level': 'notice',
      'log.syslog.msgid': 'ID47',
      'log.syslog.structured_data': '[a@1 x="1"][b@1 y="2"]',
    })
  })

  it.each<[string, Record<string, unknown>]>([
    // the examples of RFC 5424, 6.5
    [
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8",
      {
        '@timestamp': Date.UTC(2003, 9, 11, 22, 14, 15, 3),
        'host.name': 'mymachine.example.com',
        'log.level': 'critical',
        'event.dataset': 'su',
      },
    ],
    [
      "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
      {
        '@timestamp': Date.UTC(2003, 7, 24, 12, 14, 15),
        'host.name': '192.0.2.1',
        'process.pid': 8710,
        message: "%% It's time to make the do-nuts.",
      },
    ],
    [
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]',
      { message: '', 'log.syslog.msgid': 'ID47' },
    ],
    // rsyslog keeps the blank that stood before the message
    ['<38>1 2026-11-22T11:12:13Z h app 7 - -  text', { message: 'text', 'process.pid': 7 }],
    // nothing but what must be
    ['<0>1 - - - - - -', { '@timestamp': context.now, message: '', 'log.level': 'emergency' }],
    ['<191>1 - - app - - - x', { 'process.name': 'app', message: 'x', 'log.level': 'debug' }],
    ['<13>1 2026-11-22T11:12:13Z h app a1b2 - - x', { 'process.name': 'app', message: 'x' }],
    // escapes in structured data, and text behind it that looks like more of it
    [
      '<13>1 2026-11-22T11:12:13Z h app - - [a k="\\]\\"\\\\"] [b k="v"] x',
      { 'log.syslog.structured_data': '[a k="\\]\\"\\\\"]', message: '[b k="v"] x' },
    ],
    ['<13>1 2026-11-22T11:12:13Z h app - - [a k="] [x"] y', { 'log.syslog.structured_data': '[a k="] [x"]', message: 'y' }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toMatchObject(expected)
  })

  it('keeps a broken one as a message of the moment, whatever is wrong with it', () => {
    for (const line of [
      '<13>1 2026-13-22T11:12:13Z h app - - - x',
      '<13>1 2026-11-22T11:12:13Z h app - - [a k="v x',
      '<13>1 2026-11-22T11:12:13Z h app - - [a]x',
      '<13>1 2026-11-22T11:12:13Z h',
      `<13>1 2026-11-22T11:12:13Z h ${'a'.repeat(60)} - - - x`,
    ]) {
      expect(parse(line)).toMatchObject({ '@timestamp': context.now, 'event.dataset': 'syslog', 'event.action': 'message' })
    }
  })

  it('reads programs by their names in this frame too', () => {
    expect(parse('<38>1 2026-11-22T11:12:13Z h sshd 7 - - Failed password for root from 198.18.0.1 port 1 ssh2')).toMatchObject({
      'event.dataset': 'sshd',
      'event.outcome': 'failure',
      'source.ip': '198.18.0.1',
      'process.pid': 7,
    })
    expect(parse('<85>1 2026-11-22T11:12:13Z h sudo - - - alice : TTY=x ; PWD=/ ; USER=root ; COMMAND=/bin/id')).toMatchObject({
      'event.dataset': 'sudo',
      'user.name': 'alice',
    })
  })

  it('is made up again by its parts', () => {
    const word = fc
      .string({ unit: fc.constantFrom('a', 'Z', '0', '-', '_', '.', '['), minLength: 1, maxLength: 20 })
      .filter((text) => text !== '-')
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '"', ']', '\\', '=', '['), maxLength: 10 })
    fc.assert(
      fc.property(
        word,
        word,
        word,
        value,
        fc.string({ unit: fc.constantFrom('a', ' ', '[', '"', ']', '<'), maxLength: 20 }),
        (host, app, id, raw, text) => {
          const data = `[x@1 k="${raw.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll(']', '\\]')}"]`
          // rsyslog leaves a blank before the message when it makes RFC 5424 of RFC 3164
          const message = text.trim()
          expect(parse(`<14>1 2026-11-22T11:12:13Z ${host} ${app} 5 ${id} ${data} ${message}`)).toMatchObject({
            'host.name': host,
            'process.name': app,
            'log.syslog.msgid': id,
            'log.syslog.structured_data': data,
            message,
          })
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('RFC 3164', () => {
  it.each<[string, Record<string, unknown>]>([
    [
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
      { '@timestamp': Date.UTC(2026, 9, 11, 22, 14, 15), 'host.name': 'mymachine', 'event.dataset': 'su', 'log.level': 'critical' },
    ],
    [
      '<13>Nov 22 11:12:13 web01 app[7]: hello',
      { '@timestamp': time, 'host.name': 'web01', 'process.name': 'app', 'process.pid': 7, message: 'hello' },
    ],
    ['<13>2026-11-22T12:12:13.5+01:00 web01 app: hello', { '@timestamp': time + 500, 'host.name': 'web01', message: 'hello' }],
    // /dev/log: no host
    ['<13>Nov 22 11:12:13 root: hello: x', { '@timestamp': time, 'process.name': 'root', message: 'hello: x' }],
    ['<13>Nov 22 11:12:13 app[9]: hello', { 'process.name': 'app', 'process.pid': 9, message: 'hello' }],
    // no stamp: RFC 3164, 4.3.3
    ['<13>app[9]: hello', { '@timestamp': context.now, 'process.name': 'app', message: 'hello' }],
    ['<13>Use the BFG!', { '@timestamp': context.now, message: 'Use the BFG!' }],
    ['<13>', { '@timestamp': context.now, message: '' }],
    ['<192>Nov 22 11:12:13 app: x', { nothing: true }],
    ['<1x>Nov 22 11:12:13 app: x', { nothing: true }],
  ])('%s', (line, expected) => {
    const event = parse(line)
    expect(event).toMatchObject(expected)
    expect('host.name' in event).toBe(line.includes('web01') || line.includes('mymachine'))
  })
})

describe('any bytes', () => {
  it('are read without a fault', () => {
    const piece = fc.constantFrom(
      '<34>',
      '1 ',
      '2026-11-22T11:12:13Z ',
      'Nov 22 11:12:13 ',
      'h ',
      'app',
      '[7]: ',
      '- ',
      '[a k="',
      '"]',
      '\\',
      '\ufeff',
      ' ',
      '\0',
      '9',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (parts) => {
        expect(isSound(syslog.parse(parts.join(''), context))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })
})
