import { KEY_GUARD, type CompiledRules } from './compile-rules.js'
import { shapeKind } from './shape-automaton.js'
import { KIND, KINDS } from './units.js'

/** The two automata as one step needs them. */
export type SeekTables = {
  /** by unit: its class for the literals, and its kind for the shapes of digits above it */
  readonly infos: Uint16Array
  readonly next: Int32Array
  readonly firstHit: number
  readonly cells: Int32Array
  readonly perStride: number
  readonly guards: Uint16Array
  readonly beforeAt: Uint8Array
}

/** Places in the array of states. */
export const LITERAL_STATE = 0
export const SHAPE_STATE = 1

const CLASS = 0x1ff
const KIND_SHIFT = 9

/** By unit: 1 for letters, digits and underscore, but for the letters of escapes such as `\n`, after which a word may begin. */
const IN_WORD: Uint8Array = Uint8Array.from(KINDS, (kinds, unit) =>
  (kinds & KIND.word) !== 0 && ![98, 102, 110, 114, 116].includes(unit) ? 1 : 0,
)
const IS_SMALL: Uint8Array = Uint8Array.from({ length: 256 }, (_, unit) => (unit >= 97 && unit <= 122 ? 1 : 0))
const AT = 64

/** Puts the tables of both automata together. */
export const seekTables = ({ automaton, shapes, guards, beforeAt }: CompiledRules): SeekTables => ({
  infos: Uint16Array.from({ length: 256 }, (_, code) => (automaton.classes[code] ?? 0) | (shapeKind(code) << KIND_SHIFT)),
  next: automaton.next,
  firstHit: automaton.firstHit,
  cells: shapes.cells,
  perStride: 1 / automaton.stride,
  guards,
  beforeAt,
})

/**
 * Reads units `from` to `to` until one completes a literal (its state is `firstHit` or above) or a shape of digits (its state is negative). Gives its place, or `to`; `states`
 * holds both states before and after. It calls nothing, so that the compiler keeps all tables at hand: nearly all time of a scan is spent here. What one
 * look at a neighbour rules out is passed over, so that a text full of beginnings is not much slower than any other.
 */
export const seek = (text: Uint8Array, from: number, to: number, tables: SeekTables, states: Int32Array): number => {
  const { infos, next, firstHit, cells, perStride, guards, beforeAt } = tables
  let literal = states[LITERAL_STATE] as number
  let shape = states[SHAPE_STATE] as number
  let at = from
  for (; at < to; at++) {
    const unit = text[at] as number
    const info = infos[unit] as number
    literal = next[literal + (info & CLASS)] as number
    shape = cells[shape + (info >> KIND_SHIFT)] as number
    if (shape < 0) break
    if (literal >= firstHit) {
      if (unit === AT) {
        if (at > 0 && beforeAt[text[at - 1] as number] === 1) break
        continue
      }
      const guard = guards[((literal - firstHit) * perStride + 0.5) | 0] as number
      if (guard === KEY_GUARD) {
        if (IS_SMALL[text[at + 1] as number] !== 1) break
      } else if (guard === 0 || at < guard || IN_WORD[text[at - guard] as number] === 0) break
    }
  }
  states[LITERAL_STATE] = literal
  states[SHAPE_STATE] = shape
  return at
}
