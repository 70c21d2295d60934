import type { MaskRule } from '../types.js'

/** What a found value is called and what is done to it: a rule, or a group of keys. */
export type Found = Pick<MaskRule, 'id' | 'kind' | 'action' | 'keepLast'>

/**
 * What is known of a candidate: a `value` in full; `open`, its end was not in view when it was found; `whole`, more is hidden than the
 * value that was found; `unscanned`, hidden for lack of time. All but the first are only ever redacted.
 */
export type CandidateState = 'value' | 'open' | 'whole' | 'unscanned'

/** A value that a rule found: `start` to `end` is what is hidden. */
export type Candidate = {
  readonly what: Found
  start: number
  end: number
  /** more certain rules win where start and end are the same */
  readonly rank: number
  readonly index: number
  readonly state: CandidateState
}

/** The end of what is open: farther than any text reaches. */
export const NO_END = 0x3fff_ffff

/** A candidate. All of them are made here, so that they have one shape. */
export const candidateOf = (what: Found, start: number, end: number, rank: number, index: number, state: CandidateState): Candidate => ({
  what,
  start,
  end,
  rank,
  index,
  state,
})

/** Left before right, long before short, certain before uncertain, then the order of the rules. */
const byPrecedence = (a: Candidate, b: Candidate): number => a.start - b.start || b.end - a.end || b.rank - a.rank || a.index - b.index

/** Candidates by precedence. Most of them come in order. */
export const inOrder = (candidates: readonly Candidate[]): readonly Candidate[] => {
  for (let i = 1; i < candidates.length; i++)
    if (byPrecedence(candidates[i - 1] as Candidate, candidates[i] as Candidate) > 0) return candidates.toSorted(byPrecedence)
  return candidates
}

/**
 * Resolves overlaps of sorted candidates, in place: the first of each pile wins and its hidden part grows over the others, since what any rule found is
 * hidden. Gives the winners in the order of the text.
 */
export const resolveOverlaps = (sorted: readonly Candidate[]): Candidate[] => {
  const winners: Candidate[] = []
  let last: Candidate | undefined
  for (const candidate of sorted) {
    if (last !== undefined && candidate.start < last.end) {
      if (candidate.end > last.end) last.end = candidate.end
    } else {
      winners.push(candidate)
      last = candidate
    }
  }
  return winners
}
