import { join } from 'node:path'
import { generateLog, writeLines } from '@parapet/testkit'
import { type Bench, count } from './harness.js'
import { complete, inWords, quickestReplay, rateOf, replay, speedFloor } from './replay.js'

/** The same requests, each with a user agent and a path that no other has. */
const makeDistinct = function* (lines: Iterable<string>): Generator<string, void, undefined> {
  let n = 0
  for (const line of lines) {
    n++
    const agent = line.lastIndexOf(' "')
    yield `${line.slice(0, agent).replace(' HTTP/1.1"', `/${(n * 2_654_435_761) >>> 0} HTTP/1.1"`)} "Mozilla/5.0 (${((n * 40_503) >>> 0).toString(36)}) rv:${n}"`
  }
}

/** A web log in which every line has another user agent and path, so that nothing can be remembered, against the log as it was. */
export const detectDistinct: Bench = {
  name: 'detect-distinct',
  run: async (tools) => {
    const lines = tools.gated ? 150_000 : 500_000
    const log = generateLog({ kind: 'nginx', lines })
    const [plain, distinct] = [join(tools.folder, 'plain.txt'), join(tools.folder, 'distinct.txt')]
    await writeLines(plain, log.lines)
    await writeLines(distinct, makeDistinct(log.lines))
    const peer = await replay(tools, 'nginx.access', log.end, [plain])
    const run = await replay(tools, 'nginx.access', log.end, [distinct])
    const ratio = rateOf(run) / rateOf(peer)
    return {
      text: [`as it was: ${inWords(peer)}`, `every line new: ${inWords(run)}`],
      floors: [
        complete(run, lines),
        speedFloor(run, 50_000),
        {
          what: 'speed where nothing repeats, of that where it does',
          measured: ratio.toFixed(2),
          bound: 'at least 0.5',
          kept: ratio >= 0.5,
          gate: { bound: 'at least 0.2', kept: ratio >= 0.2 },
        },
      ],
    }
  },
}

/** An application's own JSON events, against `JSON.parse` of the same lines: what nobody can do without. */
export const detectJson: Bench = {
  name: 'detect-json',
  run: async (tools) => {
    const lines = tools.gated ? 150_000 : 500_000
    const file = join(tools.folder, 'app.txt')
    const log = generateLog({ kind: 'app', lines })
    await writeLines(file, log.lines)
    const { report } = await tools.worker('parse-json', file)
    const { seconds } = report as { seconds: number }
    const run = await quickestReplay(tools.gated ? 1 : 3, tools, 'json', log.end, [file])
    const parsing = `JSON.parse alone: ${count(lines / seconds)} lines per CPU-second, ${(run.runSeconds / seconds).toFixed(1)} times as many`
    return { text: [inWords(run), parsing], floors: [complete(run, lines), speedFloor(run, 80_000)] }
  },
}
