import { HOUR, type Alert } from '@parapet/core'
import type { CorrelatorDeps } from './correlator.js'
import type { Ref } from './count-buckets.js'
import { createGrouper, type Grouper } from './grouper.js'
import { plain } from './sentence.js'

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
  tell: (kind: NoticeKind, subject: string, time: number, ref: Ref) => void
  tick: (clock: number) => void
  flush: () => void
  readonly groupers: ReadonlyMap<string, Grouper>
}

const sentence = (kind: NoticeKind, subject: string, count: number): string =>
  kind === 'evicted'
    ? `The memory of rule ${plain(subject)} is full: ${count} times its quietest groups were dropped before their time`
    : `${count} events of ${plain(subject) || 'an unnamed source'} cost more work than one event may: rules were left out for them`

/** Builds the notices of an engine. */
export const createNotices = (deps: CorrelatorDeps): Notices => {
  const groupers = new Map<string, Grouper>()
  for (const { kind, ...rule } of NOTICES) {
    const grouper = createGrouper(
      {
        ruleId: rule.id,
        span: HOUR,
        alert: (state, burst) => ({
          id: burst.id,
          rule,
          group: {},
          scope: { kind: 'event', value: state.key },
          first: burst.first,
          last: burst.last,
          count: burst.total,
          targets: [],
          events: [...state.refs],
          why: sentence(kind, state.key, burst.total),
        }),
      },
      // its own groups are few; if they were not, saying so about itself would never end
      { ...deps, evicted: () => {} },
    )
    groupers.set(rule.id, grouper)
  }
  return {
    groupers,
    tell: (kind, subject, time, ref) => {
      const grouper = groupers.get(NOTICES.find((notice) => notice.kind === kind)?.id ?? '')
      const state = grouper?.enter(subject.slice(0, 128), [], time)
      if (grouper === undefined || state === undefined) return
      grouper.add(state, time, ref, undefined)
      grouper.cross(state, () => ({ first: time, ref, total: 1, peak: 0, sample: '' }), 0, false)
      grouper.leave(state, time)
    },
    tick: (clock) => {
      for (const grouper of groupers.values()) grouper.tick(clock)
    },
    flush: () => {
      for (const grouper of groupers.values()) grouper.flush()
    },
  }
}
