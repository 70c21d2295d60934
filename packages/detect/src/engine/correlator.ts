import type { Alert } from '@parapet/core'
import type { CorrelationRule, Rule } from '../sigma/rule.js'
import { advanceChain } from './chain.js'
import { addToBuckets, countBuckets, createBuckets, type Ref } from './count-buckets.js'
import type { Crossing } from './burst.js'
import { addDistinct, countDistinct, createDistinctWindow, removeDistinct } from './distinct-window.js'
import type { EventView, FieldTable } from './event-view.js'
import type { Keyer, KeyParts } from './group-key.js'
import { RECENT, type Burst, type GroupState } from './group-state.js'
import { createGrouper, type Grouper, type GrouperDeps } from './grouper.js'
import { correlationWhy, eventSample } from './sentence.js'
import { addRecent, firstAfter } from './recent.js'
import { createThreshold } from './threshold.js'

/** What a correlation made of an event: nothing, its condition holds, or it was crossed just now. */
export type Outcome = 'none' | 'holds' | 'fired'

/** A correlation at work. */
export type Correlator = {
  readonly rule: CorrelationRule
  readonly grouper: Grouper
  /** a match of the rule at `place` of the correlation */
  add: (place: number, view: EventView, time: number, ref: Ref) => Outcome
  /** a match of the rule that takes addresses out again */
  clear: (view: EventView) => void
  /** looks at windows that are over at `clock`; infinity for the end of input */
  tick: (clock: number) => void
  restored: () => void
}

/** What correlations of one engine share. */
export type CorrelatorDeps = GrouperDeps & {
  readonly table: FieldTable
  readonly program: readonly Rule[]
  keyerFor: (fields: readonly string[]) => Keyer
  readonly parts: KeyParts
}

/** Which part of the world an alert stands for, by its group. */
export const scopeOf = (names: readonly string[], values: readonly string[]): Alert['scope'] => {
  const at = (wanted: readonly string[]): string | undefined => {
    const index = names.findIndex((name) => wanted.includes(name))
    return index < 0 ? undefined : values[index]
  }
  const ip = at(['source.ip'])
  if (ip !== undefined) return { kind: 'ip', value: ip }
  const user = at(['user.name', 'user.id'])
  if (user !== undefined) return { kind: 'user', value: user }
  const endpoint = at(['url.path', 'url.original', 'url.domain', 'service.name', 'host.name'])
  if (endpoint !== undefined) return { kind: 'endpoint', value: endpoint }
  return { kind: 'event', value: values.join(' ') }
}

/** The rule as alerts carry it. */
export const alertRule = ({ id, title, level, tags, version }: Rule): Alert['rule'] => ({ id, title, level, tags, version })

