import { parseDuration, SECOND, type FieldValue, type SecurityEvent } from '@parapet/core'
import { quote, RuleFault } from './problem.js'
import { asMap, asText, entryOf, onlyKeys, textOf, textsOf } from './read-node.js'
import type { YamlMap, YamlNode } from './yaml-tree.js'

/** Events that a rule must, or must not, alert on. */
export type RuleExample = {
  readonly name: string
  readonly match: boolean
  readonly line: number
  /** addresses that the alert must name, and must not name */
  readonly targets: readonly string[]
  readonly spares: readonly string[]
  readonly events: readonly SecurityEvent[]
}

const LIMIT = { examples: 64, events: 10_000 }
/** Examples play on a fixed day, so that every run is the same. */
const START = Date.UTC(2026, 0, 5, 9, 0, 0)

const durationOf = (map: YamlMap, key: string): number | undefined => {
  const entry = entryOf(map, key)
  if (entry === undefined) return undefined
  const ms = parseDuration(asText(entry.value, key))
  if (ms === undefined) throw new RuleFault(entry.line, `${key} is not a duration such as 10s or 1h`)
  return ms
}

const fieldValue = (node: YamlNode, n: number): FieldValue => {
  if (node.kind === 'scalar') return typeof node.value === 'string' ? node.value.replaceAll('{n}', String(n)) : node.value
  if (node.kind === 'map') throw new RuleFault(node.line, 'fields of an example are flat: write source.ip, not source: {ip}')
  return node.items.map((item) => {
    const value = fieldValue(item, n)
    if (value === null || typeof value === 'object') throw new RuleFault(item.line, 'a list in an example holds plain values')
    return value
  })
}

const NOTATION: ReadonlySet<string> = new Set(['repeat', 'every', 'after'])

const readEvents = (map: YamlMap): SecurityEvent[] => {
  const base = entryOf(map, 'base')
  const baseMap = base === undefined ? undefined : asMap(base.value, 'base')
  const list = entryOf(map, 'events')
  if (list === undefined || list.value.kind !== 'list') throw new RuleFault(map.line, 'an example needs a list of events')
  const events: SecurityEvent[] = []
  let now = START
  for (const item of list.value.items) {
    const entry = asMap(item, 'an event of an example')
    const repeat = Number(textOf(entry, 'repeat') ?? '1')
    if (!Number.isInteger(repeat) || repeat < 1) throw new RuleFault(entry.line, 'repeat takes a whole number from 1')
    if (events.length + repeat > LIMIT.events) throw new RuleFault(entry.line, `an example holds at most ${LIMIT.events} events`)
    const every = durationOf(entry, 'every') ?? SECOND
    now += durationOf(entry, 'after') ?? (events.length === 0 ? 0 : SECOND)
    for (let n = 1; n <= repeat; n++) {
      if (n > 1) now += every
      const event: SecurityEvent = { '@timestamp': now }
      for (const field of [...(baseMap?.entries ?? []), ...entry.entries])
        if (!NOTATION.has(field.key)) event[field.key] = fieldValue(field.value, n)
      events.push(event)
    }
  }
  return events
}

/**
 * Reads `x-tests`: a list of `{name, match, base?, events, targets?, spares?}`. An event is a mapping of flat fields, with
 * `repeat: 5`, `every: 10s` (between repeats) and `after: 1m` (since the event before) as short notation; `{n}` in a value counts the repeats.
 */
export const readExamples = (node: YamlNode): RuleExample[] => {
  if (node.kind !== 'list') throw new RuleFault(node.line, 'x-tests must be a list')
  if (node.items.length > LIMIT.examples) throw new RuleFault(node.line, `x-tests holds at most ${LIMIT.examples} examples`)
  return node.items.map((item): RuleExample => {
    const map = asMap(item, 'an example')
    onlyKeys(map, ['name', 'match', 'base', 'events', 'targets', 'spares'], 'an example')
    const match = entryOf(map, 'match')?.value
    if (match?.kind !== 'scalar' || typeof match.value !== 'boolean') throw new RuleFault(map.line, 'an example needs match: true or false')
    const name = textOf(map, 'name')
    if (name === undefined) throw new RuleFault(map.line, `an example needs a name that says what it shows, not ${quote('')}`)
    return {
      name,
      match: match.value,
      line: map.line,
      targets: textsOf(map, 'targets'),
      spares: textsOf(map, 'spares'),
      events: readEvents(map),
    }
  })
}
