import { ParapetError } from '../errors.js'

/** Bounds of one compiled set: literals, symbols over all of them, and cells of the transition table (four bytes each). */
export const MATCHER_LIMITS: { readonly literals: number; readonly symbols: number; readonly cells: number } = {
  literals: 200_000,
  symbols: 4_000_000,
  cells: 67_108_864,
}

/** True for a set that surely keeps {@link MATCHER_LIMITS}, told without compiling it: each symbol with a state and a class of its own is the worst case. */
export const fitsMatcher = (literals: readonly string[]): boolean => {
  let symbols = 1
  for (const { length } of literals) symbols += length
  if (literals.length > MATCHER_LIMITS.literals || symbols > MATCHER_LIMITS.symbols) return false
  const kinds = new Set<number>()
  for (const literal of literals) for (let i = 0; i < literal.length; i++) kinds.add(literal.charCodeAt(i))
  return symbols * (kinds.size + 1) <= MATCHER_LIMITS.cells
}

/**
 * A complete Aho-Corasick automaton in flat tables. A state is the offset of its row in `next`, so that one step is one
 * addition and one load; rows of states at which a literal ends come last, so that "is this a hit" is one comparison.
 * Source: Aho and Corasick, "Efficient string matching", CACM 18(6), 1975.
 */
export type Automaton = {
  /** class of each symbol below 256 (bytes) or 128 (text); class 0 is "in no literal" */
  readonly classes: Uint8Array | Uint16Array
  /** class of the symbols above the table, when any literal holds one */
  readonly wide: ReadonlyMap<number, number> | undefined
  readonly next: Int32Array
  readonly stride: number
  readonly start: number
  /** states at or above this one are hits */
  readonly firstHit: number
  /** by hit number ((state - firstHit) / stride): where its literals stand in `ids`, end exclusive at +1 */
  readonly idsFrom: Int32Array
  readonly ids: Int32Array
  /** by hit number: the hit number of the longest proper suffix that is a hit too, or -1 */
  readonly suffixHit: Int32Array
}

/** `symbols` of each literal, none empty; `direct` is the length of the class table; `fold` gives the symbols that count as the same. */
export const compileAutomaton = (literals: readonly ArrayLike<number>[], direct: 128 | 256, foldCase: boolean): Automaton => {
  const { classes, wide, count: stride } = classify(literals, direct, foldCase)
  const classOf = (symbol: number): number => (symbol < direct ? (classes[symbol] ?? 0) : (wide?.get(symbol) ?? 0))
  let total = 1
  for (const literal of literals) total += literal.length
  if (literals.length > MATCHER_LIMITS.literals || total > MATCHER_LIMITS.symbols)
    throw new ParapetError(
      'PPT_INVALID',
      `a set of literals holds at most ${MATCHER_LIMITS.literals} of ${MATCHER_LIMITS.symbols} characters in all`,
    )

  const trie = buildTrie(literals, classOf, stride, total)
  return { classes, wide, stride, ...connect(trie, stride) }
}

type Classes = { classes: Uint8Array | Uint16Array; wide: Map<number, number> | undefined; count: number }

/** Gives each symbol that occurs a class of its own; all others share class 0, so that the table stays narrow. */
const classify = (literals: readonly ArrayLike<number>[], direct: number, foldCase: boolean): Classes => {
  const known = new Map<number, number>()
  for (const literal of literals) {
    for (let i = 0; i < literal.length; i++) {
      const symbol = literal[i] ?? 0
      if (!known.has(symbol)) known.set(symbol, known.size + 1)
    }
  }
  const count = known.size + 1
  const classes = count <= 256 ? new Uint8Array(direct) : new Uint16Array(direct)
  let wide: Map<number, number> | undefined
  for (const [symbol, id] of known) {
    if (symbol < direct) classes[symbol] = id
    else (wide ??= new Map()).set(symbol, id)
    if (foldCase && symbol >= 97 && symbol <= 122) classes[symbol - 32] = id
  }
  return { classes, wide, count }
}

type Trie = { children: Int32Array; states: number; endsAt: Int32Array }

