import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withoutRights } from '../fixtures/without-rights.js'
import { lookAtHost } from './look-at-host.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parapet-look-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, content: string, mode = 0o644): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
  chmodSync(join(root, path), mode)
}

describe('a look at a host', () => {
  it('shows who else is root, which keys let in, and what changed since then', async () => {
    put('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/bash\n')
    put('etc/cron.d/job', '* * * * * root /tmp/x\n')
    put(
      'root/.ssh/authorized_keys',
      `ssh-ed25519 ${Buffer.alloc(51, 7).toString('base64')} a\nssh-ed25519 ${Buffer.alloc(51, 8).toString('base64')} b\n`,
    )
    put('usr/bin/odd', '#!/bin/sh\n', 0o4755)
    put('usr/bin/plain', '#!/bin/sh\n', 0o755)
    const look = await lookAtHost(root, Date.now() - 60_000)
    expect(look.admins).toEqual(['toor'])
    expect(look.keys.map(({ path, fingerprint }) => [path, fingerprint.slice(0, 7)])).toEqual([
      ['/root/.ssh/authorized_keys', 'SHA256:'],
      ['/root/.ssh/authorized_keys', 'SHA256:'],
    ])
    expect(look.changed.map(({ kind, path }) => `${kind} ${path}`).toSorted()).toEqual([
      'cron /etc/cron.d/job',
      'files /etc/passwd',
      'setuid /usr/bin/odd',
      'ssh_keys /root/.ssh/authorized_keys',
    ])
    expect(look.unread).toEqual([])
  })

  it('is not led by a time of the past that somebody set: the change of that is a change', async () => {
    put('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n')
    utimesSync(join(root, 'etc/passwd'), 1_000_000_000, 1_000_000_000)
    expect((await lookAtHost(root, Date.now() - 60_000)).changed.map(({ path }) => path)).toEqual(['/etc/passwd'])
    expect((await lookAtHost(root, Date.now() + 60_000)).changed).toEqual([])
  })

  it('says what it could not read, and throws at nothing', async () => {
    expect(await lookAtHost(join(root, 'nowhere'), 0)).toEqual({
      listeners: [],
      changed: [],
      keys: [],
      admins: [],
      unread: ['/etc/passwd'],
    })
  })

  it('as a user without rights names what it may not read, instead of taking it for nothing', async () => {
    put('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n')
    put('root/.config/systemd/user/x.service', '[Unit]\n')
    put('root/.ssh/authorized_keys', `ssh-ed25519 ${Buffer.alloc(51, 7).toString('base64')} a\n`)
    put('home/ann/.ssh/authorized_keys', `ssh-ed25519 ${Buffer.alloc(51, 7).toString('base64')} a\n`, 0o600)
    put('usr/lib/closed/odd', '#!/bin/sh\n', 0o4755)
    for (const path of ['', 'home/ann/.ssh']) chmodSync(join(root, path), 0o755)
    for (const path of ['root', 'usr/lib/closed']) chmodSync(join(root, path), 0o700)
    chmodSync(join(root, 'home/ann/.ssh/authorized_keys'), process.getuid?.() === 0 ? 0o600 : 0o000)
    if (process.getuid?.() !== 0) for (const path of ['root', 'usr/lib/closed']) chmodSync(join(root, path), 0o000)
    const { keys, unread } = await withoutRights(() => lookAtHost(root, 0))
    for (const path of ['root', 'usr/lib/closed']) chmodSync(join(root, path), 0o700)
    expect(keys).toEqual([])
    expect(unread).toEqual(
      expect.arrayContaining(['/root/.config', '/root/.ssh/authorized_keys', '/home/ann/.ssh/authorized_keys', '/usr/lib/closed']),
    )
  })

  it('shows listeners that others can reach, of the running system', async () => {
    const [open, own] = [createServer(), createServer()]
    await new Promise<void>((resolve) => open.listen(0, '0.0.0.0', resolve))
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve))
    const portOf = (server: typeof open): number => (server.address() as { port: number }).port
    const { listeners } = await lookAtHost('/', Date.now() + 60_000)
    expect(listeners.find(({ port }) => port === portOf(open))).toMatchObject({
      address: '0.0.0.0',
      transport: 'tcp',
      program: expect.stringContaining('node'),
    })
    expect(listeners.find(({ port }) => port === portOf(own))).toBeUndefined()
    await Promise.all([open, own].map((server) => new Promise((resolve) => server.close(resolve))))
  }, 60_000)
})
