import { readFileSync } from 'node:fs'
import { generateLog, type LogKind } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../engine/engine.js'
import { compileMapping } from '../parsers/mapping/compile-mapping.js'
import { parserFor } from '../parsers/registry.js'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { measureQuality, type QualityReport } from './measure-quality.js'

const { rules } = compileRules(await builtinRules())
const MAPPING = new URL('../../../../bench/app-log-mapping.yml', import.meta.url)
const PARSERS = {
  ssh: parserFor('sshd'),
  nginx: parserFor('nginx.access'),
  app: compileMapping(readFileSync(MAPPING, 'utf8'), 'app'),
} as const
/** attacks by many, and journeys, which are one sign-in */
const LEAST = { impossible_travel: 1, ssh_distributed: 30, cred_stuffing: 40, stuffing_distributed: 40 }

const measured = (kind: LogKind, seed: number, lines = 60_000, attack = 0.05): QualityReport => {
  const log = generateLog({ kind, lines, seed, attack })
  return measureQuality({
    lines: log.lines,
    truth: log.truth,
    parser: PARSERS[kind],
    engine: createEngine({ rules }),
    now: log.end,
    leastLines: LEAST,
  })
}

describe('labelled traffic', { timeout: 240_000 }, () => {
  it.each([
    ['nginx', 1],
    ['nginx', 2],
    ['ssh', 1],
    ['ssh', 2],
    ['app', 1],
  ] as const)('%s of seed %i: tells of every class of attack, and accuses nobody else', (kind, seed) => {
    const report = measured(kind, seed)
    expect(report.campaigns).toBeGreaterThan(10)
    // one attack a file may be cut short at its end
    const weak = Object.entries(report.classes).filter(([, { campaigns, found }]) => campaigns - found > Math.max(1, campaigns / 100))
    expect(weak, report.missed.join('\n')).toEqual([])
    expect(report.benign).toBeGreaterThan(500)
    expect(report.accused).toEqual([])
    expect(report.falseAlerts).toBe(0)
  })

  it('names the addresses of distributed campaigns, which try once each', () => {
    for (const [kind, name] of [
      ['ssh', 'ssh_distributed'],
      ['nginx', 'cred_stuffing'],
      ['app', 'stuffing_distributed'],
    ] as const) {
      const { campaigns = 0, found = 0, hostile = 0, benign = 0 } = measured(kind, 5, 60_000, 0.1).classes[name] ?? {}
      expect(campaigns).toBeGreaterThan(1)
      expect(found).toBe(campaigns)
      expect(hostile).toBeGreaterThan(20 * campaigns)
      expect(benign).toBe(0)
    }
  })

  it('keeps what it says small while nearly everything is hostile', () => {
    const report = measured('ssh', 3, 30_000, 0.95)
    expect(report.fired + report.updated).toBeLessThan(report.lines / 5)
    expect(report.found / report.campaigns).toBeGreaterThanOrEqual(0.99)
  })

  it('accuses nobody in a log without attackers', () => {
    for (const kind of ['ssh', 'nginx', 'app'] as const) {
      const report = measured(kind, 4, 30_000, 0)
      expect(report.campaigns).toBe(0)
      expect(report.accused).toEqual([])
      expect(report.falseAlerts).toBe(0)
    }
  })
})

describe('the measure itself', () => {
  const log = generateLog({ kind: 'ssh', lines: 20_000, seed: 9, attack: 0.2 })
  const measure = (parsed: typeof rules): QualityReport =>
    measureQuality({
      lines: log.lines,
      truth: log.truth,
      parser: PARSERS.ssh,
      engine: createEngine({ rules: parsed }),
      now: log.end,
      leastLines: LEAST,
    })

  it('finds nothing without rules', () => {
    const nobody = measure(compileRules([]).rules)
    expect(nobody).toMatchObject({ found: 0, fired: 0, accused: [], falseAlerts: 0 })
    expect(nobody.missed).toHaveLength(nobody.campaigns)
    expect(nobody.campaigns).toBeGreaterThan(10)
  })

  it('counts every honest address that a rule accuses of nothing but being there', () => {
    const everybody = compileRules([
      {
        file: 'all.yml',
        text: 'title: All\nid: all\nlevel: high\nlogsource: {category: authentication}\ndetection:\n  any: {source.ip|exists: true}\n  condition: any\n',
      },
    ]).rules
    const report = measure(everybody)
    expect(report.accused.length).toBeGreaterThan(report.benign / 2)
    expect(report.falseAlerts).toBeGreaterThanOrEqual(report.accused.length)
    expect(report.found).toBe(report.campaigns)
  })
})
