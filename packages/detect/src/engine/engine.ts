import type { Alert, SecurityEvent } from '@parapet/core'
import { stateSignature, type RuleSet } from '../sigma/compile.js'
import { createCandidates } from './candidates.js'
import { createCorrelator, type Correlator, type CorrelatorDeps } from './correlator.js'
import type { Ref } from './count-buckets.js'
import { createEventView, createFieldTable } from './event-view.js'
import { createKeyers, createKeyParts } from './group-key.js'
import type { SavedGroup } from './group-state.js'
import type { EngineAlert, Grouper } from './grouper.js'
import { ENGINE_LIMITS, type EngineLimits } from './limits.js'
import { createNotices, NOTICES } from './notices.js'
import { createSingleAlerter, type SingleAlerter } from './single.js'

/** Counters of an engine since it was built. */
export type EngineStats = {
  readonly events: number
  /** matches of single rules */
  readonly matches: number
  readonly alerts: number
  readonly updates: number
  /** groups held now */
  readonly groups: number
  /** groups dropped before their time because of a bound */
  readonly evicted: number
  /** matches that were too late for their group and not counted in it */
  readonly late: number
  /** events whose work budget was spent */
  readonly overspent: number
}

/** One group of one rule as it is kept between runs; `null` forgets the key. */
export type EngineEntry = { readonly key: string; readonly state: unknown }

/** Rules at work on a stream of events. */
export type Engine = {
  /** `ref` is the event's id or line number. Alerts in a fixed order: the same input gives the same alerts, byte for byte. */
  process: (event: SecurityEvent, ref: Ref) => readonly EngineAlert[]
  /** the end of input: windows that wait for their time, and the ends of what goes on */
  flush: () => readonly EngineAlert[]
  /** what changed since the last call, for the transaction that moves the cursor; everything at the first call */
  takeDirty: () => readonly EngineEntry[]
  /** continues from entries of {@link Engine.takeDirty} (the newest of each key) as if there had been no interruption */
  restore: (entries: Iterable<EngineEntry>) => void
  stats: () => EngineStats
}

const CLOCK = 'engine'
const NOTHING: readonly EngineAlert[] = []
/** ends of bursts are told at most this much late, ms of event time */
const TICK = 5_000

type Consumer = { readonly correlator: Correlator; readonly index: number; readonly place: number }
type Saved = { clock: number; ticked: number; order: number }

