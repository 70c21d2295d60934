import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { personalLog } from '@parapet/testkit'
import { median, type Bench } from './harness.js'

const LINES = 40_000
const ROUNDS = 5
const FLOORS = { megabytes: 100, naive: 4 }
/** what CI asks for, on whatever machine it runs */
const GATES = { megabytes: 25, naive: 2.5 }

type Quality = {
  readonly leaks: number
  readonly decoys: number
  readonly altered: number
  readonly invalid: number
}
type Found = {
  readonly bytes: number
  /** megabytes per CPU-second, by way and round */
  readonly speeds: Readonly<Record<string, readonly number[]>>
  readonly ours: Quality
  readonly naive: Quality
  readonly planted: number
  readonly rules: number
}

/**
 * All rules over a JSON log with planted values and look-alikes, beside four patterns one after another (e-mail, phone, card, key: what a team writes
 * first), the same four as one, and JSON.parse. In one process and by turns; a ratio is that of one turn, the middle one counts.
 */
export const maskText: Bench = {
  name: 'mask-text',
  run: async ({ folder, worker }) => {
    const file = join(folder, 'personal.json')
    writeFileSync(file, JSON.stringify([...personalLog({ lines: LINES, planted: true })]))
    const { bytes, speeds, ours, naive, planted, rules } = (await worker('mask-text', file, String(ROUNDS))).report as Found
    const fastest = Math.max(...(speeds['bytes'] ?? []))
    const ratio = (way: string, peer: string): number =>
      median((speeds[way] ?? []).map((speed, round) => speed / (speeds[peer]?.[round] ?? Number.NaN)))
    const toNaive = ratio('bytes', 'four patterns')
    const none = (what: string, count: number): { what: string; measured: string; bound: string; kept: boolean } => ({
      what,
      measured: String(count),
      bound: '0',
      kept: count === 0,
    })
    return {
      text: [
        `${(bytes / 1e6).toFixed(1)} MB in ${LINES.toLocaleString('en-US')} lines, ${planted.toLocaleString('en-US')} planted values, ${rules} rules on`,
        ...Object.entries(speeds).map(
          ([way, values]) => `${way}: ${median(values).toFixed(1)} MB per CPU-second (at best ${Math.max(...values).toFixed(1)})`,
        ),
        `text, line by line, to the four patterns: ${ratio('text, line by line', 'four patterns').toFixed(1)}x; to JSON.parse: ${ratio('text, line by line', 'JSON.parse').toFixed(2)}x`,
        `four patterns: ${naive.leaks} leaks, ${naive.decoys} look-alikes hidden, ${naive.altered} clean lines altered, ${naive.invalid} lines no longer JSON`,
      ],
      floors: [
        none('planted values that leaked', ours.leaks),
        none('look-alikes that were hidden', ours.decoys),
        none('clean lines that were altered', ours.altered),
        none('lines that are no longer JSON', ours.invalid),
        {
          what: 'megabytes masked per CPU-second',
          measured: fastest.toFixed(1),
          bound: `at least ${FLOORS.megabytes}`,
          kept: fastest >= FLOORS.megabytes,
          gate: { bound: `at least ${GATES.megabytes}`, kept: fastest >= GATES.megabytes },
        },
        {
          what: 'to the four patterns',
          measured: `${toNaive.toFixed(1)}x`,
          bound: `at least ${FLOORS.naive}x`,
          kept: toNaive >= FLOORS.naive,
          gate: { bound: `at least ${GATES.naive}x`, kept: toNaive >= GATES.naive },
        },
      ],
    }
  },
}
