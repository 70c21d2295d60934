import type { Alert, RuleException, SecurityEvent } from '@parapet/core'
import { stateSignature, type RuleSet } from '../sigma/compile.js'
import type { CorrelationRule } from '../sigma/rule.js'
import { createAwake } from './awake.js'
import { createCandidates } from './candidates.js'
import type { Correlator, CorrelatorDeps } from './correlator.js'
import { CORRELATORS } from './correlators.js'
import type { Ref } from './count-buckets.js'
import { createEventView, createFieldTable } from './event-view.js'
import { compileExceptions, type Excepted } from './exceptions.js'
import { createAddressReader, createKeyers, createKeyParts } from './group-key.js'
import { saveGroup, type SavedGroup } from './group-state.js'
import type { EngineAlert, Grouper } from './grouper.js'
import { ENGINE_LIMITS, type EngineLimits } from './limits.js'
import { createNotices, NOTICES } from './notices.js'
import { STEP, type SavedClock } from './shard-clock.js'
import { createShardClocks, type Watermarks } from './shard-clocks.js'
import { createShardRoom } from './shard-room.js'
import { ALL_SHARDS, createFamilies, hashText, SHARDS } from './shards.js'
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
  /** matches that an exception left out of account */
  readonly excepted: number
  /** events whose work budget was spent */
  readonly overspent: number
}

/** One group of one rule, or the clock of a part, as it is kept between runs; `null` forgets the key. Keys are unique over all parts. */
export type EngineEntry = { readonly shard: number; readonly key: string; readonly state: unknown }

/** What an engine is built from. */
export type EngineOptions = {
  readonly rules: RuleSet
  readonly limits?: Partial<EngineLimits>
  readonly exceptions?: readonly RuleException[]
  /** the parts (0 to 63) whose state it keeps and whose alerts it tells; all when left out. Every event is shown to every engine. */
  readonly owns?: ReadonlySet<number>
}

/** Rules at work on a stream of events. */
export type Engine = {
  /** `ref` is the event's id or line number. Alerts in a fixed order: the same input gives the same alerts, byte for byte. */
  process: (event: SecurityEvent, ref: Ref) => readonly EngineAlert[]
  /** the end of input: windows that wait for their time, and the ends of what goes on */
  flush: () => readonly EngineAlert[]
  /** what changed since the last call, for the transaction that moves the cursor; everything at the first call */
  takeDirty: () => readonly EngineEntry[]
  /**
   * continues from entries of {@link Engine.takeDirty} (the newest of each key) as if there had been no interruption; before the first event.
   * Entries of parts that it does not keep are left alone.
   */
  restore: (entries: Iterable<EngineEntry>) => void
  /** all that an engine holds now, as {@link Engine.takeDirty} gives what changed; leaves that untouched */
  entries: () => Iterable<EngineEntry>
  /** another text for another set of rules */
  readonly signature: string
  /** replaces what rules leave out of account; counts go on */
  setExceptions: (list: readonly RuleException[]) => void
  stats: () => EngineStats
}

const CLOCK = 'engine'
const NOTHING: readonly EngineAlert[] = Object.freeze([])

type Consumer = { readonly correlator: Correlator; readonly index: number; readonly place: number }

/** A rule over others that are known only when their time is over hears of them that much later. */
const limitsFor = (rule: CorrelationRule, limits: EngineLimits): EngineLimits =>
  rule.late === 0 ? limits : { ...limits, lateness: limits.lateness * (1 + rule.late) + STEP * rule.late }

