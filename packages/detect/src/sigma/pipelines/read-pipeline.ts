import { RE2JS } from 're2js'
import { expandPlaceholders, type PlaceholderValues } from '../placeholders.js'
import { quote, RuleFault, type RuleProblem, type RuleSource } from '../problem.js'
import { asMap, asText, entryOf, onlyKeys, textOf, textsOf } from '../read-node.js'
import { readYaml, type YamlMap, type YamlNode, type YamlScalar } from '../yaml-tree.js'
import type { Item, Pipeline, StepAct } from './pipeline.js'
import { readConditions } from './step-conditions.js'

const STEPS = 1_000
/** What every transformation may say beside what is its own. */
const COMMON = (
  'id type rule_conditions rule_cond_op rule_cond_not detection_item_conditions detection_item_cond_op detection_item_cond_not ' +
  'field_name_conditions field_name_cond_op field_name_cond_not'
).split(' ')

/** The item with its single values replaced. */
const mapValues = (item: Item, change: (scalar: YamlScalar) => readonly YamlScalar[]): Item => {
  const { value } = item
  if (value.kind === 'map') return item
  const items = value.kind === 'list' ? value.items : [value]
  return {
    ...item,
    value: {
      kind: 'list',
      line: value.line,
      items: items.flatMap((one): readonly YamlNode[] => (one.kind === 'scalar' ? change(one) : [one])),
    },
  }
}

const textsByName = (map: YamlMap, key: string): Map<string, readonly string[]> => {
  const entry = entryOf(map, key)
  if (entry === undefined) throw new RuleFault(map.line, `this transformation needs ${key}`)
  const named = asMap(entry.value, key)
  return new Map(named.entries.map(({ key: name }) => [name, textsOf(named, name)]))
}

const optionalText = (map: YamlMap, key: 'category' | 'product' | 'service'): Record<string, string> => {
  const text = textOf(map, key)?.toLowerCase()
  return text === undefined ? {} : { [key]: text }
}

const placeholderStep = (map: YamlMap, values: PlaceholderValues): StepAct => {
  const include = entryOf(map, 'include') === undefined ? undefined : textsOf(map, 'include')
  const exclude = textsOf(map, 'exclude')
  const mine = (name: string): boolean => (include === undefined || include.includes(name)) && !exclude.includes(name)
  const known: PlaceholderValues = (name) => (mine(name) ? values(name) : undefined)
  return {
    kind: 'item',
    apply: (item) => (item.modifiers.includes('expand') ? [mapValues(item, (scalar) => expandPlaceholders(scalar, known, true))] : [item]),
  }
}

const replaceStep = (map: YamlMap): StepAct => {
  const source = asText(entryOf(map, 'regex')?.value ?? map, 'regex')
  if (source.length > 512) throw new RuleFault(map.line, 'an expression of a pipeline is at most 512 characters')
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source)
  } catch {
    throw new RuleFault(map.line, `${quote(source)} is not an RE2 expression`)
  }
  // text, and the numbers of groups, which are written \1
  const parts = (textOf(map, 'replacement') ?? '').split(/\\(\d)/).map((part, i) => (i % 2 === 0 ? part : Number(part)))
  const replaced = (text: string): string => {
    const matcher = compiled.matcher(text)
    let out = ''
    let at = 0
    while (matcher.find()) {
      const groups = parts.map((part) => (typeof part === 'string' ? part : part > matcher.groupCount() ? '' : (matcher.group(part) ?? '')))
      out += text.slice(at, matcher.start()) + groups.join('')
      at = matcher.end()
    }
    return out + text.slice(at)
  }
  return {
    kind: 'item',
    apply: (item) => [
      mapValues(item, (scalar) => {
        if (typeof scalar.value !== 'string') return [scalar]
        const value = replaced(scalar.value)
        return [{ ...scalar, value, source: value }]
      }),
    ],
  }
}

type ActReader = { readonly keys: readonly string[]; readonly read: (map: YamlMap, vars: PlaceholderValues) => StepAct }

