import type { CorrelationRule, Rule } from '../sigma/rule.js'
import type { EventView } from './event-view.js'
import type { Group, Keyer } from './group-key.js'

/** How many parts the state of an engine has. Each lives on its own, wherever it is: stored state names its part, so this never changes. */
export const SHARDS = 64

const NO_PARTS: readonly undefined[] = Array.from({ length: SHARDS }, () => undefined)

/** A list with a place for each part, all empty. A copy: every rule has several, and most stay empty. */
export const emptyParts = <T>(): (T | undefined)[] => NO_PARTS.slice()

/** All parts. */
export const ALL_SHARDS: ReadonlySet<number> = new Set(Array.from({ length: SHARDS }, (_, i) => i))

/** 32-bit FNV-1a over UTF-16 units. Keyed by nothing on purpose: every worker has to come to the same part. */
export const hashText = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The part of a group, from the hashes of its family's name and of its values. The formula is part of the stored format. */
export const shardOf = (family: number, group: number): number => {
  let hash = Math.imul(family ^ group, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 26
}

/** Which part a group of one rule belongs to, at the event in view. */
export type Place = (group: Group, view: EventView) => number

/** A family of correlations that feed one another: where its groups live, and a text that changes when they would live elsewhere. */
export type Family = { readonly place: Place; readonly signature: string }

const fieldsAt = ({ groupBy, rules }: CorrelationRule, at: number): readonly string[] =>
  rules.map((_, place) => groupBy[at]?.fields[place] ?? groupBy[at]?.name ?? '')

/** Fields that a correlation's groups have whichever of its rules matched. */
const steadyFields = (rule: CorrelationRule): readonly string[] =>
  rule.groupBy.flatMap(({ name }, at) => (fieldsAt(rule, at).every((field) => field === name) ? [name] : []))

/**
 * Finds the family of each correlation by its place in the program. A correlation by itself is a family: its group decides. In a family of
 * several the fields that all of them group by decide, since the event that one hands to the next has the same ones; without any such field the
 * whole family lives in one part.
 */
export const createFamilies = (program: readonly Rule[], keyerFor: (fields: readonly string[]) => Keyer): ReadonlyMap<number, Family> => {
  const root = program.map((_, index) => index)
  const find = (index: number): number => (root[index] === index ? index : find(root[index] ?? index))
  for (const [index, rule] of program.entries()) {
    if (rule.kind === 'single') continue
    for (const other of [...rule.rules, ...(rule.except === undefined ? [] : [rule.except.rule])])
      if (program[other] !== undefined && program[other].kind !== 'single') root[find(index)] = find(other)
  }
  const members = new Map<number, CorrelationRule[]>()
  for (const [index, rule] of program.entries())
    if (rule.kind !== 'single') members.set(find(index), [...(members.get(find(index)) ?? []), rule])

  const byRoot = new Map([...members].map(([index, rules]) => [index, createFamily(rules, keyerFor)]))
  const families = new Map<number, Family>()
  for (const [index, rule] of program.entries()) {
    const family = byRoot.get(find(index))
    if (rule.kind !== 'single' && family !== undefined) families.set(index, family)
  }
  return families
}

const createFamily = (rules: readonly CorrelationRule[], keyerFor: (fields: readonly string[]) => Keyer): Family => {
  // the least id: the name of a family does not depend on the order of files
  const name = rules.map(({ id }) => id).toSorted()[0] ?? ''
  const hash = hashText(name)
  if (rules.length === 1) return { place: (group) => shardOf(hash, group.hash), signature: '' }
  const [first = [], ...others] = rules.map(steadyFields)
  const shared = first.filter((field) => others.every((fields) => fields.includes(field))).toSorted()
  const signature = hashText(JSON.stringify([name, shared])).toString(36)
  if (shared.length === 0) return { place: () => shardOf(hash, 0), signature }
  const keyer = keyerFor(shared)
  return { place: (_, view) => shardOf(hash, keyer(view)?.hash ?? 0), signature }
}