/** Puts a correlation to work. */
export const createCorrelator = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator => {
  const { timespan: span, kind } = rule
  const names = rule.groupBy.map((field) => field.name)
  const keyers = rule.rules.map((_, place) => deps.keyerFor(rule.groupBy.map((field) => field.fields[place] ?? field.name)))
  const valueOf = kind === 'value_count' ? deps.keyerFor(rule.valueFields) : undefined
  const exceptKeyer = rule.except === undefined ? undefined : deps.keyerFor(names)
  const source = deps.table.slot('source.ip')
  const addressPlace = names.indexOf('source.ip')
  const threshold = createThreshold(rule.bounds)
  const least = kind === 'event_count' || kind === 'value_count' ? threshold.least : 1
  const needed = least ?? 1
  /** groups whose window is looked at when it is over, the one that opened first in front */
  const waiting = new Map<string, GroupState>()

  const addressIn = (view: EventView): string => {
    const value = view.raw(source)
    return typeof value === 'string' ? (deps.parts.address(value) ?? '') : ''
  }
  /** an IPv4 group is its own and only address: nothing to note event by event */
  const isOneAddress = (values: readonly string[]): boolean => addressPlace >= 0 && !(values[addressPlace] ?? ':').includes(':')

  const toAlert = (state: GroupState, burst: Burst): Alert => {
    const counted = kind === 'value_count' ? burst.peak : burst.total
    const listed =
      burst.targets === undefined ? [state.values[addressPlace] ?? ''].filter((address) => address !== '') : [...burst.targets.keys()]
    return {
      id: burst.id,
      rule: alertRule(rule),
      group: Object.fromEntries(names.map((name, i) => [name, state.values[i] ?? ''])),
      scope: scopeOf(names, state.values),
      first: burst.first,
      last: burst.last,
      count: counted,
      targets: listed,
      events: [...state.refs],
      why: correlationWhy(rule, deps.program, state.values, burst),
    }
  }
  const grouper = createGrouper({ ruleId: rule.id, span, alert: toAlert, forgotten: (state) => waiting.delete(state.key) }, deps)

  /** the newest count, written in place: one event is counted at a time, and this runs for every line */
  const counted = { count: 0, first: 0, ref: 0 as Ref }
  const countEvents = (state: GroupState, time: number, ref: Ref, needed: number): void => {
    const from = firstAfter(state, state.latest - span)
    counted.count = state.times.length - from
    counted.first = state.times[from] ?? time
    counted.ref = state.refs[from] ?? ref
    if (needed <= RECENT || (state.buckets === undefined && counted.count < RECENT)) return
    if (state.buckets === undefined) {
      state.buckets = createBuckets()
      for (let i = from; i < state.times.length; i++) addToBuckets(state.buckets, state.times[i] as number, state.refs[i] as Ref, span)
    } else addToBuckets(state.buckets, time, ref, span)
    counted.count = countBuckets(state.buckets, state.latest, span)
    const oldest = state.buckets.list[0]
    counted.first = oldest?.first ?? time
    counted.ref = oldest?.ref ?? ref
    // fewer than are remembered one by one: exact again
    if (counted.count < RECENT && state.burst === undefined) state.buckets = undefined
  }

  /** A condition that more events can make false is looked at once, when the window that its first event opened is over. */
  const addWaiting = (state: GroupState, time: number, ref: Ref, view: EventView): void => {
    if (state.open !== undefined && state.latest >= state.open.at + span) settle(state)
    if (state.open === undefined) {
      state.open = { at: time, ref, count: 0, order: deps.nextOrder() }
      state.distinct = kind === 'value_count' ? createDistinctWindow() : undefined
      waiting.set(state.key, state)
    }
    state.open.count++
    const value = valueOf?.(view)
    if (state.distinct !== undefined && value !== undefined)
      addDistinct(state.distinct, value.key, time, Number.MAX_SAFE_INTEGER, deps.limits.distinct)
  }
  const settle = (state: GroupState): void => {
    const { open } = state
    waiting.delete(state.key)
    if (open === undefined) return
    state.open = undefined
    const distinct = state.distinct === undefined ? 0 : countDistinct(state.distinct, open.at, Number.MAX_SAFE_INTEGER)
    state.distinct = undefined
    if (threshold.holds(kind === 'value_count' ? distinct : open.count))
      grouper.cross(
        state,
        () => ({ first: open.at, ref: open.ref, total: open.count, peak: distinct, sample: '' }),
        distinct,
        state.addresses.length > 0,
      )
    grouper.mark(state)
  }

  type Judge = (state: GroupState, place: number, view: EventView, time: number, ref: Ref, value: string, tracked: boolean) => Outcome
  const outcomeOf = (isNew: boolean): Outcome => (isNew ? 'fired' : 'holds')

  const judgeCount: Judge = (state, _place, view, time, ref, _value, tracked) => {
    countEvents(state, time, ref, needed)
    if (counted.count < needed) return 'none'
    const crossing = (): Crossing => ({
      first: counted.first,
      ref: counted.ref,
      total: counted.count,
      peak: 0,
      sample: eventSample(view.event()),
    })
    return outcomeOf(grouper.cross(state, crossing, 0, tracked))
  }
  const judgeValues: Judge = (state, _place, view, time, ref, value, tracked) => {
    state.distinct ??= createDistinctWindow()
    addDistinct(state.distinct, value, time, span, deps.limits.distinct)
    const distinct = countDistinct(state.distinct, state.latest, span)
    if (distinct < needed) return 'none'
    const from = firstAfter(state, state.latest - span)
    const crossing = (): Crossing => ({
      first: state.times[from] ?? time,
      ref: state.refs[from] ?? ref,
      total: state.times.length - from,
      peak: distinct,
      sample: eventSample(view.event()),
    })
    return outcomeOf(grouper.cross(state, crossing, distinct, tracked))
  }
  const judgeChain: Judge = (state, place, view, time, ref, _value, tracked) => {
    const first = advanceChain(state, place, rule.rules.length, time, span, kind === 'temporal_ordered')
    if (first === undefined) return 'none'
    const total = state.times.length - firstAfter(state, first - 1)
    return outcomeOf(grouper.cross(state, () => ({ first, ref, total, peak: 0, sample: eventSample(view.event()) }), 0, tracked))
  }
  // chosen once: small functions that each see one kind of rule are compiled sooner, and once
  const judge = kind === 'event_count' ? judgeCount : kind === 'value_count' ? judgeValues : judgeChain

  return {
    rule,
    grouper,
    add: (place, view, time, ref) => {
      const group = keyers[place]?.(view)
      const value = valueOf?.(view)
      if (group === undefined || (valueOf !== undefined && value === undefined)) return 'none'
      const state = grouper.enter(group.key, group.values, time)
      if (state === undefined) return 'none'
      const tracked = (state.tracked ??= !isOneAddress(state.values))
      const address = tracked ? addressIn(view) : undefined
      let outcome: Outcome = 'none'
      if (least === undefined) {
        addWaiting(state, time, ref, view)
        addRecent(state, time, ref, address)
      } else {
        grouper.add(state, time, ref, address)
        outcome = judge(state, place, view, time, ref, value?.key ?? '', tracked)
      }
      grouper.leave(state, time)
      return outcome
    },
    clear: (view) => {
      const group = exceptKeyer?.(view)
      const state = group === undefined ? undefined : grouper.peek(group.key)
      const address = state === undefined ? '' : addressIn(view)
      if (state === undefined || address === '' || rule.except === undefined) return
      if (timesOf(state, address) > rule.except.tolerance) return
      for (let i = 0; i < state.addresses.length; i++) if (state.addresses[i] === address) state.addresses[i] = ''
      state.burst?.targets?.delete(address)
      const value = valueOf?.(view)
      if (state.distinct !== undefined && value !== undefined) removeDistinct(state.distinct, value.key)
      grouper.mark(state)
    },
    tick: (clock) => {
      for (const state of waiting.values()) {
        if ((state.open?.at ?? 0) + span + deps.limits.lateness >= clock) break
        settle(state)
      }
      if (clock === Number.POSITIVE_INFINITY) grouper.flush()
      else grouper.tick(clock)
    },
    restored: () => {
      grouper.restored()
      waiting.clear()
      const open = [...grouper.states()].filter((state) => state.open !== undefined)
      for (const state of open.toSorted((a, b) => (a.open?.order ?? 0) - (b.open?.order ?? 0))) waiting.set(state.key, state)
    },
  }
}

/** How often an address stands in a group: in its burst, or among its newest events. */
const timesOf = (state: GroupState, address: string): number => {
  const inBurst = state.burst?.targets?.get(address)
  if (inBurst !== undefined) return inBurst
  let count = 0
  for (const known of state.addresses) if (known === address) count++
  return count
}
