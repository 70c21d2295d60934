import { addToSketch, createSketch, createUnion, estimateUnion, type Sketch, type Union } from './hyperloglog.js'

const SLICES = 12

/** Distinct values of the last `span` ms: exact up to a cap, then a ring of sketches. */
export type DistinctWindow = {
  /** value -> time it was last seen, oldest first; `undefined` once the sketches took over */
  exact: Map<string, number> | undefined
  /** slices of `span / 12` by number; empty while exact */
  slices: { index: number; sketch: Sketch }[]
  /** the slices as one; made again when one of them goes */
  union: Union | undefined
}

/** An empty window. */
export const createDistinctWindow = (): DistinctWindow => ({ exact: new Map(), slices: [], union: undefined })

const addToSlice = (window: DistinctWindow, value: string, time: number, span: number): void => {
  const index = Math.floor((time * SLICES) / span)
  let slice = window.slices.find((item) => item.index === index)
  if (slice === undefined) {
    slice = { index, sketch: createSketch() }
    window.slices.push(slice)
    window.slices = window.slices.toSorted((a, b) => a.index - b.index)
  }
  addToSketch(slice.sketch, value, window.union)
}

/** Adds a value seen at `time`; past `cap` distinct values the window turns into estimates, and back when they have all gone. */
export const addDistinct = (window: DistinctWindow, value: string, time: number, span: number, cap: number): void => {
  if (window.exact === undefined) {
    addToSlice(window, value, time, span)
    return
  }
  const before = window.exact.get(value)
  if (before !== undefined) window.exact.delete(value)
  window.exact.set(value, before === undefined ? time : Math.max(before, time))
  if (window.exact.size <= cap) return
  const values = window.exact
  window.exact = undefined
  for (const [known, at] of values) addToSlice(window, known, at, span)
}

/** Distinct values seen after `now - span`. Estimates count whole slices, so up to a twelfth of the span more. */
export const countDistinct = (window: DistinctWindow, now: number, span: number): number => {
  if (window.exact !== undefined) {
    for (const [value, at] of window.exact) {
      if (at > now - span) break
      window.exact.delete(value)
    }
    return window.exact.size
  }
  const isOver = (slice: { index: number } | undefined): boolean => slice !== undefined && ((slice.index + 1) * span) / SLICES <= now - span
  if (isOver(window.slices[0])) {
    window.slices = window.slices.filter((slice) => !isOver(slice))
    window.union = undefined
  }
  if (window.slices.length === 0) {
    window.exact = new Map()
    return 0
  }
  window.union ??= createUnion(window.slices.map((slice) => slice.sketch))
  return estimateUnion(window.union)
}

/** Takes a value out again, true when it was there; sketches cannot forget, so only while exact. */
export const removeDistinct = (window: DistinctWindow, value: string): boolean => window.exact?.delete(value) === true

/** As JSON. */
export const saveDistinct = (window: DistinctWindow): unknown =>
  window.exact === undefined
    ? { s: window.slices.map(({ index, sketch }) => [index, Buffer.from(sketch).toString('base64')]) }
    : { e: [...window.exact].flat() }

/** From what {@link saveDistinct} gave. */
export const loadDistinct = (saved: { s?: readonly (readonly [number, string])[]; e?: readonly (string | number)[] }): DistinctWindow => {
  if (saved.s !== undefined)
    return {
      exact: undefined,
      slices: saved.s.map(([index, text]) => ({ index, sketch: new Uint8Array(Buffer.from(text, 'base64')) })),
      union: undefined,
    }
  const flat = saved.e ?? []
  const exact = new Map<string, number>()
  for (let i = 0; i < flat.length; i += 2) exact.set(String(flat[i]), Number(flat[i + 1]))
  return { exact, slices: [], union: undefined }
}
