import type { Alert, SecurityEvent } from '@parapet/core'
import type { CorrelationRule, Rule } from '../sigma/rule.js'
import type { Ref } from './count-buckets.js'
import { removeDistinct } from './distinct-window.js'
import type { EventView, FieldTable } from './event-view.js'
import type { Keyer } from './group-key.js'
import type { Burst, GroupState } from './group-state.js'
import type { Ticking } from './awake.js'
import { createGrouper, type Grouper, type GrouperDeps, type GrouperOptions } from './grouper.js'
import { addRecent, isRepeat, spareAddresses } from './recent.js'
import { correlationWhy } from './sentence.js'
import { THE_END } from './shard-clocks.js'
import type { Place } from './shards.js'
import type { Waiting } from './waiting.js'

/** What a correlation made of an event: nothing, its condition holds, or it was crossed just now. */
export type Outcome = 'none' | 'holds' | 'fired'

/** A correlation at work. */
export type Correlator = Ticking & {
  readonly rule: CorrelationRule
  readonly grouper: Grouper
  /** a match of the rule at `place` of the correlation */
  add: (place: number, view: EventView, time: number, ref: Ref) => Outcome
  /** a match of the rule that takes addresses out again */
  clear: (view: EventView) => void
  /** the end of input */
  flush: () => void
  restored: () => void
}

/** What correlations of one engine share. */
export type CorrelatorDeps = GrouperDeps & {
  readonly table: FieldTable
  readonly program: readonly Rule[]
  keyerFor: (fields: readonly string[]) => Keyer
  /** the source address of the event in view, '' for none */
  addressIn: (view: EventView) => string
  /** where the groups of a correlation live, by its place in the program */
  placeOf: (index: number) => Place
  /** a condition held when its time was over: the rules that build on it are told with an event that has the fields of its group */
  settled: (index: number, event: SecurityEvent, ref: Ref, isNew: boolean) => void
}

/** Tells that the condition of a group held when its time was over, at `time`. */
export type TellSettled = (state: GroupState, time: number, ref: Ref, isNew: boolean) => void

