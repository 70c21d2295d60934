/** Logs the same requests through pino in several ways and reports lines per CPU-second of each, by rounds. Usage: mask-pino.js ROUNDS LINES */
import process from 'node:process'
import { createMasker } from '@parapet/privacy'
import { maskPino } from '@parapet/privacy/pino'
import pino from 'pino'

const [rounds, lines] = process.argv.slice(2).map(Number)

/** As a destination does: the line becomes bytes. */
const room = Buffer.alloc(65_536)
let written = 0
const sink = { write: (line) => (written += room.write(line, 0, 'utf8')) }

const AGENTS = Array.from({ length: 24 }, (_, i) => `Mozilla/5.0 (X11; Linux x86_64; rv:${100 + i}.0) Gecko/20100101 Firefox/${100 + i}.0`)
const [METHODS, KINDS, PLANS] = [
  ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'],
  ['orders', 'products', 'customers', 'invoices'],
  ['free', 'pro', 'team'],
]

let seed = 42
const random = (below) => ((seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >>> 8) % below
const hex = (length) => Array.from({ length }, () => random(16).toString(16)).join('')
const pick = (list) => list[random(list.length)]

/** Nobody sends the same request twice: ids, paths, addresses, tokens and times all differ. */
const requests = Array.from({ length: 8_192 }, () => ({
  req: {
    id: `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`,
    method: pick(METHODS),
    url: `/api/v1/${pick(KINDS)}/${random(1_000_000)}?page=${random(40)}&sort=created`,
    headers: {
      host: 'shop.example.org',
      'user-agent': pick(AGENTS),
      accept: 'application/json',
      authorization: `Bearer ${hex(40)}`,
      cookie: `sid=${hex(24)}`,
    },
    remoteAddress: `203.0.113.${random(256)}`,
    remotePort: 1_024 + random(60_000),
  },
  user: { id: random(100_000), email: `user${random(100_000)}@example.org`, profile: { apiKey: hex(24), plan: pick(PLANS) } },
  res: {
    statusCode: pick([200, 200, 201, 404]),
    headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': random(9_000) },
  },
  responseTime: random(9_000) / 10,
}))

const WAYS = {
  plain: () => pino({}, sink),
  'redact, 6 paths': () =>
    pino(
      { redact: ['req.headers.authorization', 'req.headers.cookie', 'user.email', 'user.profile.apiKey', 'password', 'user.password'] },
      sink,
    ),
  'redact, 8 wildcards': () =>
    pino(
      { redact: ['*.*.authorization', '*.*.cookie', '*.email', '*.*.email', '*.apiKey', '*.*.apiKey', '*.password', '*.*.password'] },
      sink,
    ),
  masked: () => pino(maskPino({ masker: createMasker() }), sink),
}

const run = (log) => {
  const before = process.cpuUsage()
  for (let i = 0; i < lines; i++) log.info(requests[i & 8_191], 'request completed')
  const { user, system } = process.cpuUsage(before)
  return (lines / (user + system)) * 1e6
}

const loggers = Object.entries(WAYS).map(([name, make]) => [name, make()])
for (const [, log] of loggers) run(log)
written = 0
loggers[0][1].info(requests[0], 'request completed')
const bytes = written
const speeds = Object.fromEntries(loggers.map(([name]) => [name, []]))
for (let round = 0; round < rounds; round++) for (const [name, log] of loggers) speeds[name].push(run(log))

// what was measured must also have been masked
const texts = []
pino(maskPino({ masker: createMasker() }), { write: (line) => texts.push(line) }).info(requests[0], 'request completed')
const { req, user } = requests[0]
const leaks = [req.headers.authorization.slice(7), req.headers.cookie.slice(4), user.email, user.profile.apiKey].filter((value) =>
  texts[0].includes(value),
).length
console.log(JSON.stringify({ speeds, bytes, leaks }))
