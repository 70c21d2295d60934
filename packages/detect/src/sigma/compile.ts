import { createHash } from 'node:crypto'
import { readCollection } from './collection.js'
import { leafCount, join, simplify } from './detection-tree.js'
import { createLateExamples } from './late-examples.js'
import { finishDrafts, linkDrafts, type Draft } from './link.js'
import { readLogSource, type LogSource } from './log-source.js'
import type { Pipeline } from './pipelines/pipeline.js'
import { readPipelines } from './pipelines/read-pipeline.js'
import { createReading, REGEX_STEPS, type RegexRoom } from './pipelines/reading.js'
import type { PlaceholderValues } from './placeholders.js'
import { quote, RuleFault, type RuleProblem, type RuleSource } from './problem.js'
import { readCorrelation } from './read-correlation.js'
import { readDetection } from './read-detection.js'
import { createFilters, readFilter, type Filter, type Filters } from './read-filter.js'
import { readHead } from './read-head.js'
import { asText, entryOf } from './read-node.js'
import { readNovelty, readTravel } from './read-novelty.js'
import type { Rule, RuleHead, RuleInfo } from './rule.js'
import { readYaml, type YamlMap, type YamlNode } from './yaml-tree.js'

/** Rules ready to run. `rules` holds what the world may know; `program` is what the engine runs, in the same order. */
export type RuleSet = {
  readonly rules: readonly RuleInfo[]
  readonly program: readonly Rule[]
}

/** What rules are compiled with beside their text. */
export type CompileOptions = {
  /** processing pipelines as YAML, applied in the order of their priority */
  readonly pipelines?: readonly RuleSource[]
  /** what stands for `%name%` where a value has the modifier `expand` */
  readonly placeholders?: Readonly<Record<string, readonly string[]>>
  /** runs rules whose status is `deprecated` too */
  readonly deprecated?: boolean
}

const LIMIT = { rules: 20_000, filters: 1_000, leaves: 1_000_000 }

/** What all rules of one call are read with. */
type Context = {
  readonly pipelines: readonly Pipeline[]
  readonly placeholders: PlaceholderValues
  readonly filters: Filters
  readonly deprecated: boolean
  readonly regexes: RegexRoom
}

/** Rules of another taxonomy mean other things by the same words. */
const checkTaxonomy = (map: YamlMap, pipelines: readonly Pipeline[]): void => {
  const entry = entryOf(map, 'taxonomy')
  if (entry === undefined || (entry.value.kind === 'scalar' && entry.value.value === null)) return
  const taxonomy = asText(entry.value, 'taxonomy')
  if (['sigma', 'ecs'].includes(taxonomy) || pipelines.some((pipeline) => pipeline.taxonomies.includes(taxonomy))) return
  throw new RuleFault(entry.line, `taxonomy is ${quote(taxonomy)}; a pipeline must translate it and list it in x-taxonomies`)
}

const checkStatus = ({ status, related, line }: RuleHead, context: Context): void => {
  if (status === 'unsupported') throw new RuleFault(line, 'its status is unsupported: it cannot be used as it is')
  if (status !== 'deprecated' || context.deprecated) return
  const others = (related ?? []).map((item) => item.id)
  throw new RuleFault(line, `its status is deprecated${others.length === 0 ? '' : `; related: ${others.slice(0, 5).join(', ')}`}`)
}

const readSingle = (map: YamlMap, head: RuleHead, context: Context): Draft => {
  const detection = entryOf(map, 'detection')
  const source = entryOf(map, 'logsource')
  if (detection === undefined) throw new RuleFault(map.line, 'a rule needs detection or correlation')
  if (source === undefined) throw new RuleFault(map.line, 'a rule needs a logsource')
  const except = entryOf(map, 'x-except')
  if (except !== undefined) throw new RuleFault(except.line, 'x-except goes with a correlation')
  const written: LogSource = readLogSource(source.value)
  const reading = createReading({ map, source: written, correlation: false }, context.pipelines, context.placeholders, context.regexes)
  const own = readDetection(detection.value, reading)
  const filters = context.filters.forRule(head.id, head.name, written)
  const tree = filters.length === 0 ? own : simplify(join('and', [own, ...filters.map((filter) => filter.detection(reading))]))
  return {
    head: head.fields === undefined ? head : { ...head, fields: head.fields.map(reading.outside) },
    single: { kind: 'single', source: reading.source, detection: tree },
    fieldOf: reading.outside,
  }
}

