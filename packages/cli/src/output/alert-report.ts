import { stripVTControlCharacters } from 'node:util'
import { type Alert, LEVELS, type Level } from '@parapet/core'
import type { RuleExplanation } from '@parapet/detect'
import type { FileSummary } from '../log-input/replay.js'
import { escapeText } from './escape.js'
import { formatCount, formatRate, formatTime, formatTook, inLevelColor, plural } from './format.js'
import { formatTable } from './table.js'
import type { Terminal } from './terminal.js'
import { displayWidth, fit, wrap } from './width.js'

/** An alert as `parapet detect --json` prints it: one a line. Times in ms UTC. */
export const alertLine = ({ rule, group, scope, first, last, count, targets, events }: Alert): Record<string, unknown> => ({
  rule: { id: rule.id, title: rule.title, level: rule.level, tags: rule.tags },
  group,
  scope,
  first,
  last,
  count,
  targets,
  events,
})

/** Alerts of one rule, most counted first. */
export type RuleGroup = { readonly rule: Alert['rule']; readonly alerts: readonly Alert[]; readonly targets: number }

/** Groups alerts by rule: the gravest rule first, then the one with most alerts. */
export const groupByRule = (alerts: readonly Alert[]): RuleGroup[] => {
  const byRule = new Map<string, Alert[]>()
  for (const alert of alerts) {
    const list = byRule.get(alert.rule.id)
    if (list === undefined) byRule.set(alert.rule.id, [alert])
    else list.push(alert)
  }
  return [...byRule.values()]
    .flatMap((list) => {
      const [first] = list
      if (first === undefined) return []
      const sorted = list.toSorted((a, b) => b.count - a.count || a.first - b.first || (a.id < b.id ? -1 : 1))
      return [{ rule: first.rule, alerts: sorted, targets: new Set(list.flatMap(({ targets }) => targets)).size }]
    })
    .toSorted(
      (a, b) =>
        LEVELS.indexOf(b.rule.level) - LEVELS.indexOf(a.rule.level) ||
        b.alerts.length - a.alerts.length ||
        (a.rule.id < b.rule.id ? -1 : 1),
    )
}

/** Whom an alert is about. */
const aimOf = ({ scope, targets }: Alert): string => {
  if (scope.kind === 'ip') return scope.value
  const [only] = targets
  if (scope.kind === 'event') return targets.length === 1 && only !== undefined ? only : scope.value
  return `${scope.kind} ${scope.value}`
}

/** Who did it, where the alert is about somebody else. */
const fromOf = ({ targets }: Alert): string => {
  const [only] = targets
  return targets.length === 1 && only !== undefined ? only : plural(targets.length, 'address', 'addresses')
}

/** When an alert ended: the time alone where the day is the first one's. */
const endOf = ({ first, last }: Alert): string => {
  const end = formatTime(last)
  return end.slice(0, 10) === formatTime(first).slice(0, 10) ? end.slice(11) : end
}

/** An address is what somebody acts on: an IPv4 address and most IPv6 networks are never cut, times give way first. */
const HEADINGS = [
  { title: 'target', shrinkTo: 22 },
  { title: 'events', align: 'right' },
  { title: 'from', shrinkTo: 15 },
  { title: 'first (UTC)', expendable: true },
  { title: 'last', expendable: true },
] as const

/** The report of one rule: its head, then its alerts as rows; `limit` of them, the rest counted. */
export const formatRuleGroup = (
  group: RuleGroup,
  terminal: Terminal,
  limit: number,
  known: { name?: string | undefined; inWords?: string } = {},
): string => {
  const { bold, dim } = terminal.colors
  const { level, title, id } = group.rule
  const { name: ruleName = id, inWords } = known
  const count = plural(group.alerts.length, 'alert')
  const badge = level.toUpperCase()
  const room = terminal.width === undefined ? undefined : terminal.width - badge.length - 2
  const name = escapeText(title)
  const shown = room === undefined ? name : fit(name, room - count.length - 3)
  const filler = room === undefined ? '   ' : ' '.repeat(Math.max(2, room - displayWidth(shown) - count.length))
  const lines = [`${inLevelColor(terminal.colors, level, bold(badge))}  ${bold(shown)}${filler}${count}`, dim(`  ${escapeText(ruleName)}`)]
  if (inWords !== undefined) for (const line of wrap(escapeText(inWords), terminal.textWidth - 2)) lines.push(`  ${line}`)
  const several = group.alerts.some((alert) => alert.scope.kind !== 'ip' && fromOf(alert) !== aimOf(alert))
  const columns = HEADINGS.filter(({ title }) => several || title !== 'from')
  const rows = group.alerts.slice(0, limit).map((alert) => {
    const row = [aimOf(alert), formatCount(alert.count), formatTime(alert.first), endOf(alert)]
    return several ? row.toSpliced(2, 0, fromOf(alert)) : row
  })
  lines.push(formatTable(columns, rows, { width: terminal.width, indent: 2, styleTitle: dim }))
  if (inWords !== undefined) {
    const [top] = group.alerts
    if (top !== undefined) for (const line of wrap(escapeText(`e.g. ${top.why}`), terminal.textWidth - 2)) lines.push(dim(`  ${line}`))
  }
  const rest = group.alerts.length - rows.length
  if (rest > 0) lines.push(dim(`  and ${formatCount(rest)} more`))
  return lines.join('\n')
}

