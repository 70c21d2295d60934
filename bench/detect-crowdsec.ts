import { join } from 'node:path'
import { generateLog, writeLines } from '@parapet/testkit'
import { createCrowdsec } from './crowdsec.js'
import { count, type Bench, type Floor } from './harness.js'
import type { Replayed } from './replay.js'

/** What the product promises, of lines per CPU-second; both pay for their start, which costs us most of a run this short. */
const FLOORS = { nginx: { floor: 20, gate: 5 }, ssh: { floor: 3, gate: 1 } } as const
const FORMATS = { nginx: ['nginx.access', 'nginx'], ssh: ['sshd', 'syslog'] } as const

/**
 * All built-in rules against CrowdSec with the collections for nginx and sshd that its Debian package ships, each on the head of the same file, one
 * parser routine. It is slow on web logs, so the file is short.
 */
export const detectCrowdsec: Bench = {
  name: 'detect-crowdsec',
  run: async (tools) => {
    const program = await tools.peer('crowdsec')
    const peer = program === undefined ? undefined : await createCrowdsec(tools.folder)
    if (program === undefined || peer === undefined)
      return {
        text: ['PEER MISSING: scripts/ci-tools.sh installs crowdsec'],
        floors: [{ what: 'ratio to CrowdSec', measured: 'NOT MEASURED: crowdsec is not installed', bound: 'measured', kept: false }],
      }
    const text: string[] = []
    const floors: Floor[] = []
    try {
      for (const kind of ['nginx', 'ssh'] as const) {
        const lines = kind === 'nginx' ? (tools.gated ? 3_000 : 20_000) : tools.gated ? 20_000 : 100_000
        const file = join(tools.folder, `crowdsec-${kind}.txt`)
        const log = generateLog({ kind, lines, hours: kind === 'nginx' ? 2 : 24 })
        await writeLines(file, log.lines)
        const [format, type] = FORMATS[kind]
        const before = peer.overflows()
        const theirs = await tools.measure(program, peer.args(file, type))
        const told = peer.overflows() - before
        const ours = await tools.worker('replay', format, String(log.end), '{}', file)
        const { alerts, events } = ours.report as Replayed
        const ratio = theirs.cpuSeconds / ours.cpuSeconds
        const { floor, gate } = FLOORS[kind]
        text.push(
          `${kind}, ${count(lines)} lines: CrowdSec ${count(lines / theirs.cpuSeconds)} lines per CPU-second, ${count(told)} alerts; ` +
            `parapet ${count(lines / ours.cpuSeconds)}, ${count(alerts)} alerts, both with their start`,
        )
        floors.push({
          what: `${kind}: ratio to CrowdSec, lines per CPU-second`,
          measured: `${ratio.toFixed(1)}${told === 0 ? ', but it told nothing' : ''}`,
          bound: `at least ${floor}`,
          kept: ratio >= floor && told > 0 && events > 0,
          gate: { bound: `at least ${gate}`, kept: ratio >= gate && told > 0 && events > 0 },
        })
      }
    } finally {
      peer.close()
    }
    return { text, floors }
  },
}
