/**
 * Three policies a request over Redis, by turns with a script written by hand for the same three keys: `limiter-redis.js PORT ROUNDS REQUESTS`.
 * Prints, for each round, µs of CPU per request of this process and of Redis, and what Redis was asked, as JSON.
 */
import process from 'node:process'
import { Redis } from 'ioredis'
import { createKeyring, createSharedLimiter } from '@parapet/guard'
import { redisStore } from '@parapet/guard/stores/redis'

const [port = '6379', rounds = '5', requests = '20000'] = process.argv.slice(2)
const CLIENTS = 10_000
const AT_ONCE = 50

const connect = async () => {
  const client = new Redis({ port: Number(port), enableOfflineQueue: false, lazyConnect: true })
  await client.connect()
  return client
}
const [mine, theirs, admin] = [await connect(), await connect(), await connect()]

// too wide to limit here; a request every whole number of ms, as in 120 a minute or 1,000 an hour
const POLICIES = {
  address: { limit: 60_000, windowMs: 60_000 },
  user: { limit: 100_000, windowMs: 3_600_000 },
  route: { limit: 20_000, windowMs: 60_000 },
}
const limiter = createSharedLimiter({
  policies: POLICIES,
  store: redisStore(mine).limits,
  // others use the machine too: a stall of it must not count as an outage
  timeoutMs: 5_000,
  keyring: createKeyring({ keys: [Buffer.alloc(32, 1)] }),
})
const addresses = Array.from({ length: CLIENTS }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
const ours = async (i) => {
  const outcome = await limiter.take([
    { policy: 'address', key: [addresses[i]] },
    { policy: 'user', key: [`user-${i}`] },
    { policy: 'route', key: [addresses[i], '/api/orders'] },
  ])
  if (outcome.kind !== 'allowed' || outcome.by !== 'store') throw new Error(JSON.stringify(outcome))
}

/** What a careful hand writes: the same algorithm, all or none, the server's time, what headers need; keys in clear and no outage ladder. */
theirs.defineCommand('limit3', {
  numberOfKeys: 3,
  lua: `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out, tats, limited = {0}, {}, false
for i = 1, #KEYS do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local step = window / limit
  local held = redis.call('GET', KEYS[i])
  local tat = held and tonumber(held) or now
  if tat < now then tat = now end
  local new = tat + step
  if new - now > window then
    limited = true
    out[#out + 1] = 0
    out[#out + 1] = math.ceil(new - now - window)
  else
    out[#out + 1] = math.floor((window - (new - now)) / step)
    out[#out + 1] = math.ceil(new - now)
  end
  tats[i] = new
end
if limited then
  out[1] = 1
  return out
end
for i = 1, #KEYS do redis.call('SET', KEYS[i], tostring(tats[i]), 'PX', math.ceil(tats[i] - now)) end
return out`,
})
const rules = Object.values(POLICIES).flatMap(({ limit, windowMs }) => [limit, windowMs])
const byHand = async (i) => {
  const reply = await theirs.limit3(`rl:address:${addresses[i]}`, `rl:user:user-${i}`, `rl:route:${addresses[i]}:/api/orders`, ...rules)
  if (reply[0] !== 0) throw new Error(JSON.stringify(reply))
}

const redisCpu = async () => {
  const info = await admin.info('cpu')
  return ['used_cpu_user', 'used_cpu_sys'].reduce((sum, name) => sum + Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]), 0)
}
const calls = async () =>
  Object.fromEntries(
    [...(await admin.info('commandstats')).matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]),
  )

const measure = async (run) => {
  const redisBefore = await redisCpu()
  const start = process.cpuUsage()
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < Number(requests)) await run(next++ % CLIENTS)
    }),
  )
  const { user, system } = process.cpuUsage(start)
  return { client: (user + system) / Number(requests), redis: (((await redisCpu()) - redisBefore) * 1e6) / Number(requests) }
}

const found = { ours: [], byHand: [] }
for (let round = -1; round < Number(rounds); round++) {
  // each goes first as often as second
  const order =
    round % 2 === 0
      ? [
          ['ours', ours],
          ['byHand', byHand],
        ]
      : [
          ['byHand', byHand],
          ['ours', ours],
        ]
  for (const [name, run] of order) {
    const cost = await measure(run)
    // the first round warms up
    if (round >= 0) found[name].push(cost)
  }
}
await admin.call('CONFIG', 'RESETSTAT')
for (let i = 0; i < 100; i++) await ours(i)
const asked = await calls()
console.log(JSON.stringify({ results: {}, found, asked, stats: limiter.stats() }))
for (const client of [mine, theirs, admin]) client.disconnect()
