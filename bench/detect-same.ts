import { join } from 'node:path'
import { generateLog, writeLines, type LogKind } from '@parapet/testkit'
import type { Bench } from './harness.js'
import { replay } from './replay.js'

const FORMATS = { ssh: 'sshd', nginx: 'nginx.access' } as const

/** The same file again and again, by one engine and by several that share its parts: the same alerts to the byte. */
export const detectSame: Bench = {
  name: 'detect-same',
  run: async (tools) => {
    const lines = tools.gated ? 60_000 : 500_000
    const shares = tools.gated ? [1, 4] : [1, 1, 1, 1, 1, 2, 4]
    const found: { kind: LogKind; digests: string[]; alerts: number }[] = []
    for (const kind of ['ssh', 'nginx'] as const) {
      const file = join(tools.folder, `${kind}-same.txt`)
      const log = generateLog({ kind, lines })
      await writeLines(file, log.lines)
      const runs = []
      for (const engines of shares) runs.push(await replay(tools, FORMATS[kind], log.end, [file], { engines }))
      found.push({ kind, digests: runs.map(({ digest }) => digest), alerts: runs[0]?.alerts ?? 0 })
    }
    return {
      text: found.map(({ kind, alerts }) => `${kind}: ${alerts} alerts in each of ${shares.length} runs with ${shares.join(', ')} engines`),
      floors: found.map(({ kind, digests, alerts }) => ({
        what: `${kind}: alerts of all runs`,
        measured: `${new Set(digests).size} kinds of result`,
        bound: 'one, and not empty',
        kept: new Set(digests).size === 1 && alerts > 0,
      })),
    }
  },
}
