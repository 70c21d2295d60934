/** Checks of limits in memory, by turns with their peers: `limiter.js ROUNDS MS`. Prints operations per CPU-second as JSON. */
import process from 'node:process'
import { rateLimit } from 'express-rate-limit'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { createClientAddress, createLimiter, limitHeaders } from '@parapet/guard'

const [rounds = '5', ms = '200'] = process.argv.slice(2)
const KEYS = 10_000
const LIMIT = 1_000_000_000

const v4 = Array.from({ length: KEYS }, (_, i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`)
const v6 = Array.from(
  { length: KEYS },
  (_, i) => `2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}:0:0:0:${((i * 7) & 0xffff).toString(16)}`,
)
const requestOf = (remoteAddress) => ({ method: 'GET', url: '/', headers: {}, socket: { remoteAddress } })
const [requests4, requests6] = [v4.map(requestOf), v6.map(requestOf)]
/** through one proxy, as most applications stand; the chain is one text for each client, as it is for each connection of a real one */
const proxied = v6.map((address) => ({ ...requestOf('192.0.2.1'), headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } }))

const policy = { limit: 100_000, windowMs: 60_000 }
const ours = createLimiter({ policies: { p: policy } })
const clientAddress = createClientAddress('direct')
const behindProxy = createClientAddress({ trusted: ['192.0.2.0/24'] })
const flexible = new RateLimiterMemory({ points: LIMIT, duration: 60 })

/** As Express gives them to a middleware, with the peer's address as `ip`. */
const expressOf = (ip) => ({ ip, method: 'GET', url: '/', headers: {}, socket: { remoteAddress: ip }, app: { get: () => false } })
const [express4, express6] = [v4.map(expressOf), v6.map(expressOf)]
const response = {
  headersSent: false,
  setHeader: () => response,
  append: () => response,
  removeHeader: () => response,
  getHeader: () => undefined,
}
const middleware = rateLimit({ windowMs: 60_000, limit: LIMIT, standardHeaders: 'draft-8', legacyHeaders: false, validate: false })
const next = () => undefined

/** What a middleware of ours does for one request: address, check, headers. */
const throughOurs = (request, response) => {
  const client = clientAddress(request)
  const verdict = ours.check('p', [client.kind === 'known' ? client.key : ''])
  for (const [name, value] of limitHeaders([verdict])) response.setHeader(name, value)
}

let sink = 0
const variants = {
  ours: (i) => (sink += ours.check('p', [v4[i]]).remaining),
  'rate-limiter-flexible': (i) => flexible.consume(v4[i]),
  'ours, address and headers, IPv4': (i) => throughOurs(requests4[i], response),
  'ours, address and headers, IPv6': (i) => throughOurs(requests6[i], response),
  'express-rate-limit, IPv4': (i) => middleware(express4[i], response, next),
  'express-rate-limit, IPv6': (i) => middleware(express6[i], response, next),
  'address and check, IPv4': (i) => (sink += ours.check('p', [clientAddress(requests4[i]).key]).remaining),
  'address and check, IPv6': (i) => (sink += ours.check('p', [clientAddress(requests6[i]).key]).remaining),
  'client address, direct': (i) => (sink += clientAddress(requests6[i]).key.length),
  'client address, behind a proxy': (i) => (sink += behindProxy(proxied[i]).key.length),
}
const WAITS = new Set(['rate-limiter-flexible', 'express-rate-limit, IPv4', 'express-rate-limit, IPv6'])

/** Operations per CPU-second over a stretch of time; the collector's share is counted. */
const measure = async (name) => {
  const run = variants[name]
  const start = process.cpuUsage()
  const used = () => {
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1e6
  }
  let count = 0
  for (const end = Number(ms) / 1000; used() < end;) {
    if (WAITS.has(name)) for (let i = 0; i < 200; i++) await run(count++ % KEYS)
    else for (let i = 0; i < 2_000; i++) run(count++ % KEYS)
  }
  return count / used()
}

const results = {}
for (let round = -1; round < Number(rounds); round++)
  for (const name of Object.keys(variants)) {
    const perSecond = await measure(name)
    // the first round warms up
    if (round >= 0) (results[name] ??= []).push(perSecond)
  }
console.log(JSON.stringify({ results, sink: sink > 0 }))
