import type { CompiledRules } from './compile-rules.js'
import { LITERAL_STATE, seek, SHAPE_STATE } from './seek.js'
import { atEnd } from './shape-automaton.js'

/** True when no rule can find anything in the ASCII from `from` up to `to`, behind and before which stands a quote. False says nothing. */
export type CleanCheck = (units: Uint8Array, from: number, to: number) => boolean

/** Most values hold not even the beginning of what a rule looks for: it takes one look at each unit to know, and nothing else of a scan. */
export const createCleanCheck = ({ tables, shapes }: CompiledRules): CleanCheck => {
  const states = new Int32Array(2)
  return (units, from, to) => {
    states[LITERAL_STATE] = states[SHAPE_STATE] = 0
    return seek(units, from, to, tables, states) === to && atEnd(shapes, states[SHAPE_STATE] ?? 0) >= 0
  }
}
