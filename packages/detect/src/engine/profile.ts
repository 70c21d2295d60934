import type { FieldValue, SecurityEvent } from '@parapet/core'
import type { DetectionTree } from '../sigma/detection-tree.js'
import { join } from '../sigma/detection-tree.js'
import type { EventView } from './event-view.js'
import { accessorOf, type Accessor } from './fields.js'
import type { Predicate } from './predicates.js'

/** Fields with few values: what a rule asks of them is answered once for each combination that occurs. */
const FEW: ReadonlySet<string> = new Set([
  'event.category',
  'event.dataset',
  'event.action',
  'event.outcome',
  'event.reason',
  'http.request.method',
  'http.response.status_code',
  'url.extension',
])

/** True for fields that a {@link Profile} can be made of. */
export const hasFewValues = (field: string): boolean => FEW.has(field)

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

const readsFew = (tree: DetectionTree): boolean =>
  tree.op === 'leaf'
    ? FEW.has(tree.field) && tree.test.kind !== 'fieldref' && tree.test.kind !== 'time'
    : tree.op === 'not'
      ? readsFew(tree.part)
      : tree.parts.every(readsFew)

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

/**
 * Answers by combination of values, kept in a tree with one level a field. A sender who invents values makes it start over: that costs
 * what no cache would cost, never a wrong answer.
 */
export const createProfile = (fields: readonly string[], asked: readonly Asked[]): Profile => {
  const accessors: Accessor[] = fields.map(accessorOf)
  const last = fields.length - 1
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
