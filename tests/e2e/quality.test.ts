import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { generateLog, type LogTruth, writeLines } from '@parapet/testkit'
import { addressKey, type Level } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPlace, parapet, root } from './support/control-plane.js'

type AlertLine = { readonly rule: { readonly id: string; readonly level: Level }; readonly targets: readonly string[] }

const SEEDS = [42, 7, 2026] as const
const LINES = 500_000
/** what the shipped rules promise to find; an attacker is asked for when he wrote at least eight lines of one class */
const COVERED = {
  ssh: ['ssh_bf', 'ssh_enum', 'ssh_slow_bf', 'ssh_scan'],
  nginx: ['bad_ua', 'probing', 'sensitive_files', 'path_traversal', 'sqli', 'login_bf', 'rate_1000h'],
} as const
const SERIOUS: ReadonlySet<Level> = new Set(['medium', 'high', 'critical'])

/** Runs the real command on a file and reads its alerts, one JSON a line. Exit 1 says that there are some. */
const detect = (file: string): AlertLine[] => {
  let out = ''
  try {
    out = execFileSync(process.execPath, [parapet, 'detect', file, '--json'], {
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    if (status !== 1) throw new Error(`parapet detect ended with ${status}: ${stderr}`, { cause: error })
    out = stdout
  }
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as AlertLine)
}

const recallOf = (truth: LogTruth, named: ReadonlySet<string>, kind: 'ssh' | 'nginx') => {
  const wanted = [...truth.attackers].filter(([, attacker]) => COVERED[kind].some((name) => (attacker.classes[name] ?? 0) >= 8))
  const missed = wanted.filter(([address]) => !named.has(address))
  return { wanted: wanted.length, missed: missed.map(([address, attacker]) => `${address} ${JSON.stringify(attacker.classes)}`) }
}

describe('parapet detect on half a million lines', () => {
  const place = createPlace('quality')

  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'scripts/build.js')], { stdio: 'ignore' })
  }, 120_000)
  afterAll(() => place.remove())

  it.each((['ssh', 'nginx'] as const).flatMap((kind) => SEEDS.map((seed) => [kind, seed] as const)))(
    '%s, seed %i: names at least 95 in 100 attackers and at most 5 in 1000 innocent',
    async (kind, seed) => {
      const { lines, truth } = generateLog({ kind, seed, lines: LINES })
      const file = join(place.path, `${kind}-${seed}.log`)
      await writeLines(file, lines)
      const alerts = detect(file)
      const named = new Set(alerts.flatMap(({ targets }) => targets))
      const { wanted, missed } = recallOf(truth, named, kind)
      expect(wanted).toBeGreaterThan(50)
      expect(missed.length / wanted, missed.join('\n')).toBeLessThanOrEqual(0.05)

      const accused = new Set(alerts.filter(({ rule }) => SERIOUS.has(rule.level)).flatMap(({ targets }) => targets))
      const innocent = new Set<string>()
      for (const line of lines) {
        const address = /(?:^| from |rhost=| user )((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f:]*:[0-9a-f:]+:[0-9a-f]+)(?: |$)/.exec(line)?.[1]
        if (address !== undefined && addressKey(address) !== undefined && truth.isBenign(address)) innocent.add(address)
      }
      const wronged = [...innocent].filter((address) => accused.has(address))
      console.log(
        `${kind} seed ${seed}: ${alerts.length} alerts, ${wanted - missed.length} of ${wanted} attackers named, ${wronged.length} of ${innocent.size} innocent addresses in alerts of level medium or above`,
      )
      expect(innocent.size).toBeGreaterThan(100)
      expect(wronged.length / innocent.size, wronged.slice(0, 10).join('\n')).toBeLessThanOrEqual(0.005)
    },
    120_000,
  )
})
