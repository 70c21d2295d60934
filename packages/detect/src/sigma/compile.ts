import { createHash } from 'node:crypto'
import { createLateExamples } from './late-examples.js'
import { quote, RuleFault, type RuleProblem, type RuleSource } from './problem.js'
import { readCorrelation, type CorrelationDraft } from './read-correlation.js'
import { readDetection } from './read-detection.js'
import { readHead } from './read-head.js'
import { entryOf } from './read-node.js'
import { readLogSource } from './log-source.js'
import type { Rule, RuleHead, RuleInfo, SingleRule } from './rule.js'
import { readYaml, type YamlMap, type YamlNode } from './yaml-tree.js'

/** Rules ready to run. `rules` holds what the world may know; `program` is what the engine runs, in the same order. */
export type RuleSet = {
  readonly rules: readonly RuleInfo[]
  readonly program: readonly Rule[]
}

const RULES = 20_000

type Draft = { head: RuleHead; single?: Omit<SingleRule, keyof RuleHead | 'alerts'>; correlation?: CorrelationDraft }

const readDraft = (node: YamlNode, file: string): Draft => {
  if (node.kind !== 'map') throw new RuleFault(node.line, 'a rule must be a mapping')
  const map: YamlMap = node
  for (const [key, what] of [
    ['filter', 'Sigma filters are'],
    ['action', 'rule collections with "action" are'],
  ] as const) {
    const entry = entryOf(map, key)
    if (entry !== undefined) throw new RuleFault(entry.line, `${what} not supported yet`)
  }
  const head = readHead(map, file)
  const correlation = entryOf(map, 'correlation')
  if (correlation !== undefined) return { head, correlation: readCorrelation(map, correlation) }
  const detection = entryOf(map, 'detection')
  const source = entryOf(map, 'logsource')
  if (detection === undefined) throw new RuleFault(map.line, 'a rule needs detection or correlation')
  if (source === undefined) throw new RuleFault(map.line, 'a rule needs a logsource')
  const except = entryOf(map, 'x-except')
  if (except !== undefined) throw new RuleFault(except.line, 'x-except goes with a correlation')
  return { head, single: { kind: 'single', source: readLogSource(source.value), detection: readDetection(detection.value) } }
}

const idOf = (node: YamlNode): string | undefined => {
  const id = node.kind === 'map' ? entryOf(node, 'id')?.value : undefined
  return id?.kind === 'scalar' && typeof id.value === 'string' ? id.value.slice(0, 128) : undefined
}

/** Looks up what correlations refer to. A rule whose references cannot run cannot run either. */
const link = (drafts: readonly Draft[], fault: (draft: Draft, line: number, reason: string) => void): Map<Draft, Draft[]> => {
  const byName = new Map<string, Draft>()
  for (const draft of drafts) {
    byName.set(draft.head.id, draft)
    if (draft.head.name !== undefined && !byName.has(draft.head.name)) byName.set(draft.head.name, draft)
  }
  const linked = new Map<Draft, Draft[] | 'open' | 'broken'>()
  const visit = (draft: Draft, depth: number): boolean => {
    const known = linked.get(draft)
    const written = draft.correlation
    if (known === 'open') {
      fault(draft, written?.line ?? 1, 'correlation refers to itself')
      return false
    }
    if (known !== undefined) return known !== 'broken'
    if (written === undefined) {
      linked.set(draft, [])
      return true
    }
    linked.set(draft, 'open')
    const targets: Draft[] = []
    const broken = (reason: string): boolean => {
      if (linked.get(draft) !== 'broken') fault(draft, written.line, reason)
      linked.set(draft, 'broken')
      return false
    }
    if (depth > 16) return broken('correlations are nested deeper than 16 levels')
    for (const name of [...written.rules, ...(written.except === undefined ? [] : [written.except.rule])]) {
      const target = byName.get(name)
      if (target === undefined) return broken(`refers to ${quote(name)}, which is no rule or cannot run`)
      if (!visit(target, depth + 1)) return broken(`refers to ${quote(name)}, which cannot run`)
      // it fires when its time is over, without an event that a further correlation could look at
      if (target.correlation !== undefined && !isMonotone(target.correlation))
        return broken(`refers to ${quote(name)}, whose condition is no gt or gte: correlations over it are not supported yet`)
      targets.push(target)
    }
    linked.set(draft, targets)
    return true
  }
  const result = new Map<Draft, Draft[]>()
  for (const draft of drafts) {
    const targets = visit(draft, 0) ? linked.get(draft) : undefined
    if (Array.isArray(targets)) result.set(draft, targets)
  }
  return result
}

