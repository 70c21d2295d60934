import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { median, root, type Bench, type Floor } from './harness.js'
import { cpuOfRequests, nextMessage } from './server-load.js'

/** Requests of one measurement, and before the first one, so that everything is compiled. */
const REQUESTS = 3_000
const WARM = 6_000
const ROUNDS = 5

const MOST_ON_BARE = 1.15
/** Beside the same headers set by hand: what the guard does besides writing headers. `docs/decisions/0018` has why both are looked at. */
const MOST_ON_HEADERS = 1.3
const LEAST_TO_PARTS = 1.5
/** What CI asks for: neighbours on a shared machine cost whoever works more than whoever does nothing. */
const GATES = { onBare: 3, onHeaders: 2, toParts: 1.5, others: 0.9 }

type Variant = 'bare' | 'headers' | 'guard' | 'parts'
type Server = { readonly child: ChildProcess; readonly port: number; readonly cookie: string }

const start = async (framework: string, variant: Variant): Promise<Server> => {
  const child = fork(join(root, 'bench/workers/guard-hello.js'), [framework, variant], { env: { ...process.env, NODE_ENV: 'production' } })
  const { port, cookie } = await nextMessage(child)
  return { child, port: Number(port), cookie: String(cookie) }
}

/** CPU time of the server for one request, microseconds. */
const load = ({ child, port, cookie }: Server, amount: number, another: string): Promise<number> =>
  cpuOfRequests(child, { url: `http://127.0.0.1:${port}/`, amount, headers: { cookie: cookie === '' ? another : cookie } })

type Found = {
  readonly us: Readonly<Record<Variant, number>>
  readonly onBare: number
  readonly headersOnBare: number
  readonly onHeaders: number
  readonly toParts: number
}

/** By turns forwards and backwards, so that a machine that grows slower treats all alike; the ratios are those of one turn. */
const compare = async (framework: string): Promise<Found> => {
  const servers = new Map<Variant, Server>()
  const order: readonly Variant[] = framework === 'fastify' ? ['bare', 'headers', 'guard', 'parts'] : ['bare', 'guard', 'parts']
  try {
    for (const variant of order) servers.set(variant, await start(framework, variant))
    const cookie = servers.get('guard')?.cookie ?? ''
    const run = async (variant: Variant, amount: number): Promise<number> => {
      const server = servers.get(variant)
      return server === undefined ? Number.NaN : load(server, amount, cookie)
    }
    for (const variant of order) await run(variant, WARM)
    const seen: Record<Variant, number[]> = { bare: [], headers: [], guard: [], parts: [] }
    for (let round = 0; round < ROUNDS; round++) {
      const sums: Record<Variant, number> = { bare: 0, headers: 0, guard: 0, parts: 0 }
      for (const variant of [...order, ...order.toReversed()]) sums[variant] += await run(variant, REQUESTS)
      for (const variant of order) seen[variant].push(sums[variant] / 2)
    }
    const ratio = (a: Variant, b: Variant): number => median(seen[a].map((value, round) => value / (seen[b][round] ?? Number.NaN)))
    return {
      us: { bare: median(seen.bare), headers: median(seen.headers), guard: median(seen.guard), parts: median(seen.parts) },
      onBare: ratio('guard', 'bare'),
      headersOnBare: ratio('headers', 'bare'),
      onHeaders: ratio('guard', 'headers'),
      toParts: ratio('parts', 'guard'),
    }
  } finally {
    for (const { child } of servers.values()) child.kill()
  }
}

const PARTS: Readonly<Record<string, string>> = {
  fastify: '@fastify/helmet, rate-limit, csrf-protection, session and cookie',
  express: 'helmet, express-rate-limit, csrf-csrf and express-session',
  hono: 'secureHeaders, csrf, hono-rate-limiter and a signed cookie',
  koa: 'koa-helmet, koa-ratelimit and koa-session',
}

/** What the whole guard costs on a "hello": server CPU per request beside the bare framework, and beside the parts that people use instead. */
export const guardHello: Bench = {
  name: 'guard-hello',
  run: async () => {
    const text: string[] = []
    const floors: Floor[] = []
    for (const framework of Object.keys(PARTS)) {
      const { us, onBare, headersOnBare, onHeaders, toParts } = await compare(framework)
      text.push(
        `${framework}: bare ${us.bare.toFixed(1)} us of CPU a request, guard ${us.guard.toFixed(1)}, ${PARTS[framework] ?? ''} ${us.parts.toFixed(1)}`,
      )
      if (framework === 'fastify') {
        text.push(`fastify: the guard's headers alone, set by hand, ${us.headers.toFixed(1)} us: ${headersOnBare.toFixed(2)}x bare`)
        const atMost = (what: string, value: number, most: number, gate: number): Floor => ({
          what,
          measured: `${value.toFixed(2)}x`,
          bound: `at most ${most}x`,
          kept: value <= most,
          gate: { bound: `at most ${gate}x`, kept: value <= gate },
        })
        floors.push(
          atMost('guard on Fastify to bare Fastify', onBare, MOST_ON_BARE, GATES.onBare),
          atMost('guard on Fastify to its headers set by hand', onHeaders, MOST_ON_HEADERS, GATES.onHeaders),
        )
      }
      const least = framework === 'fastify' ? LEAST_TO_PARTS : 1
      const gate = framework === 'fastify' ? GATES.toParts : GATES.others
      floors.push({
        what: `${framework}: the usual parts to the guard`,
        measured: `${toParts.toFixed(2)}x`,
        bound: `at least ${least}x`,
        kept: toParts >= least,
        gate: { bound: `at least ${gate}x`, kept: toParts >= gate },
      })
    }
    return { text, floors }
  },
}
