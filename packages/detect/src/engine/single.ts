import type { Alert } from '@parapet/core'
import type { SingleRule } from '../sigma/rule.js'
import type { Ref } from './count-buckets.js'
import { alertRule, scopeOf, type CorrelatorDeps } from './correlator.js'
import type { EventView } from './event-view.js'
import type { Burst, GroupState } from './group-state.js'
import { createGrouper, type Grouper } from './grouper.js'
import { hashText, shardOf } from './shards.js'
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
  const keyers = SUBJECTS.map((field) => ({ field, hash: hashText(`${rule.id}|${field}`), keyer: deps.keyerFor([field]) }))
  const nobody = shardOf(hashText(rule.id), 0)

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
  const grouper = createGrouper(
    { ruleId: rule.id, rank: deps.program.indexOf(rule), alerts: true, span: deps.limits.quiet, place: () => nobody, alert: toAlert },
    deps,
  )

  return {
    rule,
    grouper,
    add: (view, time, ref) => {
      let [field, value, shard] = ['', '', nobody]
      for (let i = 0; i < keyers.length; i++) {
        const subject = keyers[i] as (typeof keyers)[number]
        const group = subject.keyer(view)
        if (group === undefined) continue
        field = subject.field
        value = group.key
        shard = shardOf(subject.hash, group.hash)
        break
      }
      const state = grouper.enterAt(shard, `${field}=${value}`, [field, value], time)
      if (state === undefined) return
      const tracked = field !== 'source.ip' || value.includes(':')
      grouper.add(state, time, ref, tracked ? deps.addressIn(view) : undefined)
      grouper.cross(state, () => ({ first: time, ref, total: 1, peak: 0, sample: eventSample(view.event()) }), 0, tracked)
      grouper.leave(state)
    },
  }
}
