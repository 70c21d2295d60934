import type { SecurityEvent } from '@parapet/core'
import { generateLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parserFor, sshd } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

const context = { now: Date.UTC(2026, 10, 21) }
const HEAD = 'Nov 20 03:04:05 web01 sshd[4711]: '

const parse = (message: string): SecurityEvent => {
  const event = sshd.parse(HEAD + message, context)
  if (event === undefined) throw new Error(`not parsed: ${message}`)
  return event
}

/** What an event says, without what every event of these tests has. */
const said = (message: string): Record<string, unknown> => {
  const event = parse(message)
  return Object.fromEntries(
    [
      ['action', event['event.action']],
      ['outcome', event['event.outcome']],
      ['reason', event['event.reason']],
      ['ip', event['source.ip']],
      ['port', event['source.port']],
      ['user', event['user.name']],
      ['method', event['sshd.method']],
    ].filter(([, value]) => value !== undefined),
  )
}

const isFailedLogin = (event: SecurityEvent | undefined): boolean =>
  event?.['event.action'] === 'login' && event['event.outcome'] === 'failure'

/** No event, or one with a time and with values no longer than a line may be. */
const isSound = (event: SecurityEvent | undefined): boolean =>
  event === undefined ||
  (Number.isSafeInteger(event['@timestamp']) && Object.values(event).every((value) => typeof value !== 'string' || value.length <= 8192))

describe('the whole event', () => {
  it('has the fields of ECS that rules read', () => {
    expect(parse('Failed password for root from 198.18.0.1 port 40022 ssh2')).toEqual({
      '@timestamp': Date.UTC(2026, 10, 20, 3, 4, 5),
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.reason': 'bad_password',
      'event.dataset': 'sshd',
      message: 'Failed password for root from 198.18.0.1 port 40022 ssh2',
      'host.name': 'web01',
      'process.name': 'sshd',
      'process.pid': 4711,
      'source.ip': '198.18.0.1',
      'source.port': 40022,
      'user.name': 'root',
      'sshd.method': 'password',
    })
  })

  it('has the same fields in the same order whatever the message, so that reading events stays fast', () => {
    const shapes = ['Failed password for root from 198.18.0.1 port 4 ssh2', 'Server listening on :: port 22.', 'x', ''].map((message) =>
      Object.keys(parse(message)).join(),
    )
    expect(new Set(shapes).size).toBe(1)
  })
})

