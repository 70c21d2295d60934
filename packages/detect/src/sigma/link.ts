import { quote } from './problem.js'
import type { CorrelationDraft } from './read-correlation.js'
import type { Bound, CorrelationRule, Rule, RuleHead, SingleRule } from './rule.js'

/** A rule that was read and whose references are not yet looked up. */
export type Draft = {
  readonly head: RuleHead
  readonly single?: Omit<SingleRule, keyof RuleHead | 'alerts'>
  readonly correlation?: CorrelationDraft
  /** the event's field for a name that a correlation uses of this rule */
  readonly fieldOf?: (name: string) => string
}

type Fault = (draft: Draft, line: number, reason: string) => void

/** What a correlation gets of a rule that it refers to. */
type Told = {
  /** fields of the events it tells of; `undefined` for all of them */
  readonly fields: ReadonlySet<string> | undefined
  readonly deferred: boolean
  readonly late: number
}

/** A draft with what it refers to: its rules in their order, and last the rule of `x-except`. */
type Linked = { readonly targets: readonly Draft[]; readonly told: Told }

const NESTED = 16

const isMonotone = (bounds: readonly Bound[]): boolean => bounds.every(({ op }) => op === 'gt' || op === 'gte')

/** True when a condition is known only once its time is over: more events can make it false. */
const waits = (written: CorrelationDraft, late: number): boolean => {
  const { kind, bounds, terms } = written
  if (kind === 'value_avg' || kind === 'value_percentile' || !isMonotone(bounds)) return true
  const isTemporal = kind === 'temporal' || kind === 'temporal_ordered'
  // what is told late comes out of order, and the order is what counts here
  return isTemporal && (late > 0 || terms?.some((term) => term.lacks.length > 0) === true)
}

/** The field that a correlation's name stands for in one of its rules: an alias, or the name as that rule's log source has it. */
const fieldFor = (written: CorrelationDraft, name: string, target: Draft): string => {
  const alias = written.aliases.get(name)
  const field = alias?.get(target.head.name ?? '') ?? alias?.get(target.head.id) ?? name
  return target.fieldOf?.(field) ?? field
}

/** The fields of a correlation's group, each with its name in every rule. A name that all rules have as one field is that field. */
const groupOf = (written: CorrelationDraft, rules: readonly Draft[]): CorrelationRule['groupBy'] =>
  written.groupBy.map((name) => {
    const fields = rules.map((target) => fieldFor(written, name, target))
    const [first = name] = fields
    return { name: !written.aliases.has(name) && fields.every((field) => field === first) ? first : name, fields }
  })

const valueFieldsOf = (written: CorrelationDraft, rules: readonly Draft[]): readonly string[] =>
  written.valueFields.map((name) => rules[0]?.fieldOf?.(name) ?? name)

