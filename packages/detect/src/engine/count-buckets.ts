/** A place in the input: an event's id, or its line number. */
export type Ref = string | number

const PARTS = 60

/** Event counts by sixtieths of a timespan, oldest first; for groups too busy to keep every time. */
export type CountBuckets = { sum: number; list: { index: number; count: number; first: number; ref: Ref }[] }

/** Empty buckets. */
export const createBuckets = (): CountBuckets => ({ sum: 0, list: [] })

/** Counts one event. */
export const addToBuckets = (buckets: CountBuckets, time: number, ref: Ref, span: number): void => {
  const index = Math.floor((time * PARTS) / span)
  buckets.sum++
  let at = buckets.list.length - 1
  while (at >= 0 && (buckets.list[at]?.index ?? 0) > index) at--
  const bucket = buckets.list[at]
  if (bucket?.index === index) bucket.count++
  else buckets.list.splice(at + 1, 0, { index, count: 1, first: time, ref })
}

/** Events after `now - span`; the oldest bucket counts whole, so up to a sixtieth of the span more. */
export const countBuckets = (buckets: CountBuckets, now: number, span: number): number => {
  let oldest = buckets.list[0]
  while (oldest !== undefined && ((oldest.index + 1) * span) / PARTS <= now - span) {
    buckets.sum -= oldest.count
    buckets.list.shift()
    oldest = buckets.list[0]
  }
  return buckets.sum
}
