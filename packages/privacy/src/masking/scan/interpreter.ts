import { OP, type Program } from '../pattern/program.js'

/** Matches the patterns of one program at given places of one text, without ever going back. */
export type Interpreter = {
  /** names the text: `units` up to `length`; forgets what it knew of the one before */
  readonly begin: (units: Uint8Array, length: number) => void
  /** the end of the match of the block at `address` that begins at `at`, or -1 */
  readonly match: (address: number, at: number) => number
  /** after a match: where the group `secret` begins and ends, or -1 when the pattern has none */
  readonly secret: { start: number; end: number }
  /** instructions done since it was last set; they do not depend on what the caches knew. The scan adds its own. */
  readonly work: { steps: number }
  /** how far the last match read that failed */
  readonly reached: () => number
}

/** Runs shorter than this are cheaper to read again than to remember. */
const REMEMBERED = 24
/** Stretches of text remembered for each set. */
const WAYS = 4

/**
 * A text can be built so that many matches begin inside the same long run of characters, and each reads it to its end. So the ends of long
 * runs are remembered for each set: all matches together read the text a fixed number of times. Loops are bounded by the pattern.
 */
export const createInterpreter = ({ code, sets }: Program): Interpreter => {
  const slots = (sets.length >> 8) * WAYS
  const runFrom = new Int32Array(slots).fill(-1)
  const runTo = new Int32Array(slots).fill(-1)
  const turn = new Uint8Array(sets.length >> 8)
  let units: Uint8Array = new Uint8Array(0)
  let length = 0
  let isDirty = false
  const secret = { start: -1, end: -1 }
  const work = { steps: 0 }
  let reached = 0

  /** The end of the run of `set` at `at`, at most `limit`. */
  const longRun = (set: number, at: number, limit: number): number => {
    const base = (set >> 8) * WAYS
    let slot = -1
    let end = at
    for (let way = 0; way < WAYS; way++) {
      const to = runTo[base + way] as number
      if (at >= (runFrom[base + way] as number) && at <= to && to > end) {
        slot = base + way
        end = to
      }
    }
    if (end >= limit) return limit
    while (end < limit && sets[set + (units[end] as number)] === 1) end++
    if (end - at < REMEMBERED) return end
    if (slot < 0) {
      const way = turn[set >> 8] as number
      turn[set >> 8] = (way + 1) % WAYS
      slot = base + way
      runFrom[slot] = at
    }
    runTo[slot] = end
    isDirty = true
    return end
  }

  const runEnd = (set: number, from: number, limit: number): number => {
    const near = limit - from > REMEMBERED ? from + REMEMBERED : limit
    let at = from
    while (at < near && sets[set + (units[at] as number)] === 1) at++
    return at < near || near === limit ? at : longRun(set, from, limit)
  }

  const run = (address: number, start: number): number => {
    let pc = address
    let at = start
    for (;;) {
      work.steps++
      if (at > reached) reached = at
      switch (code[pc] as number) {
        case OP.set:
          if (at >= length || sets[(code[pc + 1] as number) + (units[at] as number)] !== 1) return -1
          at++
          pc += 2
          break
        case OP.run: {
          const most = at + (code[pc + 3] as number)
          const end = runEnd(code[pc + 1] as number, at, most < length ? most : length)
          if (end > reached) reached = end
          if (end - at < (code[pc + 2] as number)) return -1
          at = end
          pc += 4
          break
        }
        case OP.choice: {
          const options = code[pc + 1] as number
          let end = -1
          for (let option = 0; option < options && end < 0; option++) end = run(code[pc + 2 + option] as number, at)
          if (end < 0) return -1
          at = end
          pc += 2 + options
          break
        }
        case OP.loop: {
          const block = code[pc + 1] as number
          const [least, most] = [code[pc + 2] as number, code[pc + 3] as number]
          let rounds = 0
          for (; rounds < most; rounds++) {
            const end = run(block, at)
            if (end < 0) break
            at = end
          }
          if (rounds < least) return -1
          pc += 4
          break
        }
        case OP.mark:
          if (code[pc + 1] === 0) secret.start = at
          else secret.end = at
          pc += 2
          break
        default:
          return at
      }
    }
  }

  return {
    begin: (text, size) => {
      units = text
      length = size
      if (isDirty) {
        runFrom.fill(-1)
        runTo.fill(-1)
        isDirty = false
      }
    },
    match: (address, at) => {
      secret.start = -1
      secret.end = -1
      reached = at
      return run(address, at)
    },
    secret,
    work,
    reached: () => reached,
  }
}
