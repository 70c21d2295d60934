import type { TemporalTerm } from '../sigma/rule.js'
import type { Ref } from './count-buckets.js'

/** One match of a rule of a correlation: its time, the rule's place, the event. Plain JSON. */
export type Match = [time: number, place: number, ref: Ref]

/** What a condition without `not` keeps. Plain JSON: what was never reached is null. */
export type Steps = {
  /** when each rule matched last */
  readonly latest: (number | null)[]
  /** ordered: for each alternative and each of its steps, when the newest chain up to it began and got there */
  readonly chains: ({ start: number; at: number } | null)[][]
}

/** Newest matches kept by a group with `not` in its condition; beyond that the oldest are forgotten. */
export const MATCHES = 256

/** Adds a match in order of time. */
export const noteMatch = (matches: Match[], match: Match): void => {
  let at = matches.length
  while (at > 0 && (matches[at - 1]?.[0] ?? 0) > match[0]) at--
  matches.splice(at, 0, match)
  if (matches.length > MATCHES) matches.shift()
}

const unordered = (latest: Steps['latest'], wants: readonly number[], span: number): number | undefined => {
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const place of wants) {
    const time = latest[place] ?? null
    if (time === null) return undefined
    first = Math.min(first, time)
    last = Math.max(last, time)
  }
  return last - first < span ? first : undefined
}

const chained = (chain: Steps['chains'][number], step: number, time: number, span: number): number | undefined => {
  const here = chain[step] ?? null
  const before = step === 0 ? undefined : (chain[step - 1] ?? null)
  const start = before === undefined ? time : before === null || time < before.at || time - before.start >= span ? undefined : before.start
  if (start === undefined || (here !== null && start < here.start)) return undefined
  chain[step] = { start, at: time }
  return step === chain.length - 1 ? start : undefined
}

/**
 * Notes that the rule at `place` matched and returns when the newest sequence that makes an alternative true began. `least` takes the place of
 * alternatives: so many different rules. Matches of one event come last place first, so that one event cannot be two steps.
 */
export const latestStarts = (
  { latest, chains }: Steps,
  terms: readonly TemporalTerm[],
  place: number,
  time: number,
  span: number,
  ordered: boolean,
  least: number | undefined,
): number | undefined => {
  latest[place] = Math.max(latest[place] ?? time, time)
  if (least !== undefined) {
    const newest = Math.max(...latest.map((at) => at ?? Number.NEGATIVE_INFINITY))
    const within = latest.filter((at): at is number => at !== null && at > newest - span)
    return within.length >= least ? Math.min(...within) : undefined
  }
  let found: number | undefined
  for (const [number, { wants }] of terms.entries()) {
    const step = wants.indexOf(place)
    if (step < 0) continue
    const start = ordered ? chained(chains[number] ?? [], step, time, span) : unordered(latest, wants, span)
    if (start !== undefined && (found === undefined || start > found)) found = start
  }
  return found
}

/** True when the places match one after the other, each by an event of its own. */
const inOrder = (matches: readonly Match[], wants: readonly number[]): boolean => {
  let at = 0
  let used: Ref | undefined
  for (const place of wants) {
    while (at < matches.length && (matches[at]?.[1] !== place || matches[at]?.[2] === used)) at++
    const match = matches[at]
    if (match === undefined) return false
    used = match[2]
    at++
  }
  return true
}

/**
 * Looks at the timespan that begins at `start`: how many matches it holds when the condition is true of it, `undefined` otherwise. What must
 * not match must not in the timespan before it either. `holds` takes the place of alternatives: how many different rules match.
 */
export const findWindow = (
  matches: readonly Match[],
  start: number,
  span: number,
  terms: readonly TemporalTerm[],
  holds: ((rules: number) => boolean) | undefined,
  ordered: boolean,
): number | undefined => {
  const within = matches.filter(([time]) => time >= start && time < start + span)
  if (within.length === 0) return undefined
  if (holds !== undefined) return holds(new Set(within.map(([, place]) => place)).size) ? within.length : undefined
  const near = new Set(matches.filter(([time]) => time > start - span && time < start + span).map(([, place]) => place))
  const here = new Set(within.map(([, place]) => place))
  const begins = new Set(within.filter(([time]) => time === start).map(([, place]) => place))
  const isTrue = terms.some(
    ({ wants, lacks }) =>
      !lacks.some((place) => near.has(place)) &&
      wants.every((place) => here.has(place)) &&
      // a window that begins at a match of something else would hold from its first wanted match on
      (wants.length === 0 || wants.some((place) => begins.has(place))) &&
      (!ordered || inOrder(within, wants)),
  )
  return isTrue ? within.length : undefined
}
