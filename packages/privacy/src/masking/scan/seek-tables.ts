import type { Automaton } from '@parapet/core/match'
import { shapeKind, type ShapeAutomaton } from './shape-automaton.js'

/** What one step of the scan reads. */
export type SeekTables = {
  /**
   * Both automata in one array, since the compiler looks after each array anew in every round of a loop. By unit its class for the literals and, above it
   * from {@link KIND_SHIFT} on, its kind for the shapes of digits; from {@link SHAPES_FROM} on the cells of the shapes, negative where one is complete;
   * from `literalsFrom` on those of the literals. What a cell leads to is a place in this array.
   */
  readonly cells: Int32Array
  readonly literalsFrom: number
  /** states of the literals at or above this one are hits, counted from `literalsFrom` */
  readonly firstHit: number
  /** by number of the hit, which is `(state - firstHit) * perStride` */
  readonly perStride: number
  /**
   * by number of the hit: how far before its end a letter or digit rules all its literals out; 0 when that is not known, {@link KEY_GUARD} for key names,
   * {@link RUN_GUARD} with bits of runs and a length where a character of a run must stand before the literal
   */
  readonly guards: Uint32Array
  /** by unit: 1 when it can stand right before the `@` of an address */
  readonly beforeAt: Uint8Array
  /** by unit: the bits of the runs that it is a part of */
  readonly beforeRun: Uint8Array
}

export const SHAPES_FROM = 256
export const KIND_SHIFT = 9

/** The guard of key names: a small letter behind one makes it the beginning of another word. */
export const KEY_GUARD = 0xffff
/** Eight bits of runs above eight bits of a length: the character right before the literal must be of one of these runs. */
export const RUN_GUARD = 0x10000

/** Puts the tables of both automata together. */
export const joinTables = (
  { classes, next, stride, firstHit }: Automaton,
  shapes: ShapeAutomaton,
): Pick<SeekTables, 'cells' | 'literalsFrom' | 'firstHit' | 'perStride'> => {
  const literalsFrom = SHAPES_FROM + shapes.cells.length
  const cells = new Int32Array(literalsFrom + next.length)
  for (let unit = 0; unit < SHAPES_FROM; unit++) cells[unit] = (classes[unit] ?? 0) | (shapeKind(unit) << KIND_SHIFT)
  for (let i = 0; i < shapes.cells.length; i++) {
    const to = shapes.cells[i] as number
    cells[SHAPES_FROM + i] = to < 0 ? to : SHAPES_FROM + to
  }
  for (let i = 0; i < next.length; i++) cells[literalsFrom + i] = literalsFrom + (next[i] as number)
  return { cells, literalsFrom, firstHit, perStride: 1 / stride }
}
