import type { FieldValue } from '@parapet/core'
import type { DetectionTree, Leaf, LeafTest, TimePart } from '../sigma/detection-tree.js'
import { matchesPattern, type Pattern } from '../sigma/pattern.js'
import type { EventView, FieldTable } from './event-view.js'

/** A rule, or a part of one, over the event in view. */
export type Predicate = (view: EventView) => boolean

/** The literal that can be looked for in one pass with all others: ASCII, since the matcher folds only ASCII, and long enough to be rare. */
export const searchable = (text: string): string | undefined => (text.length >= 2 && isAscii(text) ? text.toLowerCase() : undefined)

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** Compiles a tree once into closures. */
export const compileTree = (tree: DetectionTree, table: FieldTable): Predicate => {
  if (tree.op === 'leaf') return compileLeaf(tree, table)
  if (tree.op === 'not') {
    const part = compileTree(tree.part, table)
    return (view) => !part(view)
  }
  const parts = tree.parts.map((part) => compileTree(part, table))
  const [a, b] = parts
  if (tree.op === 'and') {
    if (parts.length === 2 && a !== undefined && b !== undefined) return (view) => a(view) && b(view)
    return (view) => {
      for (let i = 0; i < parts.length; i++) if (!(parts[i] as Predicate)(view)) return false
      return true
    }
  }
  if (parts.length === 2 && a !== undefined && b !== undefined) return (view) => a(view) || b(view)
  return (view) => {
    for (let i = 0; i < parts.length; i++) if ((parts[i] as Predicate)(view)) return true
    return false
  }
}

/** Units of work by length of what is searched. */
const workOf = (text: string): number => 1 + (text.length >> 6)

const isAbsent = (value: FieldValue | undefined): value is null | undefined => value === undefined || value === null

/** Applies a test to a value, or to each element of a list. */
const anyOf = (value: FieldValue | undefined, test: (text: string) => boolean): boolean => {
  if (typeof value === 'string') return test(value)
  if (isAbsent(value)) return false
  if (typeof value === 'object') return value.some((item) => test(String(item)))
  return test(String(value))
}

const compileLeaf = ({ field, test }: Leaf, table: FieldTable): Predicate => {
  const slot = table.slot(field)
  switch (test.kind) {
    case 'pattern':
      return compilePattern(slot, test.pattern, table)
    case 'oneOf': {
      const one = createLookup(test.values)
      return (view) => anyOf(view.raw(slot), one)
    }
    case 'number':
      return compileNumber(slot, test.value)
    case 'boolean': {
      const text = String(test.value)
      return (view) => anyOf(view.raw(slot), (value) => value.toLowerCase() === text)
    }
    case 'null':
      return (view) => isAbsent(view.raw(slot))
    case 'exists':
      return (view) => isAbsent(view.raw(slot)) !== test.value
    case 'regex':
      return compileRegex(slot, test, table)
    case 'cidr':
      return (view) => anyOf(view.raw(slot), (text) => test.set.has(text))
    case 'compare':
      return compileComparison(slot, test)
    case 'fieldref':
      return compileReference(slot, test, table)
    case 'time':
      break
  }
  return (view) => timePart(view.raw(slot), test.part) === test.value
}

/** Case-blind membership that remembers short values: methods, extensions and names repeat. */
const createLookup = (values: ReadonlySet<string>): ((text: string) => boolean) => {
  const known = new Map<string, boolean>()
  // text longer than every value cannot be one of them (folding shortens nothing to ASCII): long text is not even hashed
  const longest = [...values].every(isAscii) ? Math.max(...[...values].map((value) => value.length)) : Number.POSITIVE_INFINITY
  return (text) => {
    if (text.length > longest) return false
    const before = known.get(text)
    if (before !== undefined) return before
    const fresh = values.has(text.toLowerCase())
    if (text.length <= 64) {
      if (known.size >= 1_024) known.clear()
      known.set(text, fresh)
    }
    return fresh
  }
}

