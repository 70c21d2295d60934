import { count, median, type Bench, type Floor } from './harness.js'

const ROUNDS = 7
const ROUND_MS = 200
const KEYS = 10_000_000
const HELD = 100_000
const FLOORS = { flexible: 2, express: 10, v6: 1.5, addresses: 1_000_000, megabytes: 150 }
/** what CI asks for, on whatever machine it runs */
const GATES = { flexible: 1.4, express: 6, v6: 2, addresses: 300_000 }

type Speeds = Readonly<Record<string, readonly number[]>>
type Flood = {
  readonly grown: number
  readonly most: number
  readonly passed: number
  readonly due: number
  readonly held: number
  readonly perSecond: number
}

const atLeast = (what: string, measured: number, bound: number, gate: number, show: (value: number) => string): Floor => ({
  what,
  measured: show(measured),
  bound: `at least ${show(bound)}`,
  kept: measured >= bound,
  gate: { bound: `at least ${show(gate)}`, kept: measured >= gate },
})
const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)}x`

/** Limits in memory on 10,000 keys beside rate-limiter-flexible and express-rate-limit, client addresses, and a flood of ten million keys. */
export const limiter: Bench = {
  name: 'limiter',
  run: async ({ worker }) => {
    const { results } = (await worker('limiter', String(ROUNDS), String(ROUND_MS))).report as { results: Speeds }
    const flood = (await worker('limiter-memory', String(KEYS))).report as Flood
    // of one round each: what else the machine did in a round met both
    const ratio = (ours: string, peer: string): number =>
      median((results[ours] ?? []).map((speed, round) => speed / (results[peer]?.[round] ?? Number.NaN)))
    const speed = (name: string): number => median(results[name] ?? [])
    const v6 = ratio('address and check, IPv4', 'address and check, IPv6')
    const slowest = Math.min(speed('client address, direct'), speed('client address, behind a proxy'))
    return {
      text: [
        ...Object.keys(results).map((name) => `${name}: ${count(speed(name))} per CPU-second`),
        `whole middleware, headers and all, to express-rate-limit: ${times(ratio('ours, address and headers, IPv4', 'express-rate-limit, IPv4'))} on IPv4, ` +
          `${times(ratio('ours, address and headers, IPv6', 'express-rate-limit, IPv6'))} on IPv6`,
        `express-rate-limit itself, IPv4 to IPv6: ${times(ratio('express-rate-limit, IPv4', 'express-rate-limit, IPv6'))}`,
        `${count(KEYS)} keys: ${count(flood.perSecond)} per CPU-second, ${count(flood.held)} held, at most ${count(flood.most)} MB resident, ` +
          `${flood.grown.toFixed(0)} MB more than when the table was full for the first time`,
      ],
      floors: [
        atLeast('checks to rate-limiter-flexible', ratio('ours', 'rate-limiter-flexible'), FLOORS.flexible, GATES.flexible, times),
        atLeast(
          'checks to the middleware of express-rate-limit',
          ratio('ours', 'express-rate-limit, IPv4'),
          FLOORS.express,
          GATES.express,
          times,
        ),
        {
          what: 'address and check: time on IPv6 to time on IPv4',
          measured: times(v6),
          bound: `at most ${times(FLOORS.v6)}`,
          kept: v6 <= FLOORS.v6,
          gate: { bound: `at most ${times(GATES.v6)}`, kept: v6 <= GATES.v6 },
        },
        atLeast('client addresses per CPU-second, the slower way', slowest, FLOORS.addresses, GATES.addresses, count),
        {
          what: `megabytes that ${count(KEYS)} keys add to a full table`,
          measured: flood.grown.toFixed(0),
          bound: `at most ${FLOORS.megabytes}`,
          kept: flood.grown <= FLOORS.megabytes && flood.held <= HELD,
        },
        {
          what: 'requests that the flood won for an attacker beyond his due',
          measured: String(flood.passed - flood.due),
          bound: 'at most 0',
          kept: flood.passed <= flood.due,
        },
      ],
    }
  },
}
