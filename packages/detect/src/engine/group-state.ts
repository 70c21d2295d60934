import type { CountBuckets, Ref } from './count-buckets.js'
import { loadDistinct, saveDistinct, type DistinctWindow } from './distinct-window.js'

/** How many events, newest kept, a group and an alert remember. */
export const RECENT = 100
/** How many addresses an alert names. */
export const TARGETS = 256

/** An alert that has fired and may still change. */
export type Burst = {
  readonly id: string
  readonly first: number
  /** newest event that counts */
  last: number
  /** events since `first` */
  total: number
  /** the most distinct values at one time; 0 where events are counted */
  peak: number
  /** total and size when last told */
  toldTotal: number
  toldSize: number
  /** newest time at which the line was crossed */
  hot: number
  /** rises with every crossing over all groups: the order in which ends are told */
  order: number
  /** its end was told; it re-arms when the group's own time says so */
  closed: boolean
  readonly sample: string
  readonly targets: Map<string, number> | undefined
}

/** A correlation's or a single rule's memory of one group. */
export type GroupState = {
  readonly key: string
  readonly values: readonly string[]
  /** its alerts list addresses one by one: the group is not itself one address */
  tracked: boolean | undefined
  /** newest event time */
  latest: number
  /** rises with every touch over all groups; the order of eviction */
  touched: number
  /** newest events in order of time, at most {@link RECENT} */
  readonly times: number[]
  readonly refs: Ref[]
  /** the source address of each, where alerts list addresses; '' for one that was taken out */
  readonly addresses: string[]
  buckets: CountBuckets | undefined
  distinct: DistinctWindow | undefined
  /** per rule of a temporal correlation: when the newest chain up to it began, and when it got there */
  chain: { start: number; at: number }[] | undefined
  /** a window that is looked at when its time is over: its start and the events in it */
  open: { at: number; ref: Ref; count: number; order: number } | undefined
  burst: Burst | undefined
  weight: number
  dirty: boolean
  previous: GroupState | undefined
  next: GroupState | undefined
}

/** A group that has seen nothing. */
export const createGroupState = (key: string, values: readonly string[]): GroupState => ({
  key,
  values,
  tracked: undefined,
  latest: Number.NEGATIVE_INFINITY,
  touched: 0,
  times: [],
  refs: [],
  addresses: [],
  buckets: undefined,
  distinct: undefined,
  chain: undefined,
  open: undefined,
  burst: undefined,
  weight: 0,
  dirty: false,
  previous: undefined,
  next: undefined,
})

/** About how many bytes a group takes; a function of its content alone, so that a restored group weighs the same. */
export const weigh = (state: GroupState): number => {
  let bytes = 400 + state.key.length * 4 + state.times.length * 16
  if (state.addresses.length > 0) bytes += state.addresses.length * 24
  if (typeof state.refs[0] === 'string') bytes += state.refs.length * 56
  if (state.buckets !== undefined) bytes += 64 + state.buckets.list.length * 64
  if (state.distinct !== undefined) bytes += 64 + (state.distinct.exact?.size ?? 0) * 96 + state.distinct.slices.length * 1_100
  if (state.burst !== undefined) bytes += 400 + (state.burst.targets?.size ?? 0) * 96
  return bytes
}

/** A group as JSON; short names, since there may be hundreds of thousands. */
export type SavedGroup = {
  readonly k: string
  readonly v: readonly string[]
  readonly l: number
  readonly n: number
  readonly t: readonly number[]
  readonly r: readonly Ref[]
  readonly a?: readonly string[]
  readonly b?: readonly (readonly [number, number, number, Ref])[]
  readonly d?: unknown
  readonly c?: readonly (readonly [number, number] | null)[]
  readonly o?: { at: number; ref: Ref; count: number; order: number }
  readonly x?: Omit<Burst, 'targets'> & { readonly targets?: readonly (readonly [string, number])[] }
}

/** Writes a group as JSON. */
export const saveGroup = (state: GroupState): SavedGroup => {
  const { burst } = state
  const { targets, ...told } = burst ?? { targets: undefined }
  return {
    k: state.key,
    v: state.values,
    l: state.latest,
    n: state.touched,
    t: [...state.times],
    r: [...state.refs],
    ...(state.addresses.length === 0 ? {} : { a: [...state.addresses] }),
    ...(state.buckets === undefined
      ? {}
      : { b: state.buckets.list.map((item) => [item.index, item.count, item.first, item.ref] as const) }),
    ...(state.distinct === undefined ? {} : { d: saveDistinct(state.distinct) }),
    // JSON has no -Infinity: a stage that was never reached is null
    ...(state.chain === undefined
      ? {}
      : { c: state.chain.map(({ start, at }) => (at === Number.NEGATIVE_INFINITY ? null : ([start, at] as const))) }),
    ...(state.open === undefined ? {} : { o: { ...state.open } }),
    ...(burst === undefined
      ? {}
      : { x: { ...(told as Omit<Burst, 'targets'>), ...(targets === undefined ? {} : { targets: [...targets] }) } }),
  }
}

/** Reads what {@link saveGroup} wrote. */
export const loadGroup = (saved: SavedGroup): GroupState => {
  const state = createGroupState(saved.k, saved.v)
  state.latest = saved.l
  state.touched = saved.n
  state.times.push(...saved.t)
  state.refs.push(...saved.r)
  state.addresses.push(...(saved.a ?? []))
  if (saved.b !== undefined) {
    const list = saved.b.map(([index, count, first, ref]) => ({ index, count, first, ref }))
    state.buckets = { sum: list.reduce((sum, item) => sum + item.count, 0), list }
  }
  if (saved.d !== undefined) state.distinct = loadDistinct(saved.d as Parameters<typeof loadDistinct>[0])
  if (saved.c !== undefined)
    state.chain = saved.c.map((stage) =>
      stage === null ? { start: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY } : { start: stage[0], at: stage[1] },
    )
  if (saved.o !== undefined) state.open = { ...saved.o }
  if (saved.x !== undefined) {
    const { targets, ...told } = saved.x
    state.burst = { ...told, targets: targets === undefined ? undefined : new Map(targets) }
  }
  return state
}
