import { RE2JS } from 're2js'
import { quote, RuleFault } from '../problem.js'
import { createPattern, matchesPattern } from '../pattern.js'
import { asMap, asText, entryOf, textOf, textsOf } from '../read-node.js'
import type { YamlMap, YamlNode } from '../yaml-tree.js'
import type { Item, PipelineStep, RuleFacts } from './pipeline.js'

type Test<T> = (value: T) => boolean
type Conditions = Pick<PipelineStep, 'rule' | 'item' | 'field'>

/** A linear expression for names and values. */
const expression = (text: string, line: number): ((value: string) => boolean) => {
  if (text.length > 512) throw new RuleFault(line, 'an expression of a pipeline is at most 512 characters')
  try {
    const compiled = RE2JS.compile(text)
    return (value) => compiled.test(value)
  } catch {
    throw new RuleFault(line, `${quote(text)} is not an RE2 expression`)
  }
}

const isTrue = (map: YamlMap, key: string): boolean => {
  const node = entryOf(map, key)?.value
  return node?.kind === 'scalar' && node.value === true
}

/** The conditions under `key`, joined by `opKey` (and when left out) and turned round by `notKey`. */
const joined = <T>(step: YamlMap, key: string, opKey: string, notKey: string, read: (map: YamlMap) => Test<T>): Test<T> => {
  const entry = entryOf(step, key)
  if (entry === undefined) return () => true
  const items =
    entry.value.kind === 'list' ? entry.value.items : entry.value.kind === 'map' ? entry.value.entries.map((item) => item.value) : []
  if (items.length === 0) throw new RuleFault(entry.line, `${key} must be a list of conditions`)
  const tests = items.map((item) => read(asMap(item, 'a condition')))
  const op = textOf(step, opKey) ?? 'and'
  if (op !== 'and' && op !== 'or') throw new RuleFault(entry.line, `${opKey} takes and, or`)
  const negated = isTrue(step, notKey)
  return (value) => (op === 'and' ? tests.every((test) => test(value)) : tests.some((test) => test(value))) !== negated
}

const compare = (op: string, a: string, b: string, line: number): boolean => {
  const order =
    a !== '' && b !== '' && Number.isFinite(Number(a)) && Number.isFinite(Number(b)) ? Number(a) - Number(b) : a < b ? -1 : a > b ? 1 : 0
  switch (op) {
    case 'eq':
      return a === b
    case 'ne':
      return a !== b
    case 'gt':
      return order > 0
    case 'gte':
      return order >= 0
    case 'lt':
      return order < 0
    case 'lte':
      return order <= 0
    default:
      throw new RuleFault(line, `rule_attribute op is ${quote(op)}; it takes eq, ne, gt, gte, lt, lte`)
  }
}

const textsIn = (node: YamlNode | undefined): readonly string[] => {
  if (node === undefined) return []
  if (node.kind === 'list') return node.items.flatMap(textsIn)
  return node.kind === 'scalar' && node.value !== null ? [typeof node.value === 'string' ? node.value : node.source] : []
}

const readRuleCondition = (map: YamlMap): Test<RuleFacts> => {
  const type = textOf(map, 'type') ?? ''
  if (type === 'is_sigma_rule') return (facts) => !facts.correlation
  if (type === 'is_sigma_correlation_rule') return (facts) => facts.correlation
  if (type === 'logsource') {
    const wanted = (['category', 'product', 'service'] as const).map((key) => [key, textOf(map, key)?.toLowerCase()] as const)
    return ({ source, correlation }) => !correlation && wanted.every(([key, value]) => value === undefined || source[key] === value)
  }
  if (type === 'rule_attribute') {
    const [name, value, op] = [textOf(map, 'attribute'), textOf(map, 'value'), textOf(map, 'op') ?? 'eq']
    if (name === undefined || value === undefined) throw new RuleFault(map.line, 'rule_attribute needs attribute and value')
    compare(op, '', '', map.line)
    return (facts) => textsIn(entryOf(facts.map, name)?.value).some((text) => compare(op, text, value, map.line))
  }
  throw new RuleFault(
    map.line,
    `rule condition ${quote(type)} is not one of logsource, is_sigma_rule, is_sigma_correlation_rule, rule_attribute`,
  )
}

const readFieldCondition = (map: YamlMap): Test<string> | undefined => {
  const type = textOf(map, 'type') ?? ''
  if (type !== 'include_fields' && type !== 'exclude_fields') return undefined
  const how = textOf(map, 'mode') ?? (isTrue(map, 're') ? 're' : 'plain')
  const names = textsOf(map, 'fields')
  if (names.length === 0) throw new RuleFault(map.line, `${type} needs fields`)
  const tests =
    how === 're'
      ? names.map((name) => expression(name, map.line))
      : names.map(
          (name) =>
            (field: string): boolean =>
              field === name,
        )
  return (field) => tests.some((test) => test(field)) === (type === 'include_fields')
}

const readItemCondition = (map: YamlMap): Test<Item> => {
  const byField = readFieldCondition(map)
  if (byField !== undefined) return (item) => byField(item.field)
  const type = textOf(map, 'type') ?? ''
  if (type === 'match_string') {
    const test = expression(asText(entryOf(map, 'pattern')?.value ?? map, 'pattern'), map.line)
    const every = textOf(map, 'cond') === 'all'
    const negated = isTrue(map, 'negate')
    return (item) => {
      const texts = textsIn(item.value)
      return (every ? texts.every(test) : texts.some(test)) !== negated
    }
  }
  if (type === 'match_value' || type === 'contains_wildcard') {
    const pattern = type === 'match_value' ? createPattern(textOf(map, 'value') ?? '', 'whole', { literal: true }) : undefined
    return (item) => textsIn(item.value).some((text) => (pattern === undefined ? /[*?]/.test(text) : matchesPattern(pattern, text)))
  }
  throw new RuleFault(
    map.line,
    `item condition ${quote(type)} is not one of include_fields, exclude_fields, match_string, match_value, contains_wildcard`,
  )
}

/** Reads the conditions of one transformation. */
export const readConditions = (step: YamlMap): Conditions => {
  const onNames = joined(step, 'field_name_conditions', 'field_name_cond_op', 'field_name_cond_not', (map): Test<string> => {
    const test = readFieldCondition(map)
    if (test === undefined) throw new RuleFault(map.line, 'a field name condition is include_fields or exclude_fields')
    return test
  })
  const onItems = joined(step, 'detection_item_conditions', 'detection_item_cond_op', 'detection_item_cond_not', readItemCondition)
  return {
    rule: joined(step, 'rule_conditions', 'rule_cond_op', 'rule_cond_not', readRuleCondition),
    item: (item) => onNames(item.field) && onItems(item),
    field: onNames,
  }
}
