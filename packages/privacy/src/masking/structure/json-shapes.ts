import { LEAST_TEXT, type Hidden } from './limits.js'
import { type KnownStrings, MOST_UNITS } from './known-strings.js'
import type { PlainShapes } from './plain-shapes.js'
import { type Codes, isSameRun, type TextUnits, viewOf } from './units.js'

/** How a value is treated: hidden as something, left as it is, or read as text. */
export type ValueMode = Hidden | 'open' | undefined

/** What the pass knows of a changing value when it gets there. `State` is what it needs to go on from the value. */
type Changing<State> = {
  readonly isNumber: boolean
  readonly mode: ValueMode
  /** a number of thirteen digits is a time here */
  readonly isTime: boolean
  readonly state: State
}

/** A value that changes from line to line, and the texts that were seen to follow it. */
export type ShapeNode<State> = Changing<State> & {
  readonly nexts: ShapeText<State>[]
  /** as JSON, the mark that stands for every value here */
  readonly mark: string | undefined
  /** what hiding gave last, and the same as JSON: it is often the same mark */
  shown: string
  quoted: string
  /** how many values were looked up among the known ones, and how many were there: where all differ, nobody looks any more */
  asked: number
  known: number
  /** where a known value with its closing quote is kept, -1 for none: where most are the same it is compared, which costs less than looking it up */
  usual: number
  usualLength: number
}

/** A text in which nothing is hidden, from the end of one changing value to the start of the next, and where it is kept; `node` is undefined at the end of the line. */
type ShapeText<State> = { readonly from: number; readonly length: number; readonly node: ShapeNode<State> | undefined }

/** Where following a text ended, and what of it is masked by then. */
export type Followed<State> = {
  /** true: `out` is the whole text, masked */
  readonly isDone: boolean
  readonly out: string
  readonly copied: number
  /** where the pass goes on: at the start of the text, or of the value that `node` stands for */
  readonly at: number
  readonly node: ShapeNode<State>
}

/** What values are masked with. */
export type ShapeDeps = {
  readonly textOf: (value: string) => string
  readonly replace: (how: Hidden, value: string) => string | null
  /** the mark that every value of a kind gets, if there is one */
  readonly markOf: (how: Hidden) => string | undefined
  readonly quote: (text: string | null) => string
  readonly strings: KnownStrings
  readonly isPlain: PlainShapes
  /** true when `textOf` leaves the value that stands from `from` up to `to`; false says nothing */
  readonly isClean: (units: TextUnits, from: number, to: number) => boolean
  /** remembers a clean value that stands in the text from `from` to `to` */
  readonly keep: (units: TextUnits, from: number, to: number, value: string) => void
}

/**
 * Remembers what lines look like. A program logs the same kinds of lines over and over: the same keys in the same order, with other
 * values. What lies between two changing values was read before, so it is only compared; the values are masked one by one.
 * A line that fits nothing is read as if there was no memory, from the last value that fitted. Of bounded size.
 */
export type JsonShapes<State> = {
  readonly follow: (text: string, units: TextUnits) => Followed<State>
  /** adds what was read after `node`: `units` up to a changing value. Gives the node of that value, `undefined` when it is not remembered. */
  readonly grow: (node: ShapeNode<State>, units: Codes, value: Changing<State>) => ShapeNode<State> | undefined
  /** adds what was read after `node` up to the end */
  readonly end: (node: ShapeNode<State>, units: Codes) => void
}

const MOST_NODES = 1_024
const MOST_NEXTS = 8
const MOST_TEXT = 2_048
const LEAST_DIGITS = 12
const MOST_ASKED = 256
/** After so many values that were looked up, another one is taken for the usual one. */
const USUAL_EVERY = 64
/** The longest known value and its quote. */
const USUAL_ROOM = MOST_UNITS + 1
/** Bytes of all texts and usual values. */
const [FIRST_POOL, MOST_POOL] = [16_384, 1_048_576] as const

