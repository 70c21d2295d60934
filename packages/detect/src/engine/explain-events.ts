import type { RuleException, SecurityEvent } from '@parapet/core'
import { createRuleSet, type RuleSet } from '../sigma/compile.js'
import type { DetectionTree, Leaf } from '../sigma/detection-tree.js'
import { testWords } from '../sigma/explain.js'
import { matchesLogSource } from '../sigma/log-source.js'
import type { CorrelationRule, SingleRule } from '../sigma/rule.js'
import { createEngine, type EngineStats } from './engine.js'
import { createEventView, createFieldTable, type EventView, type FieldTable } from './event-view.js'
import { compileExceptions } from './exceptions.js'
import { createKeyers, createKeyParts } from './group-key.js'
import { ENGINE_LIMITS, type EngineLimits } from './limits.js'
import { compileTree, type Predicate } from './predicates.js'
import { boundWords, plain } from './sentence.js'
import { createThreshold } from './threshold.js'

/** A comparison that an event failed. `value` is the attacker's text, bounded; `undefined` when the field was missing. */
export type Miss = { readonly field: string; readonly wanted: string; readonly value: string | undefined }

/** How a rule fared with some events. Places are those of the events that were given. */
export type RuleExplanation = {
  readonly ruleId: string
  readonly title: string
  readonly kind: string
  readonly alerts: number
  /** events of the log source that a single rule reads; matches of the rules that a correlation counts */
  readonly candidates: number
  /** events that matched, those that were excepted left out */
  readonly matches: number
  readonly excepted: number
  /** a single rule: the event that came nearest, and what it lacked */
  readonly nearest?: { readonly event: number; readonly misses: readonly Miss[] }
  /** a count: the fullest window, against its bound */
  readonly window?: {
    readonly group: Readonly<Record<string, string>>
    readonly count: number
    readonly bound: string
    /** the least count at which it holds, where there is one */ readonly needed?: number
    readonly events: readonly number[]
  }
}

/** What {@link explainEvents} found, with the engine's counters over all rules (late matches, spent budgets, dropped state). */
export type EventsExplained = { readonly rules: readonly RuleExplanation[]; readonly stats: EngineStats }

/** Bounds: events that are looked at one by one for a near miss, misses that are told, events that a window names. */
const LIMIT = { nearest: 2_000, misses: 4, events: 20 }

type Single = {
  readonly test: Predicate
  matches: { place: number; event: SecurityEvent }[]
  candidates: number
  excepted: number
  nearest: RuleExplanation['nearest']
}

/** The leaves that keep a tree from matching: of alternatives those of the nearest one. Empty when it matches. */
const missesOf = (tree: DetectionTree, holds: (leaf: Leaf) => boolean, wanted = true): readonly { leaf: Leaf; wanted: boolean }[] => {
  if (tree.op === 'leaf') return holds(tree) === wanted ? [] : [{ leaf: tree, wanted }]
  if (tree.op === 'not') return missesOf(tree.part, holds, !wanted)
  const parts = tree.parts.map((part) => missesOf(part, holds, wanted))
  // under a `not` the two change places
  if ((tree.op === 'and') === wanted) return parts.flat()
  return parts.toSorted((a, b) => a.length - b.length)[0] ?? []
}

const valueText = (event: SecurityEvent, view: EventView, table: FieldTable, field: string): string | undefined => {
  const value = view.raw(table.slot(field)) ?? event[field]
  return value === undefined || value === null ? undefined : plain(String(value), 120)
}

/**
 * Says why rules did or did not fire on these events: for each whether it was looked at, what the nearest event lacked, and how full its fullest window
 * was. Pure; runs an engine of its own. `ruleId`: that rule alone, with those that it refers to.
 */