/** Builds an engine. State is kept under a rule's id and what the state means, so a changed rule starts anew and the others go on. */
export const createEngine = (options: { rules: RuleSet; limits?: Partial<EngineLimits> }): Engine => {
  const limits: EngineLimits = { ...ENGINE_LIMITS, ...options.limits }
  const { program } = options.rules
  const table = createFieldTable()
  const parts = createKeyParts()
  let out: EngineAlert[] = []
  let clock = Number.NEGATIVE_INFINITY
  let ticked = Number.NEGATIVE_INFINITY
  let order = 0
  let tracking = false
  let current: { time: number; ref: Ref } = { time: 0, ref: 0 }
  const counts = { events: 0, matches: 0, alerts: 0, updates: 0, evicted: 0, late: 0, overspent: 0 }

  const deps: CorrelatorDeps = {
    limits,
    table,
    program,
    parts,
    keyerFor: createKeyers(table, parts),
    emit: (kind, alert: Alert) => {
      if (kind === 'fired') counts.alerts++
      else counts.updates++
      out.push({ kind, alert })
    },
    nextOrder: () => ++order,
    evicted: (ruleId, count) => {
      counts.evicted += count
      notices.tell('evicted', ruleId, current.time, current.ref)
    },
    late: () => counts.late++,
  }
  const notices = createNotices(deps)
  const candidates = createCandidates(program, table)
  const singles: (SingleAlerter | undefined)[] = program.map((rule) =>
    rule.kind === 'single' && rule.alerts ? createSingleAlerter(rule, deps) : undefined,
  )
  const correlators: (Correlator | undefined)[] = program.map((rule) =>
    rule.kind === 'single' ? undefined : createCorrelator(rule, { ...deps, emit: rule.alerts ? deps.emit : () => {} }),
  )
  const consumers: Consumer[][] = program.map(() => [])
  const clearers: Correlator[][] = program.map(() => [])
  for (const [index, correlator] of correlators.entries()) {
    if (correlator === undefined) continue
    for (const [place, source] of correlator.rule.rules.entries()) consumers[source]?.push({ correlator, index, place })
    if (correlator.rule.except !== undefined) clearers[correlator.rule.except.rule]?.push(correlator)
  }
  const groupers = new Map<string, Grouper>()
  for (const item of [...singles, ...correlators])
    if (item !== undefined) groupers.set(`${item.rule.id}#${stateSignature(item.rule, program)}`, item.grouper)
  for (const [id, grouper] of notices.groupers) groupers.set(`${id}#notice`, grouper)
  let obsolete: string[] = []
  const ticking = correlators.filter((item) => item !== undefined)
  const view = createEventView(table, limits.budget)

  /** the rules that matched, the first `matches` places: an array that is emptied loses its memory, and this runs for every event */
  const matched = new Int32Array(program.length)
  let matches = 0
  const note = (index: number): void => {
    matched[matches++] = index
  }
  /** Steps of ordered correlations wait until all rules have spoken: later steps first, so that one event is never two steps. */
  let steps: Consumer[] = []

  const feed = (consumer: Consumer, time: number, ref: Ref): void => {
    const outcome = consumer.correlator.add(consumer.place, view, time, ref)
    if (outcome === 'none') return
    deliver(consumer.index, outcome === 'fired', time, ref)
  }
  const deliver = (index: number, isNew: boolean, time: number, ref: Ref): void => {
    for (const correlator of clearers[index] as Correlator[]) correlator.clear(view)
    for (const consumer of consumers[index] as Consumer[]) {
      const { kind } = consumer.correlator.rule
      // a sequence follows a correlation while its condition holds; a count counts its alerts
      if (kind === 'temporal' || kind === 'temporal_ordered') steps.push(consumer)
      else if (isNew) feed(consumer, time, ref)
    }
  }
  const tick = (): void => {
    ticked = clock
    for (const correlator of ticking) correlator.tick(clock)
    for (const single of singles) single?.grouper.tick(clock)
    notices.tick(clock)
  }

  return {
    process: (event, ref) => {
      const time = event['@timestamp']
      counts.events++
      // a time that is none would poison every window it meets
      if (!Number.isFinite(time)) return NOTHING
      current.time = time
      current.ref = ref
      if (time > clock) clock = time
      if (clock >= ticked + TICK) tick()
      view.load(event)
      candidates.run(event, view, note)
      for (let i = 0; i < matches; i++) {
        const index = matched[i] as number
        counts.matches++
        singles[index]?.add(view, time, ref)
        deliver(index, true, time, ref)
      }
      matches = 0
      for (let rounds = 0; steps.length > 0 && rounds < 32; rounds++) {
        const now = steps.toSorted((a, b) => a.index - b.index || b.place - a.place)
        steps = []
        for (const consumer of now) feed(consumer, time, ref)
      }
      if (view.overspent()) {
        counts.overspent++
        notices.tell('overspent', event['event.dataset'] ?? '', time, ref)
      }
      if (out.length === 0) return NOTHING
      const told = out
      out = []
      return told
    },
    flush: () => {
      for (const correlator of ticking) correlator.tick(Number.POSITIVE_INFINITY)
      for (const single of singles) single?.grouper.flush()
      notices.flush()
      const told = out
      out = []
      return told
    },
    takeDirty: () => {
      if (!tracking) for (const grouper of groupers.values()) grouper.track()
      tracking = true
      const saved: Saved = { clock, ticked, order }
      const entries: EngineEntry[] = counts.events === 0 ? [] : [{ key: CLOCK, state: saved }]
      for (const [id, grouper] of groupers) for (const { key, state } of grouper.takeDirty()) entries.push({ key: `${id}|${key}`, state })
      for (const key of obsolete) entries.push({ key, state: null })
      obsolete = []
      return entries
    },
    restore: (entries) => {
      const groups: { grouper: Grouper; saved: SavedGroup }[] = []
      for (const { key, state } of entries) {
        if (state === null || typeof state !== 'object') continue
        if (key === CLOCK) {
          const saved = state as Saved
          clock = saved.clock
          ticked = saved.ticked
          order = saved.order
          continue
        }
        const grouper = groupers.get(key.slice(0, key.indexOf('|')))
        if (grouper === undefined) obsolete.push(key)
        else groups.push({ grouper, saved: state as SavedGroup })
      }
      for (const { grouper, saved } of groups.toSorted((a, b) => a.saved.n - b.saved.n)) grouper.restore(saved)
      for (const grouper of groupers.values()) {
        grouper.restored()
        // what was restored is stored already; from here on changes are noted
        grouper.track()
        grouper.takeDirty()
      }
      for (const correlator of ticking) correlator.restored()
      tracking = true
    },
    stats: () => {
      let groups = 0
      for (const grouper of groupers.values()) groups += grouper.size()
      return { ...counts, groups }
    },
  }
}

/** Ids of the rules by which the engine speaks about itself. */
export const ENGINE_RULES: readonly string[] = NOTICES.map((notice) => notice.id)