const isMonotone = (rule: CorrelationDraft): boolean => rule.bounds.every(({ op }) => op === 'gt' || op === 'gte')

/** Compiles rule files. Rules that cannot run are told as problems; the others run. Never throws, whatever the text. */
export const compileRules = (sources: readonly RuleSource[]): { rules: RuleSet; problems: RuleProblem[] } => {
  const problems: RuleProblem[] = []
  const drafts: Draft[] = []
  const ids = new Map<string, RuleHead>()
  for (const { file, text, readAhead } of sources) {
    const { documents, faults } = readAhead === undefined ? readYaml(text) : { documents: readAhead, faults: [] }
    const examples = readAhead === undefined ? undefined : createLateExamples(text)
    for (const { line, reason } of faults) problems.push({ file, line, reason })
    for (const [number, node] of documents.entries()) {
      const ruleId = idOf(node)
      try {
        if (drafts.length >= RULES) throw new RuleFault(node.line, `more than ${RULES} rules`)
        const draft = readDraft(node, file)
        const other = ids.get(draft.head.id)
        if (other !== undefined) throw new RuleFault(node.line, `id ${quote(draft.head.id)} is taken by ${other.file}`)
        ids.set(draft.head.id, draft.head)
        drafts.push(examples === undefined ? draft : { ...draft, head: { ...draft.head, examples: () => examples(number) } })
      } catch (error) {
        if (!(error instanceof RuleFault)) throw error
        problems.push({ file, line: error.line, ...(ruleId === undefined ? {} : { ruleId }), reason: error.message })
      }
    }
  }

  const linked = link(drafts, (draft, line, reason) => problems.push({ file: draft.head.file, line, ruleId: draft.head.id, reason }))
  const running = [...linked.keys()]
  const place = new Map(running.map((draft, index) => [draft, index]))
  const quiet = new Set<Draft>()
  for (const [draft, targets] of linked) {
    const written = draft.correlation
    if (written === undefined) continue
    for (const [i, target] of targets.entries()) if (i >= written.rules.length || !written.generate) quiet.add(target)
  }
  const program = running.map((draft) => finish(draft, linked.get(draft) ?? [], place, !quiet.has(draft)))
  return { rules: createRuleSet(program), problems }
}

const finish = (draft: Draft, targets: readonly Draft[], place: ReadonlyMap<Draft, number>, alerts: boolean): Rule => {
  if (draft.single !== undefined) return { ...draft.head, ...draft.single, alerts }
  const written = draft.correlation as CorrelationDraft
  const rules = targets.slice(0, written.rules.length)
  const fieldFor = (name: string, target: Draft): string => {
    const alias = written.aliases.get(name)
    return alias?.get(target.head.name ?? '') ?? alias?.get(target.head.id) ?? name
  }
  const except = written.except === undefined ? undefined : place.get(targets.at(-1) as Draft)
  return {
    ...draft.head,
    kind: written.kind,
    alerts,
    rules: rules.map((target) => place.get(target) ?? -1),
    groupBy: written.groupBy.map((name) => ({ name, fields: rules.map((target) => fieldFor(name, target)) })),
    timespan: written.timespan,
    bounds: written.bounds,
    valueFields: written.valueFields,
    ...(except === undefined ? {} : { except: { rule: except, tolerance: written.except?.tolerance ?? 2 } }),
  }
}

/** Makes a set of linked rules; indexes in correlations are places in `program`. */
export const createRuleSet = (program: readonly Rule[]): RuleSet => ({ program, rules: program.map(infoOf) })

const infoOf = (rule: Rule): RuleInfo => {
  const { id, name, title, description, level, tags, version, file, line, falsePositives, references, respond, kind, alerts } = rule
  const info = { id, title, description, level, tags, version, file, line, falsePositives, references, kind, alerts }
  return { ...info, ...(name === undefined ? {} : { name }), ...(respond === undefined ? {} : { respond }) }
}

/** Changes when the meaning of a rule's state does: what was kept for another meaning must not be continued. */
export const stateSignature = (rule: Rule, program: readonly Rule[]): string => {
  if (rule.kind === 'single') return 'single'
  const { kind, groupBy, timespan, bounds, valueFields, except } = rule
  const refers = [...rule.rules, ...(except === undefined ? [] : [except.rule])].map((index) => program[index]?.id)
  return createHash('sha256')
    .update(JSON.stringify([kind, groupBy, timespan, bounds, valueFields, except?.tolerance, refers]))
    .digest('hex')
    .slice(0, 8)
}
