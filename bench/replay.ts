import type { Floor, Tools } from './harness.js'
import { count } from './harness.js'

/** What `bench/workers/replay.js` prints. CPU seconds of loading the rules, and of the run after it. */
export type Replayed = {
  readonly lines: number
  readonly events: number
  readonly alerts: number
  readonly notices: number
  readonly evicted: number
  readonly rules: number
  readonly problems: number
  readonly loadSeconds: number
  readonly runSeconds: number
  readonly peakMegabytes: number
  readonly digest: string
}

/** What to replay: `rules` is a folder of further rules, `engines` share the parts, `flood` makes so many addresses instead of reading files. */
export type ReplayOptions = { readonly rules?: string; readonly engines?: number; readonly flood?: number }

/** Replays files in a process of its own. */
export const replay = async (
  { worker }: Pick<Tools, 'worker'>,
  format: string,
  now: number,
  files: readonly string[],
  options: ReplayOptions = {},
): Promise<Replayed> => (await worker('replay', format, String(now), JSON.stringify(options), ...files)).report as Replayed

/** The quickest of some replays of the same file: what a machine's other work adds is never less than nothing. */
export const quickestReplay = async (runs: number, ...about: Parameters<typeof replay>): Promise<Replayed> => {
  let quickest = await replay(...about)
  for (let run = 1; run < runs; run++) {
    const next = await replay(...about)
    if (next.runSeconds < quickest.runSeconds) quickest = next
  }
  return quickest
}

/** Events per CPU-second, without the start. */
export const rateOf = ({ events, runSeconds }: Replayed): number => events / runSeconds

/** `12,345 lines per CPU-second, 2,241 alerts of 29 rules, 120 MB` */
export const inWords = (run: Replayed): string =>
  `${count(rateOf(run))} events per CPU-second, ${count(run.alerts)} alerts of ${run.rules} rules, ${count(run.peakMegabytes)} MB`

/** All lines read, all rules at work. */
export const complete = (run: Replayed, lines: number): Floor => ({
  what: 'every line is an event, every rule at work',
  measured: `${count(run.events)} events, ${run.problems} rules with problems`,
  bound: `${count(lines)} events, 0 rules with problems`,
  kept: run.events === lines && run.problems === 0,
})

/** A bound on lines per CPU-second, without the start. CI runs on whatever machine there is, and asks for a quarter. */
export const speedFloor = (run: Replayed, bound: number): Floor => {
  const rate = run.lines / run.runSeconds
  return {
    what: 'lines per CPU-second, without the start',
    measured: count(rate),
    bound: `at least ${count(bound)}`,
    kept: rate >= bound,
    gate: { bound: `at least ${count(bound / 4)}`, kept: rate >= bound / 4 },
  }
}

/** A bound on memory. Resident memory of a whole process; CI asks for the same. */
export const memoryFloor = ({ peakMegabytes }: Pick<Replayed, 'peakMegabytes'>, bound: number): Floor => ({
  what: 'peak memory of the process',
  measured: `${count(peakMegabytes)} MB`,
  bound: `at most ${bound} MB`,
  kept: peakMegabytes <= bound,
})