const compilePattern = (slot: number, pattern: Pattern, table: FieldTable): Predicate => {
  const test = (text: string): boolean => matchesPattern(pattern, text)
  const literal = searchable(pattern.text)
  if (pattern.kind === 'exact') {
    const wanted = pattern.text
    // only text of the same length can fold to ASCII text, so long values are not folded to be found different
    const ascii = isAscii(wanted)
    const same = pattern.cased
      ? (text: string): boolean => text === wanted
      : (text: string): boolean => text === wanted || ((!ascii || text.length === wanted.length) && text.toLowerCase() === wanted)
    return (view) => anyOf(view.raw(slot), same)
  }
  if (pattern.kind === 'any' || literal === undefined)
    return (view) =>
      typeof view.raw(slot) === 'string' && !view.spend(workOf(view.raw(slot) as string)) ? false : anyOf(view.raw(slot), test)
  const number = table.literal(slot, literal)
  // one pass over the text has told which literals occur: `contains` needs no search of its own
  const enough = pattern.kind === 'contains' && !pattern.cased
  return (view) => {
    const value = view.raw(slot)
    if (typeof value !== 'string') return anyOf(value, test)
    if (!view.has(slot, number)) return false
    return enough || (view.spend(workOf(value)) && test(value))
  }
}

const compileNumber = (slot: number, wanted: number): Predicate => {
  const text = String(wanted)
  return (view) => {
    const value = view.raw(slot)
    return typeof value === 'number'
      ? value === wanted
      : anyOf(value, (item) => item === text || (item.trim() !== '' && Number(item) === wanted))
  }
}

const compileComparison = (slot: number, { op, value: bound }: Extract<LeafTest, { kind: 'compare' }>): Predicate => {
  const holds = (value: number): boolean =>
    op === 'lt' ? value < bound : op === 'lte' ? value <= bound : op === 'gt' ? value > bound : value >= bound
  return (view) => anyOf(view.raw(slot), (text) => text.trim() !== '' && holds(Number(text)))
}

const compileRegex = (slot: number, { regex }: Extract<LeafTest, { kind: 'regex' }>, table: FieldTable): Predicate => {
  const literals = regex.literals.map((literal) => table.literal(slot, literal))
  // the cost of a character in the slowest mode of the engine grows with the program
  const perCharacter = 1 + regex.cost / 32
  return (view) => {
    const value = view.raw(slot)
    if (isAbsent(value)) return false
    if (typeof value === 'string' && literals.length > 0 && !literals.some((literal) => view.has(slot, literal))) return false
    return anyOf(value, (text) => view.spend(Math.ceil((text.length * perCharacter) / 8)) && regex.test(text))
  }
}

const compileReference = (slot: number, { other, mode, cased }: Extract<LeafTest, { kind: 'fieldref' }>, table: FieldTable): Predicate => {
  const otherSlot = table.slot(other)
  const fold = (text: string): string => (cased ? text : text.toLowerCase())
  const compare = (text: string, with_: string): boolean =>
    mode === 'contains'
      ? text.includes(with_)
      : mode === 'startswith'
        ? text.startsWith(with_)
        : mode === 'endswith'
          ? text.endsWith(with_)
          : text === with_
  return (view) => {
    const value = view.raw(otherSlot)
    if (isAbsent(value) || typeof value === 'object') return false
    const wanted = fold(String(value))
    return anyOf(view.raw(slot), (text) => view.spend(workOf(text) + workOf(wanted)) && compare(fold(text), wanted))
  }
}

/** A part of a time in UTC; of ISO 8601 text or ms. Weeks are ISO weeks. */
const timePart = (value: FieldValue | undefined, part: TimePart): number | undefined => {
  const date = new Date(typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN)
  if (Number.isNaN(date.getTime())) return undefined
  switch (part) {
    case 'minute':
      return date.getUTCMinutes()
    case 'hour':
      return date.getUTCHours()
    case 'day':
      return date.getUTCDate()
    case 'month':
      return date.getUTCMonth() + 1
    case 'year':
      return date.getUTCFullYear()
    case 'week':
      break
  }
  // ISO 8601: the week of a day is that of its Thursday
  const thursday = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 4 - (date.getUTCDay() || 7))
  return Math.ceil(((thursday - Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1)) / 86_400_000 + 1) / 7)
}
