import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parapet } from '../../fixtures/run-parapet.js'
import { hasJournal, usualLogs } from './log-places.js'

let place: string
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'parapet-activity-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const stamp = (minutesAgo: number): string => new Date(Date.now() - minutesAgo * 60_000).toISOString()
const sshd = (minutesAgo: number, text: string): string => `${stamp(minutesAgo)} web sshd[77]: ${text}`
const failed = (minutesAgo: number, user: string, address: string): string =>
  sshd(minutesAgo, `Failed password for ${user} from ${address} port 40${minutesAgo} ssh2`)
const accepted = (minutesAgo: number, user: string, address: string): string =>
  sshd(minutesAgo, `Accepted password for ${user} from ${address} port 4022 ssh2`)
const write = (name: string, lines: readonly string[]): string => {
  const path = join(place, name)
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}
const story = (): string =>
  write('auth.log', [
    ...Array.from({ length: 12 }, (_, n) => failed(60 - n, 'deploy', '198.18.0.9')),
    accepted(40, 'deploy', '198.18.0.9'),
    `${stamp(39)} web sudo: deploy : TTY=pts/0 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/id`,
    accepted(30, 'ann', '100.64.0.1'),
    failed(60 * 30, 'long-ago', '198.18.0.1'),
  ])

describe('parapet activity', () => {
  it('shows who was guessed into first, what they did, and what the rules say; exit code 1', async () => {
    const { code, stdout, stderr } = await parapet(['activity', story()])
    expect(stderr).toBe('')
    expect(code).toBe(1)
    expect(stdout).toMatch(/People\n.*\n\s+odd\s+deploy\s+1\s+12\s+198\.18\.0\.9/)
    expect(stdout).toContain('1 sign-in right after failed guesses from the same address')
    expect(stdout).toMatch(/sudo-command\s+\/usr\/bin\/id/)
    expect(stdout).toContain('Brute force')
    // as detect calls it, and as rules explain takes it
    expect(stdout).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/)
    // a day is what "lately" means
    expect(stdout).not.toContain('long-ago')
    expect((await parapet(['activity', story(), '--since', '3d'])).stdout).toContain('long-ago')
  })

  it('says how much lay outside the time when nothing was in it', async () => {
    const { stdout } = await parapet(['activity', story(), '--until', '2020-01-02', '--since', '2020-01-01'])
    expect(stdout).toMatch(/^no events in this time, \d+ outside it \(--since and --until set it\): 0 events/)
  })

  it('prints one object as JSON, the oddest first', async () => {
    const { code, stdout } = await parapet(['activity', story(), '--json'])
    expect(code).toBe(1)
    const report = JSON.parse(stdout)
    expect(report).toMatchObject({
      signIns: 2,
      failures: 12,
      leftOut: 0,
      people: [
        { name: 'deploy', acts: 1 },
        { name: 'ann', oddity: 0 },
      ],
    })
    expect(report.files).toEqual([expect.objectContaining({ format: 'auth', lines: 16, unknown: 0 })])
    expect(report.alerts.length).toBeGreaterThan(0)
  })

  it('finds nothing odd where nothing is, and says what it looked at; exit code 0', async () => {
    const { code, stdout } = await parapet([
      'activity',
      write('calm.log', [accepted(20, 'ann', '100.64.0.1'), accepted(10, 'ann', '100.64.0.1')]),
    ])
    expect(code).toBe(0)
    expect(stdout).toContain('2 sign-ins, 0 failed sign-ins')
    expect(stdout).not.toMatch(/\bodd\s+ann/)
  })

  it('shows hostile names as text, not as a terminal would take them', async () => {
    const { stdout } = await parapet([
      'activity',
      write(
        'hostile.log',
        Array.from({ length: 6 }, () => failed(5, '\u001b[31mred\u0007', '198.18.0.2')),
      ),
    ])
    expect(stdout).not.toContain('\u001b[31mred')
    expect(stdout).not.toContain('\u0007')
    expect(stdout).toContain('red')
  })

  it('reads the others when a log cannot be read, and never says that nothing was odd', async () => {
    const both = await parapet(['activity', story(), join(place, 'no-such.log')])
    expect(both.code).toBeGreaterThan(1)
    expect(both.stdout).toContain('deploy')
    expect(both.stderr).toContain('no-such.log')
    const none = await parapet(['activity', join(place, 'no-such.log')])
    expect(none.stdout).toBe('')
    expect(none.code).toBeGreaterThan(1)
  })

  it('asks journalctl and docker by their arguments, and tells when they fail', async () => {
    const bin = join(place, 'bin')
    mkdirSync(bin, { recursive: true })
    const program = (name: string, script: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`)
      chmodSync(join(bin, name), 0o755)
    }
    program('journalctl', `echo "$@" >&2; cat ${story()}`)
    program('docker', `echo "no such container: $4" >&2; exit 1`)
    const env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` }
    const journal = await parapet(['activity', '--auth', 'journal', '--json'], { env })
    expect(JSON.parse(journal.stdout)).toMatchObject({ failures: 12, files: [{ path: 'journal' }] })
    const docker = await parapet(['activity', '--auth', 'docker:backend'], { env })
    expect(docker.stderr).toContain('docker:backend: no such container: backend')
    expect(docker.code).toBeGreaterThan(1)
    const wrong = await parapet(['activity', '--auth', 'docker:$(id)'], { env })
    expect(wrong.stderr).toContain('the name of a container')
    expect(wrong.code).toBe(2)
  })
})

describe('the usual logs of a machine', () => {
  it('are found where systems keep them, without their rotated past', async () => {
    const root = join(place, 'root')
    for (const folder of ['var/log/nginx', 'var/log/audit', 'run/log/journal']) mkdirSync(join(root, folder), { recursive: true })
    for (const file of [
      'auth.log',
      'auth.log.1',
      'syslog',
      'nginx/access.log',
      'nginx/shop.access.log',
      'nginx/access.log.2.gz',
      'audit/audit.log',
    ])
      writeFileSync(join(root, 'var/log', file), '')
    expect(await usualLogs(root)).toEqual(
      ['auth.log', 'nginx/access.log', 'nginx/shop.access.log', 'audit/audit.log'].map((file) => join(root, 'var/log', file)),
    )
    expect(hasJournal(root)).toBe(true)
    expect(await usualLogs(join(place, 'empty'))).toEqual([])
    expect(hasJournal(join(place, 'empty'))).toBe(false)
  })
})