const buildTrie = (literals: readonly ArrayLike<number>[], classOf: (symbol: number) => number, stride: number, most: number): Trie => {
  let room = Math.min(most, 64)
  let children = new Int32Array(room * stride)
  let states = 1
  const endsAt = new Int32Array(literals.length)
  for (const [index, literal] of literals.entries()) {
    let state = 0
    for (let i = 0; i < literal.length; i++) {
      const cell = state * stride + classOf(literal[i] ?? 0)
      let child = children[cell] ?? 0
      if (child === 0) {
        child = states++
        children[cell] = child
        if (states > room) {
          room = Math.min(most, room * 2)
          if (room * stride > MATCHER_LIMITS.cells)
            throw new ParapetError('PPT_INVALID', `a set of literals needs a table over ${MATCHER_LIMITS.cells} cells; split it`)
          const grown = new Int32Array(room * stride)
          grown.set(children)
          children = grown
        }
      }
      state = child
    }
    endsAt[index] = state
  }
  return { children, states, endsAt }
}

type Connected = Pick<Automaton, 'next' | 'start' | 'firstHit' | 'idsFrom' | 'ids' | 'suffixHit'>

/** A trie with its failure transitions filled in: literals that end at each state, the nearest suffix at which one does, or -1, and the states by depth. */
type Linked = { children: Int32Array; states: number; own: Int32Array; hitLink: Int32Array; order: Int32Array }

/** Fills in the failure transitions breadth first, in place. */
const follow = ({ children, states, endsAt }: Trie, stride: number): Linked => {
  const own = new Int32Array(states)
  for (const state of endsAt) own[state] = (own[state] ?? 0) + 1
  const fail = new Int32Array(states)
  const hitLink = new Int32Array(states).fill(-1)
  const queue = new Int32Array(states)
  let tail = 1
  for (let head = 0; head < tail; head++) {
    const state = queue[head] ?? 0
    const back = (fail[state] ?? 0) * stride
    const row = state * stride
    for (let c = 0; c < stride; c++) {
      const child = children[row + c] ?? 0
      const detour = state === 0 ? 0 : (children[back + c] ?? 0)
      if (child === 0) {
        children[row + c] = detour
        continue
      }
      fail[child] = detour
      hitLink[child] = (own[detour] ?? 0) > 0 ? detour : (hitLink[detour] ?? -1)
      queue[tail++] = child
    }
  }
  return { children, states, own, hitLink, order: queue }
}

/**
 * New numbers of the states: hits come last, `plain` is the first of them. Otherwise by depth: most text stays near the start, and what
 * it visits should lie together in memory.
 */
const renumber = ({ states, own, hitLink, order }: Linked): { renumbered: Int32Array; plain: number } => {
  const renumbered = new Int32Array(states)
  const isHit = (state: number): boolean => (own[state] ?? 0) > 0 || (hitLink[state] ?? -1) >= 0
  let plain = 0
  for (const state of order) if (!isHit(state)) renumbered[state] = plain++
  let last = plain
  for (const state of order) if (isHit(state)) renumbered[state] = last++
  return { renumbered, plain }
}

const moveRows = ({ children, states }: Linked, renumbered: Int32Array, stride: number): Int32Array => {
  const next = new Int32Array(states * stride)
  for (let state = 0; state < states; state++) {
    const row = (renumbered[state] ?? 0) * stride
    for (let c = 0; c < stride; c++) next[row + c] = (renumbered[children[state * stride + c] ?? 0] ?? 0) * stride
  }
  return next
}

/** Connects the trie and lays it out. In steps of their own, since a long function of loops is optimised anew after each of them. */
const connect = (trie: Trie, stride: number): Connected => {
  const linked = follow(trie, stride)
  const { states, own, hitLink } = linked
  const { renumbered, plain } = renumber(linked)
  const hits = states - plain
  const idsFrom = new Int32Array(hits + 1)
  const suffixHit = new Int32Array(hits).fill(-1)
  for (let state = 0; state < states; state++) {
    const hit = (renumbered[state] ?? 0) - plain
    if (hit < 0) continue
    idsFrom[hit + 1] = own[state] ?? 0
    const link = hitLink[state] ?? -1
    if (link >= 0) suffixHit[hit] = (renumbered[link] ?? 0) - plain
  }
  for (let hit = 0; hit < hits; hit++) idsFrom[hit + 1] = (idsFrom[hit + 1] ?? 0) + (idsFrom[hit] ?? 0)
  const ids = new Int32Array(trie.endsAt.length)
  const filled = idsFrom.slice()
  for (const [index, state] of trie.endsAt.entries()) {
    const hit = (renumbered[state] ?? 0) - plain
    const place = filled[hit] ?? 0
    filled[hit] = place + 1
    ids[place] = index
  }
  return { next: moveRows(linked, renumbered, stride), start: 0, firstHit: plain * stride, idsFrom, ids, suffixHit }
}
