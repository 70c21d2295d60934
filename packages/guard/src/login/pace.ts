/** Makes refusals take as long as real checks do, so that time tells nobody which names exist. */
export type Pace = {
  /** notes how long a check of a credential took, ms */
  note: (ms: number) => void
  /** how long a refusal that has taken `elapsed` ms still has to wait, ms */
  missing: (elapsed: number) => number
}

/** Longer than this nobody is held, ms. */
const LONGEST = 1_000
/** How slowly the slowest check seen is forgotten: a fast answer for an unknown name must not pull it down. */
const FADING = 0.995

/** Follows the slowest recent check. */
export const createPace = (): Pace => {
  let target = 0
  return {
    note: (ms) => {
      target = Math.min(LONGEST, Math.max(ms, target * FADING))
    },
    missing: (elapsed) => Math.max(0, Math.ceil(target - elapsed)),
  }
}
