import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auth } from './auth.js'
import { said } from './fixtures/said.js'

const can = needs('root', 'rsyslogd', 'useradd', 'su', 'unshare')
const folder = mkdtempSync(join(tmpdir(), 'parapet-accounts-'))
let logger: ChildProcess | undefined
let said1: Record<string, unknown>[] = []

/** Runs in a mount namespace of its own, over a copy of /etc: the accounts of this machine stay as they are. */
const COMMANDS = `
set -e
mount --bind ${folder}/etc /etc
mount -t tmpfs t /var/log
mount -t tmpfs t /dev
mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/zero c 1 5; mknod -m 666 /dev/urandom c 1 9; mknod -m 666 /dev/tty c 5 0
chmod 755 /dev
ln -s ${folder}/log /dev/log
set +e
groupadd ops
useradd -M -s /bin/sh bob
usermod -aG ops bob
gpasswd -a bob ops
gpasswd -d bob ops
echo bob:secret | chpasswd
chage -M 90 bob
usermod -L bob
usermod -U bob
usermod -s /bin/bash bob
useradd -M -o -u 0 toor
su bob -c true
su bob -c 'echo wrong | su root -c id'
userdel bob
groupdel ops
`

beforeAll(async () => {
  if (!can.ok) return
  execFileSync('cp', ['-a', '/etc', join(folder, 'etc')], { stdio: 'ignore' })
  execFileSync('chmod', ['755', folder])
  const out = join(folder, 'auth.log')
  const settings = join(folder, 'rsyslog.conf')
  writeFileSync(
    settings,
    `module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="${folder}/log")\naction(type="omfile" file="${out}" template="RSYSLOG_TraditionalFileFormat")\n`,
  )
  logger = spawn(findProgram('rsyslogd') ?? 'rsyslogd', ['-n', '-f', settings, '-i', join(folder, 'pid')], { stdio: 'ignore' })
  for (let tries = 0; tries < 100 && !existsSync(join(folder, 'log')); tries++) await new Promise((resolve) => setTimeout(resolve, 50))
  execFileSync('chmod', ['666', join(folder, 'log')])
  execFileSync('unshare', ['-m', 'sh', '-c', COMMANDS], { stdio: 'ignore' })
  for (let tries = 0; tries < 100 && !(existsSync(out) && readFileSync(out, 'utf8').includes("group 'ops' removed\n")); tries++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  said1 = readFileSync(out, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => said(auth.parse(line, { now: Date.now() })))
}, 60_000)

afterAll(async () => {
  if (logger !== undefined && logger.exitCode === null) {
    const exit = once(logger, 'exit')
    logger.kill()
    await exit
  }
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(can.ok)(`the real account tools and the real su${can.note}`, () => {
  const IAM = { dataset: 'accounts', category: 'iam', outcome: 'success' }
  it.each<[string, Record<string, unknown>]>([
    ['groupadd', { ...IAM, action: 'group-created', group: 'ops' }],
    ['useradd', { ...IAM, action: 'user-created', target: 'bob' }],
    ['usermod -aG', { ...IAM, action: 'group-member-added', target: 'bob', group: 'ops' }],
    ['gpasswd -a', { ...IAM, action: 'group-member-added', user: 'root', target: 'bob', group: 'ops' }],
    ['gpasswd -d', { ...IAM, action: 'group-member-removed', user: 'root', target: 'bob', group: 'ops' }],
    ['chpasswd', { ...IAM, action: 'password-changed', target: 'bob', service: 'chpasswd' }],
    ['chage', { ...IAM, action: 'user-changed', reason: 'expiry', target: 'bob' }],
    ['usermod -L', { ...IAM, action: 'user-changed', reason: 'locked', target: 'bob' }],
    ['usermod -U', { ...IAM, action: 'user-changed', reason: 'unlocked', target: 'bob' }],
    ['usermod -s', { ...IAM, action: 'user-changed', reason: 'shell', target: 'bob' }],
    ['a second root', { ...IAM, action: 'user-created', reason: 'uid_zero', target: 'toor' }],
    ['userdel', { ...IAM, action: 'user-deleted', target: 'bob' }],
    ['groupdel', { ...IAM, action: 'group-deleted', group: 'ops' }],
    ['su that went well', { dataset: 'su', category: 'authentication', action: 'su', outcome: 'success', user: 'root', target: 'bob' }],
    [
      'su that was refused',
      { dataset: 'su', category: 'authentication', action: 'su', outcome: 'failure', reason: 'refused', user: 'bob', target: 'root' },
    ],
    [
      'its PAM line',
      {
        dataset: 'pam',
        category: 'authentication',
        action: 'login-step',
        outcome: 'failure',
        reason: 'bad_password',
        service: 'su',
        user: 'bob',
        target: 'root',
      },
    ],
  ])('%s is one event', (_, expected) => {
    expect(said1.filter((event) => JSON.stringify(event) === JSON.stringify({ ...event, ...expected }))).toContainEqual(expected)
    expect(
      said1.filter(
        (event) => Object.entries(expected).every(([key, value]) => event[key] === value) && event['reason'] === expected['reason'],
      ).length,
    ).toBeLessThanOrEqual(2)
  })

  it('write no line that is not read', () => {
    expect(said1.length).toBeGreaterThan(20)
    expect(said1.filter((event) => 'nothing' in event)).toEqual([])
  })
})
