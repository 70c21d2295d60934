import { join } from 'node:path'
import { generateLog, writeLines } from '@parapet/testkit'
import { count, median, type Bench, type Cost } from './harness.js'
import { type Replayed, speedFloor } from './replay.js'

const LINES = 500_000
const ROUNDS = 3
/** What the product promises: five times the lines per CPU-second of the peer. Both pay for their start. */
const FLOOR = 5
/** CI's: a machine that is shared halves the ratio, and its filter is one where ours are all built-in rules. */
const GATE = 1.2

/** The quickest it has: no look-ups of names, the first match ends a line, nothing is listed. */
const PEER_OPTIONS = ['--usedns', 'no', '--no-check-all', '--print-no-missed', '--print-no-ignored']

/**
 * All built-in rules over a generated log, against `fail2ban-regex` with one filter over the same file. The peer does less: it matches one jail's
 * patterns and counts nothing. Its options are the quickest: no look-ups of names, the first match ends a line, nothing is listed.
 */
export const againstFail2ban = (options: {
  readonly name: string
  readonly kind: 'ssh' | 'nginx'
  readonly format: string
  readonly filter: string
  /** what else the peer ships for such logs; each is a pass of its own, as each of its jails is. Told beside the floor, which is held to one filter */
  readonly others?: readonly string[]
  /** lines per CPU-second */
  readonly least: number
}): Bench => ({
  name: options.name,
  run: async ({ folder, gated, measure, worker, peer }) => {
    const { kind, format, filter, others = [], least } = options
    const file = join(folder, `${kind}.txt`)
    const log = generateLog({ kind, lines: LINES })
    await writeLines(file, log.lines)

    // the peer runs between two of ours, so that a machine which is busy for a while is busy for both
    const program = await peer('fail2ban-regex')
    const runs: { cpuSeconds: number; report: unknown }[] = []
    const peers: Cost[] = []
    for (let round = 0; round < ROUNDS; round++) {
      runs.push(await worker('replay', format, String(log.end), '{}', file))
      if (program !== undefined) peers.push(await measure(program, [...PEER_OPTIONS, file, filter]))
    }
    const ours = median(runs.map((one) => one.cpuSeconds))
    const reports = runs.map((one) => one.report as Replayed)
    const report = reports.toSorted((a, b) => a.runSeconds - b.runSeconds)[Math.floor(ROUNDS / 2)] as Replayed
    const text = [
      `parapet, ${report.rules} rules: ${count(LINES / ours)} lines per CPU-second (${ours.toFixed(2)} s of CPU for ${count(report.lines)} lines, ` +
        `${count(report.events)} events, ${count(report.alerts)} alerts, ${count(report.peakMegabytes)} MB)`,
    ]
    const complete = {
      what: 'every line read, every rule at work',
      measured: `${count(report.lines)} lines, ${report.problems} rules with problems`,
      bound: `${count(LINES)} lines, 0 rules with problems`,
      kept: report.lines === LINES && report.problems === 0,
    }

    const speed = speedFloor(report, least)

    const [theirs] = peers
    if (theirs === undefined) {
      const missing = {
        what: 'ratio to fail2ban-regex',
        measured: 'NOT MEASURED: fail2ban-regex is not installed',
        bound: `at least ${FLOOR}`,
        kept: false,
      }
      return { text: [...text, 'PEER MISSING: scripts/ci-tools.sh installs fail2ban'], floors: [complete, speed, missing] }
    }
    const summary = /^Lines: .*$/m.exec(theirs.output)?.[0] ?? 'no summary'
    // each run of ours against the peer's run right after it: what slows the machine for a while slows both
    const ratios = peers.map((cost, round) => cost.cpuSeconds / (runs[round]?.cpuSeconds ?? Number.NaN))
    const ratio = median(ratios)
    const peerSeconds = median(peers.map((cost) => cost.cpuSeconds))
    text.push(
      `fail2ban-regex, filter ${filter}: ${count(LINES / peerSeconds)} lines per CPU-second (${peerSeconds.toFixed(2)} s of CPU; ${summary})`,
    )
    if (program !== undefined && others.length > 0 && !gated) {
      let all = peerSeconds
      for (const other of others) all += (await measure(program, [...PEER_OPTIONS, file, other])).cpuSeconds
      text.push(
        `with ${others.join(', ')} too, a pass each: ${count(LINES / all)} lines per CPU-second (${all.toFixed(2)} s of CPU); to that ${(all / ours).toFixed(1)}`,
      )
    }
    return {
      text,
      floors: [
        complete,
        speed,
        {
          what: 'ratio to fail2ban-regex, lines per CPU-second',
          measured: `${ratio.toFixed(1)} (median of ${ratios.map((one) => one.toFixed(1)).join(', ')})`,
          bound: `at least ${FLOOR}`,
          kept: ratio >= FLOOR && summary.includes(`${LINES} lines`),
          gate: { bound: `at least ${GATE}`, kept: ratio >= GATE && summary.includes(`${LINES} lines`) },
        },
      ],
    }
  },
})