export const explainEvents = (
  set: RuleSet,
  events: readonly SecurityEvent[],
  options: { readonly ruleId?: string; readonly limits?: Partial<EngineLimits>; readonly exceptions?: readonly RuleException[] } = {},
): EventsExplained => {
  const { ruleId, limits = {}, exceptions = [] } = options
  // rules that only feed others tell too, so that their alerts can be counted
  const engine = createEngine({
    rules: createRuleSet(set.program.map((rule) => Object.assign({}, rule, { alerts: true }))),
    limits,
    exceptions,
  })
  const fired = new Map<string, Set<string>>()
  for (const [place, event] of events.entries())
    for (const { alert } of engine.process(event, place)) fired.set(alert.rule.id, (fired.get(alert.rule.id) ?? new Set()).add(alert.id))
  for (const { alert } of engine.flush()) fired.set(alert.rule.id, (fired.get(alert.rule.id) ?? new Set()).add(alert.id))

  const table = createFieldTable()
  const keyerFor = createKeyers(table, createKeyParts())
  const leaves = new Map<Leaf, Predicate>()
  const compileLeaves = (tree: DetectionTree): void => {
    if (tree.op === 'leaf') leaves.set(tree, compileTree(tree, table))
    else for (const part of tree.op === 'not' ? [tree.part] : tree.parts) compileLeaves(part)
  }
  const singles = new Map<number, Single>()
  for (const [index, rule] of set.program.entries()) {
    if (rule.kind !== 'single') continue
    compileLeaves(rule.detection)
    singles.set(index, { test: compileTree(rule.detection, table), matches: [], candidates: 0, excepted: 0, nearest: undefined })
  }
  // every field has its place before the view is built
  for (const rule of set.program)
    if (rule.kind !== 'single')
      for (const field of rule.valueFields.concat(rule.groupBy.flatMap(({ name, fields }) => fields.concat(name)))) table.slot(field)
  const view = createEventView(table, limits.budget ?? ENGINE_LIMITS.budget)
  const excepted = compileExceptions(exceptions)

  const look = (single: Single, rule: SingleRule, event: SecurityEvent, place: number): void => {
    single.candidates++
    if (single.test(view)) {
      if (excepted.get(rule.id)?.(event) === true) single.excepted++
      else single.matches.push({ place, event })
      return
    }
    if (single.matches.length > 0 || single.candidates > LIMIT.nearest) return
    const misses = missesOf(rule.detection, (leaf) => leaves.get(leaf)?.(view) === true)
    if (misses.length === 0 || (single.nearest !== undefined && single.nearest.misses.length <= misses.length)) return
    const told = misses.slice(0, LIMIT.misses).map(({ leaf, wanted }) => ({
      field: leaf.field,
      wanted: `${wanted ? '' : 'not: '}${plain(testWords(leaf.test), 200)}`,
      value: valueText(event, view, table, leaf.field),
    }))
    single.nearest = { event: place, misses: told }
  }
  for (const [place, event] of events.entries()) {
    view.load(event)
    const [category, dataset] = [event['event.category'], event['event.dataset']].map((value) => (typeof value === 'string' ? value : ''))
    for (const [index, single] of singles) {
      const rule = set.program[index] as SingleRule
      if (matchesLogSource(rule.source, category ?? '', dataset ?? '')) look(single, rule, event, place)
    }
  }

  const fullest = (rule: CorrelationRule): RuleExplanation['window'] => {
    const groups = new Map<string, { values: readonly string[]; seen: { time: number; place: number; value: string }[] }>()
    for (const [at, source] of rule.rules.entries()) {
      const keyer = keyerFor(rule.groupBy.map(({ name, fields }) => fields[at] ?? name))
      for (const { place, event } of singles.get(source)?.matches ?? []) {
        if (excepted.get(rule.id)?.(event) === true) continue
        view.load(event)
        const group = keyer(view)
        if (group === undefined) continue
        const known = groups.get(group.key) ?? { values: group.values, seen: [] }
        const value = rule.valueFields.map((field) => valueText(event, view, table, field) ?? '').join(' ')
        known.seen.push({ time: event['@timestamp'], place, value })
        groups.set(group.key, known)
      }
    }
    let best: RuleExplanation['window']
    for (const { values, seen } of groups.values()) {
      seen.sort((a, b) => a.time - b.time)
      for (let from = 0, to = 0; to < seen.length; to++) {
        while ((seen[to]?.time ?? 0) - (seen[from]?.time ?? 0) >= rule.timespan) from++
        const inside = to - from + 1
        if (inside <= (best?.count ?? 0)) continue
        const part = seen.slice(from, to + 1)
        const count = rule.kind === 'value_count' ? new Set(part.map(({ value }) => value)).size : inside
        if (count <= (best?.count ?? 0)) continue
        const group = Object.fromEntries(rule.groupBy.map(({ name }, i) => [name, plain(values[i] ?? '', 120)]))
        const { least } = createThreshold(rule.bounds)
        best = {
          group,
          count,
          bound: boundWords(rule.bounds),
          ...(least === undefined ? {} : { needed: least }),
          events: part.slice(-LIMIT.events).map(({ place }) => place),
        }
      }
    }
    return best
  }

  const rules = set.program.flatMap((rule, index): RuleExplanation[] => {
    if (ruleId !== undefined && rule.id !== ruleId) return []
    const base = { ruleId: rule.id, title: rule.title, kind: rule.kind, alerts: fired.get(rule.id)?.size ?? 0 }
    const single = singles.get(index)
    if (rule.kind === 'single' && single !== undefined) {
      const { candidates, matches, excepted: left, nearest } = single
      return [
        {
          ...base,
          candidates,
          matches: matches.length,
          excepted: left,
          ...(matches.length > 0 || nearest === undefined ? {} : { nearest }),
        },
      ]
    }
    if (rule.kind === 'single') return []
    const sources = rule.rules.flatMap((source) => singles.get(source)?.matches ?? [])
    const left = sources.filter(({ event }) => excepted.get(rule.id)?.(event) === true).length
    const window = rule.kind === 'event_count' || rule.kind === 'value_count' ? fullest(rule) : undefined
    return [
      { ...base, candidates: sources.length, matches: sources.length - left, excepted: left, ...(window === undefined ? {} : { window }) },
    ]
  })
  return { rules, stats: engine.stats() }
}
