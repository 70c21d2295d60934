import type { DetectionTree } from './detection-tree.js'
import { readLogSource, type LogSource } from './log-source.js'
import { createReading, type Reading } from './pipelines/reading.js'
import { quote, RuleFault } from './problem.js'
import { readFilterDetection } from './read-detection.js'
import { asMap, entryOf, textOf, textsOf } from './read-node.js'
import type { YamlEntry, YamlMap } from './yaml-tree.js'

/** A global filter: what must also hold for the rules that it names, or for all rules of its log source. */
export type Filter = {
  readonly title: string
  readonly id: string | undefined
  readonly file: string
  readonly line: number
  /** ids and names; empty for any rule */
  readonly rules: readonly string[]
  readonly source: LogSource
  /** the condition, as the rule that is filtered reads it */
  detection: (reading: Reading) => DetectionTree
}

const RULES = 10_000

/** True when the rule's log source is the filter's, or a part of it. */
export const covers = (filter: LogSource, rule: LogSource): boolean =>
  (['category', 'product', 'service'] as const).every((key) => filter[key] === undefined || filter[key] === rule[key])

/** Reads a `filter` document. Source: Sigma filters specification; `rules: any` of 2.2. */
export const readFilter = (document: YamlMap, entry: YamlEntry, file: string): Filter => {
  const title = textOf(document, 'title')
  if (title === undefined || title.trim() === '') throw new RuleFault(document.line, 'a filter needs a title')
  const source = entryOf(document, 'logsource')
  if (source === undefined) throw new RuleFault(document.line, 'a filter needs a logsource')
  const map = asMap(entry.value, 'filter')
  const named = entryOf(map, 'rules')
  if (named === undefined) throw new RuleFault(map.line, 'a filter needs rules: their ids or names, or any')
  const rules = textsOf(map, 'rules')
  if (rules.length > RULES) throw new RuleFault(named.line, `a filter names at most ${RULES} rules`)
  const isAny = named.value.kind === 'scalar' && rules[0] === 'any'
  if (rules.length === 0) throw new RuleFault(named.line, 'a filter needs rules: their ids or names, or any')
  const filter: Filter = {
    title,
    id: textOf(document, 'id'),
    file,
    line: document.line,
    rules: isAny ? [] : rules,
    source: readLogSource(source.value),
    detection: (reading) => readFilterDetection(map, reading),
  }
  checkFilter(filter, document)
  return filter
}

/** A filter that cannot be read is told by itself, not by every rule. What placeholders stand for is known only to the rules. */
const checkFilter = (filter: Filter, map: YamlMap): void => {
  let guessed = false
  const reading = createReading({ map, source: filter.source, correlation: false }, [], () => {
    guessed = true
    return ['x']
  })
  try {
    filter.detection(reading)
  } catch (error) {
    if (!guessed) throw error
  }
}

/** Filters by the rules that they go with. */
export type Filters = {
  /** those for a rule; notes that the names were found */
  forRule: (id: string, name: string | undefined, source: LogSource) => readonly Filter[]
  /** filters that name rules which are not there, are no single rules, or read other logs: told once all rules are read */
  unused: (known: (name: string) => 'single' | 'correlation' | undefined) => readonly { filter: Filter; reason: string }[]
}

/** Sorts filters for look-up. */
export const createFilters = (filters: readonly Filter[]): Filters => {
  const byRule = new Map<string, Filter[]>()
  const general: Filter[] = []
  for (const filter of filters) {
    if (filter.rules.length === 0) general.push(filter)
    for (const name of new Set(filter.rules)) byRule.set(name, [...(byRule.get(name) ?? []), filter])
  }
  const applied = new Map<Filter, Set<string>>()
  return {
    forRule: (id, name, source) => {
      if (filters.length === 0) return []
      const found = [...general]
      for (const key of name === undefined || name === id ? [id] : [id, name])
        for (const filter of byRule.get(key) ?? []) {
          if (!found.includes(filter)) found.push(filter)
          if (covers(filter.source, source)) applied.set(filter, (applied.get(filter) ?? new Set()).add(key))
        }
      return found.filter((filter) => covers(filter.source, source))
    },
    unused: (known) =>
      filters.flatMap((filter) =>
        filter.rules.flatMap((name) => {
          if (applied.get(filter)?.has(name) === true) return []
          const kind = known(name)
          const reason =
            kind === undefined
              ? `filters ${quote(name)}, which is no rule or cannot run`
              : kind === 'correlation'
                ? `filters ${quote(name)}, which is a correlation: name the rules that it counts`
                : `filters ${quote(name)}, which reads another log source`
          return [{ filter, reason }]
        }),
      ),
  }
}
