import { join } from 'node:path'
import { generateLog, writeLines } from '@parapet/testkit'
import { count, type Bench } from './harness.js'
import { inWords, memoryFloor, rateOf, replay, speedFloor } from './replay.js'

/** An attack from a million addresses in ten minutes: memory stays bounded, and what was dropped is told in an alert. */
export const detectAddresses: Bench = {
  name: 'detect-addresses',
  run: async (tools) => {
    const addresses = tools.gated ? 200_000 : 1_000_000
    const run = await replay(tools, '', Date.UTC(2026, 10, 19), [], { flood: addresses })
    const honest = run.evicted === 0 || run.notices > 0
    return {
      text: [`${count(addresses)} addresses in ten minutes: ${inWords(run)}; ${count(run.evicted)} times state was dropped early`],
      floors: [
        memoryFloor(run, 300),
        {
          what: 'dropped state is told',
          measured: `${run.notices} alerts`,
          bound: 'at least one where anything was dropped',
          kept: honest,
        },
      ],
    }
  },
}

/** An auth.log of which 95 % is hostile, against one of which 5 % is, in the same run. */
export const detectHostileSshd: Bench = {
  name: 'detect-sshd-95',
  run: async (tools) => {
    const lines = tools.gated ? 200_000 : 500_000
    const runs = []
    for (const attack of [0.05, 0.95]) {
      const file = join(tools.folder, `ssh-${attack}.txt`)
      const log = generateLog({ kind: 'ssh', lines, attack })
      await writeLines(file, log.lines)
      runs.push(await replay(tools, 'sshd', log.end, [file]))
    }
    const [calm, hostile] = runs as [(typeof runs)[0], (typeof runs)[0]]
    const ratio = rateOf(hostile) / rateOf(calm)
    return {
      text: [`5 % hostile: ${inWords(calm)}`, `95 % hostile: ${inWords(hostile)}`],
      floors: [
        memoryFloor(hostile, 250),
        speedFloor(hostile, 100_000),
        {
          what: 'speed on the hostile log, of that on the calm one',
          measured: ratio.toFixed(2),
          bound: 'at least 0.4',
          kept: ratio >= 0.4,
          gate: { bound: 'at least 0.2', kept: ratio >= 0.2 },
        },
      ],
    }
  },
}
