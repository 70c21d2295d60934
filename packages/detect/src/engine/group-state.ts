import type { CountBuckets, Ref } from './count-buckets.js'
import { createTicket, type Ticket } from './shard-queues.js'
import { loadDistinct, saveDistinct, type DistinctWindow } from './distinct-window.js'

/** How many events, newest kept, a group and an alert remember. */
export const RECENT = 100
/** How many addresses an alert names. */
export const TARGETS = 256

/** An alert that has fired and may still change. */
export type Burst = {
  /** '' of a rule that tells nobody */
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
  /** its place among the bursts of its rule that wait for their end */
  readonly ticket: Ticket
}

/** A correlation's or a single rule's memory of one group. */
export type GroupState = {
  readonly key: string
  readonly values: readonly string[]
  /** the part of the engine that it belongs to */
  readonly shard: number
  /** its alerts list addresses one by one: the group is not itself one address */
  tracked: boolean | undefined
  /** newest event time */
  latest: number
  /** how far its part's time had come when it was last touched: by this it is forgotten, whatever time its own events claim */
  seen: number
  /** rises with every touch over all groups of the part; 0 before the first. The order of eviction */
  touched: number
  /** newest events in order of time, at most {@link RECENT} */
  times: number[]
  refs: Ref[]
  /** the source address of each, where alerts list addresses, behind some of events that are gone; '' for one that was taken out */
  addresses: string[]
  buckets: CountBuckets | undefined
  distinct: DistinctWindow | undefined
  /** per rule of a temporal correlation: when the newest chain up to it began, and when it got there */
  chain: { start: number; at: number }[] | undefined
  /** a window that is looked at when its time is over: its start and the events in it */
  open: { at: number; ref: Ref; count: number; order: number; ticket: Ticket } | undefined
  burst: Burst | undefined
  /** what a kind of correlation keeps beside all this: plain JSON, replaced as a whole or changed in place, saved with the group */
  extra: unknown
  /** about how many bytes `extra` takes; set by who sets it */
  extraBytes: number
  /** the event in view when it was last counted: two rules of a correlation may match one event */
  stamp: number
  weight: number
  dirty: boolean
  previous: GroupState | undefined
  next: GroupState | undefined
}

/** A list of what has not come yet; one for all groups, since most of what a baseline knows has no events. Who adds to a list makes a new one. */
const NONE: never[] = Object.freeze([]) as unknown as never[]

/** A group that has seen nothing. */
export const createGroupState = (key: string, values: readonly string[], shard = 0): GroupState => ({
  key,
  values,
  shard,
  tracked: undefined,
  latest: Number.NEGATIVE_INFINITY,
  seen: 0,
  touched: 0,
  times: NONE,
  refs: NONE,
  addresses: NONE,
  buckets: undefined,
  distinct: undefined,
  chain: undefined,
  open: undefined,
  burst: undefined,
  extra: undefined,
  extraBytes: 0,
  stamp: -1,
  weight: 0,
  dirty: false,
  previous: undefined,
  next: undefined,
})

/** Forgets what was counted, but not what a kind has learned (`extra`). */
export const startAfresh = (state: GroupState): void => {
  state.latest = Number.NEGATIVE_INFINITY
  state.times = NONE
  state.refs = NONE
  state.addresses = NONE
  state.buckets = undefined
  state.distinct = undefined
  state.chain = undefined
  state.burst = undefined
  state.open = undefined
}

/** About how many bytes a group takes; a function of its content alone, so that a restored group weighs the same. */
export const weigh = (state: GroupState): number => {
  const { times, refs, addresses, distinct, burst } = state
  // an array of one is as long as it is; one that has grown has room for sixteen more
  const room = times.length > 1 ? times.length + 16 : times.length
  let bytes = 560 + state.key.length * 2 + room * 16 + state.extraBytes
  if (addresses.length > 0) bytes += room * 8 + times.length * 24
  if (typeof refs[0] === 'string') bytes += refs.length * 56
  if (state.buckets !== undefined) bytes += 64 + state.buckets.list.length * 64
  if (distinct !== undefined) {
    bytes += 280 + (distinct.exact?.size ?? 0) * 96
    if (distinct.slices.length > 0) bytes += (distinct.slices.length + 1) * 1_100
  }
  if (state.chain !== undefined) bytes += 40 + state.chain.length * 40
  if (burst !== undefined) bytes += 500 + (burst.targets?.size ?? 0) * 96
  return bytes
}

