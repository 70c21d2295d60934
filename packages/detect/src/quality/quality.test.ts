import { generateLog, type LogKind } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { parserFor } from '../parsers/registry.js'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { measureQuality, type QualityReport } from './measure-quality.js'

const { rules } = compileRules(await builtinRules())

const measured = (kind: LogKind, seed: number, lines = 60_000, attack = 0.05): QualityReport => {
  const log = generateLog({ kind, lines, seed, attack })
  return measureQuality({
    lines: log.lines,
    truth: log.truth,
    parser: parserFor(kind === 'ssh' ? 'sshd' : 'nginx.access'),
    engine: createEngine({ rules }),
    now: log.end,
  })
}

describe('labelled traffic', { timeout: 120_000 }, () => {
  it.each([
    ['nginx', 1],
    ['nginx', 2],
    ['ssh', 1],
    ['ssh', 2],
  ] as const)('%s of seed %i: names the attackers of every class, and leaves honest people alone', (kind, seed) => {
    const report = measured(kind, seed)
    expect(report.attackers).toBeGreaterThan(10)
    expect(report.named / report.attackers).toBeGreaterThanOrEqual(0.95)
    // one attacker a file may be cut short at its end
    const weak = Object.entries(report.classes).filter(([, { attackers, named }]) => attackers - named > Math.max(1, attackers / 20))
    expect(weak).toEqual([])
    expect(report.benign).toBeGreaterThan(500)
    expect(report.accused.length / report.benign).toBeLessThanOrEqual(0.005)
  })

  it('names the addresses of distributed campaigns, which try once each', () => {
    for (const [kind, name] of [
      ['ssh', 'ssh_distributed'],
      ['nginx', 'cred_stuffing'],
    ] as const) {
      const log = generateLog({ kind, lines: 60_000, seed: 5, attack: 0.1 })
      const report = measureQuality({
        lines: log.lines,
        truth: log.truth,
        parser: parserFor(kind === 'ssh' ? 'sshd' : 'nginx.access'),
        engine: createEngine({ rules }),
        now: log.end,
        leastLines: 1,
      })
      const { attackers = 0, named = 0 } = report.classes[name] ?? {}
      expect(attackers).toBeGreaterThan(20)
      expect(named / attackers).toBeGreaterThan(0.8)
    }
  })

  it('keeps what it says small while nearly everything is hostile', () => {
    const report = measured('ssh', 3, 30_000, 0.95)
    expect(report.fired + report.updated).toBeLessThan(report.lines / 5)
    expect(report.named / report.attackers).toBeGreaterThanOrEqual(0.95)
  })

  it('accuses nobody in a log without attackers', () => {
    for (const kind of ['ssh', 'nginx'] as const) {
      const report = measured(kind, 4, 30_000, 0)
      expect(report.attackers).toBe(0)
      expect(report.accused.length / report.benign).toBeLessThanOrEqual(0.005)
    }
  })
})