describe('what each message says', () => {
  const ip = '198.18.0.1'
  it.each<[string, Record<string, unknown>]>([
    // sign-ins
    [
      'Accepted password for alice from 100.64.0.1 port 50000 ssh2',
      { action: 'login', outcome: 'success', ip: '100.64.0.1', port: 50000, user: 'alice', method: 'password' },
    ],
    [
      'Accepted publickey for alice from 2001:db8:1:2::3 port 50000 ssh2: ED25519 SHA256:gYf0Pm0PrUmYk2b4zNfY0bKq1n0qf4rMZ3oB4y5xTnM',
      { action: 'login', outcome: 'success', ip: '2001:db8:1:2::3', port: 50000, user: 'alice', method: 'publickey' },
    ],
    [
      'Accepted publickey for ci from 100.64.0.9 port 22 ssh2: RSA-CERT SHA256:abc ID ci@build from 10.9.9.9 (serial 7) CA ED25519 SHA256:def',
      { action: 'login', outcome: 'success', ip: '100.64.0.9', port: 22, user: 'ci', method: 'publickey' },
    ],
    [
      'Accepted keyboard-interactive/pam for bob from 100.64.0.2 port 1 ssh2',
      { action: 'login', outcome: 'success', ip: '100.64.0.2', port: 1, user: 'bob', method: 'keyboard-interactive/pam' },
    ],
    // failures that count
    [
      `Failed password for invalid user oracle from ${ip} port 1 ssh2`,
      { action: 'login', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: 'oracle', method: 'password' },
    ],
    [
      `Failed password for illegal user oracle from ${ip} port 1 ssh2`,
      { action: 'login', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: 'oracle', method: 'password' },
    ],
    [
      `Failed password for invalid user  from ${ip} port 1 ssh2`,
      { action: 'login', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: '', method: 'password' },
    ],
    [
      `Failed password for root from ${ip} port 1 ssh2 [preauth]`,
      { action: 'login', outcome: 'failure', reason: 'bad_password', ip, port: 1, user: 'root', method: 'password' },
    ],
    [
      `error: PAM: Authentication failure for root from ${ip}`,
      { action: 'login', outcome: 'failure', reason: 'bad_password', ip, user: 'root', method: 'keyboard-interactive/pam' },
    ],
    [
      `error: PAM: User not known to the underlying authentication module for illegal user bob from ${ip}`,
      { action: 'login', outcome: 'failure', reason: 'unknown_user', ip, user: 'bob', method: 'keyboard-interactive/pam' },
    ],
    [
      `message repeated 2 times: [ Failed password for root from ${ip} port 1 ssh2]`,
      { action: 'login', outcome: 'failure', reason: 'bad_password', ip, port: 1, user: 'root', method: 'password' },
    ],
    // steps around a login
    [
      `Invalid user oracle from ${ip} port 1`,
      { action: 'login-step', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: 'oracle' },
    ],
    [`Invalid user oracle from ${ip}`, { action: 'login-step', outcome: 'failure', reason: 'unknown_user', ip, user: 'oracle' }],
    [`Invalid user  from ${ip} port 1`, { action: 'login-step', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: '' }],
    [`Invalid user from ${ip} port 1`, { action: 'login-step', outcome: 'failure', reason: 'unknown_user', ip, port: 1, user: '' }],
    [
      `Failed none for invalid user test from ${ip} port 1 ssh2`,
      { action: 'login-step', outcome: 'failure', reason: 'none', ip, port: 1, user: 'test', method: 'none' },
    ],
    [
      `Failed publickey for git from ${ip} port 1 ssh2: RSA SHA256:gYf0Pm0PrUmYk2b4zNfY0bKq1n0qf4rMZ3oB4y5xTnM`,
      { action: 'login-step', outcome: 'failure', reason: 'method_refused', ip, port: 1, user: 'git', method: 'publickey' },
    ],
    [
      `Failed keyboard-interactive/pam for root from ${ip} port 1 ssh2`,
      { action: 'login-step', outcome: 'failure', reason: 'method_refused', ip, port: 1, user: 'root', method: 'keyboard-interactive/pam' },
    ],
    [
      `error: maximum authentication attempts exceeded for root from ${ip} port 1 ssh2 [preauth]`,
      { action: 'login-step', outcome: 'failure', reason: 'too_many_tries', ip, port: 1, user: 'root' },
    ],
    [
      `error: maximum authentication attempts exceeded for invalid user admin from ${ip} port 1 ssh2 [preauth]`,
      { action: 'login-step', outcome: 'failure', reason: 'too_many_tries', ip, port: 1, user: 'admin' },
    ],
    [
      `User games from ${ip} not allowed because not listed in AllowUsers`,
      { action: 'login-step', outcome: 'failure', reason: 'not_allowed', ip, user: 'games' },
    ],
    [
      `Postponed keyboard-interactive for root from ${ip} port 1 ssh2 [preauth]`,
      { action: 'login-step', outcome: 'unknown', reason: 'postponed', ip, port: 1, user: 'root', method: 'keyboard-interactive' },
    ],
    ['pam_unix(sshd:auth): check pass; user unknown', { action: 'login-step', outcome: 'failure', reason: 'unknown_user' }],
    [
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}  user=root`,
      { action: 'login-step', outcome: 'failure', reason: 'pam', ip, user: 'root' },
    ],
    [
      `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}`,
      { action: 'login-step', outcome: 'failure', reason: 'pam', ip },
    ],
    [
      `PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${ip}  user=root`,
      { action: 'login-step', outcome: 'failure', reason: 'pam', ip, user: 'root' },
    ],
    // sessions
    [
      'pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)',
      { action: 'session-opened', outcome: 'success', user: 'alice' },
    ],
    ['pam_unix(sshd:session): session opened for user alice by (uid=0)', { action: 'session-opened', outcome: 'success', user: 'alice' }],
    ['pam_unix(sshd:session): session closed for user alice', { action: 'session-closed', outcome: 'success', user: 'alice' }],
    // connections
    [
      `Connection closed by authenticating user root ${ip} port 1 [preauth]`,
      { action: 'connection-closed', outcome: 'unknown', reason: 'authenticating', ip, port: 1, user: 'root' },
    ],
    [
      `Connection closed by invalid user admin ${ip} port 1 [preauth]`,
      { action: 'connection-closed', outcome: 'unknown', reason: 'unknown_user', ip, port: 1, user: 'admin' },
    ],
    [
      `Connection closed by invalid user  ${ip} port 1 [preauth]`,
      { action: 'connection-closed', outcome: 'unknown', reason: 'unknown_user', ip, port: 1, user: '' },
    ],
    [`Connection closed by ${ip} port 1 [preauth]`, { action: 'connection-closed', outcome: 'unknown', ip, port: 1 }],
    [`Connection closed by ${ip}`, { action: 'connection-closed', outcome: 'unknown', ip }],
    [
      `Connection reset by invalid user pi ${ip} port 1 [preauth]`,
      { action: 'connection-reset', outcome: 'unknown', reason: 'unknown_user', ip, port: 1, user: 'pi' },
    ],
    [`Connection reset by ${ip} port 1`, { action: 'connection-reset', outcome: 'unknown', ip, port: 1 }],
    [`Disconnected from user alice ${ip} port 1`, { action: 'disconnected', outcome: 'unknown', ip, port: 1, user: 'alice' }],
    [
      `Disconnected from authenticating user root ${ip} port 1 [preauth]`,
      { action: 'disconnected', outcome: 'unknown', reason: 'authenticating', ip, port: 1, user: 'root' },
    ],
    [`Disconnected from ${ip} port 1 [preauth]`, { action: 'disconnected', outcome: 'unknown', ip, port: 1 }],
    [`Received disconnect from ${ip} port 1:11: Bye Bye [preauth]`, { action: 'disconnected', outcome: 'unknown', ip, port: 1 }],
    [`Received disconnect from ${ip}: 11: Bye Bye [preauth]`, { action: 'disconnected', outcome: 'unknown', ip }],
    [
      `error: Received disconnect from ${ip} port 1:3: com.jcraft.jsch.JSchException: Auth fail [preauth]`,
      { action: 'disconnected', outcome: 'unknown', ip, port: 1 },
    ],
    [`Connection from ${ip} port 1 on 10.0.0.2 port 22 rdomain ""`, { action: 'connection-opened', outcome: 'unknown', ip, port: 1 }],
    [
      `drop connection #3 from [${ip}]:1 on [10.0.0.2]:22 penalty: failed authentication`,
      { action: 'connection-refused', outcome: 'failure', reason: 'penalty', ip },
    ],
    // peers that do not speak the protocol
    [
      `Unable to negotiate with ${ip} port 1: no matching key exchange method found. Their offer: x [preauth]`,
      { action: 'protocol-error', outcome: 'failure', reason: 'negotiation', ip, port: 1 },
    ],
    [
      `banner exchange: Connection from ${ip} port 1: invalid format`,
      { action: 'protocol-error', outcome: 'failure', reason: 'banner', ip, port: 1 },
    ],
    [
      `Did not receive identification string from ${ip} port 1`,
      { action: 'protocol-error', outcome: 'failure', reason: 'no_identification', ip, port: 1 },
    ],
    [`Did not receive identification string from ${ip}`, { action: 'protocol-error', outcome: 'failure', reason: 'no_identification', ip }],
    [
      `Bad protocol version identification 'GET / HTTP/1.1' from ${ip} port 1`,
      { action: 'protocol-error', outcome: 'failure', reason: 'bad_identification', ip, port: 1 },
    ],
    [
      `ssh_dispatch_run_fatal: Connection from ${ip} port 1: message authentication code incorrect [preauth]`,
      { action: 'protocol-error', outcome: 'failure', reason: 'packet', ip, port: 1 },
    ],
    [
      `fatal: Timeout before authentication for ${ip} port 1`,
      { action: 'protocol-error', outcome: 'failure', reason: 'timeout', ip, port: 1 },
    ],
    [
      `Timeout before authentication for connection from ${ip} to 10.0.0.2, pid = 77`,
      { action: 'protocol-error', outcome: 'failure', reason: 'timeout', ip },
    ],
    [
      'error: kex_exchange_identification: Connection closed by remote host',
      { action: 'protocol-error', outcome: 'failure', reason: 'no_identification' },
    ],
    // what has no form here is kept for keyword rules
    ['Server listening on 0.0.0.0 port 22.', { action: 'message', outcome: 'unknown' }],
    ['error: beginning MaxStartups throttling', { action: 'message', outcome: 'unknown' }],
  ])('%s', (message, expected) => {
    expect(said(message)).toEqual(expected)
    expect(parse(message).message).toBe(message)
  })
})

