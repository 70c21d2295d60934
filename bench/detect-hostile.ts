import { join } from 'node:path'
import { hostileNginxLog, writeLines } from '@parapet/testkit'
import { count, type Bench } from './harness.js'

const LINES = 4_000
const PASSES = 5
const BOUND_MS = 1
/** what CI asks for, on whatever machine it runs */
const GATE_MS = 2.5

type Timed = {
  lines: number
  /** ms, the slowest of the passes: a plain line before the others, with which an engine compiles what it needs */
  first: number
  events: number
  alerts: number
  /** ms a line, all passes as they were, pauses for garbage collection included */
  raw: { p50: number; p99: number; max: number }
  /** ms a line, the best of the passes of each line */
  best: { p50: number; p99: number; max: number }
  overBound: number
}

/**
 * Every line built to be slow, timed one by one through parser and engine, by the smaller of wall and CPU time. Each pass has an engine of its own, so no memo of an earlier pass helps; what
 * a line costs is the best of its passes, since a pause for collection or compilation that hits it in one does not hit it in all.
 */
export const detectHostile: Bench = {
  name: 'detect-hostile',
  run: async ({ folder, worker }) => {
    const file = join(folder, 'hostile.txt')
    await writeLines(file, hostileNginxLog({ lines: LINES }))
    const { report: said, cpuSeconds } = await worker('hostile', file, String(PASSES), String(BOUND_MS))
    const report = said as Timed
    const ms = ({ p50, p99, max }: Timed['raw']): string => `p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms, max ${max.toFixed(3)} ms`
    return {
      text: [
        `${count(report.lines)} lines of 8 KiB, ${PASSES} passes, ${count((report.lines * PASSES) / cpuSeconds)} lines per CPU-second, ${count(report.alerts)} alerts`,
        `a plain line before them, with which an engine compiles what it needs: ${report.first.toFixed(1)} ms`,
        `as measured: ${ms(report.raw)}`,
        `best of ${PASSES}: ${ms(report.best)}`,
      ],
      floors: [
        { what: 'every line is an event', measured: count(report.events), bound: count(LINES), kept: report.events === LINES },
        {
          what: 'the slowest hostile line (best of the passes)',
          measured: `${report.best.max.toFixed(3)} ms, ${report.overBound} lines over`,
          bound: `at most ${BOUND_MS} ms`,
          kept: report.best.max <= BOUND_MS,
          gate: { bound: `at most ${GATE_MS} ms`, kept: report.best.max <= GATE_MS },
        },
      ],
    }
  },
}
