import type { PlacedFinding } from '@parapet/privacy'
import type { MaskedFile } from '../masking/mask-file.js'
import { escapeText, toJsonLine } from './escape.js'
import { formatCount, formatSize, formatTook, plural } from './format.js'
import { formatTable } from './table.js'
import type { Terminal } from './terminal.js'
import { displayWidth, fit } from './width.js'

/** What is known of a rule beside its id. */
export type RuleTitles = ReadonlyMap<string, string>

/** Collects what a run found and says it. Values never get here. */
export type MaskReport = {
  /** the lines for some finds of one file; its name comes before the first */
  readonly lines: (file: string, findings: readonly PlacedFinding[]) => string
  readonly found: () => number
  /** what was found rule by rule, how much was read, how long it took; several lines */
  readonly summary: (files: readonly MaskedFile[], ms: number) => string
}

type Tally = { readonly finding: PlacedFinding; count: number }

const POSITION = 11
const ACTION = 12
const ID = 24

const KIND_COLORS = { secret: 'red', personal: 'yellow' } as const

const sum = (files: readonly MaskedFile[], key: 'bytes' | 'lines'): number => files.reduce((total, file) => total + file[key], 0)

/** What was read and how fast: `120 lines, 12 kB, 34 ms`. */
export const readSummary = (files: readonly MaskedFile[], ms: number): string => {
  const bytes = sum(files, 'bytes')
  const speed = ms >= 200 ? `, ${formatSize(bytes / (ms / 1_000))}/s` : ''
  const several = files.length > 1 ? ` of ${files.length} files` : ''
  return `${plural(sum(files, 'lines'), 'line')}${several} · ${formatSize(bytes)} · ${formatTook(ms)}${speed}`
}

/** A report for a terminal or a pipe; `json`: one object a line. */
export const createMaskReport = (terminal: Terminal, titles: RuleTitles, json: boolean): MaskReport => {
  const { bold, dim, green } = terminal.colors
  const tallies = new Map<string, Tally>()
  let total = 0
  let headed: string | undefined

  const titleOf = (rule: string): string => titles.get(rule) ?? rule

  const textLine = ({ line, column, rule, kind, action }: PlacedFinding): string => {
    const front = `${`${line}:${column}`.padStart(POSITION)}  ${action.padEnd(ACTION)}  `
    const room = terminal.width === undefined ? undefined : terminal.width - displayWidth(front)
    const id = room === undefined ? rule : fit(rule, room)
    const padding = ' '.repeat(Math.max(0, ID - displayWidth(id)))
    const left = room === undefined ? undefined : room - displayWidth(id) - padding.length - 2
    // a title of which nearly nothing would be left says nothing
    const title = left === undefined ? titleOf(rule) : left < 8 ? '' : fit(titleOf(rule), left)
    return `${front}${terminal.colors[KIND_COLORS[kind]](id)}${title === '' ? '' : `${padding}  ${dim(title)}`}`
  }

  const jsonLine = (file: string, { line, column, rule, kind, action }: PlacedFinding): string =>
    toJsonLine({ file, line, column, rule, title: titleOf(rule), kind, action })

  const tally = (finding: PlacedFinding): void => {
    total++
    const key = `${finding.rule}\n${finding.action}`
    const known = tallies.get(key)
    if (known === undefined) tallies.set(key, { finding, count: 1 })
    else known.count++
  }

  const summaryText = (files: readonly MaskedFile[], ms: number): string => {
    const read = dim(readSummary(files, ms))
    const whole = files.every(({ error }) => error === undefined)
    if (total === 0) return `${bold(green(whole ? 'Nothing to hide.' : 'Nothing to hide in what could be read.'))}\n${read}`
    const sorted = [...tallies.values()].toSorted((a, b) => b.count - a.count || (a.finding.rule < b.finding.rule ? -1 : 1))
    const columns = [
      { title: 'found', align: 'right' as const },
      { title: 'action' },
      {
        title: 'rule',
        shrinkTo: 20,
        style: (cell: string, row: number) => terminal.colors[KIND_COLORS[sorted[row]?.finding.kind ?? 'secret']](cell),
      },
      { title: 'title', shrinkTo: 12, style: dim },
    ]
    const rows = sorted.map(({ finding, count }) => [formatCount(count), finding.action, finding.rule, titleOf(finding.rule)])
    const rules = new Set(sorted.map(({ finding }) => finding.rule)).size
    return `\n${formatTable(columns, rows, { width: terminal.width, indent: 2, styleTitle: dim })}\n\n${bold(plural(total, 'value'))} of ${plural(rules, 'rule')}\n${read}`
  }

  const summaryJson = (files: readonly MaskedFile[]): string => {
    const rules: Record<string, number> = {}
    for (const { finding, count } of tallies.values()) rules[finding.rule] = (rules[finding.rule] ?? 0) + count
    return toJsonLine({ summary: { values: total, rules, files: files.length, lines: sum(files, 'lines'), bytes: sum(files, 'bytes') } })
  }

  return {
    lines: (file, findings) => {
      for (const finding of findings) tally(finding)
      if (json) return findings.map((finding) => jsonLine(file, finding)).join('\n')
      const head = headed === file ? [] : [`${headed === undefined ? '' : '\n'}${bold(escapeText(file === '-' ? 'standard input' : file))}`]
      headed = file
      return [...head, ...findings.map(textLine)].join('\n')
    },
    found: () => total,
    summary: (files, ms) => (json ? summaryJson(files) : summaryText(files, ms)),
  }
}