const ACTS: ReadonlyMap<string, ActReader> = new Map<string, ActReader>([
  [
    'field_name_mapping',
    {
      keys: ['mapping'],
      read: (map) => {
        const names = textsByName(map, 'mapping')
        return { kind: 'field', map: (name) => names.get(name) }
      },
    },
  ],
  [
    'field_name_prefix_mapping',
    {
      keys: ['mapping'],
      read: (map) => {
        const prefixes = [...textsByName(map, 'mapping')].toSorted(([a], [b]) => b.length - a.length)
        return {
          kind: 'field',
          map: (name) => {
            const found = prefixes.find(([prefix]) => name.startsWith(prefix))
            return found?.[1].map((prefix) => prefix + name.slice(found[0].length))
          },
        }
      },
    },
  ],
  ['field_name_prefix', { keys: ['prefix'], read: (map) => ({ kind: 'field', map: (name) => [(textOf(map, 'prefix') ?? '') + name] }) }],
  ['field_name_suffix', { keys: ['suffix'], read: (map) => ({ kind: 'field', map: (name) => [name + (textOf(map, 'suffix') ?? '')] }) }],
  [
    'add_condition',
    {
      keys: ['conditions', 'negated', 'name', 'template'],
      read: (map) => {
        const negated = entryOf(map, 'negated')?.value
        const selection = asMap(entryOf(map, 'conditions')?.value ?? map, 'conditions')
        if (entryOf(map, 'conditions') === undefined) throw new RuleFault(map.line, 'add_condition needs conditions')
        return { kind: 'condition', selection, negated: negated?.kind === 'scalar' && negated.value === true }
      },
    },
  ],
  [
    'change_logsource',
    {
      keys: ['category', 'product', 'service'],
      read: (map) => ({
        kind: 'source',
        source: { ...optionalText(map, 'category'), ...optionalText(map, 'product'), ...optionalText(map, 'service') },
      }),
    },
  ],
  ['drop_detection_item', { keys: [], read: () => ({ kind: 'item', apply: () => [] }) }],
  ['replace_string', { keys: ['regex', 'replacement', 'skip_special'], read: replaceStep }],
  ['value_placeholders', { keys: ['include', 'exclude'], read: placeholderStep }],
  ['wildcard_placeholders', { keys: ['include', 'exclude'], read: (map) => placeholderStep(map, () => ['*']) }],
  ['rule_failure', { keys: ['message'], read: (map) => ({ kind: 'failure', message: textOf(map, 'message') ?? 'refused by a pipeline' }) }],
  [
    'detection_item_failure',
    {
      keys: ['message'],
      read: (map) => {
        const message = textOf(map, 'message') ?? 'refused by a pipeline'
        return {
          kind: 'item',
          apply: (item) => {
            throw new RuleFault(item.line, message)
          },
        }
      },
    },
  ],
])

const readStep = (node: YamlNode, vars: PlaceholderValues): Pipeline['steps'][number] => {
  const map = asMap(node, 'a transformation')
  const type = textOf(map, 'type') ?? ''
  const act = ACTS.get(type)
  if (act === undefined) throw new RuleFault(map.line, `transformation ${quote(type)} is not one of ${[...ACTS.keys()].join(', ')}`)
  onlyKeys(map, [...COMMON, ...act.keys], type)
  return { act: act.read(map, vars), ...readConditions(map) }
}

const readOne = (node: YamlNode, file: string): Pipeline => {
  const map = asMap(node, 'a pipeline')
  const vars = entryOf(map, 'vars') === undefined ? new Map<string, readonly string[]>() : textsByName(map, 'vars')
  const list = entryOf(map, 'transformations')?.value
  if (list?.kind !== 'list') throw new RuleFault(map.line, 'a pipeline needs a list of transformations')
  if (list.items.length > STEPS) throw new RuleFault(list.line, `a pipeline has at most ${STEPS} transformations`)
  const priority = Number(textOf(map, 'priority') ?? '0')
  if (!Number.isFinite(priority)) throw new RuleFault(map.line, 'priority takes a number')
  return {
    name: textOf(map, 'name') ?? file,
    priority,
    steps: list.items.map((item) => readStep(item, (name) => vars.get(name))),
    taxonomies: textsOf(map, 'x-taxonomies'),
  }
}

/**
 * Reads processing pipelines, lowest priority first. One that cannot run is told as a problem and left out, since half of a pipeline
 * would make other rules of the rules. Source: the pipelines of pySigma, of which this is a subset.
 */
export const readPipelines = (sources: readonly RuleSource[], problems: RuleProblem[]): readonly Pipeline[] => {
  const pipelines: Pipeline[] = []
  for (const { file, text } of sources) {
    const { documents, faults } = readYaml(text)
    for (const { line, reason } of faults) problems.push({ file, line, reason })
    for (const node of documents) {
      try {
        pipelines.push(readOne(node, file))
      } catch (error) {
        if (!(error instanceof RuleFault)) throw error
        problems.push({ file, line: error.line, reason: error.message })
      }
    }
  }
  return pipelines.toSorted((a, b) => a.priority - b.priority)
}
