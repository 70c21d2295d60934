import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, eventsOf, isSound, said } from './fixtures/said.js'
import { postgresqlCsv } from './postgres-csv.js'
import { postgresqlJson } from './postgres-json.js'
import { createPostgresql, postgresql } from './postgresql.js'

fc.configureGlobal({ seed: 20_261_122 })

const AT = '2026-11-22 11:12:13.123 UTC'
const time = Date.UTC(2026, 10, 22, 11, 12, 13, 123)
const line = (text: string, who = 'alice@app', pid = 9): string => `${AT} [${pid}] ${who} ${text}`
const LOGIN = { dataset: 'postgresql', category: 'authentication', action: 'login' }
const one = (lines: readonly string[], parser = postgresql): Record<string, unknown> => {
  const events = eventsOf(parser, lines)
  return said(events[0])
}

describe('messages', () => {
  it.each<[string, string, Record<string, unknown>]>([
    ['FATAL', 'password authentication failed for user "alice"', { ...LOGIN, outcome: 'failure', reason: 'bad_password', user: 'alice' }],
    ['FATAL', 'Peer authentication failed for user "alice"', { ...LOGIN, outcome: 'failure', reason: 'refused', user: 'alice' }],
    ['FATAL', 'role "alice" does not exist', { ...LOGIN, outcome: 'failure', reason: 'unknown_user', user: 'alice' }],
    ['FATAL', 'role "alice" is not permitted to log in', { ...LOGIN, outcome: 'failure', reason: 'not_allowed', user: 'alice' }],
    [
      'FATAL',
      'no pg_hba.conf entry for host "198.18.0.1", user "alice", database "app", no encryption',
      { ...LOGIN, outcome: 'failure', reason: 'no_hba_entry', ip: '198.18.0.1', user: 'alice' },
    ],
    [
      'FATAL',
      'pg_hba.conf rejects connection for host "2001:db8::1", user "alice", database "app", SSL encryption',
      { ...LOGIN, outcome: 'failure', reason: 'rejected', ip: '2001:db8::1', user: 'alice' },
    ],
    [
      'FATAL',
      'no pg_hba.conf entry for host "[local]", user "alice", database "app", no encryption',
      { ...LOGIN, outcome: 'failure', reason: 'no_hba_entry', user: 'alice' },
    ],
    [
      'FATAL',
      'database "nope" does not exist',
      { dataset: 'postgresql', category: 'database', action: 'database-error', outcome: 'failure', user: 'alice' },
    ],
    [
      'LOG',
      'connection authorized: user=alice database=app application_name=psql SSL enabled',
      { ...LOGIN, outcome: 'success', user: 'alice' },
    ],
    [
      'LOG',
      'connection authenticated: identity="alice" method=scram-sha-256 (/x:1)',
      { ...LOGIN, action: 'login-step', outcome: 'success', user: 'alice' },
    ],
    [
      'LOG',
      'disconnection: session time: 0:00:00.003 user=alice database=app host=127.0.0.1 port=5',
      { dataset: 'postgresql', category: 'database', action: 'connection', reason: 'closed', user: 'alice' },
    ],
    [
      'ERROR',
      'permission denied for table secrets',
      { dataset: 'postgresql', category: 'database', action: 'database-error', outcome: 'failure', user: 'alice' },
    ],
    [
      'LOG',
      'parameter "log_statement" changed to "none"',
      { dataset: 'postgresql', category: 'database', action: 'configuration-changed', outcome: 'success', user: 'alice' },
    ],
    ['LOG', 'checkpoint starting: time', { dataset: 'postgresql', category: 'database', action: 'message', user: 'alice' }],
  ])('%s: %s', (severity, message, expected) => {
    expect(one([line(`${severity}:  ${message}`)])).toEqual(expected)
  })

  it.each([
    ['statement: DROP TABLE x', 'DROP TABLE x'],
    ['execute <unnamed>: SELECT $1', 'SELECT $1'],
    ['duration: 1.234 ms  statement: SELECT 1', 'SELECT 1'],
    ['duration: 1.234 ms  execute s1: SELECT 1', 'SELECT 1'],
    ['AUDIT: SESSION,1,1,DDL,DROP TABLE,,,DROP TABLE x,<none>', 'SESSION,1,1,DDL,DROP TABLE,,,DROP TABLE x,<none>'],
  ])('the SQL of %j', (message, sql) => {
    expect(eventsOf(postgresql, [line(`LOG:  ${message}`)])[0]).toMatchObject({
      'event.action': 'statement',
      'db.query.text': sql,
      'user.name': 'alice',
      'db.name': 'app',
    })
  })

  it('of background processes have neither user nor database', () => {
    const event = eventsOf(postgresql, [`${AT} [5] LOG:  database system is ready to accept connections`])[0]
    expect(event).toMatchObject({ '@timestamp': time, 'process.pid': 5, 'event.action': 'message', 'user.name': undefined })
  })
})

