import type { FieldValue, SecurityEvent } from '@parapet/core'
import { join, leafCount, type DetectionTree } from '../sigma/detection-tree.js'
import { matchesLogSource } from '../sigma/log-source.js'
import type { Rule, SingleRule } from '../sigma/rule.js'
import type { EventView, FieldTable } from './event-view.js'
import { compileTree, type Predicate } from './predicates.js'
import { createProfile, fieldsOf, hasFewValues, splitTree, type Asked, type Profile } from './profile.js'
import { witnessesOf, type Witness } from './witness.js'

type Compiled = {
  readonly index: number
  readonly rule: SingleRule
  /** where the rule is looked for */
  readonly plan: Plan
  /** what is asked once its place was found; `undefined` when that is answer enough */
  readonly test: Predicate | undefined
  readonly work: number
}

/** A rule is tried at events with one of its witnesses, and at events whose few-valued fields answer yes. */
type Plan = {
  readonly witnesses: readonly Witness[]
  readonly asked: { readonly few: Predicate | undefined; readonly fields: readonly string[] } | undefined
}

/** What to ask of events of one category and dataset. Rules are named by their place in `compiled`. */
type Bucket = {
  readonly profile: Profile
  readonly values: readonly {
    readonly slot: number
    readonly rules: ReadonlyMap<string, readonly number[]>
    readonly seen: Map<string | number, readonly number[]>
    readonly longest: number
  }[]
  readonly literals: readonly { readonly slot: number; readonly rules: readonly (readonly number[] | undefined)[] }[]
}

/** Single rules of a set, indexed so that an event runs only those that could match. */
export type Candidates = {
  /** calls `matched` with the index of each single rule that the event in view matches */
  run: (event: SecurityEvent, view: EventView, matched: (index: number) => void) => void
}

const BUCKETS = 256

/** Compiles the single rules of a program. The view for `table` is built after this. */
export const createCandidates = (program: readonly Rule[], table: FieldTable): Candidates => {
  const compiled: Compiled[] = []
  for (const [index, rule] of program.entries()) {
    if (rule.kind !== 'single') continue
    compiled.push(compileRule(rule, index, table))
  }
  const buckets = new Map<string, Map<string, Bucket>>()
  let built = 0
  const triedAt = new Float64Array(compiled.length)
  let stamp = 0

  const bucketOf = (category: string, dataset: string): Bucket => {
    const known = buckets.get(category)?.get(dataset)
    if (known !== undefined) return known
    const bucket = buildBucket(compiled, (rule) => matchesLogSource(rule.source, category, dataset))
    // a source may invent datasets without end: past the bound buckets are built and dropped, correct but slow for that source only
    if (built < BUCKETS) {
      const inner = buckets.get(category) ?? new Map<string, Bucket>()
      buckets.set(category, inner.set(dataset, bucket))
      built++
    }
    return bucket
  }

  const tryRule = (at: number, view: EventView, matched: (index: number) => void): void => {
    if (triedAt[at] === stamp) return
    triedAt[at] = stamp
    const rule = compiled[at] as Compiled
    if (rule.test === undefined || (view.spend(rule.work) && rule.test(view))) matched(rule.index)
  }

  // events come in runs of one source
  let [lastCategory, lastDataset] = ['', '']
  let lastBucket = bucketOf('', '')

  return {
    run: (event, view, matched) => {
      stamp++
      const category = textOf(event['event.category'])
      const dataset = textOf(event['event.dataset'])
      if (category !== lastCategory || dataset !== lastDataset) {
        lastBucket = bucketOf(category, dataset)
        lastCategory = category
        lastDataset = dataset
      }
      const bucket = lastBucket
      const fitting = bucket.profile(event, view)
      for (let i = 0; i < fitting.length; i++) tryRule(fitting[i] as number, view, matched)
      for (let i = 0; i < bucket.values.length; i++) {
        const byValue = bucket.values[i] as Bucket['values'][number]
        const value = view.raw(byValue.slot)
        if (value === undefined || value === null) continue
        if (typeof value === 'object') for (const item of value) offer(byValue, String(item), view, matched)
        else offer(byValue, typeof value === 'boolean' ? String(value) : value, view, matched)
      }
      for (let i = 0; i < bucket.literals.length; i++) {
        const { slot, rules } = bucket.literals[i] as Bucket['literals'][number]
        const found = view.found(slot)
        for (let j = 0; j < found.length; j++) {
          const list = rules[found[j] as number]
          if (list !== undefined) for (let k = 0; k < list.length; k++) tryRule(list[k] as number, view, matched)
        }
      }
    },
  }

  function offer(byValue: Bucket['values'][number], value: string | number, view: EventView, matched: (index: number) => void): void {
    if (typeof value === 'string' && value.length > byValue.longest) return
    const list = byValue.seen.get(value) ?? look(byValue, value)
    for (let i = 0; i < list.length; i++) tryRule(list[i] as number, view, matched)
  }
}

