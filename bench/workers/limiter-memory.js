/** A flood of made-up keys: `limiter-memory.js KEYS`. Prints what it did to memory, and to an attacker who had used everything, as JSON. */
import process from 'node:process'
import { createLimiter } from '@parapet/guard'

const [keys = '10000000'] = process.argv.slice(2)
const HELD = 100_000

let now = 1_800_000_000_000
const limiter = createLimiter({ policies: { p: { limit: 5, windowMs: 3_600_000 } }, maxKeys: HELD, clock: () => now })
const megabytes = () => process.memoryUsage.rss() / 1e6

let passed = 0
let [full, most] = [0, 0]
const start = process.cpuUsage()
for (let i = 0; i < Number(keys); i++) {
  limiter.check('p', [`198.51.100.${i}`])
  // he comes again and again; one request in six minutes of the clock is his due
  if (i % 1_000 === 0) {
    now += 10
    if (limiter.check('p', ['attacker']).kind === 'allowed') passed++
  }
  if (i === 2 * HELD) full = megabytes()
  if (i % 50_000 === 0) most = Math.max(most, megabytes())
}
const { user, system } = process.cpuUsage(start)
// at 5 an hour, refilled evenly
const due = 5 + Math.floor((now - 1_800_000_000_000) / 720_000)
console.log(
  JSON.stringify({ grown: most - full, most, passed, due, held: limiter.stats().keys, perSecond: (Number(keys) / (user + system)) * 1e6 }),
)
