import type { LogSource } from '../log-source.js'
import type { Anchoring } from '../pattern.js'
import { expandPlaceholders, type PlaceholderValues } from '../placeholders.js'
import { RuleFault } from '../problem.js'
import { createLinearRegex, type LinearRegex } from '../regex.js'
import type { YamlMap, YamlScalar } from '../yaml-tree.js'
import { eventField, fieldNamesOf } from './log-source-fields.js'
import type { Item, Pipeline, PipelineStep, RuleFacts } from './pipeline.js'

/** How the detection of one rule is read: through its pipelines, then through the names of its log source. */
export type Reading = {
  readonly source: LogSource
  /** what takes the item's place: alternatives; empty when it is dropped */
  items: (item: Item) => readonly Item[]
  field: (name: string, anchoring: Anchoring) => string
  expand: (scalar: YamlScalar) => readonly YamlScalar[]
  /** compiles a regular expression, within what one rule and all rules together may hold */
  regex: (source: string, flags: RegexFlags, line: number) => LinearRegex
  /** the event's field for a name that stands outside of the detection, such as in `group-by` */
  outside: (name: string) => string
  /** what pipelines add to the condition, each with the steps that still apply to it */
  readonly added: readonly { readonly selection: YamlMap; readonly negated: boolean; readonly items: Reading['items'] }[]
}

type RegexFlags = Parameters<typeof createLinearRegex>[1]

/** How many steps the regular expressions of all rules may still compile to. A step takes about 350 bytes. */
export type RegexRoom = { left: number }

/** The same for all of a server, and for one rule. */
export const REGEX_STEPS: { readonly all: number; readonly rule: number } = { all: 400_000, rule: 20_000 }

const run = (steps: readonly PipelineStep[], item: Item): readonly Item[] => {
  let items: readonly Item[] = [item]
  for (const { act, item: fits } of steps) {
    items = items.flatMap((one) => {
      if (!fits(one)) return [one]
      if (act.kind === 'item') return act.apply(one)
      if (act.kind !== 'field' || one.field === '') return [one]
      const names = act.map(one.field)
      const value = one.modifiers.includes('fieldref') ? mapReference(one, act.map) : one.value
      return names === undefined
        ? [value === one.value ? one : { ...one, value }]
        : names.map((field): Item => ({ field, modifiers: one.modifiers, value, line: one.line }))
    })
  }
  return items
}

/** The value of `fieldref` is the name of a field too. */
const mapReference = (item: Item, map: (name: string) => readonly string[] | undefined): Item['value'] => {
  const { value } = item
  if (value.kind !== 'scalar' || typeof value.value !== 'string') return value
  const name = map(value.value)?.[0]
  return name === undefined ? value : { ...value, value: name, source: name }
}

/** Decides which steps hold for a rule, in their order: what one changes, the later ones see. A fault when a step refuses the rule. */
export const createReading = (
  facts: RuleFacts,
  pipelines: readonly Pipeline[],
  placeholders: PlaceholderValues,
  room: RegexRoom = { left: REGEX_STEPS.rule },
): Reading => {
  let own = REGEX_STEPS.rule
  let seen = facts
  const active: PipelineStep[] = []
  const added: { selection: YamlMap; negated: boolean; from: number }[] = []
  for (const { steps } of pipelines) {
    for (const step of steps) {
      if (!step.rule(seen)) continue
      const { act } = step
      if (act.kind === 'failure') throw new RuleFault(facts.map.line, act.message)
      if (act.kind === 'source') seen = { map: facts.map, source: act.source, correlation: facts.correlation }
      else if (act.kind === 'condition') added.push({ selection: act.selection, negated: act.negated, from: active.length })
      else active.push(step)
    }
  }
  const names = fieldNamesOf(seen.source)
  const field: Reading['field'] = (name, anchoring) => eventField(names, name, anchoring)
  return {
    source: seen.source,
    items: active.length === 0 ? (item) => [item] : (item) => run(active, item),
    field,
    expand: (scalar) => expandPlaceholders(scalar, placeholders),
    regex: (source, flags, line) => {
      const regex = createLinearRegex(source, flags, line)
      own -= regex.cost
      room.left -= regex.cost
      if (own < 0) throw new RuleFault(line, `the regular expressions of this rule compile to more than ${REGEX_STEPS.rule} steps`)
      if (room.left < 0) throw new RuleFault(line, `the regular expressions of all rules compile to more than ${REGEX_STEPS.all} steps`)
      return regex
    },
    outside: (name) => {
      let found = name
      for (const { act, field: fits } of active) if (act.kind === 'field' && fits(found)) found = act.map(found)?.[0] ?? found
      return field(found, 'whole')
    },
    added: added.map(({ selection, negated, from }) => ({ selection, negated, items: (item) => run(active.slice(from), item) })),
  }
}
