import { createMemo, type FieldValue, type Memo, type SecurityEvent } from '@parapet/core'
import { createMatcher, fitsMatcher, type Matcher } from '@parapet/core/match'
import { accessorOf, type Accessor } from './fields.js'

/** The fields and literals that a set of rules looks at, numbered. Filled while rules are compiled. */
export type FieldTable = {
  slot: (field: string) => number
  /** registers a literal (ASCII, lower case) to be found in a field's text; its number within the field */
  literal: (slot: number, text: string) => number
  readonly fields: readonly string[]
  readonly literals: ReadonlyMap<number, readonly string[]>
}

/** Starts an empty table. */
export const createFieldTable = (): FieldTable => {
  const fields: string[] = []
  const slots = new Map<string, number>()
  const literals = new Map<number, string[]>()
  const numbers = new Map<string, number>()
  return {
    fields,
    literals,
    slot: (field) => {
      const known = slots.get(field)
      if (known !== undefined) return known
      slots.set(field, fields.length)
      return fields.push(field) - 1
    },
    literal: (slot, text) => {
      const key = `${slot} ${text}`
      const known = numbers.get(key)
      if (known !== undefined) return known
      const list = literals.get(slot) ?? []
      literals.set(slot, list)
      numbers.set(key, list.length)
      return list.push(text) - 1
    },
  }
}

/** One event while rules look at it: each field is read once, each text searched once for all literals of all rules. */
export type EventView = {
  load: (event: SecurityEvent) => void
  raw: (slot: number) => FieldValue | undefined
  /** literals of the field that occur in it, by number; for fields that are no text a superset */
  found: (slot: number) => readonly number[]
  /** true when the literal occurs in the field's text; only for fields that are text */
  has: (slot: number, literal: number) => boolean
  /** takes from the work budget of this event; false when it is spent */
  spend: (units: number) => boolean
  /** true when something was left out because the budget was spent */
  overspent: () => boolean
  event: () => SecurityEvent
  /** another number for every event */
  stamp: () => number
}

const NONE: readonly number[] = []
/** Fields whose values repeat so much that remembering what is in them pays. */
const REPEATING: ReadonlySet<string> = new Set(['user_agent.original', 'user.name', 'process.name'])
const EMPTY: SecurityEvent = { '@timestamp': 0 }

/** Builds the view for a finished table. `budget`: units of work per event. */
export const createEventView = (table: FieldTable, budget: number): EventView => {
  const count = table.fields.length
  const accessors: Accessor[] = table.fields.map(accessorOf)
  const values: (FieldValue | undefined)[] = Array.from({ length: count }, () => undefined)
  const readAt = new Float64Array(count)
  const searchedAt = new Float64Array(count)
  const founds: (readonly number[])[] = Array.from({ length: count }, () => NONE)
  const matchers: (Matcher | undefined)[] = Array.from({ length: count }, () => undefined)
  const compile = (slot: number): Matcher => (matchers[slot] = createMatcher(table.literals.get(slot) ?? [], { caseInsensitive: true }))
  const memos: (Memo<readonly number[]> | undefined)[] = Array.from({ length: count }, () => undefined)
  const marks: Float64Array[] = Array.from({ length: count }, () => new Float64Array(0))
  for (const [slot, literals] of table.literals) {
    // otherwise with the first value: most sources have few of the fields that rules look at
    if (!fitsMatcher(literals)) compile(slot)
    marks[slot] = new Float64Array(literals.length)
    if (REPEATING.has(table.fields[slot] ?? '')) memos[slot] = createMemo(2_048)
  }
  let event = EMPTY
  let stamp = 0
  let left = budget
  let over = false

  const raw = (slot: number): FieldValue | undefined => {
    if (readAt[slot] === stamp) return values[slot]
    readAt[slot] = stamp
    const value = (accessors[slot] as Accessor)(event)
    values[slot] = value
    return value
  }
  const search = (slot: number, value: FieldValue): readonly number[] => {
    const matcher = matchers[slot] ?? compile(slot)
    const text = typeof value === 'string' ? value : Array.isArray(value) ? value.join('\n') : String(value)
    const memo = memos[slot]
    const known = memo?.get(text)
    if (known !== undefined) return known
    const fresh = matcher.find(text)
    memo?.set(text, fresh)
    return fresh
  }
  const found = (slot: number): readonly number[] => {
    if (searchedAt[slot] === stamp) return founds[slot] ?? NONE
    searchedAt[slot] = stamp
    const value = raw(slot)
    const list = value === undefined || value === null ? NONE : search(slot, value)
    const marked = marks[slot] as Float64Array
    for (let i = 0; i < list.length; i++) marked[list[i] as number] = stamp
    founds[slot] = list
    return list
  }
  return {
    raw,
    found,
    has: (slot, literal) => {
      found(slot)
      return marks[slot]?.[literal] === stamp
    },
    load: (next) => {
      event = next
      stamp++
      left = budget
      over = false
    },
    spend: (units) => {
      left -= units
      if (left < 0) over = true
      return left >= 0
    },
    overspent: () => over,
    event: () => event,
    stamp: () => stamp,
  }
}
