import { DAY, parseDuration } from '@parapet/core'
import { quote, RuleFault } from './problem.js'
import type { CorrelationDraft } from './read-correlation.js'
import { asMap, asText, entryOf, onlyKeys, textsOf } from './read-node.js'
import type { YamlEntry, YamlMap } from './yaml-tree.js'

const MOST = { rules: 64, fields: 8, days: 365, events: 10_000 }
/** An alert of a baseline re-arms after this long without another, ms. */
const REARM = DAY

const numberOf = (map: YamlMap, key: string, what: string, least: number, most: number, otherwise: number): number => {
  const entry = entryOf(map, key)
  if (entry === undefined) return otherwise
  const value = entry.value.kind === 'scalar' && entry.value.source !== '' ? Number(entry.value.value) : Number.NaN
  if (!Number.isInteger(value) || value < least || value > most)
    throw new RuleFault(entry.line, `${what} ${key} takes a whole number from ${least} to ${most}`)
  return value
}

const durationOf = (map: YamlMap, key: string, what: string, otherwise?: number): number | undefined => {
  const entry = entryOf(map, key)
  if (entry === undefined) return otherwise
  const text = asText(entry.value, key)
  const ms = parseDuration(text)
  if (ms === undefined || ms < DAY || ms > 400 * DAY)
    throw new RuleFault(entry.line, `${what} ${key} is ${quote(text)}; it takes 1d to 400d`)
  return ms
}

const readCommon = (map: YamlMap, what: string): { rules: string[]; groupBy: string[] } => {
  const rules = textsOf(map, 'rules')
  const groupBy = textsOf(map, 'group-by')
  if (rules.length === 0 || rules.length > MOST.rules) throw new RuleFault(map.line, `${what} needs 1 to ${MOST.rules} rules`)
  if (groupBy.length === 0 || groupBy.length > MOST.fields)
    throw new RuleFault(map.line, `${what} needs 1 to ${MOST.fields} fields to group by: whose baseline it is`)
  return { rules, groupBy }
}

const draft = (map: YamlMap, what: string) => ({
  ...readCommon(map, what),
  line: map.line,
  aliases: new Map<string, ReadonlyMap<string, string>>(),
  timespan: REARM,
  bounds: [],
  generate: false,
})

/**
 * Reads `x-novelty`: `{rules, group-by, field, learning: {days, events}, memory}`, or with `absence: 60d` in place of `field` and `learning` a group that
 * comes back after so long. `learning` is over when either is reached (14 days, 10 events); `memory` is 90 days unless given.
 */
export const readNovelty = (entry: YamlEntry): CorrelationDraft => {
  const what = 'x-novelty'
  const map = asMap(entry.value, what)
  onlyKeys(map, ['rules', 'group-by', 'field', 'learning', 'memory', 'absence'], what)
  const valueFields = textsOf(map, 'field')
  const absence = durationOf(map, 'absence', what)
  if (absence !== undefined && (valueFields.length > 0 || entryOf(map, 'learning') !== undefined))
    throw new RuleFault(map.line, `${what} takes absence, or field and learning, not both`)
  if (absence === undefined && (valueFields.length === 0 || valueFields.length > MOST.fields))
    throw new RuleFault(map.line, `${what} needs 1 to ${MOST.fields} fields whose values may be new, or absence`)
  const learning = entryOf(map, 'learning')
  const learningMap = learning === undefined ? undefined : asMap(learning.value, 'learning')
  if (learningMap !== undefined) onlyKeys(learningMap, ['days', 'events'], 'learning')
  const days = learningMap === undefined ? 14 : numberOf(learningMap, 'days', 'learning', 1, MOST.days, 14)
  const events = learningMap === undefined ? 10 : numberOf(learningMap, 'events', 'learning', 1, MOST.events, 10)
  return {
    ...draft(map, what),
    kind: 'novelty',
    valueFields,
    novelty: {
      learning: { ms: days * DAY, events },
      memory: durationOf(map, 'memory', what, 90 * DAY) ?? 90 * DAY,
      ...(absence === undefined ? {} : { absence }),
    },
  }
}

/** Reads `x-travel`: `{rules, group-by, speed, distance}`, km/h and km; 1000 and 300 unless given. */
export const readTravel = (entry: YamlEntry): CorrelationDraft => {
  const what = 'x-travel'
  const map = asMap(entry.value, what)
  onlyKeys(map, ['rules', 'group-by', 'speed', 'distance'], what)
  return {
    ...draft(map, what),
    kind: 'travel',
    valueFields: [],
    travel: {
      speed: numberOf(map, 'speed', what, 1, 100_000, 1_000),
      distance: numberOf(map, 'distance', what, 1, 20_000, 300),
    },
  }
}
