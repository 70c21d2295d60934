import type { Alert } from '@parapet/core'
import type { SingleRule } from '../sigma/rule.js'
import type { Ref } from './count-buckets.js'
import { alertRule, scopeOf, type CorrelatorDeps } from './correlator.js'
import type { EventView } from './event-view.js'
import type { Burst, GroupState } from './group-state.js'
import { createGrouper, type Grouper } from './grouper.js'
import { eventSample, singleWhy } from './sentence.js'

/** A single rule that alerts by itself. */
export type SingleAlerter = { readonly rule: SingleRule; readonly grouper: Grouper; add: (view: EventView, time: number, ref: Ref) => void }

/** Who an event is about, most telling first. */
const SUBJECTS = ['source.ip', 'user.name', 'user.id', 'host.name']

/**
 * Lets a single rule alert: once per subject (source address, user or host), updated while it goes on, again after
 * `limits.quiet`. A scan of ten thousand requests is one alert that grows.
 */
export const createSingleAlerter = (rule: SingleRule, deps: CorrelatorDeps): SingleAlerter => {
  const keyers = SUBJECTS.map((field) => ({ field, keyer: deps.keyerFor([field]) }))
  const source = deps.table.slot('source.ip')

  const toAlert = (state: GroupState, burst: Burst): Alert => {
    const [field = '', value = ''] = state.values
    return {
      id: burst.id,
      rule: alertRule(rule),
      group: {},
      scope: scopeOf([field], [value]),
      first: burst.first,
      last: burst.last,
      count: burst.total,
      targets: burst.targets === undefined ? (field === 'source.ip' ? [value] : []) : [...burst.targets.keys()],
      events: [...state.refs],
      why: singleWhy(rule.title, state.values, burst),
    }
  }
  const grouper = createGrouper({ ruleId: rule.id, span: deps.limits.quiet, alert: toAlert }, deps)

  const subjectOf = (view: EventView): readonly [string, string] => {
    for (const { field, keyer } of keyers) {
      const group = keyer(view)
      if (group !== undefined) return [field, group.key]
    }
    return ['', '']
  }

  return {
    rule,
    grouper,
    add: (view, time, ref) => {
      const [field, value] = subjectOf(view)
      const key = `${field}=${value}`
      const state = grouper.enter(key, grouper.peek(key)?.values ?? [field, value], time)
      if (state === undefined) return
      const tracked = field !== 'source.ip' || value.includes(':')
      const raw = tracked ? view.raw(source) : undefined
      grouper.add(state, time, ref, tracked ? (typeof raw === 'string' ? (deps.parts.address(raw) ?? '') : '') : undefined)
      grouper.cross(state, () => ({ first: time, ref, total: 1, peak: 0, sample: eventSample(view.event()) }), 0, tracked)
      grouper.leave(state, time)
    },
  }
}
