import { fork } from 'node:child_process'
import { join } from 'node:path'
import { median, root, type Bench } from './harness.js'
import { cpuOfRequests, nextMessage } from './server-load.js'

const DECISIONS = 100_000
const REQUESTS = 3_000
const WARM = 5_000
const ROUNDS = 5

/** A question of a proxy costs at most so many times what a bare "alive" of the same server costs; CI has neighbours. */
const MOST = 1.6
const GATE = 2.5
/** CPU of one question, microseconds. */
const MOST_US = 1_000

/** What `/v1/authorize` costs with 100,000 decisions in memory, beside `/healthz` of the same server. */
export const respondAuthorize: Bench = {
  name: 'respond-authorize',
  run: async ({ gated }) => {
    const decisions = gated ? DECISIONS / 5 : DECISIONS
    const child = fork(join(root, 'bench/workers/respond-authorize.js'), [String(decisions)], {
      execArgv: ['--conditions=source', '--import', 'tsx'],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    try {
      const { port, headers, rss } = await nextMessage(child)
      const load = (path: string, amount: number): Promise<number> =>
        cpuOfRequests(child, { url: `http://127.0.0.1:${Number(port)}${path}`, amount, headers: headers as Record<string, string> })
      // health has a limit for each client, which this must not meet: its own requests are few
      const paths = { health: '/healthz', authorize: '/v1/authorize?proxy=traefik' } as const
      await load(paths.authorize, WARM)
      await load(paths.health, 150)
      const seen: { health: number[]; authorize: number[] } = { health: [], authorize: [] }
      for (let round = 0; round < ROUNDS; round++) {
        seen.health.push(await load(paths.health, 200))
        seen.authorize.push(await load(paths.authorize, REQUESTS))
      }
      const ratio = median(seen.authorize.map((value, round) => value / (seen.health[round] ?? Number.NaN)))
      const us = median(seen.authorize)
      const per = (value: number): string => Math.round(1_000_000 / value).toLocaleString('en')
      return {
        text: [
          `${decisions.toLocaleString('en')} decisions held, ${Math.round(Number(rss) / 1_048_576)} MiB in all`,
          `/v1/authorize: ${per(us)} requests a CPU-second (${us.toFixed(0)} us each); /healthz: ${per(median(seen.health))}`,
        ],
        floors: [
          {
            what: 'a question of a proxy to a bare "alive"',
            measured: `${ratio.toFixed(2)}x`,
            bound: `at most ${MOST}x`,
            kept: ratio <= MOST,
            gate: { bound: `at most ${GATE}x`, kept: ratio <= GATE },
          },
          { what: 'CPU of a question', measured: `${us.toFixed(0)} us`, bound: `at most ${MOST_US} us`, kept: us <= MOST_US },
        ],
      }
    } finally {
      if (child.exitCode === null) {
        child.send('end')
        await new Promise((resolve) => child.once('exit', resolve))
      }
    }
  },
}
