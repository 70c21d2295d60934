import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateLog, hostileNginxLog, writeLines, type GeneratedLog, type LogKind } from '../index.js'

const KINDS: readonly LogKind[] = ['ssh', 'nginx', 'app']
const CLASSES: Readonly<Record<LogKind, readonly string[]>> = {
  ssh: ['ssh_bf', 'ssh_distributed', 'ssh_enum', 'ssh_scan', 'ssh_slow_bf'],
  nginx: ['bad_ua', 'cred_stuffing', 'login_bf', 'path_traversal', 'probing', 'rate_1000h', 'sensitive_files', 'sqli', 'xss'],
  app: ['impossible_travel', 'login_bf', 'stuffing_distributed', 'stuffing_one_ip', 'user_rate'],
}
const HOSTILE = /^(?:198\.1[89]\.\d+\.\d+|2001:db8:bad:)/
const HONEST = /^(?:100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+|2001:db8:1:)/

/** The time of a line, ms UTC. */
const timeOf = (kind: LogKind, line: string): number => {
  if (kind === 'app') return Date.parse((JSON.parse(line) as { ts: string }).ts)
  if (kind === 'ssh') return Date.parse(`${line.slice(0, 6)} 2026 ${line.slice(7, 15)} UTC`)
  const stamp = /\[(\d\d)\/(\w{3})\/(\d{4}):(\S+) \+0000\]/.exec(line)
  return Date.parse(`${stamp?.[1]} ${stamp?.[2]} ${stamp?.[3]} ${stamp?.[4]} UTC`)
}

const addressesIn = (line: string): string[] => line.match(/\b(?:198\.1[89]|100\.\d+)\.\d+\.\d+|2001:db8:[0-9a-f:]+[0-9a-f]/g) ?? []

const linesByClass = ({ truth }: GeneratedLog): Record<string, number> => {
  const sums: Record<string, number> = {}
  for (const { classes } of truth.attackers.values())
    for (const [name, count] of Object.entries(classes)) sums[name] = (sums[name] ?? 0) + count
  return sums
}

describe.each(KINDS)('a generated %s log', (kind) => {
  const log = generateLog({ kind, lines: 60_000, attack: 0.4, seed: 11 })
  const lines = [...log.lines]

  it('has as many lines as asked for, none with a line end', () => {
    expect(lines).toHaveLength(60_000)
    expect(lines.some((line) => /[\r\n]/.test(line))).toBe(false)
  })

  it('is the same for the same seed, and another for another', () => {
    const small = { kind, lines: 2000 } as const
    expect([...generateLog(small).lines]).toEqual([...generateLog({ ...small, seed: 42 }).lines])
    expect([...generateLog({ ...small, seed: 1 }).lines]).not.toEqual([...generateLog({ ...small, seed: 2 }).lines])
  })

  it('plays every class and no other', () => {
    expect(Object.keys(linesByClass(log)).toSorted()).toEqual(CLASSES[kind])
  })

  it('has the share of hostile lines that was asked for', () => {
    const hostile = [...log.truth.attackers.values()].reduce((sum, attacker) => sum + attacker.lines, 0)
    expect(hostile / lines.length).toBeGreaterThan(0.39)
    expect(hostile / lines.length).toBeLessThanOrEqual(0.4)
    expect(generateLog({ kind, lines: 1000, attack: 0 }).truth.attackers.size).toBe(0)
  })

  it('stands in the order of time, inside the period but for what a session runs over', () => {
    const times = lines.map((line) => timeOf(kind, line))
    expect(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0))).toBe(true)
    const hours = kind === 'ssh' ? 168 : 24
    expect(times[0]).toBeGreaterThanOrEqual(log.end - hours * 3_600_000)
    expect(times.filter((time) => time > log.end).length / times.length).toBeLessThan(0.02)
  })

  it('keeps attackers and honest people in ranges of their own', () => {
    for (const address of log.truth.attackers.keys()) expect(address).toMatch(HOSTILE)
    for (const address of log.truth.typos.keys()) {
      expect(address).toMatch(HONEST)
      expect(log.truth.isBenign(address)).toBe(true)
    }
    for (const address of new Set(lines.flatMap(addressesIn))) {
      const matches = [HOSTILE.test(address), HONEST.test(address)]
      expect(matches.filter(Boolean)).toHaveLength(1)
      expect(matches[0] === true && log.truth.isBenign(address)).toBe(false)
    }
  })

  it('tells the truth: lines, first and last second of each attacker that its lines name', () => {
    const seen = new Map<string, { lines: number; first: number; last: number }>()
    for (const line of lines) {
      const time = Math.floor(timeOf(kind, line) / 1000) * 1000
      for (const address of new Set(addressesIn(line))) {
        const entry = seen.get(address) ?? { lines: 0, first: time, last: time }
        seen.set(address, { lines: entry.lines + 1, first: Math.min(entry.first, time), last: Math.max(entry.last, time) })
      }
    }
    for (const [address, attacker] of log.truth.attackers) {
      const sum = Object.values(attacker.classes).reduce((a, b) => a + b, 0)
      expect(sum).toBe(attacker.lines)
      // one of five lines of `ssh_enum` names nobody
      const nameless = Math.ceil((attacker.classes['ssh_enum'] ?? 0) / 5)
      expect(Math.abs(attacker.lines - (seen.get(address)?.lines ?? 0))).toBeLessThanOrEqual(nameless)
      expect(attacker.first).toBeLessThanOrEqual(seen.get(address)?.first ?? 0)
      expect(attacker.last).toBeGreaterThanOrEqual(seen.get(address)?.last ?? Infinity)
    }
  })

  it('keeps an attacker of one address busy enough to be seen', () => {
    const one = CLASSES[kind].filter((name) => !/distributed|stuffing$|scan|travel/.test(name))
    const counts = [...log.truth.attackers.values()].flatMap(({ classes }) => one.flatMap((name) => classes[name] ?? []))
    // the last attacker may be cut off by the end of the log
    expect(counts.filter((count) => count < 6).length).toBeLessThanOrEqual(1)
  })

  it('can be as short as one line, and as long as the hours asked for', () => {
    expect([...generateLog({ kind, lines: 1 }).lines]).toHaveLength(1)
    const short = generateLog({ kind, lines: 500, hours: 2, end: Date.UTC(2027, 0, 1) })
    const first = [...short.lines][0] ?? ''
    expect(kind === 'ssh' ? first.slice(0, 6) : new Date(timeOf(kind, first)).toISOString().slice(0, 10)).toBe(
      kind === 'ssh' ? 'Dec 31' : '2026-12-31',
    )
  })
})

