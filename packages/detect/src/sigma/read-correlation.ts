import { DAY, parseDuration } from '@parapet/core'
import { readTemporalCondition, type TemporalCondition } from './correlation-condition.js'
import { quote, RuleFault } from './problem.js'
import { asMap, asText, entryOf, onlyKeys, textOf, textsOf } from './read-node.js'
import type { Bound, Novelty, RuleKind, Travel } from './rule.js'
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.js'

/** A correlation as written: rules by name or id, not yet looked up. */
export type CorrelationDraft = {
  readonly kind: Exclude<RuleKind, 'single'>
  readonly line: number
  readonly rules: readonly string[]
  readonly groupBy: readonly string[]
  /** alias -> rule name or id -> field */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly timespan: number
  readonly bounds: readonly Bound[]
  readonly valueFields: readonly string[]
  readonly percentile?: number
  readonly terms?: TemporalCondition['terms']
  /** rules it refers to alert by themselves too */
  readonly generate: boolean
  readonly except?: { readonly rule: string; readonly tolerance: number; readonly line: number }
  readonly novelty?: Novelty
  readonly travel?: Travel
}

const TYPES: Readonly<Record<string, CorrelationDraft['kind']>> = {
  event_count: 'event_count',
  value_count: 'value_count',
  value_sum: 'value_sum',
  value_avg: 'value_avg',
  value_percentile: 'value_percentile',
  // the percentile 50 by its name
  value_median: 'value_percentile',
  temporal: 'temporal',
  temporal_ordered: 'temporal_ordered',
  // the name that stands in parts of Sigma's own documentation
  ordered_temporal: 'temporal_ordered',
  extended_temporal: 'temporal',
  extended_temporal_ordered: 'temporal_ordered',
}
const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const
const LIMIT = { rules: 64, fields: 8 }

/** Kinds over the numbers of a field: their bounds may be fractions and below zero. */
const STATISTICS: ReadonlySet<string> = new Set(['value_sum', 'value_avg', 'value_percentile'])

const numberIn = (value: YamlNode): number =>
  value.kind === 'scalar' && value.source !== '' && value.value !== null ? Number(value.value) : Number.NaN

const readBounds = (entry: YamlEntry, kind: CorrelationDraft['kind']): { bounds: Bound[]; fields: string[]; percentile?: number } => {
  const map = asMap(entry.value, 'condition')
  const own = kind === 'value_percentile' ? ['field', 'percentile'] : kind.startsWith('value_') ? ['field'] : []
  onlyKeys(map, [...own, ...OPERATORS], 'condition')
  const bounds = map.entries.flatMap(({ key, value, line }): Bound[] => {
    const op = OPERATORS.find((name) => name === key)
    if (op === undefined) return []
    const amount = numberIn(value)
    if (STATISTICS.has(kind) ? !Number.isFinite(amount) : !Number.isInteger(amount) || amount < 0 || amount > 1e9)
      throw new RuleFault(line, `condition ${op} takes a ${STATISTICS.has(kind) ? 'number' : 'whole number'}`)
    return [{ op, value: amount }]
  })
  if (bounds.length === 0) throw new RuleFault(map.line, `condition needs one of ${OPERATORS.join(', ')}`)
  const percentile = entryOf(map, 'percentile')
  const rank = percentile === undefined ? undefined : numberIn(percentile.value)
  if (rank !== undefined && !(rank >= 0 && rank <= 100))
    throw new RuleFault(percentile?.line ?? map.line, 'percentile takes a number from 0 to 100')
  return { bounds, fields: textsOf(map, 'field'), ...(rank === undefined ? {} : { percentile: rank }) }
}

const readAliases = (map: YamlMap): Map<string, Map<string, string>> => {
  const aliases = new Map<string, Map<string, string>>()
  const entry = entryOf(map, 'aliases')
  if (entry === undefined) return aliases
  for (const alias of asMap(entry.value, 'aliases').entries) {
    const fields = asMap(alias.value, `alias ${quote(alias.key)}`).entries.map(({ key, value }): [string, string] => [
      key,
      asText(value, 'the field of an alias'),
    ])
    aliases.set(alias.key, new Map(fields))
  }
  return aliases
}

