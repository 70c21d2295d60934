import { escapeText } from './escape.js'
import { displayWidth, fit } from './width.js'

/** One column: its heading, how its cells stand, and whether it gives way when the terminal is narrow. */
export type Column = {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** cut with an ellipsis when there is not enough room, not below this width; columns without it are never cut */
  readonly shrinkTo?: number
  /** left out, the last such column first, where the others would not fit without; never cut */
  readonly expendable?: boolean
  /** colours a padded cell; gets the row's place */
  readonly style?: (cell: string, row: number) => string
}

/** How a table is laid out. */
export type TableOptions = {
  /** columns of the terminal; `undefined` (a pipe or a file) cuts nothing */
  readonly width?: number | undefined
  readonly indent?: number
  readonly styleTitle?: (cell: string) => string
}

const GAP = 2

type Rows = readonly (readonly string[])[]

/** The columns that fit with everything cut as far as it may be, by their places. */
const fitting = (columns: readonly Column[], rows: Rows, room: number | undefined): number[] => {
  const kept = columns.map((_, i) => i)
  if (room === undefined) return kept
  const least = columns.map(({ title, shrinkTo }, i) =>
    Math.min(shrinkTo ?? Infinity, Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[i] ?? '')))),
  )
  const isOver = (): boolean => kept.reduce((sum, i) => sum + (least[i] ?? 0), 0) + GAP * (kept.length - 1) > room
  while (isOver()) {
    const at = kept.findLastIndex((i) => columns[i]?.expendable === true)
    if (at < 0) break
    kept.splice(at, 1)
  }
  return kept
}

const widthsOf = (columns: readonly Column[], rows: Rows, room: number | undefined): number[] => {
  const widths = columns.map(({ title }, i) => Math.max(displayWidth(title), ...rows.map((row) => displayWidth(row[i] ?? ''))))
  if (room === undefined) return widths
  let over = widths.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1) - room
  while (over > 0) {
    // the widest of those that may give way gives way first
    let widest = -1
    for (const [i, column] of columns.entries()) {
      const width = widths[i] ?? 0
      if (column.shrinkTo !== undefined && width > column.shrinkTo && (widest < 0 || width > (widths[widest] ?? 0))) widest = i
    }
    if (widest < 0) break
    widths[widest] = (widths[widest] ?? 0) - 1
    over--
  }
  return widths
}

/** Lays out rows by display width. Cells are escaped here, so that no caller can forget it. No line ends in blanks. */
export const formatTable = (all: readonly Column[], cells: Rows, options: TableOptions = {}): string => {
  const escaped = cells.map((row) => row.map(escapeText))
  const indent = ' '.repeat(options.indent ?? 0)
  const room = options.width === undefined ? undefined : options.width - indent.length
  const kept = fitting(all, escaped, room)
  const columns = all.filter((_, i) => kept.includes(i))
  const rows = escaped.map((row) => kept.map((i) => row[i] ?? ''))
  const widths = widthsOf(columns, rows, room)
  const last = columns.length - 1
  const pad = (text: string, i: number): string => {
    const cut = fit(text, widths[i] ?? 0)
    const blanks = ' '.repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cut)))
    if (columns[i]?.align === 'right') return blanks + cut
    return i === last ? cut : cut + blanks
  }
  const line = (row: readonly string[], style: (cell: string, i: number) => string): string =>
    (indent + columns.map((_, i) => style(pad(row[i] ?? '', i), i)).join(' '.repeat(GAP))).trimEnd()
  const head = line(
    columns.map(({ title }) => title),
    (cell) => options.styleTitle?.(cell) ?? cell,
  )
  const body = rows.map((row, at) => line(row, (cell, i) => columns[i]?.style?.(cell, at) ?? cell))
  return [...(columns.some(({ title }) => title !== '') ? [head] : []), ...body].join('\n')
}
