import type { GroupState } from './group-state.js'

const NEVER = Number.NEGATIVE_INFINITY

/**
 * Notes that the rule at `place` matched at `time` and returns when the completed sequence began, or `undefined` while it is
 * not complete within `span`. Ordered: per stage the chain with the latest beginning is kept, which is the one that stays in
 * time longest. Deliveries of one event come last place first, so that one event cannot be two steps.
 */
export const advanceChain = (
  state: GroupState,
  place: number,
  stages: number,
  time: number,
  span: number,
  ordered: boolean,
): number | undefined => {
  const chain = (state.chain ??= Array.from({ length: stages }, () => ({ start: NEVER, at: NEVER })))
  const stage = chain[place]
  if (stage === undefined) return undefined
  if (!ordered) {
    stage.start = Math.max(stage.start, time)
    stage.at = stage.start
    const first = Math.min(...chain.map((item) => item.start))
    return Math.max(...chain.map((item) => item.start)) - first < span ? first : undefined
  }
  const before = place === 0 ? undefined : chain[place - 1]
  if (before === undefined) {
    stage.start = Math.max(stage.start, time)
    stage.at = stage.start
  } else {
    if (before.at === NEVER || time < before.at || time - before.start >= span) return undefined
    if (before.start >= stage.start) {
      stage.start = before.start
      stage.at = time
    }
  }
  return place === stages - 1 && stage.at === time ? stage.start : undefined
}
