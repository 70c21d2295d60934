import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, isSound, said } from './fixtures/said.js'
import { redis, redisAclEvents } from './redis.js'

fc.configureGlobal({ seed: 20_261_122 })

const line = (message: string, level = '#'): string => `12345:M 22 Nov 2026 11:12:13.123 ${level} ${message}`
const time = Date.UTC(2026, 10, 22, 11, 12, 13, 123)
const ATTACK =
  'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection from 198.18.0.1:5555 aborted.'

describe('the log', () => {
  it.each<[string, Record<string, unknown>]>([
    [ATTACK, { category: 'database', action: 'protocol-attack', outcome: 'failure', ip: '198.18.0.1', port: 5_555 }],
    [
      ATTACK.replace('198.18.0.1', '[2001:db8::1]'),
      { category: 'database', action: 'protocol-attack', outcome: 'failure', ip: '2001:db8::1', port: 5_555 },
    ],
    ['Possible SECURITY ATTACK detected. Something else.', { category: 'database', action: 'protocol-attack', outcome: 'failure' }],
    ['Accepted 198.18.0.1:5555', { category: 'database', action: 'connection', reason: 'opened', ip: '198.18.0.1', port: 5_555 }],
    [
      "Module 'system' loaded from /tmp/exp.so",
      { category: 'database', action: 'configuration-changed', outcome: 'success', reason: 'module_loaded' },
    ],
    [
      "REPLICAOF 203.0.113.9:6379 enabled (user request from 'id=3 addr=198.18.0.1:5555 laddr=127.0.0.1:6379 fd=8 name= age=0 cmd=replicaof user=default redir=-1')",
      {
        category: 'database',
        action: 'configuration-changed',
        outcome: 'success',
        reason: 'replication',
        ip: '198.18.0.1',
        port: 5_555,
        user: 'default',
      },
    ],
    [
      "MASTER MODE enabled (user request from 'id=3 addr=198.18.0.1:5555 user=default')",
      {
        category: 'database',
        action: 'configuration-changed',
        outcome: 'success',
        reason: 'replication',
        ip: '198.18.0.1',
        port: 5_555,
        user: 'default',
      },
    ],
    ['CONFIG REWRITE executed with success.', { category: 'database', action: 'configuration-changed', outcome: 'success' }],
    ['User requested shutdown...', { category: 'database', action: 'stopped', outcome: 'success' }],
    ['DB saved on disk', { category: 'database', action: 'message' }],
    ['Ready to accept connections', { category: 'database', action: 'message' }],
  ])('%s', (message, expected) => {
    expect(said(redis.parse(line(message), context))).toEqual({ dataset: 'redis', ...expected })
  })

  it('has its time, to the millisecond and in the zone of the reader', () => {
    expect(redis.parse(line('x'), context)).toMatchObject({ '@timestamp': time, 'process.pid': 12_345, 'log.level': 'warning' })
    expect(redis.parse(line('x'), { ...context, utcOffsetMinutes: 60 })?.['@timestamp']).toBe(time - 3_600_000)
    expect(redis.parse('1:S 29 Feb 2024 23:59:59.999 * x', context)?.['@timestamp']).toBe(Date.UTC(2024, 1, 29, 23, 59, 59, 999))
    // the minute that was read before is no answer for another
    expect(redis.parse(line('x').replace('11:12:13', '11:13:14'), context)?.['@timestamp']).toBe(time + 61_000)
    expect(redis.parse(line('x').replace('22 Nov', '23 Nov'), context)?.['@timestamp']).toBe(time + 86_400_000)
  })

  it('does not believe an address in front of the one at the end', () => {
    const text = ATTACK.replace('It looks', 'Connection from 203.0.113.9:1 aborted. It looks')
    expect(said(redis.parse(line(text), context))).toMatchObject({ ip: '198.18.0.1' })
  })

  it.each([
    '',
    '12345:M',
    '12345:Q 22 Nov 2026 11:12:13.123 # x',
    '12345:M 32 Nov 2026 11:12:13.123 # x',
    '12345:M 22 Nov 2026 11:12:13.1x3 # x',
    '12345:M 22 Nov 2026 11:12:13.123 ? x',
    'x:M 22 Nov 2026 11:12:13.123 # x',
    '29 Feb 2025',
  ])('%j is none', (text) => {
    expect([redis.sniff(text), redis.parse(text, context)]).toEqual([false, undefined])
  })

  it('of any bytes is read without a fault', () => {
    const piece = fc.constantFrom(
      ATTACK,
      'Connection from ',
      ' aborted.',
      '198.18.0.1',
      ':',
      '5',
      "(user request from '",
      'addr=',
      ' user=',
      "')",
      ' ',
      '[',
      ']',
      'REPLICAOF ',
      ' enabled ',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.string({ unit: 'binary', maxLength: 30 }), (parts, raw) => {
        expect(isSound(redis.parse(line(parts.join('')), context)) && isSound(redis.parse(raw, context))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('ACL LOG', () => {
  const now = time
  const flat = (fields: Readonly<Record<string, string | number>>): unknown =>
    Object.entries({
      count: 1,
      reason: 'auth',
      context: 'toplevel',
      object: 'AUTH',
      username: 'bob',
      'age-seconds': '2.5',
      'client-info': 'id=7 addr=198.18.0.1:5555 laddr=127.0.0.1:1 fd=8 name=x user=default cmd=auth',
      ...fields,
    }).flat()

  it('tells a refused sign-in as often as it was tried', () => {
    const events = redisAclEvents([flat({ count: 3 })], now)
    expect(events).toHaveLength(3)
    expect(said(events[0])).toEqual({
      dataset: 'redis',
      category: 'authentication',
      action: 'login',
      outcome: 'failure',
      reason: 'bad_password',
      ip: '198.18.0.1',
      port: 5_555,
      user: 'bob',
    })
    expect(events[0]?.['@timestamp']).toBe(now - 2_500)
  })

  it('tells a refused command, key and channel once', () => {
    const events = redisAclEvents(
      [flat({ reason: 'command', object: 'config|set', count: 9 }), flat({ reason: 'key', object: 'secret' })],
      now,
    )
    expect(events.map((event) => [event['event.action'], event['event.reason'], event['db.query.text']])).toEqual([
      ['command-refused', 'no_command', 'config|set'],
      ['command-refused', 'no_key', 'secret'],
    ])
  })

  it('takes objects and maps as clients of RESP3 give them', () => {
    const fields = { count: 1, reason: 'auth', username: 'bob', 'client-info': 'id=7 addr=198.18.0.1:5555' }
    for (const entry of [fields, new Map(Object.entries(fields))])
      expect(redisAclEvents([entry], now)[0]).toMatchObject({ 'user.name': 'bob', 'source.ip': '198.18.0.1' })
  })

  it('is bounded and passes over what is no entry', () => {
    expect(redisAclEvents([flat({ count: 1e9 })], now)).toHaveLength(128)
    expect(redisAclEvents([null, 5, 'x', [], {}, ['reason']], now)).toEqual([])
    for (const reply of [undefined, null, 'OK', {}]) expect(redisAclEvents(reply, now)).toEqual([])
  })

  it('never throws on any reply', () => {
    fc.assert(
      fc.property(fc.array(fc.anything(), { maxLength: 5 }), (reply) => {
        for (const event of redisAclEvents(reply, now)) expect(isSound(event)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