const readDraft = (node: YamlNode, file: string, context: Context): Draft => {
  if (node.kind !== 'map') throw new RuleFault(node.line, 'a rule must be a mapping')
  const head = readHead(node, file)
  checkStatus(head, context)
  checkTaxonomy(node, context.pipelines)
  const correlation = entryOf(node, 'correlation')
  const novelty = entryOf(node, 'x-novelty')
  const travel = entryOf(node, 'x-travel')
  if (correlation === undefined && novelty === undefined && travel === undefined) return readSingle(node, head, context)
  // steps of pipelines may refuse a correlation too
  createReading({ map: node, source: {}, correlation: true }, context.pipelines, context.placeholders)
  if (correlation !== undefined) return { head, correlation: readCorrelation(node, correlation) }
  if (novelty !== undefined) return { head, correlation: readNovelty(novelty) }
  if (travel !== undefined) return { head, correlation: readTravel(travel) }
  throw new RuleFault(node.line, 'a rule needs detection or correlation')
}

const idOf = (node: YamlNode): string | undefined => {
  const id = node.kind === 'map' ? entryOf(node, 'id')?.value : undefined
  return id?.kind === 'scalar' && typeof id.value === 'string' ? id.value.slice(0, 128) : undefined
}

type Found = { readonly node: YamlNode; readonly file: string; readonly examples: (() => RuleHead['examples']) | undefined }

const problemAt = (file: string, line: number, ruleId: string | undefined, reason: string): RuleProblem => ({
  file,
  line,
  ...(ruleId === undefined ? {} : { ruleId }),
  reason,
})

/** Calls `read`; a fault becomes a problem. */
const attempt = <T>(problems: RuleProblem[], file: string, ruleId: string | undefined, read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof RuleFault)) throw error
    problems.push(problemAt(file, error.line, ruleId, error.message))
    return undefined
  }
}

/** The documents of all files: rules in their order, and the filters among them. */
const readSources = (sources: readonly RuleSource[], problems: RuleProblem[]): { found: Found[]; filters: Filter[] } => {
  const found: Found[] = []
  const filters: Filter[] = []
  for (const { file, text, readAhead } of sources) {
    const { documents, faults } = readAhead === undefined ? readYaml(text) : { documents: readAhead, faults: [] }
    const late = readAhead === undefined ? undefined : createLateExamples(text)
    const { rules, faults: broken } = readCollection(documents)
    for (const { line, reason } of faults) problems.push({ file, line, reason })
    for (const { line, message } of broken) problems.push({ file, line, reason: message })
    for (const { node, number } of rules) {
      const entry = node.kind === 'map' ? entryOf(node, 'filter') : undefined
      if (node.kind !== 'map' || entry === undefined) {
        found.push({ node, file, examples: late === undefined ? undefined : () => () => late(number) })
        continue
      }
      const filter = attempt(problems, file, idOf(node), () => {
        if (filters.length >= LIMIT.filters) throw new RuleFault(node.line, `more than ${LIMIT.filters} filters`)
        return readFilter(node, entry, file)
      })
      if (filter !== undefined) filters.push(filter)
    }
  }
  return { found, filters }
}

