// Holds bans in a real kernel, in a network namespace of its own, and prints what that cost. Arguments: bans, rounds of single bans.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createDecisionSet } from '@parapet/core'
import { createAllowList } from '@parapet/respond/enforcers'
import { createNftablesEnforcer } from '../../packages/agent/dist/enforce/nftables/enforcer.js'
import { connectHelper } from '../../packages/agent/dist/helper/connect.js'

const [bans, singles] = process.argv.slice(2).map(Number)
const ROUNDS = 3
const folder = mkdtempSync(join(tmpdir(), 'parapet-bench-nft-'))
const config = join(folder, 'agent.yml')
writeFileSync(config, 'enforce: {nftables: {mode: enforce}}\n')
const program = join(import.meta.dirname, '../../packages/agent/bin/parapet-agent-helper.js')

/** CPU seconds of a process and of its children that have ended. Source: proc(5). */
const cpuOf = (pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}
const helperPid = () => {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
  return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('parapet-agent-helper'))
}
let onApplied
/** What an act cost until its transaction was acknowledged, or until it ended where it made none. */
const measure = async (act) => {
  const pid = helperPid()
  const cpu = () => cpuOf(process.pid) + (pid === undefined ? 0 : cpuOf(pid))
  const [before, from] = [cpu(), performance.now()]
  const sofar = () => ({ ms: performance.now() - from, cpu: cpu() - before })
  let cost
  onApplied = () => {
    cost ??= sofar()
  }
  await act()
  return cost ?? sofar()
}

const decision = (n, at) => ({
  id: `d${n}`,
  revision: n + 1,
  target: {
    kind: 'ip',
    value:
      n % 5 === 0
        ? `2001:db8:${(n >> 16).toString(16)}:${(n & 65535).toString(16)}::1`
        : `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`,
  },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'bench',
  author: { kind: 'policy', id: 'bench' },
  batch: 'b',
  startsAt: at,
  expiresAt: at + 3_600_000 + n,
})

let transactions = 0
const helper = connectHelper({
  socket: join(folder, 'none'),
  command: [process.execPath, '--max-semi-space-size=2', '--optimize-for-size', program, '--stdio', '--config', config],
})
const counting = {
  ...helper,
  ask: async (request) => {
    const answer = await helper.ask(request)
    if (request.verb === 'nft.apply') {
      transactions++
      onApplied?.()
    }
    return answer
  },
}
const set = createDecisionSet()
const allowed = createAllowList([])
const enforcer = createNftablesEnforcer(
  { mode: 'enforce', most: 200_000, lockdown: false },
  {
    decisions: set,
    allowed: () => allowed,
    releasedUntil: () => 0,
    helper: counting,
    clock: Date.now,
    log: (level, text) => process.stderr.write(`${level}: ${text}\n`),
    reportNow: () => undefined,
    instance: 'bench',
    inner: () => [],
    mayEnter: () => false,
  },
)
const isThere = (address) => {
  try {
    execFileSync('nft', ['-c', 'delete', 'element', 'inet', 'parapet', 'ban4', `{ ${address} }`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Ticks as the agent does until it is so; gives how long that took, ms. */
const repaired = async (isSo) => {
  const from = performance.now()
  while (!isSo() && performance.now() - from < 30_000) {
    await enforcer.tick(false)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return performance.now() - from
}

try {
  await enforcer.tick(true)
  transactions = 0
  const now = Date.now()

  // 10,000 held, then one more
  for (let n = 0; n < 10_000; n++) set.apply(decision(n, now))
  await enforcer.tick(true)
  const one = []
  for (let n = 0; n < singles; n++) {
    set.apply(decision(1_000_001 + n * 5, Date.now()))
    const { ms } = await measure(() => enforcer.tick(true))
    one.push(ms)
  }
  const singleTransactions = transactions - 1

  // all of them, put in and taken out, beside the bare program with as many
  const elements = { 4: [], 6: [] }
  for (let n = 0; n < bans; n++) {
    const { target } = decision(2_000_000 + n, now)
    const family = target.value.includes(':') ? 6 : 4
    elements[family].push(`${family === 6 ? target.value.replace('::1', '::') : target.value} timeout 3600000ms`)
  }
  const file = join(folder, 'bare.nft')
  writeFileSync(
    file,
    `add element inet parapet ban4 { ${elements[4].join(', ')} }\nadd element inet parapet ban6 { ${elements[6].join(', ')} }\n`,
  )
  const rounds = []
  transactions = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < bans; n++) set.apply({ ...decision(2_000_000 + n, now), id: `${round}-${n}` })
    const applied = await measure(() => enforcer.tick(true))
    const { held, wanted } = enforcer.report()
    set.reset([])
    const removed = await measure(() => enforcer.tick(true))
    const left = enforcer.report().held
    const bare = await measure(() => execFileSync('nft', ['-f', file]))
    execFileSync('nft', ['delete', 'table', 'inet', 'parapet'])
    await repaired(() => isThere('255.255.255.255'))
    rounds.push({ applied, removed, bare, held, wanted, left })
  }
  const roundTransactions = transactions - ROUNDS

  // a foreign flush: how long until it is all there again
  for (let n = 0; n < bans; n++) set.apply({ ...decision(2_000_000 + n, now), id: `last-${n}` })
  await enforcer.tick(true)
  execFileSync('nft', ['flush', 'ruleset'])
  const repairedMs = await repaired(() => isThere('10.30.132.129'))
  process.stdout.write(`${JSON.stringify({ one, singleTransactions, rounds, roundTransactions, repairedMs })}\n`)
} finally {
  await helper.close()
  rmSync(folder, { recursive: true, force: true })
}
