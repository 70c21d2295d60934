import { EVENT_LIMITS, type FieldValue, ParapetError } from '@parapet/core'
import { quote, RuleFault } from '../../sigma/problem.js'
import { asMap, asText, entryOf, onlyKeys, textOf } from '../../sigma/read-node.js'
import { readYaml, type YamlEntry, type YamlMap, type YamlNode } from '../../sigma/yaml-tree.js'
import type { LineParser } from '../line-parser.js'
import { BASE_FIELDS, type MappingPlan, type Meaning, planFields, type Wanted } from './field-plan.js'
import { TIME_FORMATS, type TimeFormat } from './field-readers.js'
import { EVENT_TYPE, REQUEST_LINE, REQUEST_TARGET } from './known-names.js'
import { createMappedParser } from './mapped-parser.js'

const KEYS = ['name', 'format', 'time', 'type', 'fields', 'events', 'static', 'guess']
const OUTCOMES = ['success', 'failure', 'unknown'] as const
const LIMIT = { fields: EVENT_LIMITS.fields, depth: 8, values: 1_000, events: 1_000 }

/** Names of ECS in one word, and those that fill several fields at once. */
const SHORT: ReadonlySet<string> = new Set(['message', 'tags', REQUEST_LINE, REQUEST_TARGET])
const SET_ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['@timestamp', 'time'],
  ['event.dataset', 'name'],
  [EVENT_TYPE, 'type'],
])
/** ns in one of each, as ECS counts durations */
const UNITS: ReadonlyMap<string, number> = new Map([
  ['s', 1e9],
  ['ms', 1e6],
  ['us', 1e3],
  ['ns', 1],
])

/** `a.b.0.c` as names; `["a.b"]` would be a key with a dot in it, which is found under `a.b` as well. */
const readPath = (text: string, line: number): string[] => {
  const path = text.split('.')
  if (text.length > EVENT_LIMITS.fieldName || path.some((name) => name === ''))
    throw new RuleFault(line, `${quote(text)} is no path such as request.headers.host`)
  if (path.length > LIMIT.depth) throw new RuleFault(line, `${quote(text)} is deeper than ${LIMIT.depth} levels`)
  return path
}

const readTarget = (text: string, line: number): string => {
  const elsewhere = SET_ELSEWHERE.get(text)
  if (elsewhere !== undefined) throw new RuleFault(line, `${text} is set by ${quote(elsewhere)} of the mapping`)
  if (SHORT.has(text)) return text
  if (!/^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+){1,8}$/.test(text) || text.length > EVENT_LIMITS.fieldName) {
    const near = BASE_FIELDS.find((field) => field.replaceAll(/[._]/g, '') === text.toLowerCase().replaceAll(/[._-]/g, ''))
    throw new RuleFault(
      line,
      `${quote(text)} is no field of events${near === undefined ? '; write it as labels.NAME if ECS has none for it' : `; did you mean ${near}?`}`,
    )
  }
  return text
}

const readScalar = (node: YamlNode, what: string): FieldValue => {
  if (node.kind !== 'scalar') throw new RuleFault(node.line, `${what} must be a single value`)
  return node.value
}

const readValues = (entry: YamlEntry): Map<string, FieldValue> => {
  const map = asMap(entry.value, 'values')
  if (map.entries.length > LIMIT.values) throw new RuleFault(entry.line, `values holds at most ${LIMIT.values}`)
  return new Map(map.entries.map(({ key, value }) => [key, readScalar(value, 'a value')]))
}

const readField = ({ key, line, value }: YamlEntry): Wanted => {
  const path = readPath(key, line)
  if (value.kind === 'scalar') return { path, target: readTarget(asText(value, `field ${quote(key)}`), line) }
  const map = asMap(value, `field ${quote(key)}`)
  onlyKeys(map, ['to', 'unit', 'values'], `field ${quote(key)}`)
  const to = textOf(map, 'to')
  if (to === undefined) throw new RuleFault(line, `field ${quote(key)} needs "to", the field of the event`)
  const target = readTarget(to, line)
  const unit = textOf(map, 'unit')
  const scale = unit === undefined ? undefined : UNITS.get(unit)
  if (unit !== undefined && (scale === undefined || target !== 'event.duration'))
    throw new RuleFault(line, 'unit takes s, ms, us or ns, and goes with event.duration')
  const values = entryOf(map, 'values')
  return {
    path,
    target,
    ...(scale === undefined ? {} : { scale }),
    ...(values === undefined ? {} : { values: readValues(values) }),
  }
}

