import { DAY, HOUR } from '@parapet/core'
import type { Novelty } from '../sigma/rule.js'

/** A value of a baseline: what it is, when it was first and last seen (ms), and whether it counts as known (1) or was new when it came (0). */
export type SeenValue = readonly [value: string, first: number, last: number, known: 0 | 1]

/** What is known of one group: since when, from how many events, and its values, the one that was used last in front. Plain JSON. */
export type Baseline = { readonly since: number; readonly events: number; readonly values: readonly SeenValue[] }

/** `learning`: too little is known to call anything new. */
export type NoveltyVerdict = 'learning' | 'known' | 'novel'

/** Values that a baseline holds. */
export const MOST_VALUES = 64
/** A value that was new counts as known when it is used again this much later, ms: until then it may be the attack that it was told as. */
export const TRUST_AFTER: number = DAY

/** True while a baseline is too young for verdicts: fewer days and fewer events than the rule asks for. */
export const isLearning = (baseline: Baseline, time: number, { learning }: Pick<Novelty, 'learning'>): boolean =>
  time - baseline.since < learning.ms && baseline.events < learning.events

/** Uses within this time are one, ms: what a busy user does again and again need not be written each time. */
const ONE_USE = HOUR

/** True when this use tells nothing: the known value that was used last, less than an hour ago, in a baseline that no longer learns. */
export const isRepeated = (baseline: Baseline, value: string, time: number, options: Pick<Novelty, 'learning' | 'absence'>): boolean => {
  const newest = baseline.values[0]
  if (newest === undefined || newest[0] !== value || newest[3] === 0) return false
  const since = time - newest[2]
  return since >= 0 && since < ONE_USE && (options.absence !== undefined || !isLearning(baseline, time, options))
}

/** Puts a value in front. A full baseline lets a value go that is not known yet, before any that is: nobody drives out the known ones with new ones. */
const withFirst = (values: readonly SeenValue[], value: SeenValue): SeenValue[] => {
  const rest = values.filter(([text]) => text !== value[0])
  if (rest.length >= MOST_VALUES) {
    const unproven = rest.findLastIndex(([, , , known]) => known === 0)
    rest.splice(unproven < 0 ? rest.length - 1 : unproven, 1)
  }
  return [value, ...rest]
}

/**
 * Judges one use of `value` at `time` (ms) against what is known, and says what is known afterwards. While it learns, everything becomes known. Later a new
 * value is `novel`, and again at every use until one comes {@link TRUST_AFTER} after the first. A value that was not used for `memory` counts as not seen; when
 * that is so for all, there is nothing to compare with, and the value is learned. Values are dropped only for room, so that one event whose clock is off by a year
 * does not empty a baseline.
 */
export const judgeNovelty = (
  before: Baseline | undefined,
  value: string,
  time: number,
  options: Pick<Novelty, 'learning' | 'memory'>,
): { readonly verdict: NoveltyVerdict; readonly baseline: Baseline } => {
  if (before === undefined) return { verdict: 'learning', baseline: { since: time, events: 1, values: [[value, time, time, 1]] } }
  const isFresh = ([, , last]: SeenValue): boolean => Math.abs(time - last) < options.memory
  const learning = isLearning(before, time, options) || !before.values.some(isFresh)
  const held = before.values.find((seen) => seen[0] === value && isFresh(seen))
  const first = held?.[1] ?? time
  const known = learning || held?.[3] === 1 || (held !== undefined && time - first >= TRUST_AFTER)
  const seen: SeenValue = [value, Math.min(first, time), time, known ? 1 : 0]
  return {
    verdict: learning ? 'learning' : known ? 'known' : 'novel',
    baseline: { since: before.since, events: before.events + 1, values: withFirst(before.values, seen) },
  }
}

/** Judges a group that was away: `novel` when it is seen again after `absence` ms or more, `learning` when it is seen for the first time. */
export const judgeAbsence = (
  before: Baseline | undefined,
  time: number,
  absence: number,
): { readonly verdict: NoveltyVerdict; readonly baseline: Baseline } => {
  const last = before?.values[0]?.[2]
  if (before === undefined || last === undefined)
    return { verdict: 'learning', baseline: { since: time, events: 1, values: [['', time, time, 1]] } }
  return {
    verdict: time - last >= absence ? 'novel' : 'known',
    baseline: { since: before.since, events: before.events + 1, values: [['', before.since, time, 1]] },
  }
}

/** About how many bytes a baseline takes. */
export const baselineBytes = ({ values }: Baseline): number => {
  let bytes = 64
  for (const [value] of values) bytes += 96 + value.length * 2
  return bytes
}
