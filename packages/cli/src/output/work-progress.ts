import { escapeText } from './escape.js'
import { formatCount, formatRate } from './format.js'
import type { Terminal } from './terminal.js'
import { fit } from './width.js'

/** How far a walk over rows is, on standard error and on a terminal only. */
export type WorkProgress = { readonly rows: (more: number) => void; readonly stop: () => void }

const PATIENCE_MS = 500
const EVERY_MS = 100
const CELLS = 20
const CLEAR = '\r\u001b[K'

/**
 * Progress of one walk, in one line that goes away. `total` is an estimate and may be unknown. The keyboard is left alone: Ctrl-C has to
 * reach the command as a signal, so that it ends after the batch at hand.
 */
export const createWorkProgress = (
  { interactive, stderr, errorColors }: Pick<Terminal, 'interactive' | 'stderr' | 'errorColors'>,
  title: string,
  total: number | undefined,
  now: () => number = () => performance.now(),
): WorkProgress => {
  if (!interactive.err) return { rows: () => undefined, stop: () => undefined }
  const started = now()
  let done = 0
  let drawnAt = started + PATIENCE_MS - EVERY_MS
  let isDrawn = false
  const draw = (elapsed: number): void => {
    const share = total === undefined || total < 1 ? undefined : Math.min(1, done / total)
    const full = Math.floor((share ?? 0) * CELLS)
    const bar =
      share === undefined
        ? ''
        : `${errorColors.green('█'.repeat(full))}${errorColors.dim('░'.repeat(CELLS - full))} ${String(Math.floor(share * 100)).padStart(3)} %  `
    const counted = `${formatCount(done)} rows  ${formatRate(done / (elapsed / 1_000))}/s`
    const room = Math.max(40, stderr.columns || 80) - (share === undefined ? 0 : CELLS + 8) - counted.length - 3
    stderr.write(`${CLEAR}${bar}${fit(escapeText(title), Math.max(8, room))}  ${errorColors.dim(counted)}`)
    isDrawn = true
  }
  return {
    rows: (more) => {
      done += more
      const at = now()
      if (at - drawnAt < EVERY_MS) return
      drawnAt = at
      draw(at - started)
    },
    stop: () => {
      if (isDrawn) stderr.write(CLEAR)
    },
  }
}
