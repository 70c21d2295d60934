import type { ActivityReport, Oddity } from '@parapet/detect'
import { escapeText } from '../../output/escape.js'
import { formatCount, formatTime, plural } from '../../output/format.js'
import { formatTable } from '../../output/table.js'
import type { Terminal } from '../../output/terminal.js'
import { wrap } from '../../output/width.js'

const dashed = (list: readonly string[], limit = 2): string =>
  list.length === 0 ? '-' : list.length <= limit ? list.join(', ') : `${list.slice(0, limit).join(', ')} +${list.length - limit}`

type Row = { readonly cells: readonly string[]; readonly oddity: number; readonly why: readonly Oddity[] }

/** A weight as a word: what is odd, what is worth a look, and what is not. */
const wordOf = (oddity: number): string => (oddity >= 40 ? 'odd' : oddity >= 10 ? 'look' : '')

const section = (
  title: string,
  headings: readonly { readonly title: string; readonly align?: 'right'; readonly shrinkTo?: number }[],
  rows: readonly Row[],
  limit: number,
  terminal: Terminal,
): string => {
  const { bold, dim, red, yellow } = terminal.colors
  if (rows.length === 0) return `${bold(title)}\n${dim('  none')}`
  const shown = rows.slice(0, limit)
  const mark = (cell: string, row: number): string => {
    const oddity = shown[row]?.oddity ?? 0
    return oddity >= 40 ? red(bold(cell)) : oddity >= 10 ? yellow(cell) : dim(cell)
  }
  const table = formatTable(
    [{ title: '', style: mark }, ...headings],
    shown.map(({ oddity, cells }) => [wordOf(oddity), ...cells]),
    { width: terminal.width, indent: 2, styleTitle: dim },
  ).split('\n')
  const [head = '', ...lines] = table
  const out = [bold(title), head]
  for (const [i, line] of lines.entries()) {
    out.push(line)
    for (const { why } of shown[i]?.why.slice(0, 3) ?? [])
      for (const part of wrap(escapeText(why), terminal.textWidth - 8)) out.push(dim(`        ${part}`))
  }
  if (rows.length > shown.length) out.push(dim(`  and ${formatCount(rows.length - shown.length)} more`))
  return out.join('\n')
}

/** The report of `parapet activity`, without its alerts: people, addresses, acts of administration and records, the oddest first. */
export const formatActivity = (report: ActivityReport, terminal: Terminal, limit: number, outside: number): string => {
  const { dim, yellow } = terminal.colors
  const people = report.people.map(({ name, signIns, failures, addresses, lastSignIn, oddity, why }) => ({
    cells: [name, formatCount(signIns), formatCount(failures), dashed(addresses), lastSignIn === null ? '-' : formatTime(lastSignIn)],
    oddity,
    why,
  }))
  const addresses = report.addresses
    .filter(({ signIns, failures, oddity }) => signIns + failures > 0 || oddity > 0)
    .map(({ address, signIns, failures, names, lastSeen, oddity, why }) => ({
      cells: [address, formatCount(signIns), formatCount(failures), dashed(names), formatTime(lastSeen)],
      oddity,
      why,
    }))
  const acts = report.acts.map(({ at, who, what, on, outcome, oddity, why }) => ({
    cells: [formatTime(at), who, outcome === 'failure' ? `${what} (failed)` : what, on ?? '-'],
    oddity,
    why,
  }))
  const data = report.data.map(({ who, kind, action, count, oddity, why }) => ({
    cells: [who, action.replace('resource-', ''), kind, formatCount(count)],
    oddity,
    why,
  }))
  const period =
    report.first === null || report.last === null
      ? outside === 0
        ? 'no events'
        : `no events in this time, ${formatCount(outside)} outside it (--since and --until set it)`
      : `${formatTime(report.first)} to ${formatTime(report.last)} (UTC)`
  const parts = [
    `${period}: ${plural(report.events, 'event')}, ${plural(report.signIns, 'sign-in')}, ${plural(report.failures, 'failed sign-in')}`,
    section(
      'People',
      [
        { title: 'who', shrinkTo: 8 },
        { title: 'sign-ins', align: 'right' },
        { title: 'failed', align: 'right' },
        { title: 'from', shrinkTo: 12 },
        { title: 'last sign-in' },
      ],
      people,
      limit,
      terminal,
    ),
    section(
      'Addresses',
      [
        { title: 'address', shrinkTo: 12 },
        { title: 'sign-ins', align: 'right' },
        { title: 'failed', align: 'right' },
        { title: 'as', shrinkTo: 12 },
        { title: 'last seen' },
      ],
      addresses,
      limit,
      terminal,
    ),
    section(
      'Administration',
      [{ title: 'when' }, { title: 'who', shrinkTo: 8 }, { title: 'what', shrinkTo: 12 }, { title: 'on', shrinkTo: 12 }],
      acts,
      limit,
      terminal,
    ),
    section(
      'Records',
      [{ title: 'who', shrinkTo: 8 }, { title: 'what' }, { title: 'kind', shrinkTo: 8 }, { title: 'how many', align: 'right' }],
      data,
      limit,
      terminal,
    ),
  ]
  if (report.leftOut > 0)
    parts.push(yellow(`${formatCount(report.leftOut)} people, addresses or acts beyond what is kept are not in these lists.`))
  parts.push(dim('odd: look at it now; look: worth a look. Oddity weighs what these logs hold, it is no proof.'))
  return parts.join('\n\n')
}
