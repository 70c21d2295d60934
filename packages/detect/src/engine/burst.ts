import type { Ref } from './count-buckets.js'
import type { Burst, GroupState } from './group-state.js'
import { TARGETS } from './group-state.js'
import { alertId } from './alert-id.js'
import { spareAddresses } from './recent.js'
import { createTicket } from './shard-queues.js'

/** What a crossing of the line says. */
export type Crossing = { readonly first: number; readonly ref: Ref; readonly total: number; readonly peak: number; readonly sample: string }

/** Opens the burst of a group whose line was crossed; without a rule's id nobody is told of it. `tracked`: its addresses are listed one by one. */
export const openBurst = (ruleId: string | undefined, state: GroupState, crossing: Crossing, tracked: boolean): Burst => {
  const burst: Burst = {
    id: ruleId === undefined ? '' : alertId(ruleId, state.key, crossing.first, crossing.ref),
    first: crossing.first,
    last: state.latest,
    total: crossing.total,
    peak: crossing.peak,
    toldTotal: crossing.total,
    toldSize: Math.max(crossing.total, crossing.peak),
    hot: state.latest,
    order: 0,
    closed: false,
    sample: crossing.sample,
    targets: tracked ? new Map() : undefined,
    ticket: createTicket(state),
  }
  for (let i = spareAddresses(state); i < state.addresses.length; i++) addTarget(burst, state.addresses[i] as string)
  return burst
}

/** Names one more address, up to the bound; '' is none. */
export const addTarget = (burst: Burst, address: string): void => {
  const { targets } = burst
  if (targets === undefined || address === '') return
  const before = targets.get(address)
  if (before !== undefined) targets.set(address, before + 1)
  else if (targets.size < TARGETS) targets.set(address, 1)
}

/**
 * Takes out of a burst that ends whoever came only after the line was crossed for the last time: somebody who mistypes when the attack is over
 * is none of those who made it.
 */
export const dropTail = (state: GroupState, burst: Burst): void => {
  const { targets } = burst
  if (targets === undefined || state.addresses.length === 0) return
  const spare = spareAddresses(state)
  for (let i = state.times.length - 1; i >= 0 && (state.times[i] as number) > burst.hot; i--) {
    const address = state.addresses[spare + i] as string
    const count = targets.get(address)
    if (count === undefined) continue
    if (count > 1) targets.set(address, count - 1)
    else {
      targets.delete(address)
      // the shorter list must be told
      burst.toldTotal--
    }
  }
}

/** True when a burst has grown enough since it was last told: twice as large, and by eight. */
export const hasGrown = (burst: Burst): boolean => burst.total >= Math.max(burst.toldTotal * 2, burst.toldTotal + 8)
