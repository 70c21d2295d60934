import type { FieldValue, SecurityEvent } from '@parapet/core'
import type { DetectionTree } from '../sigma/detection-tree.js'
import { join } from '../sigma/detection-tree.js'
import type { EventView } from './event-view.js'
import { FEW_VALUED } from './few-valued.js'
import { accessorOf, type Accessor } from './fields.js'
import type { Predicate } from './predicates.js'

/** True for fields whose values a {@link Profile} can be made of: what a rule asks of them is answered once for each combination that occurs. */
export const hasFewValues = (field: string): boolean => FEW_VALUED.has(field)

/** A tree as what it asks of fields with few values, and the rest; both must hold. */
export type Split = { readonly few: DetectionTree | undefined; readonly rest: DetectionTree | undefined }

/** Takes a tree apart. */
export const splitTree = (tree: DetectionTree): Split => {
  if (readsFew(tree)) return { few: tree, rest: undefined }
  if (tree.op !== 'and') return { few: undefined, rest: tree }
  const parts = tree.parts.map(splitTree)
  const gather = (side: keyof Split): DetectionTree | undefined => {
    const found = parts.map((part) => part[side]).filter((part) => part !== undefined)
    return found.length === 0 ? undefined : join('and', found)
  }
  return { few: gather('few'), rest: gather('rest') }
}

const readsFew = (tree: DetectionTree): boolean => {
  if (tree.op === 'not') return readsFew(tree.part)
  if (tree.op !== 'leaf') return tree.parts.every(readsFew)
  const { kind } = tree.test
  // of any field it is one of two values whether it is there
  if (kind === 'exists' || kind === 'null') return true
  return FEW_VALUED.has(tree.field) && kind !== 'fieldref' && kind !== 'time'
}

/** Fields that a tree reads. */
export const fieldsOf = (tree: DetectionTree): readonly string[] =>
  tree.op === 'leaf' ? [tree.field] : tree.op === 'not' ? fieldsOf(tree.part) : tree.parts.flatMap(fieldsOf)

/** A rule by its number, with what it asks of fields with few values; `undefined` asks nothing. */
export type Asked = { readonly at: number; readonly few: Predicate | undefined }

/** Numbers of the rules whose question to the fields with few values is answered with yes. */
export type Profile = (event: SecurityEvent, view: EventView) => readonly number[]

type Node = Map<FieldValue | undefined, Node | readonly number[]>

const NODES = 4_096
const LONGEST = 64

/** Whether each of these fields is there, one bit a field. */
const presence = (fields: readonly string[]): Accessor => {
  const accessors = fields.map(accessorOf)
  return (event) => {
    let bits = 0
    for (let i = 0; i < accessors.length; i++) if (((accessors[i] as Accessor)(event) ?? null) !== null) bits |= 1 << i
    return bits
  }
}
const BITS = 30

/** One level a field of few values, and one for each thirty others of which only their presence counts. */
const levelsOf = (fields: readonly string[]): readonly Accessor[] => {
  const levels = fields.filter(hasFewValues).map(accessorOf)
  const others = fields.filter((field) => !hasFewValues(field))
  for (let from = 0; from < others.length; from += BITS) levels.push(presence(others.slice(from, from + BITS)))
  return levels
}

/**
 * Answers by combination of values (of presence, for fields with many), kept in a tree with one level a field. A sender who invents values
 * makes it start over: that costs what no cache would cost, never a wrong answer.
 */
export const createProfile = (fields: readonly string[], asked: readonly Asked[]): Profile => {
  const accessors = levelsOf(fields)
  const last = accessors.length - 1
  const ask = (view: EventView): readonly number[] => asked.filter(({ few }) => few === undefined || few(view)).map(({ at }) => at)
  let root: Node = new Map()
  let nodes = 0

  const keep = <T extends Node | readonly number[]>(node: Node, value: FieldValue | undefined, fresh: T): T => {
    // a list is another object each time, and long text is seldom seen again
    if (typeof value === 'object' || (typeof value === 'string' && value.length > LONGEST)) return fresh
    node.set(value, fresh)
    if (++nodes > NODES) {
      root = new Map()
      nodes = 0
    }
    return fresh
  }
  return (event, view) => {
    let node = root
    for (let level = 0; level < last; level++) {
      const value = (accessors[level] as Accessor)(event)
      node = (node.get(value) as Node | undefined) ?? keep(node, value, new Map())
    }
    const value = last < 0 ? undefined : (accessors[last] as Accessor)(event)
    return (node.get(value) as readonly number[] | undefined) ?? keep(node, value, ask(view))
  }
}
