import { hash } from 'node:crypto'

const BITS = 10
const SIZE = 1 << BITS
const ALPHA = 0.7213 / (1 + 1.079 / SIZE)

/** Registers of one sketch: 1,024 bytes, 3.25 % standard error. Source: Flajolet et al., "HyperLogLog", 2007. */
export type Sketch = Uint8Array

/** An empty sketch. */
export const createSketch = (): Sketch => new Uint8Array(SIZE)

/** Where a value goes in a sketch. The hash is keyed by nothing on purpose: the same input must give the same alerts everywhere. */
const placeOf = (value: string): { slot: number; rank: number } => {
  const hex = hash('sha256', value)
  const rest = Number.parseInt(hex.slice(8, 16), 16)
  return { slot: Number.parseInt(hex.slice(0, 8), 16) >>> (32 - BITS), rank: rest === 0 ? 33 : Math.clz32(rest) + 1 }
}

/** Several sketches as one, kept up to date value by value: what they hold together is known at once. */
export type Union = {
  readonly registers: Sketch
  /** of 2 to the power of minus each register; exact, since it fits 53 bits */ sum: number
  zeros: number
}

/** Joins sketches. */
export const createUnion = (sketches: readonly Sketch[]): Union => {
  const registers = createSketch()
  let [sum, zeros] = [0, 0]
  for (let i = 0; i < SIZE; i++) {
    let rank = 0
    for (let k = 0; k < sketches.length; k++) rank = Math.max(rank, sketches[k]?.[i] ?? 0)
    registers[i] = rank
    if (rank === 0) zeros++
    sum += 2 ** -rank
  }
  return { registers, sum, zeros }
}

/** Adds a value to a sketch, and to the union that the sketch is part of. */
export const addToSketch = (sketch: Sketch, value: string, union?: Union): void => {
  const { slot, rank } = placeOf(value)
  if ((sketch[slot] ?? 0) < rank) sketch[slot] = rank
  if (union === undefined) return
  const before = union.registers[slot] ?? 0
  if (before >= rank) return
  union.registers[slot] = rank
  union.sum += 2 ** -rank - 2 ** -before
  if (before === 0) union.zeros--
}

/** About how many distinct values there are. */
export const estimateUnion = ({ sum, zeros }: Union): number => {
  const raw = (ALPHA * SIZE * SIZE) / sum
  return Math.round(raw <= 2.5 * SIZE && zeros > 0 ? SIZE * Math.log(SIZE / zeros) : raw)
}