/** Builds an engine. State is kept under a rule's id and what the state means, so a changed rule starts anew and the others go on. */
export const createEngine = (options: EngineOptions): Engine => {
  const limits: EngineLimits = { ...ENGINE_LIMITS, ...options.limits }
  const { program } = options.rules
  const owns = options.owns ?? ALL_SHARDS
  const table = createFieldTable()
  const parts = createKeyParts()
  const keyerFor = createKeyers(table, parts)
  const families = createFamilies(program, keyerFor)
  const clocks = createShardClocks(owns, limits.skew)
  let out: EngineAlert[] = []
  let tracking = false
  let current: { time: number; ref: Ref } = { time: 0, ref: 0 }
  const counts = { events: 0, matches: 0, alerts: 0, updates: 0, evicted: 0, late: 0, excepted: 0, overspent: 0 }

  const deps: CorrelatorDeps = {
    limits,
    table,
    program,
    keyerFor,
    addressIn: createAddressReader(table, parts),
    rooms: Array.from({ length: SHARDS }, (_, shard) => (owns.has(shard) ? createShardRoom(shard) : undefined)),
    clockOf: clocks.of,
    placeOf: (index) => families.get(index)?.place ?? ((): number => 0),
    emit: (kind, alert: Alert, shard) => {
      if (kind === 'fired') counts.alerts++
      else counts.updates++
      out.push({ kind, alert, shard })
    },
    evicted: (shard, ruleId, count) => {
      counts.evicted += count
      notices.evicted(shard, ruleId, current.time, current.ref)
    },
    late: () => counts.late++,
    settled: (index, event, ref, isNew) => {
      if ((consumers[index] as Consumer[]).length > 0) settled.push({ index, event, ref, isNew })
    },
  }
  const notices = createNotices(deps)
  const candidates = createCandidates(program, table)
  const singles: (SingleAlerter | undefined)[] = program.map((rule) =>
    rule.kind === 'single' && rule.alerts ? createSingleAlerter(rule, deps) : undefined,
  )
  const correlators: (Correlator | undefined)[] = program.map((rule) =>
    rule.kind === 'single' ? undefined : CORRELATORS[rule.kind](rule, { ...deps, limits: limitsFor(rule, limits) }),
  )
  const consumers: Consumer[][] = program.map(() => [])
  const clearers: Correlator[][] = program.map(() => [])
  for (const [index, correlator] of correlators.entries()) {
    if (correlator === undefined) continue
    for (const [place, source] of correlator.rule.rules.entries()) consumers[source]?.push({ correlator, index, place })
    if (correlator.rule.except !== undefined) clearers[correlator.rule.except.rule]?.push(correlator)
  }
  const groupers = new Map<string, Grouper>()
  for (const [index, rule] of program.entries()) {
    const item = singles[index] ?? correlators[index]
    if (item !== undefined) groupers.set(`${rule.id}#${stateSignature(rule, program)}${families.get(index)?.signature ?? ''}`, item.grouper)
  }
  for (const [id, grouper] of notices.groupers) groupers.set(`${id}#notice`, grouper)
  let obsolete: EngineEntry[] = []
  const working = correlators.filter((item) => item !== undefined)
  const awakeCorrelators = createAwake(correlators)
  const awakeSingles = createAwake(singles.map((single) => single?.grouper))
  const view = createEventView(table, limits.budget)

  let excepted: (Excepted | undefined)[] = []
  const setExceptions: Engine['setExceptions'] = (list) => {
    const compiled = compileExceptions(list)
    excepted = compiled.size === 0 ? [] : program.map(({ id }) => compiled.get(id))
  }
  setExceptions(options.exceptions ?? [])
  const isExcepted = (index: number): boolean => {
    if (excepted[index]?.(view.event()) !== true) return false
    counts.excepted++
    return true
  }

  /** the rules that matched, the first `matches` places: an array that is emptied loses its memory, and this runs for every event */
  const matched = new Int32Array(program.length)
  let matches = 0
  const note = (index: number): void => {
    matched[matches++] = index
  }
  /** conditions that held when their time was over, and that others build on */
  let settled: { index: number; event: SecurityEvent; ref: Ref; isNew: boolean }[] = []
  /** Steps of ordered correlations wait until all rules have spoken: later steps first, so that one event is never two steps. */
  let steps: Consumer[] = []

  const feed = (consumer: Consumer, time: number, ref: Ref): void => {
    if (isExcepted(consumer.index)) return
    const outcome = consumer.correlator.add(consumer.place, view, time, ref)
    awakeCorrelators.wake(consumer.index)
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
  const takeSteps = (time: number, ref: Ref): void => {
    for (let rounds = 0; steps.length > 0 && rounds < 32; rounds++) {
      const now = steps.toSorted((a, b) => a.index - b.index || b.place - a.place)
      steps = []
      for (const consumer of now) feed(consumer, time, ref)
    }
  }
  /** Conditions that held when their time was over go on as matches, each by an event of its own. */
  const drain = (): void => {
    for (let rounds = 0; settled.length > 0 && rounds < 32; rounds++) {
      const now = settled
      settled = []
      for (const { index, event, ref, isNew } of now) {
        view.load(event)
        deliver(index, isNew, event['@timestamp'], ref)
        takeSteps(event['@timestamp'], ref)
      }
    }
  }
  const tick = (marks: Watermarks): void => {
    awakeCorrelators.tick(marks)
    awakeSingles.tick(marks)
    notices.tick(marks)
  }
  const takeOut = (): readonly EngineAlert[] => {
    if (out.length === 0) return NOTHING
    const told = out
    out = []
    return told
  }

  return {
    process: (event, ref) => {
      const time = event['@timestamp']
      counts.events++
      // a time that is none would poison every window it meets
      if (!Number.isFinite(time)) return NOTHING
      current.time = time
      current.ref = ref
      clocks.see(time, tick)
      drain()
      view.load(event)
      candidates.run(event, view, note)
      for (let i = 0; i < matches; i++) {
        const index = matched[i] as number
        if (isExcepted(index)) continue
        counts.matches++
        const single = singles[index]
        if (single !== undefined) {
          single.add(view, time, ref)
          awakeSingles.wake(index)
        }
        deliver(index, true, time, ref)
      }
      matches = 0
      takeSteps(time, ref)
      if (view.overspent()) {
        counts.overspent++
        notices.overspent(event['event.dataset'] ?? '', time, ref)
      }
      drain()
      return takeOut()
    },
    flush: () => {
      // what settles now may open windows of the rules that build on it
      do {
        drain()
        for (const correlator of working) correlator.flush()
      } while (settled.length > 0)
      for (const single of singles) single?.grouper.flush()
      notices.flush()
      return takeOut()
    },
    takeDirty: () => {
      const changed = tracking ? clocks.changed() : clocks.saved()
      const entries: EngineEntry[] = changed.map(({ shard, saved }) => ({ shard, key: `${CLOCK}|${shard}`, state: saved }))
      if (!tracking) for (const grouper of groupers.values()) grouper.track()
      tracking = true
      for (const [id, grouper] of groupers)
        for (const { shard, key, state } of grouper.takeDirty()) entries.push({ shard, key: `${id}|${key}`, state })
      entries.push(...obsolete)
      obsolete = []
      return entries
    },
    restore: (entries) => {
      const groups: { grouper: Grouper; saved: SavedGroup; shard: number }[] = []
      const saved: { shard: number; saved: SavedClock }[] = []
      for (const { shard, key, state } of entries) {
        if (state === null || typeof state !== 'object' || !owns.has(shard)) continue
        if (key === `${CLOCK}|${shard}`) {
          saved.push({ shard, saved: state as SavedClock })
          continue
        }
        const grouper = groupers.get(key.slice(0, key.indexOf('|')))
        if (grouper === undefined) obsolete.push({ shard, key, state: null })
        else groups.push({ grouper, saved: state as SavedGroup, shard })
      }
      clocks.restore(saved)
      for (const { grouper, saved: group, shard } of groups.toSorted((a, b) => a.saved.n - b.saved.n)) grouper.restore(group, shard)
      for (const grouper of groupers.values()) {
        grouper.restored()
        // what was restored is stored already; from here on changes are noted
        grouper.track()
        grouper.takeDirty()
      }
      for (const correlator of working) correlator.restored()
      awakeCorrelators.restored()
      awakeSingles.restored()
      tracking = true
    },
    entries: function* () {
      for (const { shard, saved } of clocks.saved()) yield { shard, key: `${CLOCK}|${shard}`, state: saved }
      for (const [id, grouper] of groupers)
        for (const state of grouper.states()) yield { shard: state.shard, key: `${id}|${state.key}`, state: saveGroup(state) }
    },
    signature: hashText([...groupers.keys()].toSorted().join('\n')).toString(36),
    setExceptions,
    stats: () => {
      let groups = 0
      for (const grouper of groupers.values()) groups += grouper.size()
      return { ...counts, groups }
    },
  }
}

/** Ids of the rules by which the engine speaks about itself. */
export const ENGINE_RULES: readonly string[] = NOTICES.map((notice) => notice.id)