const oneOf = <T extends string>(map: YamlMap, key: string, allowed: readonly T[]): T | undefined => {
  const text = textOf(map, key)
  if (text === undefined) return undefined
  const found = allowed.find((one) => one === text)
  if (found === undefined)
    throw new RuleFault(entryOf(map, key)?.line ?? map.line, `${key} is ${quote(text)}; it takes ${allowed.join(', ')}`)
  return found
}

const readMeaning = ({ key, value }: YamlEntry): [string, Meaning] => {
  const map = asMap(value, `event ${quote(key)}`)
  onlyKeys(map, ['category', 'action', 'outcome', 'reason'], `event ${quote(key)}`)
  const [category, action, reason] = [textOf(map, 'category'), textOf(map, 'action'), textOf(map, 'reason')]
  if (category === undefined || action === undefined) throw new RuleFault(map.line, `event ${quote(key)} needs a category and an action`)
  const outcome = oneOf(map, 'outcome', OUTCOMES)
  return [key, { category, action, ...(outcome === undefined ? {} : { outcome }), ...(reason === undefined ? {} : { reason }) }]
}

const readTimeOf = (entry: YamlEntry | undefined): { wanted: Wanted[]; format: TimeFormat } => {
  if (entry === undefined) return { wanted: [], format: 'auto' }
  const { value, line } = entry
  if (value.kind === 'scalar') return { wanted: [{ path: readPath(asText(value, 'time'), line), target: '@timestamp' }], format: 'auto' }
  const map = asMap(value, 'time')
  onlyKeys(map, ['field', 'format'], 'time')
  const field = textOf(map, 'field')
  return {
    wanted: field === undefined ? [] : [{ path: readPath(field, line), target: '@timestamp' }],
    format: oneOf(map, 'format', TIME_FORMATS) ?? 'auto',
  }
}

const readPlan = (map: YamlMap): MappingPlan => {
  onlyKeys(map, KEYS, 'a mapping')
  const format = oneOf(map, 'format', ['json', 'logfmt'] as const) ?? 'json'
  const name = textOf(map, 'name') ?? format
  if (!/^[a-z][a-z0-9_.-]{0,63}$/.test(name))
    throw new RuleFault(entryOf(map, 'name')?.line ?? map.line, 'name takes lower case letters, digits, ".", "-" and "_"')
  const time = readTimeOf(entryOf(map, 'time'))
  const fields = entryOf(map, 'fields')
  const wanted = fields === undefined ? [] : asMap(fields.value, 'fields').entries.map(readField)
  if (wanted.length > LIMIT.fields) throw new RuleFault(fields?.line ?? map.line, `fields holds at most ${LIMIT.fields}`)
  const type = entryOf(map, 'type')
  const kinds = type === undefined ? [] : [{ path: readPath(asText(type.value, 'type'), type.line), target: EVENT_TYPE }]
  const events = entryOf(map, 'events')
  const meanings = events === undefined ? [] : asMap(events.value, 'events').entries.map(readMeaning)
  if (meanings.length > LIMIT.events) throw new RuleFault(events?.line ?? map.line, `events holds at most ${LIMIT.events}`)
  const fixed = entryOf(map, 'static')
  const guess = oneOf(map, 'guess', ['true', 'false'] as const) !== 'false'
  return {
    name,
    dataset: name,
    format,
    time: time.format,
    fields: planFields([...time.wanted, ...kinds, ...wanted], guess),
    events: new Map(meanings),
    guess,
    fixed:
      fixed === undefined
        ? []
        : asMap(fixed.value, 'static').entries.map(({ key, line, value }) => [readTarget(key, line), readScalar(value, 'a static field')]),
  }
}

/**
 * Compiles a mapping into a parser of a JSON or logfmt log. YAML with `name`, `format: json|logfmt`, `time` (a path, or `{field, format}`), `type` (the path
 * that says what kind of event it is), `fields` (path -> field, or `{to, unit, values}`), `events` (kind -> `{category, action, outcome, reason}`, `*`
 * for all others), `static` fields and `guess: false` to leave well-known names alone. Paths reach inside with dots, into lists with
 * numbers. Throws `PPT_MAPPING_INVALID`, naming file, line and reason.
 */
export const compileMapping = (text: string, file = 'mapping'): LineParser => {
  const fail = (line: number, reason: string): ParapetError => new ParapetError('PPT_MAPPING_INVALID', `${file}:${line}: ${reason}`)
  const { documents, faults } = readYaml(text)
  const [fault] = faults
  if (fault !== undefined) throw fail(fault.line, fault.reason)
  const [document, second] = documents
  if (document === undefined) throw fail(1, 'the file is empty')
  if (second !== undefined) throw fail(second.line, 'a file holds one mapping')
  try {
    return createMappedParser(readPlan(asMap(document, 'a mapping')))
  } catch (error) {
    if (error instanceof RuleFault) throw fail(error.line, error.message)
    throw error
  }
}
