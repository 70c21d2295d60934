import { readCollection } from './collection.js'
import { compileRules, type CompileOptions } from './compile.js'
import { lintDetection, lintField, lintReach } from './lint-detection.js'
import type { LintFinding, Remark } from './lint-finding.js'
import { remark } from './lint-finding.js'
import { lintHead } from './lint-head.js'
import { readLogSource, type LogSource } from './log-source.js'
import { RuleFault, type RuleProblem, type RuleSource } from './problem.js'
import { entryOf } from './read-node.js'
import type { Rule } from './rule.js'
import { readYaml, type YamlMap } from './yaml-tree.js'

/** Findings that are told; nobody reads more. */
const FINDINGS = 10_000

/** What stands behind a refusal, by what its reason says. */
const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^id .* is taken by/, 'duplicate-id'],
  [/^filters "/, 'unused-filter'],
  [/status is (?:deprecated|unsupported)/, 'retired-rule'],
  [/^placeholder /, 'missing-placeholder'],
  [/^refers to|refers to itself/, 'broken-reference'],
  [/^not YAML|YAML with anchors/, 'bad-yaml'],
]

const placed = (item: Remark, file: string, ruleId: string): LintFinding => ({ file, ruleId, ...item })

const refusal = ({ file, line, ruleId = '', reason }: RuleProblem): LintFinding => ({
  file,
  ruleId,
  ...remark('error', REFUSALS.find(([pattern]) => pattern.test(reason))?.[1] ?? 'refused', line, reason),
})

const sourceOf = (map: YamlMap): LogSource => {
  const entry = entryOf(map, 'logsource')
  try {
    return entry === undefined ? {} : readLogSource(entry.value)
  } catch (error) {
    if (error instanceof RuleFault) return {}
    throw error
  }
}

const lintCorrelation = (map: YamlMap): Remark[] => {
  const entry = entryOf(map, 'correlation')
  if (entry?.value.kind !== 'map') return []
  const group = entryOf(entry.value, 'group-by')
  if (group === undefined || (group.value.kind === 'list' && group.value.items.length === 0))
    return [
      remark(
        'warning',
        'no-group',
        entry.line,
        'no group-by: the events of all users and addresses are counted together',
        'add group-by, such as [source.ip]',
      ),
    ]
  return []
}

const lintRule = (map: YamlMap): Remark[] => {
  const filter = entryOf(map, 'filter')
  if (filter !== undefined) return filter.value.kind === 'map' ? lintDetection(filter.value, sourceOf(map), ['rules']) : []
  const detection = entryOf(map, 'detection')
  return [
    ...lintHead(map),
    ...(detection?.value.kind === 'map' ? lintDetection(detection.value, sourceOf(map)) : []),
    ...lintCorrelation(map),
  ]
}

/** Remarks that need the rule compiled: what it can never match, and fields of its groups. */
const lintCompiled = (rule: Rule): Remark[] => {
  if (rule.kind === 'single') return lintReach(rule.detection, rule.line)
  const names = [...rule.groupBy.flatMap(({ fields }) => fields), ...rule.valueFields]
  return [...new Set(names)].flatMap((name) => lintField(name, name, rule.line))
}

const lintSet = (rules: readonly Rule[]): LintFinding[] => {
  const titles = new Map<string, Rule>()
  const ids = new Map(rules.map((rule) => [rule.id, rule]))
  return rules.flatMap((rule) => {
    const found = lintCompiled(rule)
    const same = titles.get(rule.title.toLowerCase())
    titles.set(rule.title.toLowerCase(), rule)
    if (same !== undefined)
      found.push(remark('info', 'duplicate-title', rule.line, `the title stands in ${same.file} too`, 'say what is different'))
    for (const { id, type } of rule.related ?? [])
      if (type === 'obsolete' && ids.has(id))
        found.push(
          remark('warning', 'obsolete-rule', rule.line, `it takes the place of ${id}, which still runs`, 'take the older rule out'),
        )
    return found.map((item) => placed(item, rule.file, rule.id))
  })
}

/**
 * Looks rule files over: everything that {@link compileRules} refuses, and what runs but hardly as meant (misspelt fields, selections that are
 * not used or can never match, missing examples and levels, tags, slow searches). In the order of files and lines, 10,000 at most. Never throws.
 */
export const lintRules = (sources: readonly RuleSource[], options: CompileOptions = {}): readonly LintFinding[] => {
  const { rules, problems } = compileRules(sources, options)
  const found: LintFinding[] = [...problems.map(refusal), ...lintSet(rules.program)]
  for (const { file, text } of sources) {
    for (const { node } of readCollection(readYaml(text).documents).rules) {
      if (node.kind !== 'map') continue
      const id = entryOf(node, 'id')?.value
      const ruleId = id?.kind === 'scalar' && typeof id.value === 'string' ? id.value.slice(0, 128) : ''
      for (const item of lintRule(node)) found.push(placed(item, file, ruleId))
    }
  }
  const order = new Map(sources.map(({ file }, index) => [file, index]))
  return found.toSorted((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line).slice(0, FINDINGS)
}