describe('one failed login is one failure', () => {
  it.each<[string, readonly string[]]>([
    [
      'an unknown user with a password',
      [
        'Invalid user oracle from 198.18.0.1 port 1',
        'pam_unix(sshd:auth): check pass; user unknown',
        'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.18.0.1',
        'Failed password for invalid user oracle from 198.18.0.1 port 1 ssh2',
        'Received disconnect from 198.18.0.1 port 1:11: Bye Bye [preauth]',
        'Disconnected from invalid user oracle 198.18.0.1 port 1 [preauth]',
      ],
    ],
    [
      'a client that asks for the methods first',
      ['Failed none for invalid user bob from 198.18.0.1 port 1 ssh2', 'Failed password for invalid user bob from 198.18.0.1 port 1 ssh2'],
    ],
    [
      'a client that offers its three keys first',
      [
        'Failed publickey for bob from 198.18.0.1 port 1 ssh2: RSA SHA256:a',
        'Failed publickey for bob from 198.18.0.1 port 1 ssh2: ED25519 SHA256:b',
        'Failed publickey for bob from 198.18.0.1 port 1 ssh2: ECDSA SHA256:c',
        'Failed password for bob from 198.18.0.1 port 1 ssh2',
      ],
    ],
    [
      'keyboard-interactive, late in the connection where sshd writes both lines',
      ['error: PAM: Authentication failure for bob from 198.18.0.1', 'Failed keyboard-interactive/pam for bob from 198.18.0.1 port 1 ssh2'],
    ],
  ])('for %s', (_, messages) => {
    expect(messages.filter((message) => isFailedLogin(parse(message)))).toHaveLength(1)
  })

  it('in a whole generated log: one for each line that says so, with the right address', () => {
    const { lines } = generateLog({ kind: 'ssh', lines: 4000, attack: 0.5, seed: 3 })
    let expected = 0
    for (const line of lines) {
      const event = sshd.parse(line, context)
      const wanted = line.includes('Failed password')
      if (wanted) expected++
      expect(isFailedLogin(event)).toBe(wanted)
      expect(!wanted || line.endsWith(` from ${event?.['source.ip']} port ${event?.['source.port']} ssh2`)).toBe(true)
    }
    expect(expected).toBeGreaterThan(500)
  })
})

