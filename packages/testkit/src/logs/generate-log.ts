import { seededRandom, type SeededRandom } from '../seeded-random.js'
import { appLog } from './app-log.js'
import { nginxLog } from './nginx-log.js'
import { sshLog } from './ssh-log.js'
import { createTruth, type LogTruth } from './truth.js'

/** What can be generated: an auth.log, an nginx access log, an application's events. */
export type LogKind = 'ssh' | 'nginx' | 'app'

/** Options of {@link generateLog}. */
export type LogOptions = {
  readonly kind: LogKind
  /** how many lines; 500,000 when left out */
  readonly lines?: number
  /** the share of lines that attackers write; 0.05 when left out */
  readonly attack?: number
  readonly seed?: number
  /** the end of the log, ms UTC; 2026-11-20T00:00:00Z when left out */
  readonly end?: number
  /** how long the log is; 168 for ssh, 24 for the others when left out */
  readonly hours?: number
}

/** What the generator of a kind is given. Times in seconds. */
export type Period = {
  readonly lines: number
  readonly attack: number
  readonly from: number
  readonly to: number
  readonly random: SeededRandom
}

/** A log and what is true about it. `lines` can be read again and again; none ends in a line end. */
export type GeneratedLog = { readonly kind: LogKind; readonly lines: Iterable<string>; readonly truth: LogTruth; readonly end: number }

const HOURS: Readonly<Record<LogKind, number>> = { ssh: 168, nginx: 24, app: 24 }
const WRITERS = { ssh: sshLog, nginx: nginxLog, app: appLog } as const

/** A log with its ground truth: the same options give the same lines, on every machine. */
export const generateLog = (options: LogOptions): GeneratedLog => {
  const { kind, lines = 500_000, attack = 0.05, seed = 42, end = Date.UTC(2026, 10, 20) } = options
  const to = end / 1000
  const truth = createTruth()
  const period: Period = { lines, attack, from: to - 3600 * (options.hours ?? HOURS[kind]), to, random: seededRandom(`${kind}-${seed}`) }
  const written = [...WRITERS[kind](period, truth)]
  return { kind, lines: written, truth, end }
}