/** Compiles rule files. Rules that cannot run are told as problems; the others run. Never throws, whatever the text. */
export const compileRules = (sources: readonly RuleSource[], options: CompileOptions = {}): { rules: RuleSet; problems: RuleProblem[] } => {
  const problems: RuleProblem[] = []
  const given = new Map(Object.entries(options.placeholders ?? {}))
  const pipelines = readPipelines(options.pipelines ?? [], problems)
  const { found, filters } = readSources(sources, problems)
  const context: Context = {
    pipelines,
    placeholders: (name) => given.get(name),
    filters: createFilters(filters),
    deprecated: options.deprecated === true,
    regexes: { left: REGEX_STEPS.all },
  }
  const drafts: Draft[] = []
  const ids = new Map<string, RuleHead>()
  let leaves = 0
  for (const { node, file, examples } of found) {
    const before = context.regexes.left
    const draft = attempt(problems, file, idOf(node), () => {
      if (drafts.length >= LIMIT.rules) throw new RuleFault(node.line, `more than ${LIMIT.rules} rules`)
      const read = readDraft(node, file, context)
      const other = ids.get(read.head.id)
      if (other !== undefined) throw new RuleFault(node.line, `id ${quote(read.head.id)} is taken by ${other.file}`)
      const size = read.single === undefined ? 0 : leafCount(read.single.detection)
      if (leaves + size > LIMIT.leaves) throw new RuleFault(node.line, `all rules together hold more than ${LIMIT.leaves} comparisons`)
      leaves += size
      return read
    })
    if (draft === undefined) {
      // what a refused rule took is there again
      context.regexes.left = before
      continue
    }
    ids.set(draft.head.id, draft.head)
    drafts.push(examples === undefined ? draft : { ...draft, head: { ...draft.head, examples: examples() } })
  }
  const linked = linkDrafts(drafts, ({ head }, line, reason) => problems.push(problemAt(head.file, line, head.id, reason)))
  const names = new Map(
    [...linked.keys()].flatMap((draft) => [draft.head.id, draft.head.name ?? draft.head.id].map((name) => [name, draft])),
  )
  const kindOf = (name: string): 'single' | 'correlation' | undefined => {
    const draft = names.get(name)
    return draft === undefined ? undefined : draft.single === undefined ? 'correlation' : 'single'
  }
  for (const { filter, reason } of context.filters.unused(kindOf)) problems.push(problemAt(filter.file, filter.line, filter.id, reason))
  return { rules: createRuleSet(finishDrafts(linked)), problems }
}

/** Makes a set of linked rules; indexes in correlations are places in `program`. */
export const createRuleSet = (program: readonly Rule[]): RuleSet => ({ program, rules: program.map(infoOf) })

const infoOf = (rule: Rule): RuleInfo => {
  const { id, title, description, level, tags, version, file, line, falsePositives, references, kind, alerts } = rule
  const { name, author, license, status, related, fields, scope, respond } = rule
  return {
    id,
    title,
    description,
    level,
    tags,
    version,
    file,
    line,
    falsePositives,
    references,
    kind,
    alerts,
    ...(name === undefined ? {} : { name }),
    ...(author === undefined ? {} : { author }),
    ...(license === undefined ? {} : { license }),
    ...(status === undefined ? {} : { status }),
    ...(related === undefined ? {} : { related }),
    ...(fields === undefined ? {} : { fields }),
    ...(scope === undefined ? {} : { scope }),
    ...(respond === undefined ? {} : { respond }),
  }
}

/** Changes when the meaning of a rule's state does: what was kept for another meaning must not be continued. */
export const stateSignature = (rule: Rule, program: readonly Rule[]): string => {
  if (rule.kind === 'single') return 'single'
  const { kind, groupBy, timespan, bounds, valueFields, except, percentile, terms, deferred, late, novelty, travel } = rule
  const refers = [...rule.rules, ...(except === undefined ? [] : [except.rule])].map((index) => program[index]?.id)
  const own = [percentile, terms, deferred, late, novelty, travel]
  return (
    createHash('sha256')
      // what a rule holds that tells nobody has no ids to tell
      .update(
        JSON.stringify([kind, groupBy, timespan, bounds, valueFields, except?.tolerance, refers, own, ...(rule.alerts ? [] : ['silent'])]),
      )
      .digest('hex')
      .slice(0, 8)
  )
}
