import { type Clock, createDecisionSet, type Decision, type DecisionSet, MINUTE } from '@parapet/core'
import type { Logger } from 'pino'
import type { DecisionStore } from '../decisions/index.js'

/** All decisions in force, in the memory of this server: what is asked on every request never waits for the database. */
export type HeldDecisions = {
  readonly set: Pick<DecisionSet, 'match' | 'all' | 'size' | 'revision'>
  /** false until everything in force was read once: nobody may take an empty set for peace */
  readonly isReady: () => boolean
  /** `fn` hears of changes, several at once as one */
  readonly onChange: (fn: () => void) => () => void
  /** from a change to its effect here, ms, of the latest few hundred; null before the first */
  readonly latency: () => { readonly p50: number; readonly p99: number } | null
  /** when it was last compared with the database, ms UTC, and what that found */
  readonly checked: () => { readonly at: number | null; readonly repairs: readonly { readonly at: number; readonly what: string }[] }
  /** reads everything again and puts right what differs; answers how many did */
  readonly reconcile: () => Promise<number>
  readonly start: () => Promise<void>
  readonly stop: () => void
}

const PART = 500
const RECONCILE_MS = 10 * MINUTE
const SAMPLES = 256
const MOST_REPAIRS = 20

/** Holds what the log of decisions says; {@link HeldDecisions.start} reads it and follows. */
export const createHeldDecisions = (deps: {
  readonly decisions: Pick<DecisionStore, 'subscribe' | 'revision' | 'activeInParts' | 'since'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}): HeldDecisions => {
  const { decisions, clock, log } = deps
  const set = createDecisionSet()
  const listeners = new Set<() => void>()
  const samples: number[] = []
  const repairs: { at: number; what: string }[] = []
  let checkedAt: number | null = null
  let ready = false
  let told = false
  let waiting: Decision[] | undefined
  let unsubscribe: (() => void) | undefined
  const timers: NodeJS.Timeout[] = []

  const tell = (): void => {
    if (told) return
    told = true
    setImmediate(() => {
      told = false
      for (const fn of listeners) fn()
    })
  }
  const take = (decision: Decision): void => {
    set.apply(decision)
    waiting?.push(decision)
    // only of new ones: what was lifted or extended does not say when
    const age = clock() - decision.startsAt
    if (decision.lifted === undefined && age >= 0 && age < MINUTE) {
      samples.push(age)
      if (samples.length > SAMPLES) samples.shift()
    }
    tell()
  }

  const read = async (): Promise<{ readonly found: Decision[]; readonly revision: number }> => {
    const revision = await decisions.revision()
    const found: Decision[] = []
    for await (const part of decisions.activeInParts(clock(), PART)) {
      found.push(...part)
      // opening sealed words takes a while: requests go on in between
      await new Promise((resolve) => setImmediate(resolve))
    }
    let at = revision
    for (;;) {
      const changes = await decisions.since(at, 1_000)
      const last = changes.at(-1)
      if (last === undefined) return { found, revision: at }
      found.push(...changes)
      at = last.revision
    }
  }

  const reconcile = async (): Promise<number> => {
    // what comes while everything is read is applied after it too: by revision, so that nothing is taken twice
    waiting = []
    try {
      const { found, revision } = await read()
      const now = clock()
      const truth = createDecisionSet()
      truth.reset(found, revision)
      for (const decision of waiting) truth.apply(decision)
      truth.sweep(now)
      set.sweep(now)
      const known = new Map(set.all().map((decision) => [decision.id, decision.revision]))
      const missing = truth.all().filter(({ id, revision: at }) => known.get(id) !== at).length
      const extra = set.size - (truth.size - truth.all().filter(({ id }) => !known.has(id)).length)
      set.reset(truth.all(), truth.revision)
      checkedAt = now
      const differences = ready ? missing + extra : 0
      if (differences > 0) {
        repairs.unshift({ at: now, what: `${differences} decisions differed from the log and were put right` })
        repairs.splice(MOST_REPAIRS)
        log.warn({ differences }, 'decisions held for forward-auth and feeds differed from the log')
      }
      ready = true
      tell()
      return differences
    } finally {
      waiting = undefined
    }
  }

  return {
    set,
    isReady: () => ready,
    onChange: (fn) => {
      listeners.add(fn)
      return () => listeners.delete(fn)
    },
    latency: () => {
      if (samples.length === 0) return null
      const sorted = samples.toSorted((a, b) => a - b)
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
      return { p50: at(0.5), p99: at(0.99) }
    },
    checked: () => ({ at: checkedAt, repairs }),
    reconcile,
    start: async () => {
      unsubscribe = decisions.subscribe(take)
      await reconcile()
      const again = (ms: number, task: () => Promise<unknown>): void => {
        const timer = setInterval(
          () => void task().catch((error: unknown) => log.warn({ err: error }, 'decisions could not be read again')),
          ms,
        )
        timer.unref()
        timers.push(timer)
      }
      again(RECONCILE_MS, reconcile)
      again(MINUTE, async () => {
        if (set.sweep(clock()) > 0) tell()
      })
    },
    stop: () => {
      unsubscribe?.()
      for (const timer of timers) clearInterval(timer)
      listeners.clear()
    },
  }
}