/** A group as JSON; short names, since there may be hundreds of thousands. */
export type SavedGroup = {
  readonly k: string
  readonly v: readonly string[]
  readonly l: number
  readonly s: number
  readonly n: number
  readonly t: readonly number[]
  readonly r: readonly Ref[]
  readonly a?: readonly string[]
  readonly b?: readonly (readonly [number, number, number, Ref])[]
  readonly d?: unknown
  readonly c?: readonly (readonly [number, number] | null)[]
  readonly o?: { at: number; ref: Ref; count: number; order: number }
  readonly e?: { readonly data: unknown; readonly bytes: number }
  readonly x?: Omit<Burst, 'targets' | 'ticket'> & { readonly targets?: readonly (readonly [string, number])[] }
}

const saveBurst = (burst: Burst): NonNullable<SavedGroup['x']> => {
  const { targets, ticket: _, ...told } = burst
  return { ...told, ...(targets === undefined ? {} : { targets: [...targets] }) }
}

/** Writes a group as JSON. */
export const saveGroup = (state: GroupState): SavedGroup => {
  const { burst, open } = state
  return {
    k: state.key,
    v: state.values,
    l: state.latest,
    s: state.seen,
    n: state.touched,
    t: [...state.times],
    r: [...state.refs],
    ...(state.addresses.length === 0 ? {} : { a: state.addresses.slice(-state.times.length) }),
    ...(state.buckets === undefined
      ? {}
      : { b: state.buckets.list.map((item) => [item.index, item.count, item.first, item.ref] as const) }),
    ...(state.distinct === undefined ? {} : { d: saveDistinct(state.distinct) }),
    // JSON has no -Infinity: a stage that was never reached is null
    ...(state.chain === undefined
      ? {}
      : { c: state.chain.map(({ start, at }) => (at === Number.NEGATIVE_INFINITY ? null : ([start, at] as const))) }),
    ...(open === undefined ? {} : { o: { at: open.at, ref: open.ref, count: open.count, order: open.order } }),
    // a copy: what is handed out must not change with the group
    ...(state.extra === undefined ? {} : { e: { data: structuredClone(state.extra), bytes: state.extraBytes } }),
    ...(burst === undefined ? {} : { x: saveBurst(burst) }),
  }
}

/** Reads what {@link saveGroup} wrote. */
export const loadGroup = (saved: SavedGroup, shard = 0): GroupState => {
  const state = createGroupState(saved.k, saved.v, shard)
  state.latest = saved.l
  state.seen = saved.s
  state.touched = saved.n
  state.times = [...saved.t]
  state.refs = [...saved.r]
  state.addresses = [...(saved.a ?? [])]
  if (saved.b !== undefined) {
    const list = saved.b.map(([index, count, first, ref]) => ({ index, count, first, ref }))
    state.buckets = { sum: list.reduce((sum, item) => sum + item.count, 0), list }
  }
  if (saved.d !== undefined) state.distinct = loadDistinct(saved.d as Parameters<typeof loadDistinct>[0])
  if (saved.c !== undefined)
    state.chain = saved.c.map((stage) =>
      stage === null ? { start: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY } : { start: stage[0], at: stage[1] },
    )
  if (saved.o !== undefined) state.open = { ...saved.o, ticket: createTicket(state) }
  if (saved.e !== undefined) {
    state.extra = structuredClone(saved.e.data)
    state.extraBytes = saved.e.bytes
  }
  if (saved.x !== undefined) {
    const { targets, ...told } = saved.x
    state.burst = { ...told, targets: targets === undefined ? undefined : new Map(targets), ticket: createTicket(state) }
  }
  return state
}