/** What one kind of correlation adds to the frame. */
export type Kind = {
  /** decides at a match, which has been noted in its group unless there is a `waiting` */
  judge: (state: GroupState, place: number, view: EventView, time: number, ref: Ref, value: string, tracked: boolean) => Outcome
  /** the windows of a condition that is looked at when their time is over */
  readonly waiting?: Waiting
  /** a match of the rule at `place` means nothing to a group that has seen none before it */
  readonly follows?: (place: number) => boolean
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

/** The groups of one correlation, in the parts where its family lives. */
export const createRuleGroups = (
  { rule, ...options }: Omit<GrouperOptions, 'ruleId' | 'rank' | 'place' | 'alerts'> & { readonly rule: CorrelationRule },
  deps: CorrelatorDeps,
): Grouper => {
  const rank = deps.program.indexOf(rule)
  return createGrouper({ ruleId: rule.id, rank, alerts: rule.alerts, place: deps.placeOf(rank), ...options }, deps)
}

/**
 * What correlations of every kind have in common: groups, addresses, alerts, and addresses that are taken out again. `value` is given to
 * the kind where the rule has fields whose values count.
 */
export const createFrame = (
  rule: CorrelationRule,
  deps: CorrelatorDeps,
  kindOf: (grouper: Grouper, settled: TellSettled) => Kind,
): Correlator => {
  const names = rule.groupBy.map((field) => field.name)
  const keyers = rule.rules.map((_, place) => deps.keyerFor(rule.groupBy.map((field) => field.fields[place] ?? field.name)))
  const valueOf = valueKeyer(rule, deps)
  /** its newest events are fewer than what it counts: an address may be counted that is no longer among them */
  const countsAddresses = rule.valueFields.includes('source.ip')
  const exceptKeyer = rule.except === undefined ? undefined : deps.keyerFor(names)
  const ofSingle = rule.rules.map((index) => deps.program[index]?.kind === 'single')
  const { addressIn } = deps
  const addressPlace = names.indexOf('source.ip')

  /** an IPv4 group is its own and only address: nothing to note event by event */
  const isOneAddress = (values: readonly string[]): boolean => addressPlace >= 0 && !(values[addressPlace] ?? ':').includes(':')

  const toAlert = (state: GroupState, burst: Burst): Alert => {
    const listed =
      burst.targets === undefined ? [state.values[addressPlace] ?? ''].filter((address) => address !== '') : [...burst.targets.keys()]
    return {
      id: burst.id,
      rule: alertRule(rule),
      group: Object.fromEntries(names.map((name, i) => [name, state.values[i] ?? ''])),
      scope: scopeOf(names, state.values),
      first: burst.first,
      last: burst.last,
      count: rule.kind === 'value_count' ? burst.peak : burst.total,
      targets: listed,
      events: [...state.refs],
      why: correlationWhy(rule, deps.program, state.values, burst),
    }
  }
  const grouper = createRuleGroups({ rule, span: rule.timespan, alert: toAlert, forgotten: (state) => waiting?.drop(state) }, deps)
  const { judge, waiting, follows } = kindOf(grouper, (state, time, ref, isNew) => {
    const event: SecurityEvent = { '@timestamp': time }
    for (const [i, name] of names.entries()) event[name] = state.values[i] ?? ''
    deps.settled(deps.program.indexOf(rule), event, ref, isNew)
  })

  return {
    rule,
    grouper,
    add: (place, view, time, ref) => {
      const group = keyers[place]?.(view)
      const value = valueOf?.(view)
      if (group === undefined || (valueOf !== undefined && value === undefined)) return 'none'
      if (follows?.(place) === true && grouper.peek(group, view) === undefined) return 'none'
      const state = grouper.enter(group, view, time)
      if (state === undefined) return 'none'
      // a batch that was sent again: counted once, by its ids
      if (ofSingle[place] === true && state.stamp !== view.stamp() && isRepeat(state, time, ref)) return 'none'
      state.stamp = view.stamp()
      const tracked = (state.tracked ??= !isOneAddress(state.values))
      const address = tracked ? addressIn(view) : undefined
      if (waiting === undefined) grouper.add(state, time, ref, address)
      const outcome = judge(state, place, view, time, ref, value?.key ?? '', tracked)
      if (waiting !== undefined) addRecent(state, time, ref, address)
      grouper.leave(state)
      return outcome
    },
    clear: (view) => {
      const group = exceptKeyer?.(view)
      const state = group === undefined ? undefined : grouper.peek(group, view)
      const address = state === undefined ? '' : addressIn(view)
      if (state === undefined || address === '' || rule.except === undefined) return
      const times = timesOf(state, address)
      // who counted for nothing takes nothing back: the user's own sign-in leaves what strangers did at that time
      if (times > rule.except.tolerance || (times === 0 && !countsAddresses)) return
      if (times > 0) for (let i = 0; i < state.addresses.length; i++) if (state.addresses[i] === address) state.addresses[i] = ''
      // who is taken out must be told: whoever acts on the alert acts on its newest list
      if (state.burst?.targets?.delete(address) === true) grouper.retracted(state)
      const value = valueOf?.(view)
      const wasCounted = state.distinct !== undefined && value !== undefined && removeDistinct(state.distinct, value.key)
      if (times === 0 && !wasCounted) return
      grouper.mark(state)
    },
    tick: (marks) => {
      waiting?.tick(marks)
      grouper.tick(marks)
    },
    isQuiet: () => grouper.isQuiet() && (waiting === undefined || waiting.isEmpty()),
    flush: () => {
      waiting?.tick(THE_END)
      grouper.flush()
    },
    restored: () => {
      grouper.restored()
      waiting?.restored()
    },
  }
}

/** Reads the value that a rule counts, or reckons with: then it has to be a number. */
const valueKeyer = (rule: CorrelationRule, deps: CorrelatorDeps): Keyer | undefined => {
  if (!rule.kind.startsWith('value_')) return undefined
  const keyer = deps.keyerFor(rule.valueFields)
  if (rule.kind === 'value_count') return keyer
  return (view) => {
    const value = keyer(view)
    return value === undefined || value.key.trim() === '' || !Number.isFinite(Number(value.key)) ? undefined : value
  }
}

/** How often an address stands in a group: in its burst, or among its newest events. */
const timesOf = (state: GroupState, address: string): number => {
  const inBurst = state.burst?.targets?.get(address)
  if (inBurst !== undefined) return inBurst
  let count = 0
  for (let i = spareAddresses(state); i < state.addresses.length; i++) if (state.addresses[i] === address) count++
  return count
}
