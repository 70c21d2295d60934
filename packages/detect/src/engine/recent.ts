import type { Ref } from './count-buckets.js'
import { RECENT, type GroupState } from './group-state.js'

/** Adds an event in order of time (input is nearly ordered, so the walk from the end is short) and keeps the newest. */
export const addRecent = (state: GroupState, time: number, ref: Ref, address: string | undefined): void => {
  const { times, refs, addresses } = state
  if (times.length === 0) {
    // most groups of a flood see one event; an array that something is pushed to takes room for seventeen
    state.times = [time]
    state.refs = [ref]
    if (address !== undefined) state.addresses = [address]
    return
  }
  let at = times.length
  while (at > 0 && (times[at - 1] as number) > time) at--
  if (at === times.length) {
    times.push(time)
    refs.push(ref)
    if (address !== undefined) addresses.push(address)
  } else {
    if (address !== undefined) addresses.splice(at + spareAddresses(state), 0, address)
    times.splice(at, 0, time)
    refs.splice(at, 0, ref)
  }
  if (times.length > RECENT) dropFirst(state)
}

/** Shifting texts costs five times what shifting numbers does: addresses of events that are gone wait in front until there are so many. */
const SPARE = 32

/** How many of the addresses in front are of events that are gone. */
export const spareAddresses = ({ times, addresses }: GroupState): number => Math.max(0, addresses.length - times.length)

const dropFirst = (state: GroupState): void => {
  state.times.shift()
  state.refs.shift()
  const spare = spareAddresses(state)
  if (spare >= SPARE || (spare > 0 && state.times.length === 0)) state.addresses.splice(0, spare)
}

/** Forgets events at or before `limit`. */
export const dropBefore = (state: GroupState, limit: number): void => {
  while (state.times.length > 0 && (state.times[0] as number) <= limit) dropFirst(state)
}

/** Place of the first event after `limit`. */
export const firstAfter = ({ times }: GroupState, limit: number): number => {
  if (times.length === 0 || (times[0] as number) > limit) return 0
  let at = times.length
  while (at > 0 && (times[at - 1] as number) > limit) at--
  return at
}

/** True when the event with this id stands in the group already: it was delivered twice. Line numbers are never repeated. */
export const isRepeat = ({ times, refs }: GroupState, time: number, ref: Ref): boolean => {
  if (typeof ref === 'number') return false
  for (let i = times.length - 1; i >= 0 && (times[i] as number) >= time; i--) if (times[i] === time && refs[i] === ref) return true
  return false
}
