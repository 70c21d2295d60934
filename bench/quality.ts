/**
 * `npm run bench:quality [-- --lines N --seeds N --attack SHARE --kind ssh|nginx|app]`: labelled logs of ssh, nginx and an application through all built-in rules, and for each class of
 * attack what was found (recall) and whom the same alerts list besides (precision). Ends with 1 when a floor is missed.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { builtinRules, compileMapping, compileRules, createEngine, measureQuality, parserFor, type QualityReport } from '@parapet/detect'
import { generateLog, type LogKind } from '@parapet/testkit'
import { judgeQuality, LEAST_LINES, type Pooled, poolQuality } from './quality-floors.js'
import { root } from './harness.js'

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? otherwise : Number(process.argv[at + 1])
  if (!Number.isFinite(value) || value <= 0) {
    console.error(`--${name} takes a number above 0`)
    process.exit(2)
  }
  return value
}
const LINES = argument('lines', 500_000)
const SEEDS = [42, 7, 2026, 11, 5].slice(0, argument('seeds', 1))
const WANTED = process.argv[process.argv.indexOf('--kind') + 1]
const KINDS = (['ssh', 'nginx', 'app'] as const).filter((kind) => !process.argv.includes('--kind') || kind === WANTED)
const SHARES = process.argv.includes('--attack') ? [argument('attack', 0.05)] : [0.05, 0.95]

const { rules, problems } = compileRules(await builtinRules())
for (const { file, line, reason } of problems) console.error(`${file}:${line}: ${reason}`)

const mapping = join(root, 'bench/app-log-mapping.yml')
const parsers = {
  ssh: parserFor('sshd'),
  nginx: parserFor('nginx.access'),
  app: compileMapping(readFileSync(mapping, 'utf8'), mapping),
} as const

const run = (kind: LogKind, attack: number, seed: number): QualityReport => {
  const log = generateLog({ kind, lines: LINES, seed, attack })
  return measureQuality({
    lines: log.lines,
    truth: log.truth,
    parser: parsers[kind],
    engine: createEngine({ rules }),
    now: log.end,
    leastLines: LEAST_LINES,
  })
}

const percent = (part: number): string => (Math.floor(part * 1_000) / 10).toFixed(1).padStart(6)

const print = (kind: LogKind, attack: number, pooled: Pooled): void => {
  const { lines, fired, benign, accused, falseAlerts, cpuMs } = pooled
  console.log(
    `\n${kind}, ${attack * 100} % hostile: ${lines.toLocaleString('en-US')} lines, ${fired.toLocaleString('en-US')} alerts, ` +
      `${accused} of ${benign.toLocaleString('en-US')} benign addresses in alerts of level medium or above, ${falseAlerts} false alerts, ` +
      `${Math.round((lines / cpuMs) * 1_000).toLocaleString('en-US')} lines per CPU-second`,
  )
  console.log('  class                    attacks   found  recall %  precision %')
  for (const { name, campaigns, found, recall, precision } of pooled.classes)
    console.log(
      `  ${name.padEnd(22)} ${String(campaigns).padStart(9)} ${String(found).padStart(7)}    ${percent(recall)}       ${precision === undefined ? '     –' : percent(precision)}`,
    )
  if (pooled.missed.length > 0) console.log(`  missed: ${pooled.missed.slice(0, 8).join(', ')}`)
}

let faults = problems.length
for (const kind of KINDS)
  for (const attack of SHARES) {
    const pooled = poolQuality(SEEDS.map((seed) => run(kind, attack, seed)))
    print(kind, attack, pooled)
    for (const fault of judgeQuality(pooled, SEEDS.length)) {
      faults++
      console.log(`  MISSED  ${fault}`)
    }
  }
console.log(faults === 0 ? '\nall floors kept' : `\n${faults} floors missed`)
process.exitCode = faults === 0 ? 0 : 1