describe('text that a client chose cannot stand in for its address', () => {
  const attacker = '198.18.0.1'
  const innocent = '10.0.0.1'

  it.each([
    `Failed password for invalid user test from ${innocent} port 5 ssh2 from ${attacker} port 22 ssh2`,
    `Failed password for invalid user x from ${innocent} port 5 ssh2: RSA SHA256:abc from ${attacker} port 22 ssh2`,
    `Failed none for invalid user a from ${innocent} port 5 ssh2 from ${attacker} port 22 ssh2`,
    `Invalid user test from ${innocent} port 5 from ${attacker} port 22`,
    `Invalid user test from ${innocent} from ${attacker}`,
    `Connection closed by invalid user ${innocent} port 5 ${attacker} port 22 [preauth]`,
    `Connection closed by invalid user x ${innocent} port 5 [preauth] ${attacker} port 22 [preauth]`,
    `Disconnected from authenticating user from ${innocent} port 5 ${attacker} port 22 [preauth]`,
    `error: maximum authentication attempts exceeded for invalid user a from ${innocent} port 5 ssh2 from ${attacker} port 22 ssh2 [preauth]`,
    `error: PAM: Authentication failure for illegal user a from ${innocent} from ${attacker}`,
    `Received disconnect from ${attacker} port 22:11: from ${innocent} port 5 [preauth]`,
    `Unable to negotiate with ${attacker} port 22: no matching cipher found. Their offer: x from ${innocent} port 5 [preauth]`,
    `Bad protocol version identification '\\026 from ${innocent} port 5' from ${attacker} port 22`,
    `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${attacker}  user=x rhost=${innocent}`,
    `Failed password for invalid user Accepted password for root from ${innocent} port 5 ssh2 from ${attacker} port 22 ssh2`,
  ])('%s', (message) => {
    expect(parse(message)['source.ip']).toBe(attacker)
    expect(parse(message)['event.outcome']).not.toBe('success')
  })

  it("names nobody when a certificate's id makes two addresses possible", () => {
    const event = parse(
      `Failed publickey for root from ${attacker} port 22 ssh2: RSA-CERT SHA256:a ID x from ${innocent} port 5 ssh2: y (serial 0) CA RSA SHA256:b`,
    )
    expect(event['source.ip']).toBeUndefined()
    expect(event['event.action']).toBe('login-step')
  })

  it('keeps the whole name, as far as the last address', () => {
    expect(parse(`Failed password for invalid user test from ${innocent} port 5 ssh2 from ${attacker} port 22 ssh2`)['user.name']).toBe(
      `test from ${innocent} port 5 ssh2`,
    )
  })

  const ATTACKERS = fc.oneof(fc.ipV4(), fc.constantFrom('2001:db8:bad::1', '198.18.3.4'))
  const words = fc.constantFrom(
    'from',
    'port',
    'ssh2',
    'for',
    'user',
    'invalid',
    'root',
    '10.0.0.1',
    '2001:db8::7',
    '22',
    'ssh2:',
    '[preauth]',
    'Accepted',
    'rhost=10.0.0.9',
    ']:',
    ':',
    "'",
    '\\',
    'é',
  )
  const name = fc.array(words, { maxLength: 9 }).map((parts) => parts.join(' '))

  it('holds for any name made of such words', () => {
    fc.assert(
      fc.property(name, ATTACKERS, fc.integer({ min: 1, max: 65_535 }), (user, ip, port) => {
        for (const message of [
          `Failed password for invalid user ${user} from ${ip} port ${port} ssh2`,
          `Failed none for invalid user ${user} from ${ip} port ${port} ssh2`,
          `Invalid user ${user} from ${ip} port ${port}`,
          `Connection closed by invalid user ${user} ${ip} port ${port} [preauth]`,
          `Connection reset by authenticating user ${user} ${ip} port ${port} [preauth]`,
          `error: maximum authentication attempts exceeded for invalid user ${user} from ${ip} port ${port} ssh2 [preauth]`,
        ]) {
          const event = parse(message)
          expect(event['source.ip']).toBe(ip)
          expect(event['source.port']).toBe(port)
          expect(event['user.name']).toBe(user)
          expect(event['event.outcome']).not.toBe('success')
        }
      }),
      { numRuns: 300 },
    )
  })

  it('never makes an address of what is none', () => {
    for (const host of [
      'evil.example',
      'UNKNOWN',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '256.1.1.1',
      '[2001:db8::1]:22',
      '1.2.3.4:22',
      ':::',
      '',
    ]) {
      expect(parse(`error: PAM: Authentication failure for root from ${host}`)['source.ip']).toBeUndefined()
    }
  })

  it('folds IPv4 written as IPv6, and writes IPv6 in one way', () => {
    expect(parse('Invalid user x from ::ffff:198.18.0.1 port 1')['source.ip']).toBe('198.18.0.1')
    expect(parse('Invalid user x from 2001:DB8:0:0::0:1 port 1')['source.ip']).toBe('2001:db8::1')
  })
})

