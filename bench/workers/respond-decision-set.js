/** Decisions in a guard: `respond-decision-set.js DECISIONS LOOKUPS`. Prints what they take in memory, and how fast addresses are looked up, as JSON. */
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createDecisionSet } from '@parapet/core'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const [countText = '100000', lookupsText = '1000000'] = process.argv.slice(2)
const COUNT = Number(countText)
const LOOKUPS = Number(lookupsText)
const NOW = 1_795_000_000_000

const settled = () => {
  for (let i = 0; i < 4; i++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
const v4 = (n) => `${20 + (n >>> 16)}.${(n >>> 8) & 255}.${n & 255}.${(n * 7) & 255}`
const v6 = (n) => `2001:db8:${(n >>> 8).toString(16)}:${(n & 255).toString(16)}::/64`
// as they come from the wire: every text of its own
const decision = (n) =>
  JSON.parse(
    JSON.stringify({
      id: `01a203f8-6c49-7394-8858-${n.toString(16).padStart(12, '0')}`,
      revision: n + 1,
      target: n % 4 === 3 ? { kind: 'cidr', value: v6(n) } : { kind: 'ip', value: v4(n) },
      action: 'deny',
      scope: 'all',
      mode: 'enforce',
      reason: 'Five failed sign-ins within 15 minutes',
      author: { kind: 'policy', id: 'brute-force', name: 'Brute force is answered in steps' },
      rule: { id: 'brute-force-address', title: 'Brute force from one address', level: 'medium', version: '1' },
      alertId: `01a203f8-6c49-7394-9858-${n.toString(16).padStart(12, '0')}`,
      batch: `01a203f8-6c49-7394-a858-${n.toString(16).padStart(12, '0')}`,
      startsAt: NOW,
      expiresAt: NOW + 3_600_000 + n,
    }),
  )

const set = createDecisionSet()
const before = settled()
for (let n = 0; n < COUNT; n++) set.apply(decision(n))
const megabytes = (settled() - before) / 1_048_576

const asked = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? v4((i * 13) % COUNT) : `198.18.${(i >>> 8) & 255}.${i & 255}`))
const rounds = []
let hits = 0
for (let round = 0; round < 5; round++) {
  const started = process.cpuUsage()
  for (let i = 0; i < LOOKUPS; i++) hits += set.match({ address: asked[i % asked.length] }, NOW + 1).length
  const { user, system } = process.cpuUsage(started)
  rounds.push((LOOKUPS / (user + system)) * 1e6)
}

// the peer: what a list of strings in a Map would cost for the address alone
const map = new Map(asked.map((address) => [address, 1]))
const started = process.cpuUsage()
let found = 0
for (let i = 0; i < LOOKUPS; i++) found += map.get(asked[i % asked.length]) ?? 0
const { user, system } = process.cpuUsage(started)
console.log(
  JSON.stringify({ held: set.size, megabytes, perSecond: rounds, mapPerSecond: (LOOKUPS / Math.max(1, user + system)) * 1e6, hits, found }),
)
