import type { Progress } from '@parapet/assess'
import { escapeText } from '../../output/escape.js'
import { formatCount } from '../../output/format.js'
import type { Terminal } from '../../output/terminal.js'
import { fit } from '../../output/width.js'

/** How far a run is, in one line of standard error that goes away; on a terminal only. */
export type AttackProgress = { readonly update: (progress: Progress) => void; readonly stop: () => void }

const CLEAR = '\r\u001b[K'
const CELLS = 20

/** Shows the bar, what is running, and how many requests were sent. The keyboard is left alone: Ctrl-C has to arrive as a signal. */
export const createAttackProgress = ({ interactive, stderr, errorColors }: Terminal): AttackProgress => {
  if (!interactive.err) return { update: () => undefined, stop: () => undefined }
  const running = new Set<string>()
  let shown = false
  return {
    update: ({ probe, state, done, of, requests }) => {
      if (state === 'begun') running.add(probe)
      else running.delete(probe)
      const full = of === 0 ? CELLS : Math.floor((done / of) * CELLS)
      const bar = `${errorColors.green('█'.repeat(full))}${errorColors.dim('░'.repeat(CELLS - full))}`
      const counted = `${done}/${of} probes  ${formatCount(requests)} requests`
      const room = Math.max(8, Math.max(40, stderr.columns || 80) - CELLS - counted.length - 6)
      stderr.write(`${CLEAR}${bar}  ${counted}  ${errorColors.dim(fit(escapeText([...running].join(', ')), room))}`)
      shown = true
    },
    stop: () => {
      if (shown) stderr.write(CLEAR)
    },
  }
}
