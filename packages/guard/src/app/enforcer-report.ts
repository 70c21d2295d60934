import { hostname } from 'node:os'
import process from 'node:process'
import type { Clock, Decision, DecisionAction, DecisionSet, EnforcerReport } from '@parapet/core'
import type { Enforcement } from '../enforcement/enforcement.js'
import type { GuardStatus } from './types.js'

/** The version that reports name. */
const VERSION = '0.1.0'
/** Decisions that are looked through for what cannot be done, those of them that are named, and latencies that are remembered. */
const [MOST_LOOKED_AT, MOST_REFUSED, MOST_LATENCIES] = [20_000, 50, 200] as const
/** One that began longer ago was not made just now: it came with a reconnection, ms. */
const JUST_NOW_MS = 30_000

/** What a guard says of itself as an enforcer. */
export type EnforcerReporter = {
  /** a decision came down the stream */
  readonly came: (decision: Decision) => void
  readonly report: () => EnforcerReport
}

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0

/** Builds the reporter over the decisions held. What it holds is what it judges by: both are the same set. */
export const createEnforcerReporter = (deps: {
  readonly set: Pick<DecisionSet, 'all' | 'size' | 'revision'>
  readonly enforcement: Pick<Enforcement, 'misses'>
  readonly clock: Clock
  readonly observe: boolean
  readonly cannot: readonly DecisionAction[]
  readonly link: () => GuardStatus['controlPlane']
}): EnforcerReporter => {
  const { set, enforcement, clock } = deps
  const latencies: number[] = []
  const instance = `${hostname()}/${process.pid}`.slice(-100)

  return {
    came: ({ startsAt, lifted }) => {
      const took = clock() - (lifted?.at ?? startsAt)
      if (took > JUST_NOW_MS) return
      if (latencies.length >= MOST_LATENCIES) latencies.shift()
      // the two clocks differ by a little: less than nothing is nothing
      latencies.push(Math.max(0, took))
    },
    report: () => {
      const now = clock()
      const refused: { readonly id: string; readonly reason: string }[] = []
      for (const decision of set.all().slice(0, MOST_LOOKED_AT)) {
        if (refused.length >= MOST_REFUSED) break
        const reason = enforcement.misses(decision)
        if (reason !== undefined) refused.push({ id: decision.id, reason })
      }
      const sorted = latencies.toSorted((a, b) => a - b)
      return {
        kind: 'guard',
        instance,
        version: VERSION,
        mode: deps.observe ? 'observe' : 'enforce',
        now,
        revision: set.revision,
        wanted: set.size,
        held: set.size,
        checkedAt: now,
        repairs: [],
        refused,
        cannot: deps.cannot,
        latencyMs: sorted.length === 0 ? null : { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) },
        trouble: deps.link() === 'away' ? 'the stream of decisions is broken; those held stay in force' : null,
      }
    },
  }
}
