import { HOUR, type Alert } from '@parapet/core'
import type { CorrelatorDeps } from './correlator.js'
import type { Ref } from './count-buckets.js'
import { createGrouper, type Grouper } from './grouper.js'
import { plain } from './sentence.js'
import type { Watermarks } from './shard-clocks.js'
import { createShardRoom } from './shard-room.js'
import { hashText, shardOf } from './shards.js'

/** What the engine has to say about itself: somebody may be trying to blind it. */
export type NoticeKind = 'evicted' | 'overspent'

/** The rules under which it says so. */
export const NOTICES: readonly (Alert['rule'] & { readonly kind: NoticeKind })[] = [
  {
    kind: 'evicted',
    id: 'parapet-engine-state-evicted',
    title: 'Detection state was dropped',
    level: 'medium',
    tags: ['parapet.engine'],
    version: '1',
  },
  {
    kind: 'overspent',
    id: 'parapet-engine-work-budget',
    title: 'Events cost more work than allowed',
    level: 'medium',
    tags: ['parapet.engine'],
    version: '1',
  },
]

/** Tells each kind once per subject, updated while it goes on, again after an hour without. */
export type Notices = {
  /** a part had no room; groups of this rule went first */
  evicted: (shard: number, ruleId: string, time: number, ref: Ref) => void
  /** an event of this dataset cost more work than one may */
  overspent: (dataset: string, time: number, ref: Ref) => void
  tick: (marks: Watermarks) => void
  flush: () => void
  readonly groupers: ReadonlyMap<string, Grouper>
}

const sentence = (kind: NoticeKind, values: readonly string[], count: number): string => {
  const [subject = '', ruleId = ''] = values
  return kind === 'evicted'
    ? `The memory of part ${subject} of the engine is full: ${count} times its quietest groups were dropped before their time, of rule ${plain(ruleId)} first`
    : `${count} events of ${plain(subject) || 'an unnamed source'} cost more work than one event may: rules were left out for them`
}

/** Builds the notices of an engine. */
export const createNotices = (deps: CorrelatorDeps): Notices => {
  const groupers = new Map<string, Grouper>()
  const rooms = deps.rooms.map((room) => (room === undefined ? undefined : createShardRoom(room.shard)))
  const create = (wanted: NoticeKind): Grouper => {
    const { kind, ...rule } = NOTICES.find((notice) => notice.kind === wanted) as (typeof NOTICES)[number]
    const grouper = createGrouper(
      {
        ruleId: rule.id,
        rank: deps.program.length,
        alerts: true,
        span: HOUR,
        place: () => 0,
        alert: (state, burst) => ({
          id: burst.id,
          rule,
          group: {},
          scope: { kind: 'event', value: state.values[0] ?? '' },
          first: burst.first,
          last: burst.last,
          count: burst.total,
          targets: [],
          events: [...state.refs],
          why: sentence(kind, state.values, burst.total),
        }),
      },
      // in rooms of their own: a flood must not push out what tells of it
      { ...deps, rooms, evicted: () => {} },
    )
    groupers.set(rule.id, grouper)
    return grouper
  }
  const tell = (grouper: Grouper, shard: number, values: readonly string[], time: number, ref: Ref): void => {
    const state = grouper.enterAt(shard, values[0] ?? '', values, time)
    if (state === undefined) return
    grouper.add(state, time, ref, undefined)
    grouper.cross(state, () => ({ first: time, ref, total: 1, peak: 0, sample: '' }), 0, false)
    grouper.leave(state)
  }
  const [evicted, overspent] = [create('evicted'), create('overspent')]
  return {
    groupers,
    evicted: (shard, ruleId, time, ref) => tell(evicted, shard, [String(shard), ruleId], time, ref),
    overspent: (dataset, time, ref) => {
      const subject = dataset.slice(0, 128)
      tell(overspent, shardOf(hashText('overspent'), hashText(subject)), [subject], time, ref)
    },
    tick: (marks) => {
      for (const grouper of groupers.values()) grouper.tick(marks)
    },
    flush: () => {
      for (const grouper of groupers.values()) grouper.flush()
    },
  }
}
