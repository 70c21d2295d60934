/**
 * `npm run bench [-- NAME...]`: runs benchmarks and prints, for each, its figures per CPU-second, its ratio to a peer measured in the same run, and
 * whether its floors were kept. Ends with 1 when one was not, or could not be measured. With `--gate` (CI) it ends with 1 only when a floor was missed by
 * more than the slack that noisy machines get; a missed floor is printed all the same.
 */
import process from 'node:process'
import { agentIdle } from './agent-idle.js'
import { detectCrowdsec } from './detect-crowdsec.js'
import { detectAddresses, detectHostileSshd } from './detect-floods.js'
import { detectHostile } from './detect-hostile.js'
import { detectDistinct, detectJson } from './detect-inputs.js'
import { detectNginx } from './detect-nginx.js'
import { detectRules } from './detect-rules.js'
import { detectSame } from './detect-same.js'
import { detectSshd } from './detect-sshd.js'
import { guardHello } from './guard-hello.js'
import { limiter } from './limiter.js'
import { limiterRedis } from './limiter-redis.js'
import { respondDecisionSet } from './respond-decision-set.js'
import { respondNftables } from './respond-nftables.js'
import { sealFields } from './seal-fields.js'
import { maskPino } from './mask-pino.js'
import { maskText } from './mask-text.js'
import { respondAuthorize } from './respond-authorize.js'
import { totp } from './totp.js'
import { withTools, type Bench, type Tools } from './harness.js'

const BENCHES: readonly Bench[] = [
  detectSshd,
  detectNginx,
  detectHostile,
  detectHostileSshd,
  detectAddresses,
  detectDistinct,
  detectJson,
  detectRules,
  detectSame,
  detectCrowdsec,
  agentIdle,
  sealFields,
  maskText,
  maskPino,
  limiter,
  limiterRedis,
  guardHello,
  totp,
  respondDecisionSet,
  respondNftables,
  respondAuthorize,
]

const gated = process.argv.includes('--gate')

/** Runs one, prints what it found, and says whether all its floors were kept. */
const runOne = async (bench: Bench, tools: Tools): Promise<boolean> => {
  console.log(`\n${bench.name}`)
  const { text, floors } = await bench.run(tools)
  for (const line of text) console.log(`  ${line}`)
  for (const { kept, gate, what, measured, bound } of floors)
    console.log(
      `  ${kept ? 'kept  ' : 'MISSED'}  ${what}: ${measured} (${bound}${gate === undefined ? '' : `; CI asks for ${gate.bound}`})`,
    )
  return floors.every((floor) => (gated ? (floor.gate?.kept ?? floor.kept) : floor.kept))
}

const wanted = process.argv.slice(2).filter((word) => word !== '--gate')
const unknown = wanted.filter((name) => BENCHES.every((bench) => bench.name !== name))
if (unknown.length > 0) {
  console.error(`no benchmark is called ${unknown.join(', ')}; there are ${BENCHES.map((bench) => bench.name).join(', ')}`)
  process.exit(2)
}

const failed = await withTools(gated, async (tools) => {
  const names: string[] = []
  for (const bench of BENCHES) {
    if (wanted.length > 0 && !wanted.includes(bench.name)) continue
    if (!(await runOne(bench, tools))) names.push(bench.name)
  }
  return names
})
console.log(
  failed.length === 0 ? (gated ? '\nevery gate kept' : '\nall floors kept') : `\nfloors missed or not measured: ${failed.join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1
