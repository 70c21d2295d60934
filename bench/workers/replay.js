/**
 * Replays one file, or events made on the fly, as `parapet detect` does: `replay.js FORMAT NOW OPTIONS FILE...`, options as JSON. Prints what it
 * counted as JSON, with a digest of all alerts as they stand in the end.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { builtinRules, compileRules, createEngine, parserFor, prepareReplay, readLines, SHARDS } from '@parapet/detect'

const [format = '', now = '', given = '{}', ...files] = process.argv.slice(2)
/** @type {{ rules?: string, engines?: number, flood?: number }} */
const options = JSON.parse(given)
prepareReplay()

const NOTICE = 'parapet-engine-state-evicted'
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const builtin = await builtinRules()
const before = cpu()
const extra =
  options.rules === undefined
    ? []
    : readdirSync(options.rules).map((file) => ({ file, text: readFileSync(join(options.rules ?? '', file), 'utf8') }))
const { rules, problems } = compileRules([...builtin, ...extra])
const count = options.engines ?? 1
// parts dealt out in turn: each engine keeps some of every rule
const engines = Array.from({ length: count }, (_, n) =>
  createEngine({ rules, owns: new Set(Array.from({ length: SHARDS }, (_, shard) => shard).filter((shard) => shard % count === n)) }),
)
const loadSeconds = cpu() - before

const alerts = new Map()
const keep = (told) => {
  for (const { alert } of told) alerts.set(alert.id, alert)
}
let lines = 0
let events = 0
const started = cpu()
if (options.flood !== undefined) {
  // addresses that fail to sign in once each, within ten minutes
  for (let i = 0; i < options.flood; i++) {
    const event = {
      '@timestamp': Number(now) + Math.floor((i * 600_000) / options.flood),
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.dataset': 'sshd',
      'source.ip': `${20 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}.${i % 7}`,
      'user.name': `user${i % 5_000}`,
    }
    for (const engine of engines)
      for (const { alert } of engine.process(event, i)) if (alert.rule.id === NOTICE) alerts.set(alert.id, alert)
    events++
  }
} else {
  const parser = parserFor(format)
  const context = { now: Number(now) }
  for (const file of files) {
    for await (const block of readLines(file)) {
      let number = block.firstNumber
      for (const line of block.lines) {
        const event = parser.parse(line, context)
        if (event !== undefined) {
          events++
          for (const engine of engines) keep(engine.process(event, number))
        }
        number++
      }
      lines += block.lines.length
    }
  }
}
if (options.flood === undefined) for (const engine of engines) keep(engine.flush())
const runSeconds = cpu() - started
const digest = createHash('sha256')
for (const id of [...alerts.keys()].toSorted((a, b) => (a < b ? -1 : 1))) digest.update(JSON.stringify(alerts.get(id)))
const stats = engines.map((engine) => engine.stats())
console.log(
  JSON.stringify({
    lines,
    events,
    alerts: alerts.size,
    notices: [...alerts.values()].filter(({ rule }) => rule.id === NOTICE).length,
    evicted: stats.reduce((sum, { evicted }) => sum + evicted, 0),
    rules: rules.rules.length,
    problems: problems.length,
    loadSeconds,
    runSeconds,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    digest: digest.digest('hex').slice(0, 16),
  }),
)