describe('the frame around the message', () => {
  const message = 'Invalid user x from 198.18.0.1 port 1'
  const at = Date.UTC(2026, 10, 20, 3, 4, 5)

  it.each([
    ['Nov 20 03:04:05 web01 sshd[7]: ', at],
    ['<38>Nov 20 03:04:05 web01 sshd[7]: ', at],
    ['2026-11-20T03:04:05Z web01 sshd[7]: ', at],
    ['2026-11-20T03:04:05.123456+00:00 web01 sshd[7]: ', at + 123],
    ['2026-11-20T04:04:05.5+01:00 web01 sshd[7]: ', at + 500],
    ['2026-11-19T21:34:05-0530 web01 sshd[7]: ', at],
  ])('%s', (head, time) => {
    const event = sshd.parse(head + message, context)
    expect(event).toMatchObject({ '@timestamp': time, 'host.name': 'web01', 'process.pid': 7, 'source.ip': '198.18.0.1' })
  })

  it('knows the split server of OpenSSH 9.8 and later', () => {
    for (const name of ['sshd', 'sshd-session', 'sshd-auth']) {
      expect(sshd.parse(`Nov 20 03:04:05 web01 ${name}[7]: ${message}`, context)?.['process.name']).toBe(name)
    }
  })

  it('reads a line without a process id, and one with a line end', () => {
    const event = sshd.parse(`Nov 20 03:04:05 web01 sshd: ${message}\r\n`, context)
    expect(event?.['process.pid']).toBeUndefined()
    expect(event?.['source.port']).toBe(1)
  })

  it('keeps hosts apart, also when one name begins like the other', () => {
    const hosts = ['web01', 'web', 'web01', 'web011', 'a'].map(
      (host) => sshd.parse(`Nov 20 03:04:05 ${host} sshd[7]: ${message}`, context)?.['host.name'],
    )
    expect(hosts).toEqual(['web01', 'web', 'web01', 'web011', 'a'])
  })

  it('reads local stamps by the offset that it is told', () => {
    const event = sshd.parse(HEAD + message, { ...context, utcOffsetMinutes: 60 })
    expect(event?.['@timestamp']).toBe(at - 3_600_000)
  })

  it.each([
    '',
    ' ',
    'Nov',
    'Nov 20 03:04:05',
    'Nov 20 03:04:05 web01',
    'Nov 20 03:04:05 web01 sshd',
    'Nov 20 03:04:05 web01 sshd[7',
    'Nov 20 03:04:05 web01 sshd[]: x',
    'Nov 20 03:04:05 web01 sshd[x]: x',
    'Nov 20 03:04:05 web01 sshd[7] x',
    'Nov 31 03:04:05 web01 sshd[7]: x',
    'Nov 20 24:04:05 web01 sshd[7]: x',
    'Nov 20 03:60:05 web01 sshd[7]: x',
    'Xyz 20 03:04:05 web01 sshd[7]: x',
    '<38Nov 20 03:04:05 web01 sshd[7]: x',
    '2026-02-30T03:04:05Z web01 sshd[7]: x',
    '2026-11-20 03:04:05 web01 sshd[7]: x',
    'Nov 20 03:04:05  sshd[7]: x',
    `Nov 20 03:04:05 ${'h'.repeat(300)} sshd[7]: x`,
    `Nov 20 03:04:05 web01 ${'n'.repeat(100)}: x`,
  ])('gives nothing for %j', (line) => {
    expect(sshd.parse(line, context)).toBeUndefined()
    expect(sshd.sniff(line)).toBe(false)
    expect(sshd.isForeign(line)).toBe(false)
  })
})

