import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateLog, writeLines } from '@parapet/testkit'
import { generateRules } from '../packages/detect/src/sigma/fixtures/generate-rules.js'
import { count, median, type Bench } from './harness.js'
import { inWords, rateOf, replay, type Replayed } from './replay.js'

const RULES = 3_000
const ROUNDS = 3

/** Three thousand rules of others beside the built-in ones, against the built-in ones alone, on the same log in turns. */
export const detectRules: Bench = {
  name: 'detect-rules',
  run: async (tools) => {
    const file = join(tools.folder, 'nginx.txt')
    const rules = join(tools.folder, 'rules')
    mkdirSync(rules)
    for (const [i, { text }] of generateRules(RULES).entries()) writeFileSync(join(rules, `${String(i).padStart(5, '0')}.yml`), text)
    const log = generateLog({ kind: 'nginx', lines: tools.gated ? 100_000 : 300_000 })
    await writeLines(file, log.lines)
    const few: Replayed[] = []
    const many: Replayed[] = []
    for (let round = 0; round < (tools.gated ? 1 : ROUNDS); round++) {
      few.push(await replay(tools, 'nginx.access', log.end, [file]))
      many.push(await replay(tools, 'nginx.access', log.end, [file], { rules }))
    }
    const [alone] = few as [Replayed]
    const [together] = many as [Replayed]
    const ratio = median(few.map((run, round) => rateOf(many[round] as Replayed) / rateOf(run)))
    const load = median(many.map((run, round) => run.loadSeconds - (few[round] as Replayed).loadSeconds))
    const added = together.rules - alone.rules
    return {
      text: [`alone: ${inWords(alone)}`, `with ${count(added)} more: ${inWords(together)}`],
      floors: [
        {
          what: 'all of them run',
          measured: `${count(added)}, ${together.problems} with problems`,
          bound: `${count(RULES)}, none`,
          kept: added === RULES && together.problems === alone.problems,
        },
        {
          what: 'loading them',
          measured: `${load.toFixed(2)} s of CPU`,
          bound: 'at most 2 s',
          kept: load <= 2,
          gate: { bound: 'at most 6 s', kept: load <= 6 },
        },
        {
          what: 'speed with them, of that without',
          measured: ratio.toFixed(2),
          bound: 'at least 0.5',
          kept: ratio >= 0.5,
          gate: { bound: 'at least 0.3', kept: ratio >= 0.3 },
        },
      ],
    }
  },
}
