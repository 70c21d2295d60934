import type { Automaton } from '@parapet/core/match'
import { shapeKind, type ShapeAutomaton } from './shape-automaton.js'

/** The two automata as one step needs them. */
export type SeekTables = {
  /** by unit: its class for the literals, and its kind for the shapes of digits above it */
  readonly infos: Uint16Array
  readonly next: Int32Array
  readonly firstHit: number
  readonly cells: Int32Array
}

/** Places in the array of states. */
export const LITERAL_STATE = 0
export const SHAPE_STATE = 1

const CLASS = 0x1ff
const KIND_SHIFT = 9

/** Puts the tables of both automata together. */
export const seekTables = ({ classes, next, firstHit }: Automaton, { cells }: ShapeAutomaton): SeekTables => ({
  infos: Uint16Array.from({ length: 256 }, (_, code) => (classes[code] ?? 0) | (shapeKind(code) << KIND_SHIFT)),
  next,
  firstHit,
  cells,
})

/**
 * Reads units `from` to `to` until one completes a literal (its state is `firstHit` or above) or a shape of digits (its state is negative). Gives its place, or `to`; `states`
 * holds both states before and after. It calls nothing, so that the compiler keeps all tables at hand: nearly all time of a scan is spent here.
 */
export const seek = (text: Uint8Array, from: number, to: number, { infos, next, firstHit, cells }: SeekTables, states: Int32Array): number => {
  let literal = states[LITERAL_STATE] as number
  let shape = states[SHAPE_STATE] as number
  let at = from
  for (; at < to; at++) {
    const info = infos[text[at] as number] as number
    literal = next[literal + (info & CLASS)] as number
    shape = cells[shape + (info >> KIND_SHIFT)] as number
    if (shape < 0 || literal >= firstHit) break
  }
  states[LITERAL_STATE] = literal
  states[SHAPE_STATE] = shape
  return at
}
