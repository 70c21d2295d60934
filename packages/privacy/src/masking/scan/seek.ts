import { KEY_GUARD, KIND_SHIFT, RUN_GUARD, SHAPES_FROM, type SeekTables } from './seek-tables.js'
import { KIND, KINDS } from './units.js'

/** Places in the array of states. */
export const LITERAL_STATE = 0
export const SHAPE_STATE = 1

/** Of this module alone, since the compiler does not take what comes from another one, or goes to one, for a constant. */
const SHIFT = KIND_SHIFT
const CLASS = 2 ** KIND_SHIFT - 1
const [KEY, RUN] = [KEY_GUARD, RUN_GUARD] as const

/** By unit: 1 for letters, digits and underscore, but for the letters of escapes such as `\n`, after which a word may begin. */
const IN_WORD: Uint8Array = Uint8Array.from(KINDS, (kinds, unit) =>
  (kinds & KIND.word) !== 0 && ![98, 102, 110, 114, 116].includes(unit) ? 1 : 0,
)
const IS_SMALL: Uint8Array = Uint8Array.from({ length: 256 }, (_, unit) => (unit >= 97 && unit <= 122 ? 1 : 0))
const AT = 64

/**
 * Reads units `from` to `to` until one completes a literal (its state is `firstHit` or above) or a shape of digits (its state is negative). Gives its place, or `to`; `states`
 * holds both states before and after. It calls nothing, so that the compiler keeps all tables at hand: nearly all time of a scan is spent here. Each round of
 * its inner loop reads four units, since the compiler looks once a round whether an array is still what it was; written as one step, all takes a third longer. What one
 * look at a neighbour rules out is passed over, so that a text full of beginnings is not much slower than any other.
 */
export const seek = (text: Uint8Array, from: number, to: number, tables: SeekTables, states: Int32Array): number => {
  const { cells, literalsFrom, perStride, guards, beforeAt, beforeRun } = tables
  const firstHit = literalsFrom + tables.firstHit
  let literal = (states[LITERAL_STATE] as number) + literalsFrom
  let shape = (states[SHAPE_STATE] as number) + SHAPES_FROM
  const full = to - 3
  let info = 0
  let at = from
  for (; at < to; at++) {
    reading: {
      for (; at < full; at++) {
        info = cells[text[at] as number] as number
        literal = cells[(literal + (info & CLASS)) >>> 0] as number
        shape = cells[(shape + (info >>> SHIFT)) >>> 0] as number
        if (shape < 0 || literal >= firstHit) break reading
        at++
        info = cells[text[at] as number] as number
        literal = cells[(literal + (info & CLASS)) >>> 0] as number
        shape = cells[(shape + (info >>> SHIFT)) >>> 0] as number
        if (shape < 0 || literal >= firstHit) break reading
        at++
        info = cells[text[at] as number] as number
        literal = cells[(literal + (info & CLASS)) >>> 0] as number
        shape = cells[(shape + (info >>> SHIFT)) >>> 0] as number
        if (shape < 0 || literal >= firstHit) break reading
        at++
        info = cells[text[at] as number] as number
        literal = cells[(literal + (info & CLASS)) >>> 0] as number
        shape = cells[(shape + (info >>> SHIFT)) >>> 0] as number
        if (shape < 0 || literal >= firstHit) break reading
      }
      if (at >= to) break
      info = cells[text[at] as number] as number
      literal = cells[(literal + (info & CLASS)) >>> 0] as number
      shape = cells[(shape + (info >>> SHIFT)) >>> 0] as number
      if (shape >= 0 && literal < firstHit) continue
    }
    if (shape < 0) break
    const unit = text[at] as number
    if (unit === AT) {
      if (at > 0 && beforeAt[text[at - 1] as number] === 1) break
      continue
    }
    const guard = guards[((literal - firstHit) * perStride + 0.5) | 0] as number
    if (guard === KEY) {
      if (IS_SMALL[text[at + 1] as number] !== 1) break
    } else if (guard >= RUN) {
      const before = at - (guard & 0xff)
      if (before >= 0 && ((guard >>> 8) & (beforeRun[text[before] as number] as number)) !== 0) break
    } else if (guard === 0 || at < guard || IN_WORD[text[at - guard] as number] === 0) break
  }
  states[LITERAL_STATE] = literal - literalsFrom
  states[SHAPE_STATE] = shape < 0 ? shape : shape - SHAPES_FROM
  return at
}