const NONE: readonly number[] = []

/** Looks a value up without case, and remembers it as it was written: most fields have few values. */
const look = ({ rules, seen }: Bucket['values'][number], value: string | number): readonly number[] => {
  const list = rules.get(String(value).toLowerCase()) ?? NONE
  if (seen.size >= 1_024) seen.clear()
  seen.set(value, list)
  return list
}

const textOf = (value: FieldValue | undefined): string => (typeof value === 'string' ? value : '')

/** Decides where a rule is looked for, and compiles what is left to ask there. */
const compileRule = (rule: SingleRule, index: number, table: FieldTable): Compiled => {
  const tree = rule.detection
  const witnesses = witnessesOf(tree, table)?.witnesses ?? []
  const isFew = (witness: Witness): boolean => witness.kind === 'value' && hasFewValues(table.fields[witness.slot] ?? '')
  if (witnesses.every(isFew)) {
    const { few, rest } = splitTree(tree)
    return {
      index,
      rule,
      plan: { witnesses: [], asked: ask(few, table) },
      test: rest === undefined ? undefined : compileTree(rest, table),
      work: rest === undefined ? 0 : leafCount(rest),
    }
  }
  const few = witnesses.filter(isFew).map((witness) => valueLeaf(witness, table))
  return {
    index,
    rule,
    plan: { witnesses: witnesses.filter((witness) => !isFew(witness)), asked: few.length === 0 ? undefined : ask(join('or', few), table) },
    test: compileTree(tree, table),
    work: leafCount(tree),
  }
}

const ask = (few: DetectionTree | undefined, table: FieldTable): Plan['asked'] =>
  few === undefined ? { few: undefined, fields: [] } : { few: compileTree(few, table), fields: fieldsOf(few) }

/** A witness as a comparison. */
const valueLeaf = (witness: Witness, table: FieldTable): DetectionTree => ({
  op: 'leaf',
  field: table.fields[witness.slot] ?? '',
  test: { kind: 'oneOf', values: new Set(witness.kind === 'value' ? [witness.value] : []) },
})

const buildBucket = (compiled: readonly Compiled[], reads: (rule: SingleRule) => boolean): Bucket => {
  const asked: Asked[] = []
  const fields = new Set<string>()
  const values = new Map<number, Map<string, number[]>>()
  const literals = new Map<number, (number[] | undefined)[]>()
  for (const [at, { rule, plan }] of compiled.entries()) {
    if (!reads(rule)) continue
    if (plan.asked !== undefined) asked.push({ at, few: plan.asked.few })
    for (const field of plan.asked?.fields ?? []) fields.add(field)
    for (const item of plan.witnesses) {
      if (item.kind === 'value') {
        const byValue = values.get(item.slot) ?? new Map<string, number[]>()
        values.set(item.slot, byValue.set(item.value, [...(byValue.get(item.value) ?? []), at]))
      } else {
        const byLiteral = literals.get(item.slot) ?? []
        literals.set(item.slot, byLiteral)
        byLiteral[item.literal] = [...(byLiteral[item.literal] ?? []), at]
      }
    }
  }
  return {
    profile: createProfile([...fields], asked),
    values: [...values].map(([slot, rules]) => ({
      slot,
      rules,
      seen: new Map(),
      longest: Math.max(...[...rules.keys()].map((value) => value.length * 3)),
    })),
    literals: [...literals].map(([slot, rules]) => ({ slot, rules: Array.from({ length: rules.length }, (_, i) => rules[i]) })),
  }
}