/** Looks up what correlations refer to. A rule whose references cannot run cannot run either. Told in the order of `drafts`. */
export const linkDrafts = (drafts: readonly Draft[], fault: Fault): ReadonlyMap<Draft, Linked> => {
  const byName = new Map<string, Draft>()
  for (const draft of drafts) {
    byName.set(draft.head.id, draft)
    if (draft.head.name !== undefined && !byName.has(draft.head.name)) byName.set(draft.head.name, draft)
  }
  const linked = new Map<Draft, Linked | 'open' | 'broken'>()
  const visit = (draft: Draft, depth: number): Linked | undefined => {
    const known = linked.get(draft)
    const written = draft.correlation
    if (known === 'open') {
      fault(draft, written?.line ?? 1, 'correlation refers to itself')
      linked.set(draft, 'broken')
      return undefined
    }
    if (known !== undefined) return known === 'broken' ? undefined : known
    if (written === undefined) {
      const single: Linked = { targets: [], told: { fields: undefined, deferred: false, late: 0 } }
      linked.set(draft, single)
      return single
    }
    linked.set(draft, 'open')
    const reason = depth > NESTED ? `correlations are nested deeper than ${NESTED} levels` : undefined
    const outcome = reason ?? resolve(draft, written, depth)
    if (typeof outcome !== 'string') {
      linked.set(draft, outcome)
      return outcome
    }
    if (linked.get(draft) !== 'broken') fault(draft, written.line, outcome)
    linked.set(draft, 'broken')
    return undefined
  }
  const resolve = (draft: Draft, written: CorrelationDraft, depth: number): Linked | string => {
    const targets: Draft[] = []
    const told: Told[] = []
    for (const name of [...written.rules, ...(written.except === undefined ? [] : [written.except.rule])]) {
      const target = byName.get(name)
      if (target === undefined) return `refers to ${quote(name)}, which is no rule or cannot run`
      const found = visit(target, depth + 1)
      if (found === undefined) return `refers to ${quote(name)}, which cannot run`
      targets.push(target)
      told.push(found.told)
    }
    const rules = targets.slice(0, written.rules.length)
    if (told.slice(rules.length).some((one) => one.deferred))
      return 'x-except takes a rule that is known at once, not one that is known when its time is over'
    const needed = [
      ...groupOf(written, rules).flatMap(({ fields }) => fields.map((field, place) => ({ field, place }))),
      ...rules.flatMap((_, place) => valueFieldsOf(written, rules).map((field) => ({ field, place }))),
    ]
    for (const { field, place } of needed) {
      const { fields } = told[place] as Told
      if (fields?.has(field) === false)
        return `needs ${quote(field)} of ${quote(written.rules[place] ?? '')}, which is known when its time is over and then by its group alone: ${fields.size === 0 ? 'it has none' : [...fields].join(', ')}`
    }
    const own = told.slice(0, rules.length)
    if (written.travel !== undefined && own.some((one) => one.fields !== undefined)) return 'x-travel needs rules over single events'
    const late = Math.max(0, ...own.map((one) => one.late + (one.deferred ? 1 : 0)))
    const deferred = waits(written, late)
    const limited = own.flatMap((one) => (one.fields === undefined ? [] : [one.fields]))
    const fields = deferred
      ? new Set(groupOf(written, rules).map(({ name }) => name))
      : limited.length === 0
        ? undefined
        : new Set([...(limited[0] ?? [])].filter((field) => limited.every((set) => set.has(field))))
    return { targets, told: { fields, deferred, late } }
  }
  const result = new Map<Draft, Linked>()
  for (const draft of drafts) {
    const found = visit(draft, 0)
    if (found !== undefined) result.set(draft, found)
  }
  return result
}

/** Makes the program of linked rules: references become places. A rule that others count is silent unless one of them says `generate`. */
export const finishDrafts = (linked: ReadonlyMap<Draft, Linked>): Rule[] => {
  const place = new Map([...linked.keys()].map((draft, index) => [draft, index]))
  const quiet = new Set<Draft>()
  for (const [{ correlation: written }, { targets }] of linked) {
    if (written === undefined) continue
    for (const [i, target] of targets.entries()) if (i >= written.rules.length || !written.generate) quiet.add(target)
  }
  return [...linked].map(([draft, found]) => finishDraft(draft, found, place, !quiet.has(draft)))
}

const finishDraft = (draft: Draft, { targets, told }: Linked, place: ReadonlyMap<Draft, number>, alerts: boolean): Rule => {
  if (draft.single !== undefined) return { ...draft.head, ...draft.single, alerts }
  const written = draft.correlation as CorrelationDraft
  const rules = targets.slice(0, written.rules.length)
  const except = written.except === undefined ? undefined : place.get(targets.at(-1) as Draft)
  return {
    ...draft.head,
    kind: written.kind,
    alerts,
    rules: rules.map((target) => place.get(target) ?? -1),
    groupBy: groupOf(written, rules),
    timespan: written.timespan,
    bounds: written.bounds,
    valueFields: valueFieldsOf(written, rules),
    deferred: told.deferred,
    late: told.late,
    ...(written.percentile === undefined ? {} : { percentile: written.percentile }),
    ...(written.terms === undefined ? {} : { terms: written.terms }),
    ...(except === undefined ? {} : { except: { rule: except, tolerance: written.except?.tolerance ?? 2 } }),
    ...(written.novelty === undefined ? {} : { novelty: written.novelty }),
    ...(written.travel === undefined ? {} : { travel: written.travel }),
  }
}