describe('one stream', () => {
  it('joins DETAIL, STATEMENT and further lines to their record', () => {
    const events = eventsOf(postgresql, [
      line('FATAL:  password authentication failed for user "bob"', 'bob@app'),
      line('DETAIL:  Role "bob" does not exist.', 'bob@app'),
      '\tConnection matched pg_hba.conf line 97: "host all all all scram-sha-256"',
      line('LOG:  statement: COPY x'),
      "\tFROM PROGRAM 'sh';",
      line('ERROR:  syntax error'),
      line('STATEMENT:  selec'),
      '\t1',
    ])
    expect(events.map((event) => [event['event.reason'], event['db.query.text']])).toEqual([
      ['unknown_user', undefined],
      [undefined, "COPY x\nFROM PROGRAM 'sh';"],
      [undefined, 'selec\n1'],
    ])
  })

  it('knows the address of a process by its first line, until the process ends', () => {
    const events = eventsOf(postgresql, [
      `${AT} [9] [unknown]@[unknown] LOG:  connection received: host=198.18.0.1 port=50210`,
      line('FATAL:  password authentication failed for user "alice"'),
      line('LOG:  disconnection: session time: 0:00:00.003 user=alice database=app host=198.18.0.1 port=50210'),
      line('FATAL:  password authentication failed for user "alice"'),
    ])
    expect(events.map((event) => event['source.ip'])).toEqual(['198.18.0.1', '198.18.0.1', undefined, undefined])
    expect(events[0]).toMatchObject({
      'event.action': 'connection',
      'event.reason': 'opened',
      'source.port': 50_210,
      'user.name': undefined,
    })
  })

  it('remembers a bounded number of processes', () => {
    const opened = postgresql.open?.()
    const received = (pid: number): string => `${AT} [${pid}] [unknown]@[unknown] LOG:  connection received: host=198.18.0.1 port=5`
    for (let pid = 1; pid < 6_000; pid++) opened?.parse(received(pid), context)
    opened?.parse(line('FATAL:  role "a" does not exist', 'a@b', 1), context)
    expect(opened?.parse(line('FATAL:  role "a" does not exist', 'a@b', 5_999), context)?.['source.ip']).toBeUndefined()
    expect(opened?.flush?.()?.['source.ip']).toBe('198.18.0.1')
  })

  it('is bounded when a statement never ends', () => {
    const events = eventsOf(postgresql, [line('LOG:  statement: select'), ...Array.from({ length: 2_000 }, () => `\t${'a'.repeat(100)}`)])
    expect(events[0]?.['db.query.text']).toHaveLength(8_192 - 'statement: '.length)
  })

  it('does not take the DETAIL of another process', () => {
    const events = eventsOf(postgresql, [
      line('FATAL:  password authentication failed for user "alice"'),
      line('DETAIL:  Role "alice" does not exist.', 'x@y', 10),
    ])
    expect(said(events[0])['reason']).toBe('bad_password')
  })
})

describe('prefixes', () => {
  const message = 'FATAL:  password authentication failed for user "alice"'
  it.each<[string, string, Record<string, unknown>]>([
    ['Debian', line(message), { user: 'alice' }],
    ['its own', `${AT} [9] ${message}`, { user: 'alice' }],
    [
      'pgBadger',
      `2026-11-22 11:12:13 UTC [9]: [3-1] user=alice,db=app,app=psql,client=198.18.0.1 ${message}`,
      { user: 'alice', ip: '198.18.0.1' },
    ],
    ['Amazon', `2026-11-22 11:12:13 UTC:198.18.0.1(50210):alice@app:[9]:${message}`, { user: 'alice', ip: '198.18.0.1', port: 50_210 }],
    ['with brackets', `${AT} [9] [user=alice,db=app,app=[unknown],client=198.18.0.1] ${message}`, { user: 'alice', ip: '198.18.0.1' }],
  ])('of %s', (_, text, expected) => {
    expect(one([text])).toEqual({ ...LOGIN, outcome: 'failure', reason: 'bad_password', ...expected })
  })

  it('of one’s own are read as they are given', () => {
    const own = createPostgresql('%m;%p;%h;%e;%%;%-10u;')
    const event = eventsOf(own, [`${AT};9;198.18.0.1;28P01;%;alice;${message}`])[0]
    expect(event).toMatchObject({ 'source.ip': '198.18.0.1', 'process.pid': 9, 'error.code': '28P01', 'user.name': 'alice' })
    expect(own.sniff(line(message))).toBe(false)
  })

  it.each(['', '%p %m', 'x', '%u@%d '])('without a time at the start are refused: %j', (prefix) => {
    expect(() => createPostgresql(prefix)).toThrow(expect.objectContaining({ code: 'PPT_FORMAT_UNKNOWN' }))
  })

  it('change in one log when the settings change', () => {
    const events = eventsOf(postgresql, [`${AT} [9] LOG:  a`, line('LOG:  b'), `${AT} [9] LOG:  c`])
    expect(events.map((event) => [event.message, event['user.name']])).toEqual([
      ['a', undefined],
      ['b', 'alice'],
      ['c', undefined],
    ])
  })
})

