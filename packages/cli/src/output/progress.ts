import { readFileSync } from 'node:fs'
import { escapeText } from './escape.js'
import { formatCount } from './format.js'
import type { Terminal } from './terminal.js'
import { fit } from './width.js'

/** How far a long read is: shown on standard error, on a terminal only, and only once it takes long enough to wonder. */
export type ReadProgressBar = {
  /** bytes read of `total`, and the lines so far */
  readonly update: (bytes: number, total: number | undefined, lines: number) => void
  readonly stop: () => void
}

const PATIENCE_MS = 700
const EVERY_MS = 100
const CELLS = 20
const CLEAR = '\r\u001b[K'
/** Narrower, a line would break, and could not be taken away again; a terminal without a size says 0. Columns */
const LEAST_COLUMNS = 40

const silent: ReadProgressBar = { update: () => undefined, stop: () => undefined }

/** False for a job of the background: what it draws would stand in the middle of what somebody types. Source: proc_pid_stat(5). */
export const isForeground = (stat: () => string = () => readFileSync('/proc/self/stat', 'utf8')): boolean => {
  try {
    const text = stat()
    // the name of the program, which may hold anything, ends at the last bracket
    const [, , group, , , ofTerminal] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return ofTerminal === undefined || ofTerminal === '-1' || group === ofTerminal
  } catch {
    return true
  }
}

/**
 * Progress of reading one file, in one line that goes away. Standard input shows none: the keyboard or the pipe belongs to the data. The
 * keyboard is never touched: a job of the background that did would be stopped.
 */
export const createReadProgress = (
  { interactive, stderr, errorColors }: Pick<Terminal, 'interactive' | 'stderr' | 'errorColors'>,
  path: string,
  now: () => number = () => performance.now(),
  isInFront: () => boolean = isForeground,
): ReadProgressBar => {
  if (!interactive.err || path === '-') return silent
  let drawnAt = now() + PATIENCE_MS - EVERY_MS
  let isDrawn = false
  return {
    update: (bytes, total, lines) => {
      const at = now()
      if (at - drawnAt < EVERY_MS || total === undefined || total === 0) return
      drawnAt = at
      const columns = stderr.columns
      if (!(columns >= LEAST_COLUMNS) || !isInFront()) return
      const share = Math.min(1, bytes / total)
      const full = Math.floor(share * CELLS)
      const bar = `${errorColors.green('█'.repeat(full))}${errorColors.dim('░'.repeat(CELLS - full))} ${String(Math.floor(share * 100)).padStart(3)} %`
      const counted = `${formatCount(lines)} lines`
      const room = columns - CELLS - 11 - counted.length
      const rest = room < 8 ? '' : `  ${fit(escapeText(path), room)}  ${errorColors.dim(counted)}`
      stderr.write(`${CLEAR}${bar}${rest}`)
      isDrawn = true
    },
    stop: () => {
      if (isDrawn) stderr.write(CLEAR)
    },
  }
}
