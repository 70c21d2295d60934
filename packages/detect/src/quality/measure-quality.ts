import { atLeast, type Alert } from '@parapet/core'
import type { Engine } from '../engine/engine.js'
import { openParser, type LineParser } from '../parsers/line-parser.js'

/** One attack: by one address, or by many that act together. Times in ms UTC. */
export type LabelledCampaign = {
  readonly kind: string
  readonly addresses: ReadonlySet<string>
  readonly lines: number
  readonly first: number
  readonly last: number
}

/** What is true about a labelled log: who attacked how, and who did not. */
export type LabelledTruth = { readonly campaigns: readonly LabelledCampaign[]; readonly isBenign: (address: string) => boolean }

/** How one class of attacks was found. */
export type ClassQuality = {
  /** attacks with enough lines to be one */
  readonly campaigns: number
  readonly found: number
  /** of the addresses that alerts of level medium or above list beside one of this class: attackers, and others */
  readonly hostile: number
  readonly benign: number
}

/** How well alerts meet the truth. */
export type QualityReport = {
  readonly lines: number
  readonly events: number
  /** CPU time of parser and engine together, ms */
  readonly cpuMs: number
  readonly fired: number
  readonly updated: number
  readonly classes: Readonly<Record<string, ClassQuality>>
  readonly campaigns: number
  readonly found: number
  /** attacks that no alert tells of, as `class address` */
  readonly missed: readonly string[]
  /** benign addresses seen in the log */
  readonly benign: number
  /** benign addresses that an alert of level medium or above lists */
  readonly accused: readonly string[]
  /** alerts of level medium or above that list nobody but benign addresses */
  readonly falseAlerts: number
  /** alerts by rule title */
  readonly byRule: Readonly<Record<string, number>>
}

/**
 * True when an attack is told of. One address must be named. Of an attack by many, each address of which is used once, half of them must be, or an alert must
 * stand over its whole time that a rule made which names this class: such an alert lists a bounded number of addresses and aims at the user or endpoint.
 */
const isFound = (campaign: LabelledCampaign, named: ReadonlySet<string>, overlaps: readonly ToldAlert[]): boolean => {
  let count = 0
  for (const address of campaign.addresses) if (named.has(address)) count++
  if (count * 2 >= campaign.addresses.size) return true
  return campaign.addresses.size > 1 && overlaps.some(({ first, last }) => first <= campaign.first && last >= campaign.last)
}

/** What of an alert is compared. */
export type ToldAlert = Pick<Alert, 'first' | 'last' | 'targets'> & { readonly rule: Pick<Alert['rule'], 'level'> }

/** What alerts found, whom they accuse wrongly. `benign` are the innocent addresses that stand in the log. */
export const compareWithTruth = (
  alerts: readonly ToldAlert[],
  truth: Pick<LabelledTruth, 'campaigns'>,
  benign: ReadonlySet<string>,
  leastLines: Readonly<Record<string, number>>,
): Pick<QualityReport, 'classes' | 'campaigns' | 'missed' | 'accused' | 'falseAlerts'> => {
  const named = new Set<string>()
  const accused = new Set<string>()
  const kindsOf = new Map<string, Set<string>>()
  for (const { kind, addresses: own } of truth.campaigns)
    for (const address of own) {
      const kinds = kindsOf.get(address)
      if (kinds === undefined) kindsOf.set(address, new Set([kind]))
      else kinds.add(kind)
    }
  const tallies = new Map<string, { hostile: Set<string>; benign: Set<string>; alerts: ToldAlert[] }>()
  for (const { kind } of truth.campaigns) if (!tallies.has(kind)) tallies.set(kind, { hostile: new Set(), benign: new Set(), alerts: [] })
  let falseAlerts = 0
  for (const alert of alerts) {
    const serious = atLeast(alert.rule.level, 'medium')
    const others = alert.targets.filter((address) => benign.has(address))
    for (const address of alert.targets) named.add(address)
    if (serious) for (const address of others) accused.add(address)
    if (serious && others.length > 0 && others.length === alert.targets.length) falseAlerts++
    for (const kind of new Set(alert.targets.flatMap((address) => [...(kindsOf.get(address) ?? [])]))) {
      const tally = tallies.get(kind)
      if (tally === undefined) continue
      if (alert.targets.filter((address) => kindsOf.get(address)?.has(kind)).length > 1) tally.alerts.push(alert)
      if (!serious) continue
      for (const address of others) tally.benign.add(address)
      for (const address of alert.targets) if (kindsOf.get(address)?.has(kind)) tally.hostile.add(address)
    }
  }
  const classes: Record<string, { campaigns: number; found: number; hostile: number; benign: number }> = {}
  const missed: string[] = []
  let campaigns = 0
  for (const campaign of truth.campaigns) {
    const { kind } = campaign
    if (campaign.lines < (leastLines[kind] ?? 8)) continue
    const tally = tallies.get(kind)
    const entry = (classes[kind] ??= { campaigns: 0, found: 0, hostile: tally?.hostile.size ?? 0, benign: tally?.benign.size ?? 0 })
    campaigns++
    entry.campaigns++
    if (isFound(campaign, named, tally?.alerts ?? [])) entry.found++
    else missed.push(`${kind} ${[...campaign.addresses][0] ?? ''}`)
  }
  return { classes, campaigns, missed, accused: [...accused], falseAlerts }
}

/**
 * Runs a labelled log through a parser and an engine, and compares what the alerts say with who attacked. Attacks with fewer lines than
 * `leastLines` says for their class (8) are left out: they did not get as far as an attack.
 */
export const measureQuality = (input: {
  readonly lines: Iterable<string>
  readonly truth: LabelledTruth
  readonly parser: LineParser
  readonly engine: Engine
  /** the time of the end of the log, ms UTC */
  readonly now: number
  readonly leastLines?: Readonly<Record<string, number>>
}): QualityReport => {
  const { engine, truth, leastLines = {} } = input
  const parser = openParser(input.parser)
  const context = { now: input.now }
  const alerts = new Map<string, Alert>()
  const benign = new Set<string>()
  const addresses: string[] = []
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
    if (event['source.ip'] !== undefined) addresses.push(event['source.ip'])
    const told = engine.process(event, lines)
    if (told.length > 0) take(told)
  }
  take(engine.flush())
  const spent = process.cpuUsage(before)
  for (const address of new Set(addresses)) if (truth.isBenign(address)) benign.add(address)

  const { classes, campaigns, missed, accused, falseAlerts } = compareWithTruth([...alerts.values()], truth, benign, leastLines)
  return {
    lines,
    events,
    cpuMs: (spent.user + spent.system) / 1000,
    fired: Object.values(byRule).reduce((sum, count) => sum + count, 0),
    updated,
    classes,
    campaigns,
    found: campaigns - missed.length,
    missed,
    benign: benign.size,
    accused,
    falseAlerts,
    byRule,
  }
}