describe('names that clients choose', () => {
  const failed = (user: string, database = 'd'): Record<string, unknown> =>
    one([`${AT} [9] ${user}@${database} FATAL:  password authentication failed for user "${user}"`])

  it.each([
    'a"b',
    'a@b',
    'x" does not exist',
    'evil FATAL:  password authentication failed for user "victim"',
    'v@d FATAL:  password authentication failed for user "v"',
    'v@d LOG:  connection authorized: user=postgres database=postgres',
    'LOG:  statement: DROP TABLE x',
  ])('%j is the name that failed, and nothing else happened', (user) => {
    expect(failed(user)).toMatchObject({ action: 'login', outcome: 'failure', user })
  })

  it('never sign anybody in and never fail as another', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', '@', '"', ' ', ': ', 'FATAL:  ', 'LOG:  ', 'connection authorized: user=root', ' for user "'),
      maxLength: 5,
    })
    fc.assert(
      fc.property(name, name, (user, database) => {
        const event = failed(user.slice(0, 63), database.slice(0, 63))
        expect(event['outcome']).not.toBe('success')
        // signed in as nobody, and of those that failed it is no other than the one who tried
        const other = event['reason'] === 'bad_password' && !String(event['user']).includes(user.slice(0, 63).trim().slice(0, 1))
        expect(other).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('with quotes and commas do not change the host that is refused', () => {
    const event = one([
      `${AT} [9] x@y FATAL:  no pg_hba.conf entry for host "198.18.0.1", user "a", database "b", host "203.0.113.9", user "c", database "d", no encryption`,
    ])
    expect(event).toMatchObject({ ip: '198.18.0.1', reason: 'no_hba_entry' })
  })
})

describe('time', () => {
  const at = (stamp: string, utcOffsetMinutes?: number): unknown =>
    eventsOf(postgresql, [`${stamp} [9] LOG:  x`], utcOffsetMinutes === undefined ? context : { ...context, utcOffsetMinutes })[0]?.[
      '@timestamp'
    ]
  it.each<[string, number]>([
    ['2026-11-22 11:12:13.123 UTC', time],
    ['2026-11-22 12:12:13.123 CET', time],
    ['2026-11-22 06:12:13.123 EST', time],
    ['2026-11-22 08:12:13.123 -03', time],
    ['2026-11-22 16:42:13.123 +0530', time],
    ['2024-02-29 23:59:59.999 UTC', Date.UTC(2024, 1, 29, 23, 59, 59, 999)],
    ['2026-12-31 19:00:00.000 EST', Date.UTC(2027, 0, 1)],
    ['2026-11-22 11:12:13 UTC', time - 123],
  ])('%s', (stamp, expected) => {
    expect(at(stamp)).toBe(expected)
  })

  it('of a zone that nobody knows is that of the reader', () => {
    expect(at('2026-11-22 12:12:13.123 QQQ', 60)).toBe(time)
  })

  it.each([
    '2026-13-22 11:12:13.123 UTC',
    '2026-11-22T11:12:13.123 UTC',
    '2026-11-22 25:12:13 UTC',
    '2026-11-22 11:12:13.123',
    '2025-02-29 11:12:13 UTC',
  ])('%s is none', (stamp) => {
    expect(at(stamp)).toBeUndefined()
  })
})

/** One record as csvlog writes it. */
const csv = (columns: Readonly<Record<number, string>>): string =>
  Array.from({ length: 26 }, (_, n) => {
    const value = columns[n]
    return value === undefined ? '' : n === 0 || n === 3 ? value : `"${value.replaceAll('"', '""')}"`
  }).join(',')
const FAILED = {
  0: AT,
  1: 'alice',
  2: 'app',
  3: '9',
  4: '198.18.0.1:50210',
  11: 'FATAL',
  12: '28P01',
  13: 'password authentication failed for user "alice"',
  14: 'Role "alice" does not exist.',
  22: 'psql',
}

describe('csvlog', () => {
  it('is read with all its columns', () => {
    expect(eventsOf(postgresqlCsv, [csv(FAILED)])[0]).toMatchObject({
      '@timestamp': time,
      'event.action': 'login',
      'event.reason': 'unknown_user',
      'source.ip': '198.18.0.1',
      'source.port': 50_210,
      'user.name': 'alice',
      'db.name': 'app',
      'process.pid': 9,
      'error.code': '28P01',
      'postgresql.application': 'psql',
    })
    expect(postgresqlCsv.parse(csv({ ...FAILED, 4: '2001:db8::1:50210' }), context)?.['source.ip']).toBe('2001:db8::1')
    expect(postgresqlCsv.parse(csv({ ...FAILED, 4: '[local]' }), context)?.['source.ip']).toBeUndefined()
  })

  it('joins a record of many lines, and what looks like a record inside it stays text', () => {
    const sql = `select '\n${csv(FAILED)}\n'`
    const events = eventsOf(postgresqlCsv, [...csv({ ...FAILED, 11: 'LOG', 13: `statement: ${sql}`, 14: '' }).split('\n'), csv(FAILED)])
    expect(events.map((event) => event['event.action'])).toEqual(['statement', 'login'])
    expect(events[0]?.['db.query.text']).toBe(sql)
  })

  it('is read again after a record that never closes', () => {
    const lines = [`${AT},"a`, ...Array.from({ length: 700 }, () => 'x'.repeat(100)), csv(FAILED)]
    expect(eventsOf(postgresqlCsv, lines).at(-1)).toMatchObject({ 'event.action': 'login' })
  })

  it('passes over a record without all its columns, and reads the next', () => {
    expect(eventsOf(postgresqlCsv, [`${AT},"a",b`, csv(FAILED)]).map((event) => event['event.action'])).toEqual(['login'])
  })

  it('gives back every text that it can hold', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', '""', 'FATAL'), maxLength: 20 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (rows) => {
        const lines = rows.flatMap(([user, message]) => csv({ ...FAILED, 1: user, 11: 'LOG', 13: `x${message}y` }).split('\n'))
        const events = eventsOf(postgresqlCsv, lines)
        expect(events.map((event) => [event['user.name'] ?? '', event.message])).toEqual(
          rows.map(([user, message]) => [user, `x${message}y`]),
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('jsonlog', () => {
  const json = (more: Readonly<Record<string, unknown>> = {}): string =>
    JSON.stringify({
      timestamp: AT,
      user: 'alice',
      dbname: 'app',
      pid: 9,
      remote_host: '198.18.0.1',
      remote_port: 50_210,
      error_severity: 'FATAL',
      state_code: '28P01',
      message: 'password authentication failed for user "alice"',
      ...more,
    })

  it('is read with all its keys', () => {
    expect(said(postgresqlJson.parse(json(), context))).toEqual({
      ...LOGIN,
      outcome: 'failure',
      reason: 'bad_password',
      ip: '198.18.0.1',
      port: 50_210,
      user: 'alice',
    })
    expect(said(postgresqlJson.parse(json({ detail: 'Role "alice" does not exist.' }), context))).toMatchObject({ reason: 'unknown_user' })
  })

  it.each(['', '{"timestamp":"x"}', '{"timestamp":"', json().slice(0, -5), json({ error_severity: 5 })])('%j is none', (text) => {
    expect([postgresqlJson.parse(text, context), postgresqlJson.sniff(text)]).toEqual([undefined, false])
  })
})

describe('any lines', () => {
  it('are read without a fault, alone and joined', () => {
    const piece = fc.constantFrom(
      AT,
      ' [9] ',
      'a@b ',
      'FATAL:  ',
      'LOG:  ',
      'DETAIL:  ',
      'STATEMENT:  ',
      '\t',
      ',',
      '"',
      'statement: ',
      'connection received: host=',
      'user="',
      '[unknown]',
      'x',
      '\0',
    )
    fc.assert(
      fc.property(fc.array(fc.array(piece, { maxLength: 10 }), { maxLength: 10 }), (rows) => {
        const lines = rows.map((parts) => parts.join(''))
        for (const parser of [postgresql, postgresqlCsv]) {
          for (const event of eventsOf(parser, lines)) expect(isSound(event)).toBe(true)
          for (const text of lines) expect(isSound(parser.parse(text, context))).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