/** By unit: 1 for what numbers are written with. */
const IN_NUMBER: Uint8Array = Uint8Array.from({ length: 128 }, (_, unit) => ('0123456789.-+eE'.includes(String.fromCharCode(unit)) ? 1 : 0))
const isInNumber = (unit: number): boolean => unit < 128 && IN_NUMBER[unit] === 1

/** Starts with nothing remembered. `start` is the state at the beginning of a text. All texts are of one width. */
export const createJsonShapes = <State>(
  start: State,
  isWide: boolean,
  { textOf, replace, markOf, quote, strings, isPlain, isClean, keep }: ShapeDeps,
): JsonShapes<State> => {
  const shift = isWide ? 1 : 0
  const markFor = (mode: ValueMode): string | undefined => {
    const mark = mode === undefined || mode === 'open' ? undefined : markOf(mode)
    return mark === undefined ? undefined : quote(mark)
  }
  const newNode = ({ isNumber, mode, isTime, state }: Changing<State>): ShapeNode<State> => ({
    isNumber, mode, isTime, state, mark: markFor(mode), nexts: [], shown: '', quoted: '""', asked: 0, known: 0, usual: -1, usualLength: 0,
  }) // prettier-ignore
  const newRoot = (): ShapeNode<State> => newNode({ isNumber: false, mode: undefined, isTime: false, state: start })
  let root = newRoot()
  let nodes = 0
  // all texts and usual values in one array: what is compared lies close together
  let bytes = new Uint8Array(FIRST_POOL)
  let pool = viewOf(bytes)
  let pooled = 0

  /** Everything is learned again: what is still logged comes back soon. */
  const forget = (): void => {
    root = newRoot()
    nodes = 0
    pooled = 0
  }
  /** Room for so many bytes: its place, or -1 when there is none. */
  const take = (size: number): number => {
    if (pooled + size > MOST_POOL) return -1
    if (pooled + size > bytes.length) {
      const wider = new Uint8Array(Math.max(pooled + size, bytes.length * 2))
      wider.set(bytes)
      bytes = wider
      pool = viewOf(bytes)
    }
    pooled += size
    return pooled - size
  }
  const put = (units: Codes, place: number): void => bytes.set(new Uint8Array(units.buffer, units.byteOffset, units.byteLength), place)
  const isSame = ({ from, length }: ShapeText<State>, units: Codes): boolean =>
    length === units.length && isSameRun(pool, from, viewOf(units), 0, units.byteLength)

  const nextOf = ({ nexts }: ShapeNode<State>, view: DataView, at: number, length: number): ShapeText<State> | undefined => {
    for (let n = 0; n < nexts.length; n++) {
      const next = nexts[n] as ShapeText<State>
      const size = next.length
      if (at + size > length || (next.node === undefined && at + size !== length)) continue
      if (!isSameRun(pool, next.from, view, at << shift, size << shift)) continue
      // the one that came last is tried first
      if (n > 0) [nexts[n - 1], nexts[n]] = [next, nexts[n - 1] as ShapeText<State>]
      return next
    }
    return undefined
  }

  const isKnown = (node: ShapeNode<State>, units: TextUnits, from: number, to: number): boolean => {
    node.asked++
    if (strings.find(units, from, to) === undefined) return false
    if (node.known++ % USUAL_EVERY === 0) {
      if (node.usual < 0) node.usual = take(USUAL_ROOM << shift)
      if (node.usual < 0) return true
      put(units.codes.subarray(from, to + 1), node.usual)
      node.usualLength = to + 1 - from
    }
    return true
  }

  /** What stands for a value as JSON; `undefined` when it stays. */
  const maskedOf = (node: ShapeNode<State>, value: string): string | undefined => {
    const { mode, isNumber } = node
    const shown = mode === undefined ? textOf(value) : replace(mode as Hidden, value)
    if (shown === value && (isNumber || mode === undefined)) return undefined
    if (shown === null) return 'null'
    if (shown !== node.shown) [node.shown, node.quoted] = [shown, quote(shown)]
    return node.quoted
  }

  /** What stands for a value that is read as text; `undefined` when it stays. */
  const readText = (node: ShapeNode<State>, text: string, units: TextUnits, from: number, to: number): string | undefined => {
    if (to < from + LEAST_TEXT || isPlain(units.codes, from, to)) return undefined
    const isVaried = node.asked >= MOST_ASKED && node.known * 4 < node.asked
    if (!isVaried && isKnown(node, units, from, to)) return undefined
    if (isVaried && isClean(units, from, to)) return undefined
    const given = text.slice(from, to)
    const masked = maskedOf(node, given)
    if (masked === undefined && !isVaried) keep(units, from, to, given)
    return masked
  }

  const add = (node: ShapeNode<State>, units: Codes, next: ShapeNode<State> | undefined): void => {
    if (node.nexts.length >= MOST_NEXTS) node.nexts.pop()
    const from = take(units.byteLength)
    if (from < 0) return forget()
    put(units, from)
    node.nexts.push({ from, length: units.length, node: next })
  }

  return {
    follow: (text, units) => {
      const { length } = text
      const { codes, view } = units
      const firstEscape = text.indexOf('\\')
      let node = root
      let out = ''
      let copied = 0
      let at = 0
      // the last value that fitted, before it was masked: the pass reads it again when nothing fits after it
      let lastOut = ''
      let lastCopied = 0
      let lastAt = 0
      for (;;) {
        const next = nextOf(node, view, at, length)
        if (next === undefined) break
        at += next.length
        const value = next.node
        if (value === undefined) return { isDone: true, out: copied === 0 ? text : out + text.slice(copied), copied, at, node }
        const from = at
        let masked: string | undefined
        if (value.isNumber) {
          const first = at < length ? (codes[at] as number) : 0
          if ((first < 48 || first > 57) && first !== 45) break
          while (at < length && isInNumber(codes[at] as number)) at++
          const size = at - from
          if (value.mode !== 'open' && (value.mode !== undefined || (size >= LEAST_DIGITS && !(value.isTime && size === 13))))
            masked = value.mark ?? maskedOf(value, text.slice(from, at))
        } else {
          if (at >= length || codes[at] !== 34) break
          const { usualLength } = value
          if (usualLength > 0 && at + usualLength < length && isSameRun(pool, value.usual, view, (at + 1) << shift, usualLength << shift))
            at += usualLength + 1
          else {
            at = text.indexOf('"', at + 1)
            // escapes are for the pass that knows them
            if (at < 0 || (firstEscape >= 0 && firstEscape < at && text.slice(from, at).includes('\\'))) break
            if (value.mode === undefined) masked = readText(value, text, units, from + 1, at)
            else if (value.mode !== 'open' && at > from + 1) masked = value.mark ?? maskedOf(value, text.slice(from + 1, at))
            at++
          }
        }
        lastOut = out
        lastCopied = copied
        lastAt = from
        if (masked !== undefined) {
          out += text.slice(copied, from) + masked
          copied = at
        }
        node = value
      }
      return { isDone: false, out: lastOut, copied: lastCopied, at: lastAt, node }
    },
    grow: (node, units, value) => {
      if (units.length > MOST_TEXT) return undefined
      const there = node.nexts.find((next) => next.node?.isNumber === value.isNumber && isSame(next, units))
      if (there?.node !== undefined) return there.node
      if (nodes >= MOST_NODES) {
        forget()
        return undefined
      }
      nodes++
      const next = newNode(value)
      add(node, units, next)
      return next
    },
    end: (node, units) => {
      if (units.length <= MOST_TEXT && !node.nexts.some((next) => next.node === undefined && isSame(next, units)))
        add(node, units, undefined)
    },
  }
}