describe('rates that rules are set by', () => {
  const spans = (kind: LogKind, name: string): { perLine: number; lines: number }[] =>
    [...generateLog({ kind, lines: 60_000, attack: 0.6, seed: 3 }).truth.attackers.values()].flatMap(({ classes, lines, first, last }) => {
      const own = classes[name] ?? 0
      return own === lines && lines > 5 ? [{ perLine: (last - first) / 1000 / (lines - 1), lines }] : []
    })

  it('a slow brute force leaves 40 to 90 seconds between tries', () => {
    const all = spans('ssh', 'ssh_slow_bf')
    expect(all.length).toBeGreaterThan(3)
    for (const { perLine } of all) expect(perLine > 39 && perLine < 91).toBe(true)
  })

  it('a scraper makes over a thousand requests in an hour', () => {
    const all = spans('nginx', 'rate_1000h').filter(({ lines }) => lines >= 1100)
    expect(all.length).toBeGreaterThan(3)
    for (const { perLine } of all) expect(perLine).toBeLessThan(3.2)
  })

  it('a user over the rate makes more than a hundred requests a minute', () => {
    const all = spans('app', 'user_rate').filter(({ lines }) => lines >= 130)
    expect(all.length).toBeGreaterThan(3)
    for (const { perLine } of all) expect(perLine).toBeLessThan(0.6)
  })

  it('distributed guessing uses an address about once', () => {
    const log = generateLog({ kind: 'ssh', lines: 60_000, attack: 0.6, seed: 3 })
    const counts = [...log.truth.attackers.values()].flatMap(({ classes }) => classes['ssh_distributed'] ?? [])
    expect(counts.length).toBeGreaterThan(100)
    expect(counts.filter((count) => count === 1).length / counts.length).toBeGreaterThan(0.9)
  })
})

describe('the hostile log', () => {
  const lines = [...hostileNginxLog({ lines: 300 })]

  it('has lines of nearly 8 KiB that no reader cuts', () => {
    for (const line of lines) {
      expect(line.length).toBeGreaterThan(8000)
      expect(line.length).toBeLessThanOrEqual(8192)
    }
  })

  it('never has one path or user agent twice, so that no memo helps', () => {
    const parts = lines.map((line) => line.split('"'))
    expect(parts.every((part) => part.length === 7)).toBe(true)
    expect(new Set(parts.map((part) => part[1])).size).toBe(lines.length)
    expect(new Set(parts.map((part) => part[5])).size).toBe(lines.length)
  })

  it('repeats almost-matches', () => {
    const all = lines.join('\n')
    for (const almost of ['/etc/passw', 'union+select+nul', '%3Cscrip', '/wp-admi', 'jnd'])
      expect(all.split(almost).length).toBeGreaterThan(100)
  })

  it('is the same for the same seed', () => {
    expect([...hostileNginxLog({ lines: 5, seed: 1 })]).toEqual([...hostileNginxLog({ lines: 5, seed: 1 })])
    expect([...hostileNginxLog({ lines: 5, seed: 1 })]).not.toEqual([...hostileNginxLog({ lines: 5, seed: 2 })])
  })
})

describe('writing lines', () => {
  it('ends each with a line end, in one file of any size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parapet-write-'))
    try {
      const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} é`)
      expect(await writeLines(join(folder, 'a'), lines)).toBe(30_000)
      expect(readFileSync(join(folder, 'a'), 'utf8')).toBe(`${lines.join('\n')}\n`)
      expect(await writeLines(join(folder, 'b'), [])).toBe(0)
      expect(readFileSync(join(folder, 'b'), 'utf8')).toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('rejects when the file cannot be written', async () => {
    await expect(writeLines('/nonexistent/folder/x', ['a'])).rejects.toThrow('ENOENT')
  })
})
