import { startRedis } from '@parapet/testkit'
import { median, type Bench } from './harness.js'

const ROUNDS = 7
const REQUESTS = 20_000
/** requests that are counted command by command */
const COUNTED = 100
const FLOOR = 0.9
const GATE = 0.6

type Cost = { readonly client: number; readonly redis: number }
type Found = {
  readonly found: { readonly ours: readonly Cost[]; readonly byHand: readonly Cost[] }
  readonly asked: Readonly<Record<string, number>>
}

/** Three policies a request over Redis, beside a script written by hand for the same three keys. */
export const limiterRedis: Bench = {
  name: 'limiter-redis',
  run: async ({ worker, peer }) => {
    if ((await peer('redis-server')) === undefined) {
      return {
        text: ['not measured: this machine has no redis-server; scripts/ci-tools.sh installs it'],
        floors: [
          { what: 'limits over Redis', measured: 'nothing', bound: 'redis-server', kept: false, gate: { bound: 'nothing', kept: true } },
        ],
      }
    }
    const redis = await startRedis()
    try {
      const { found, asked } = (await worker('limiter-redis', String(redis.port), String(ROUNDS), String(REQUESTS))).report as Found
      const of = (cost: (one: Cost) => number): number =>
        median(found.byHand.map((hand, round) => cost(hand) / cost(found.ours[round] ?? { client: Number.NaN, redis: Number.NaN })))
      const line = (name: string, costs: readonly Cost[]): string =>
        `${name}, CPU a request: ${median(costs.map(({ client }) => client)).toFixed(1)} µs in the client, ${median(costs.map(({ redis }) => redis)).toFixed(1)} µs in Redis`
      const both = of(({ client, redis }) => client + redis)
      const roundTrips = (asked['evalsha'] ?? 0) + (asked['eval'] ?? 0)
      return {
        text: [
          line('ours', found.ours),
          line('by hand', found.byHand),
          `to the script by hand: ${of(({ client }) => client).toFixed(2)}x in the client, ${of(({ redis }) => redis).toFixed(2)}x in Redis`,
          `${COUNTED} requests made Redis run: ${Object.entries(asked)
            .filter(([name]) => !name.startsWith('config'))
            .map(([name, calls]) => `${calls} ${name}`)
            .join(', ')}`,
        ],
        floors: [
          {
            what: 'of the speed of a script by hand with as many keys, client and Redis together',
            measured: `${both.toFixed(2)}x`,
            bound: `at least ${FLOOR}x`,
            kept: both >= FLOOR,
            gate: { bound: `at least ${GATE}x`, kept: both >= GATE },
          },
          {
            what: `round trips of ${COUNTED} requests with three policies each`,
            measured: String(roundTrips),
            bound: String(COUNTED),
            kept: roundTrips === COUNTED,
          },
        ],
      }
    } finally {
      await redis.stop()
    }
  },
}
