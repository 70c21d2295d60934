import type { ValueMode } from './json-shapes.js'
import type { Known } from './known-strings.js'
import type { Hidden } from './limits.js'
import type { PathNodes } from './paths.js'
import type { Codes } from './units.js'

/** How the values of one object or list are treated. */
export type JsonFrame = {
  readonly isList: boolean
  readonly mode: ValueMode
  readonly nodes: PathNodes
  /** the name that came last in a list of pairs, or under `name` in an object */
  named: Hidden | undefined
  /** how many items of a list came */
  items: number
  /** an object that says it is a Buffer: its data are the bytes of one */
  isBytes: boolean
}

/** Where a pass stands between two pieces of a text. */
export type JsonState = {
  readonly frames: JsonFrame[]
  frame: JsonFrame
  /** the key that waits for its value, and what it says of it */
  key: Known | undefined
  pending: ValueMode
  pendingNodes: PathNodes
  role: number
  /** what stood before, since only some things may follow it */
  before: number
}

/** What a string is for as a key: the name or the value of a pair, a time, or a part of what `Buffer.toJSON` writes. 0 is none of these. */
export const ROLE = { name: 1, value: 2, time: 3, type: 4, data: 5, buffer: 6 } as const
/** What stood before: nothing or an opening bracket, a comma, a key with its colon, a value. */
export const BEFORE = { open: 0, comma: 1, colon: 2, value: 3 } as const
const ROLES: ReadonlyMap<string, number> = new Map([['name', ROLE.name], ['key', ROLE.name], ['header', ROLE.name], ['field', ROLE.name], ['value', ROLE.value], ['time', ROLE.time], ['type', ROLE.type], ['data', ROLE.data], ['Buffer', ROLE.buffer]]) // prettier-ignore

/** The role of a string. */
export const roleOf = (text: string): number => ROLES.get(text) ?? 0

/** After so many different values a key is one whose value changes. */
const MOST_CHANGES = 4
const PLAIN = /^[\w:[\]*. @+-]*$/

/** True for the white space of JSON. */
export const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

/** Digits, sign, point, exponent, in any order: nothing else may hide in a bare word. */
export const isNumber = (units: Codes, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) {
    const code = units[i] ?? 0
    if ((code > 57 || code < 48) && code !== 46 && code !== 45 && code !== 43 && code !== 69 && code !== 101) return false
  }
  return true
}

/** A text as a JSON string. */
export const quote = (text: string): string => (text.length < 200 && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text))

/** Bytes that were written as a list of numbers, in which no rule finds anything: each becomes 0. */
export const BYTES: Hidden = { id: 'bytes', kind: 'secret', action: 'redact', keepLast: 0 }

/** The state at the beginning of a text. */
export const newState = (nodes: PathNodes): JsonState => ({
  frames: [],
  frame: { isList: false, mode: undefined, nodes, named: undefined, items: 0, isBytes: false },
  key: undefined,
  pending: undefined,
  pendingNodes: nodes,
  role: 0,
  before: BEFORE.open,
})

/** A state that can go on by itself. */
export const copyOf = (state: JsonState): JsonState => ({
  ...state,
  frames: state.frames.map((frame) => ({ ...frame })),
  frame: { ...state.frame },
})

/** The same value as before, for a key whose value seldom changes: it belongs to the shape of the line. */
export const isConstant = (key: Known | undefined, value: string): boolean => {
  if (key === undefined || (key.changes ?? 0) >= MOST_CHANGES) return false
  if (key.last === value) return true
  if (key.last !== undefined) key.changes = (key.changes ?? 0) + 1
  key.last = value
  return false
}