describe('lines of other programs in the same file', () => {
  it.each([
    'Nov 20 03:04:05 web01 CRON[7]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
    'Nov 20 03:04:05 web01 sudo:     alice : TTY=pts/1 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/ls',
    'Nov 20 03:04:05 web01 systemd-logind[612]: New session 7 of user alice.',
    'Nov 20 03:04:05 web01 sshd-evil[7]: Failed password for root from 198.18.0.1 port 1 ssh2',
    'Nov 20 03:04:05 web01 sudo: sshd[7]: Failed password for root from 198.18.0.1 port 1 ssh2',
  ])('are passed over, not unknown: %s', (line) => {
    expect(sshd.parse(line, context)).toBeUndefined()
    expect(sshd.isForeign(line)).toBe(true)
    expect(sshd.sniff(line)).toBe(false)
  })
})

describe('hostile lines', () => {
  const pieces = fc.constantFrom(
    HEAD,
    'Failed password for ',
    ' from ',
    '198.18.0.1',
    ' port ',
    '22',
    ' ssh2',
    ': ',
    '\r\n',
    '\u001b[31m',
    '\0',
    '\u2028',
    '[',
    ']',
    'rhost=',
    'Accepted ',
    'message repeated 2 times: [ ',
    'pam_unix(',
    'x',
  )

  it('never throw, whatever is put together', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 20 }), (parts) => {
        for (const line of [parts.join(''), HEAD + parts.join('')]) {
          const event = sshd.parse(line, context)
          expect(isSound(event)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('never throw for bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        sshd.parse(Buffer.from(bytes).toString('latin1'), context)
        sshd.parse(HEAD + Buffer.from(bytes).toString('utf8'), context)
        sshd.sniff(Buffer.from(bytes).toString('latin1'))
        sshd.isForeign(Buffer.from(bytes).toString('latin1'))
      }),
    )
  })

  it('of a megabyte are bounded and quick', () => {
    const start = process.cpuUsage()
    for (const filling of ['a', ' ', '[', ' from ', ' ssh2: ', ' for ', 'from 10.0.0.1 port 5 ssh2 ', '\u001b[2J', '\0', '\\"']) {
      const text = filling.repeat(Math.ceil(1_000_000 / filling.length))
      for (const lead of [
        '',
        HEAD,
        `${HEAD}Failed publickey for `,
        `${HEAD}Accepted password for `,
        `${HEAD}pam_unix(`,
        'Nov 20 03:04:05 ',
      ]) {
        const event = sshd.parse(`${lead}${text} from 198.18.0.1 port 1 ssh2`, context)
        expect(event?.message?.length ?? 0).toBeLessThanOrEqual(8192)
      }
    }
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1500)
  })

  it('keep their control characters: whoever shows a value makes it safe', () => {
    expect(parse('Invalid user \u001b[31mroot\0 from 198.18.0.1 port 1')['user.name']).toBe('\u001b[31mroot\0')
  })
})

it('is found by its name', () => {
  expect(parserFor('sshd')).toBe(sshd)
})
