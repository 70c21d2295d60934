/** Repeatable randomness for generators and tests: never for secrets. */
export type SeededRandom = {
  /** uniform in [0, 1) */
  next: () => number
  /** uniform in [from, to) */
  uniform: (from: number, to: number) => number
  /** a whole number in [from, to) */
  integer: (from: number, to: number) => number
  /** exponential with this mean */
  exponential: (mean: number) => number
  pick: <T>(items: readonly T[]) => T
  /** `count` different items in random order */
  sample: <T>(items: readonly T[], count: number) => T[]
  /** fits `RandomSource` of core */
  bytes: (count: number) => Uint8Array
}

/** Four words from any text, so that near seeds give unrelated streams. Source: xmur3 by bryc, public domain. */
const spread = (seed: string): [number, number, number, number] => {
  let h = 1779033703 ^ seed.length
  for (let i = 0; i < seed.length; i++) {
    h = Math.imul(h ^ seed.charCodeAt(i), 3432918353)
    h = (h << 13) | (h >>> 19)
  }
  const word = (): number => {
    h = Math.imul(h ^ (h >>> 16), 2246822507)
    h = Math.imul(h ^ (h >>> 13), 3266489909)
    h ^= h >>> 16
    return h >>> 0
  }
  return [word(), word(), word(), word()]
}

/** The same seed gives the same stream on every machine. Source: sfc32 of PractRand (Chris Doty-Humphrey), public domain. */
export const seededRandom = (seed: string | number): SeededRandom => {
  let [a, b, c, d] = spread(String(seed))
  const word = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) word()

  const next = (): number => word() / 4_294_967_296
  const integer = (from: number, to: number): number => from + Math.floor(next() * (to - from))
  const pick = <T>(items: readonly T[]): T => {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[integer(0, items.length)] as T
  }
  return {
    next,
    uniform: (from, to) => from + next() * (to - from),
    integer,
    exponential: (mean) => -Math.log(1 - next()) * mean,
    pick,
    sample: (items, count) => {
      const rest = [...items]
      const taken: typeof rest = []
      while (taken.length < count && rest.length > 0) taken.push(...rest.splice(integer(0, rest.length), 1))
      return taken
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => word() & 255),
  }
}
