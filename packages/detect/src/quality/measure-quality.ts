import { atLeast, type Alert } from '@parapet/core'
import type { Engine } from '../engine/engine.js'
import type { LineParser } from '../parsers/line-parser.js'

/** What is true about a labelled log: who attacked how, and who did not. */
export type LabelledTruth = {
  readonly attackers: ReadonlyMap<string, { readonly classes: Readonly<Record<string, number>>; readonly lines: number }>
  readonly isBenign: (address: string) => boolean
}

/** How well alerts meet the truth. */
export type QualityReport = {
  readonly lines: number
  readonly events: number
  /** CPU time of parser and engine together, ms */
  readonly cpuMs: number
  readonly fired: number
  readonly updated: number
  /** attackers with at least `leastLines` lines, by class */
  readonly classes: Readonly<Record<string, { readonly attackers: number; readonly named: number }>>
  readonly attackers: number
  readonly named: number
  readonly missed: readonly string[]
  /** benign addresses seen in the log */
  readonly benign: number
  /** benign addresses that an alert of level medium or above lists */
  readonly accused: readonly string[]
  /** alerts by rule title */
  readonly byRule: Readonly<Record<string, number>>
}

/**
 * Runs a labelled log through a parser and an engine, and compares whom the alerts name with who attacked. Attackers with
 * fewer than `leastLines` lines (8) are left out: they did not get as far as an attack.
 */
export const measureQuality = (input: {
  readonly lines: Iterable<string>
  readonly truth: LabelledTruth
  readonly parser: LineParser
  readonly engine: Engine
  /** the time of the end of the log, ms UTC */
  readonly now: number
  readonly leastLines?: number
}): QualityReport => {
  const { parser, engine, truth, leastLines = 8 } = input
  const context = { now: input.now }
  const alerts = new Map<string, Alert>()
  const benign = new Set<string>()
  const byRule: Record<string, number> = {}
  let lines = 0
  let events = 0
  let updated = 0
  const take = (told: ReturnType<Engine['flush']>): void => {
    for (const { kind, alert } of told) {
      if (kind === 'fired') byRule[alert.rule.title] = (byRule[alert.rule.title] ?? 0) + 1
      else updated++
      alerts.set(alert.id, alert)
    }
  }
  const before = process.cpuUsage()
  for (const line of input.lines) {
    lines++
    const event = parser.parse(line, context)
    if (event === undefined) continue
    events++
    const told = engine.process(event, lines)
    if (told.length > 0) take(told)
  }
  take(engine.flush())
  const spent = process.cpuUsage(before)

  for (const line of input.lines) {
    const address = parser.parse(line, context)?.['source.ip']
    if (address !== undefined && truth.isBenign(address)) benign.add(address)
  }
  const named = new Set<string>()
  const accused = new Set<string>()
  for (const alert of alerts.values()) {
    for (const address of alert.targets) {
      named.add(address)
      if (atLeast(alert.rule.level, 'medium') && benign.has(address)) accused.add(address)
    }
  }
  const classes: Record<string, { attackers: number; named: number }> = {}
  const missed: string[] = []
  let attackers = 0
  for (const [address, what] of truth.attackers) {
    if (what.lines < leastLines) continue
    attackers++
    const found = named.has(address)
    if (!found) missed.push(address)
    for (const name of Object.keys(what.classes)) {
      const entry = (classes[name] ??= { attackers: 0, named: 0 })
      entry.attackers++
      if (found) entry.named++
    }
  }
  const cpuMs = (spent.user + spent.system) / 1000
  const fired = Object.values(byRule).reduce((sum, count) => sum + count, 0)
  return {
    lines,
    events,
    cpuMs,
    fired,
    updated,
    classes,
    attackers,
    named: attackers - missed.length,
    missed,
    benign: benign.size,
    accused: [...accused],
    byRule,
  }
}
