import type { Watermarks } from './shard-clocks.js'

/** What has to look at the clock while something of it goes on. */
export type Ticking = {
  tick: (marks: Watermarks) => void
  /** nothing goes on and nothing waits for its time */
  isQuiet: () => boolean
}

/** The rules of an engine that must be told of the time: there may be thousands, and hardly any is ever at work. */
export type Awake = {
  /** the rule at this place of the program may have something to wait for */
  wake: (index: number) => void
  /** in the order of the program */
  tick: (marks: Watermarks) => void
  /** looks at all of them: after a restore */
  restored: () => void
}

/** Keeps awake those of `rules` that are not quiet. */
export const createAwake = (rules: readonly (Ticking | undefined)[]): Awake => {
  const isAwake = new Uint8Array(rules.length)
  let awake: readonly number[] = []
  const wake = (index: number): void => {
    if (isAwake[index] === 1 || rules[index]?.isQuiet() !== false) return
    isAwake[index] = 1
    awake = [...awake, index].toSorted((a, b) => a - b)
  }
  return {
    wake,
    tick: (marks) => {
      for (const index of awake) {
        const rule = rules[index] as Ticking
        rule.tick(marks)
        if (!rule.isQuiet()) continue
        isAwake[index] = 0
        awake = awake.filter((other) => other !== index)
      }
    },
    restored: () => {
      for (let index = 0; index < rules.length; index++) wake(index)
    },
  }
}