/** `2 critical, 133 high`: the levels that occur, gravest first. */
const levelCounts = (alerts: readonly Alert[], terminal: Terminal): string =>
  LEVELS.toReversed()
    .flatMap((level: Level) => {
      const count = alerts.filter(({ rule }) => rule.level === level).length
      return count === 0 ? [] : [inLevelColor(terminal.colors, level, `${formatCount(count)} ${level}`)]
    })
    .join(', ')

/** Joins parts with a separator into as many lines as the terminal needs. Parts are ours: they hold colours but nothing escaped. */
const joinWithin = (parts: readonly string[], separator: string, terminal: Terminal): string[] => {
  const lines: string[] = []
  let line = ''
  for (const part of parts) {
    const joined = line === '' ? part : line + separator + part
    if (line !== '' && terminal.width !== undefined && displayWidth(stripVTControlCharacters(joined)) > terminal.width) {
      lines.push(line)
      line = part
    } else line = joined
  }
  return [...lines, line]
}

/** What was read and how fast, what was found, and how many alerts `--level` hides: the last lines of the report. */
export const formatSummary = (
  files: readonly FileSummary[],
  alerts: readonly Alert[],
  hidden: number,
  ms: number,
  terminal: Terminal,
): string => {
  const { bold, dim, yellow } = terminal.colors
  const sum = (key: 'lines' | 'events' | 'outside' | 'foreign' | 'unknown' | 'cut'): number =>
    files.reduce((total, file) => total + file[key], 0)
  const total = sum('lines')
  const formats = [...new Set(files.flatMap(({ format }) => (format === undefined ? [] : [format])))]
  const read = [
    `${plural(total, 'line')}${formats.length === 0 ? '' : ` of ${formats.join(' and ')}`}${files.length > 1 ? ` in ${files.length} files` : ''}`,
    plural(sum('events'), 'event'),
    ...(sum('foreign') > 0 ? [`${formatCount(sum('foreign'))} of other programs`] : []),
    ...(sum('outside') > 0 ? [`${formatCount(sum('outside'))} outside the time`] : []),
    ...(sum('unknown') > 0 ? [yellow(`${formatCount(sum('unknown'))} not understood`)] : []),
    ...(sum('cut') > 0 ? [yellow(`${formatCount(sum('cut'))} cut at 8 KiB`)] : []),
  ]
  const speed = `${formatTook(ms)}${ms >= 50 && total >= 1_000 ? `, ${formatRate(total / (ms / 1_000))} lines/s` : ''}`
  const addresses = new Set(alerts.flatMap(({ targets }) => targets)).size
  const nothing =
    hidden > 0
      ? 'No alert of this level or worse'
      : files.some(({ error }) => error !== undefined)
        ? 'Nothing found in what could be read.'
        : 'Nothing found.'
  const below = hidden > 0 ? `; ${plural(hidden, 'alert')} below it` : ''
  const found =
    alerts.length === 0
      ? bold(nothing)
      : `${bold(plural(alerts.length, 'alert'))} (${levelCounts(alerts, terminal)}) on ${plural(addresses, 'address', 'addresses')}`
  return [found + below, ...joinWithin([...read, dim(speed)], dim(' · '), terminal)].join('\n')
}

/**
 * How near a rule came that did not fire: a window at least half full, or an event that lacked one thing. `undefined` when it was not near. The text is
 * of the log's author: it is escaped where it is shown.
 */
export const nearWords = ({ window, nearest }: Pick<RuleExplanation, 'window' | 'nearest'>): string | undefined => {
  if (window?.needed !== undefined && window.count * 2 >= window.needed && window.count < window.needed) {
    const group = Object.entries(window.group).map(([field, value]) => `${field} ${value}`)
    return `came near: ${window.count} of ${window.bound}${group.length === 0 ? '' : `, ${group.join(', ')}`}`
  }
  const [miss, ...others] = nearest?.misses ?? []
  if (miss === undefined || others.length > 0) return undefined
  return `came near: ${miss.field} was ${miss.value === undefined ? 'missing' : `“${miss.value}”`}, wanted ${miss.wanted}`
}

/** Rules that found nothing, each with what it looks for, and how near it came. */
export const formatQuietRules = (
  rules: readonly { readonly name: string; readonly title: string; readonly inWords: string; readonly near?: string | undefined }[],
  terminal: Terminal,
): string => {
  const { bold, dim } = terminal.colors
  const lines = [bold(`${plural(rules.length, 'rule')} found nothing`)]
  for (const { name, title, inWords, near } of rules) {
    lines.push(`  ${escapeText(title)}  ${dim(escapeText(name))}`)
    for (const line of wrap(escapeText(inWords), terminal.textWidth - 4)) lines.push(dim(`    ${line}`))
    if (near !== undefined) for (const line of wrap(escapeText(near), terminal.textWidth - 4)) lines.push(`    ${line}`)
  }
  return lines.join('\n')
}
