import { EMPTY, writeSet, type CharSet } from './char-set.js'
import type { PatternNode } from './parse-pattern.js'

/**
 * Patterns as one array of instructions over one row of character sets (each set 256 bytes of `sets`, so that a set is its
 * offset). A block ends with END; a nested block is called by its address.
 */
export type Program = { readonly code: Int32Array; readonly sets: Uint8Array }

/** Instructions and their operands: `SET set`, `RUN set least most`, `CHOICE n block*`, `LOOP block least most`, `MARK 0|1`, `END`. */
export const OP = { end: 0, set: 1, run: 2, choice: 3, loop: 4, mark: 5 } as const

/** Collects patterns into one {@link Program}. */
export type ProgramBuilder = {
  /** the address of the pattern's block */
  readonly add: (tree: PatternNode) => number
  /** the offset of a set in `sets`; equal sets share one */
  readonly addSet: (set: CharSet) => number
  readonly build: () => Program
}

/** Starts an empty program. */
export const createProgramBuilder = (): ProgramBuilder => {
  const code: number[] = []
  const sets: CharSet[] = [EMPTY]
  const known = new Map<CharSet, number>()

  const addSet = (set: CharSet): number => {
    let index = known.get(set)
    if (index === undefined) {
      index = sets.length
      sets.push(set)
      known.set(set, index)
    }
    return index * 256
  }

  const emit = (node: PatternNode, into: number[]): void => {
    switch (node.kind) {
      case 'set':
        into.push(OP.set, addSet(node.set))
        return
      case 'sequence':
        for (const item of node.items) emit(item, into)
        return
      case 'secret':
        into.push(OP.mark, 0)
        emit(node.item, into)
        into.push(OP.mark, 1)
        return
      case 'choice':
        into.push(OP.choice, node.options.length, ...node.options.map(block))
        return
      case 'repeat':
        if (node.item.kind === 'set') into.push(OP.run, addSet(node.item.set), node.least, node.most)
        else into.push(OP.loop, block(node.item), node.least, node.most)
    }
  }
  const block = (node: PatternNode): number => {
    const own: number[] = []
    emit(node, own)
    own.push(OP.end)
    const address = code.length
    for (const word of own) code.push(word)
    return address
  }

  return {
    add: block,
    addSet,
    build: () => {
      const row = new Uint8Array(sets.length * 256)
      for (const [index, set] of sets.entries()) writeSet(set, row, index * 256)
      return { code: Int32Array.from(code), sets: row }
    },
  }
}
