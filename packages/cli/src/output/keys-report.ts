import { formatDuration } from '@parapet/core'
import type { Keyset, KeyStatus } from '@parapet/privacy/encryption'
import type { NextStep } from '../commands/keys/next-steps.js'
import { escapeText } from './escape.js'
import { formatTime } from './format.js'
import { formatTable } from './table.js'
import type { Terminal } from './terminal.js'
import { displayWidth, wrap } from './width.js'

/** A moment and how far off it is: `2026-11-21 08:10:00 UTC, in 9m`. Nothing is said of one that is past. */
export const formatFrom = (from: number, now: number): string =>
  from <= now ? 'now' : `from ${formatTime(from)} UTC, in ${formatDuration(Math.ceil((from - now) / 1_000) * 1_000)}`

const inStatusColor = (terminal: Terminal, status: KeyStatus, text: string): string => {
  const { green, yellow, gray, red } = terminal.colors
  return { primary: green, pending: yellow, enabled: (shown: string) => shown, disabled: gray, destroyed: red }[status](text)
}

/** A word and what it stands for, line by line: `keyset  /etc/app/keyset.json`. */
export const formatFacts = (terminal: Terminal, facts: readonly (readonly [string, string])[]): string => {
  const { dim } = terminal.colors
  const width = Math.max(...facts.map(([name]) => name.length))
  const room = terminal.textWidth - width - 2
  const lines = (value: string): string[] => (terminal.width === undefined || displayWidth(value) <= room ? [value] : wrap(value, room))
  return facts
    .map(([name, value]) => `${dim(name.padEnd(width))}  ${lines(escapeText(value)).join(`\n${' '.repeat(width + 2)}`)}`)
    .join('\n')
}

/** Where a keyset lies, what opens it, and its keys. */
export const formatKeyset = (terminal: Terminal, keyset: Keyset, where: string): string => {
  const { bold, dim, yellow } = terminal.colors
  const facts = formatFacts(terminal, [
    ['keyset', where],
    ['id', keyset.id],
    ['wrapped by', keyset.kek],
  ])
  const dev = keyset.dev ? `\n${yellow('made with --dev: refused where NODE_ENV is production')}` : ''
  const columns = [
    { title: 'key', align: 'right' as const, style: bold },
    { title: 'status', style: (cell: string, row: number) => inStatusColor(terminal, keyset.keys[row]?.status ?? 'enabled', cell) },
    { title: 'since (UTC)' },
    { title: 'made', style: dim },
  ]
  const rows = keyset.keys.map(({ id, status, since, created }) => [
    String(id),
    status,
    formatTime(since),
    formatTime(created).slice(0, 10),
  ])
  return `${facts}${dev}\n\n${formatTable(columns, rows, { width: terminal.width, indent: 2, styleTitle: dim })}`
}

/** What comes next: a sentence each, and the command on a line of its own. */
export const formatNext = (terminal: Terminal, steps: readonly NextStep[], now: number): string => {
  const { bold, cyan, dim } = terminal.colors
  if (steps.length === 0) return `${bold('Next')}\n  ${dim('nothing')}`
  const lines = steps.flatMap(({ say, command, from }) => [
    ...wrap(escapeText(say), terminal.textWidth - 2).map((line) => `  ${line}`),
    `    ${cyan(escapeText(command))}${from === undefined || from <= now ? '' : dim(`  ${formatFrom(from, now)}`)}`,
  ])
  return `${bold('Next')}\n${lines.join('\n')}`
}