const readExcept = (rule: YamlMap): CorrelationDraft['except'] => {
  const entry = entryOf(rule, 'x-except')
  if (entry === undefined) return undefined
  const map = asMap(entry.value, 'x-except')
  onlyKeys(map, ['rule', 'tolerance'], 'x-except')
  const name = textOf(map, 'rule')
  const tolerance = Number(textOf(map, 'tolerance') ?? '2')
  if (name === undefined) throw new RuleFault(map.line, 'x-except needs a rule')
  if (!Number.isInteger(tolerance) || tolerance < 1) throw new RuleFault(map.line, 'tolerance takes a whole number from 1')
  return { rule: name, tolerance, line: map.line }
}

/** Reads `correlation` (and `x-except` beside it). Source: Sigma correlation rules specification 2.1. */
export const readCorrelation = (rule: YamlMap, entry: YamlEntry): CorrelationDraft => {
  const map = asMap(entry.value, 'correlation')
  onlyKeys(map, ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate'], 'correlation')
  const type = textOf(map, 'type') ?? ''
  const kind = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (kind === undefined)
    throw new RuleFault(
      entryOf(map, 'type')?.line ?? map.line,
      `unknown correlation type ${quote(type)}; there are ${Object.keys(TYPES).slice(0, 7).join(', ')}`,
    )
  const rules = textsOf(map, 'rules')
  if (rules.length === 0 || rules.length > LIMIT.rules) throw new RuleFault(map.line, `correlation needs 1 to ${LIMIT.rules} rules`)
  const span = entryOf(map, 'timespan')
  const timespan = span === undefined ? undefined : parseDuration(asText(span.value, 'timespan'))
  if (timespan === undefined || timespan <= 0 || timespan > 30 * DAY)
    throw new RuleFault(span?.line ?? map.line, 'timespan takes 30 days at most, written such as 15m')
  const groupBy = textsOf(map, 'group-by')
  if (groupBy.length > LIMIT.fields) throw new RuleFault(map.line, `group-by takes at most ${LIMIT.fields} fields`)

  const condition = entryOf(map, 'condition')
  const temporal = kind === 'temporal' || kind === 'temporal_ordered'
  if (temporal && rules.length < 2) throw new RuleFault(map.line, 'a temporal correlation needs at least two rules')
  if (!temporal && condition === undefined) throw new RuleFault(map.line, `${kind} needs a condition`)
  const names = temporal && condition !== undefined ? readTemporalCondition(condition, rules, kind === 'temporal_ordered') : undefined
  const counted = condition === undefined || names !== undefined ? { bounds: names?.bounds ?? [], fields: [] } : readBounds(condition, kind)
  const { bounds, fields } = counted
  const percentile = type === 'value_median' ? 50 : 'percentile' in counted ? counted.percentile : undefined
  if (kind.startsWith('value_') && (fields.length === 0 || fields.length > LIMIT.fields))
    throw new RuleFault(condition?.line ?? map.line, `${kind} needs a field in its condition`)
  if (STATISTICS.has(kind) && fields.length > 1) throw new RuleFault(condition?.line ?? map.line, `${kind} takes one field`)
  if (kind === 'value_percentile' && percentile === undefined)
    throw new RuleFault(condition?.line ?? map.line, 'value_percentile needs the percentile in its condition, such as percentile: 95')
  const generate = entryOf(map, 'generate') ?? entryOf(rule, 'generate')
  const except = readExcept(rule)
  if (except !== undefined && kind !== 'event_count' && kind !== 'value_count')
    throw new RuleFault(except.line, 'x-except goes with event_count and value_count')
  return {
    kind,
    line: map.line,
    rules,
    groupBy,
    aliases: readAliases(map),
    timespan,
    bounds,
    valueFields: fields,
    ...(percentile === undefined ? {} : { percentile }),
    ...(names?.terms === undefined ? {} : { terms: names.terms }),
    generate: generate?.value.kind === 'scalar' && generate.value.value === true,
    ...(except === undefined ? {} : { except }),
  }
}
