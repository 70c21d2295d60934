import type { NftSets } from './operations.js'

/** An element that is held: until when the kernel keeps it, and what was asked for; ms UTC. */
export type HeldElement = { readonly until: number; readonly asked: number }

/** What the table holds, as far as is known. */
export type NftHeld = {
  /** false: nobody knows, or there is no table */
  readonly built: boolean
  readonly ban4: ReadonlyMap<string, HeldElement>
  readonly ban6: ReadonlyMap<string, HeldElement>
  readonly ranges: ReadonlyMap<string, HeldElement>
  readonly allow: readonly string[]
  readonly lockdown: { readonly until: number; readonly open: readonly string[] } | null
}

/** Before anything is known: the first plan makes the table anew, whatever stood there. */
export const NOTHING_HELD: NftHeld = {
  built: false,
  ban4: new Map(),
  ban6: new Map(),
  ranges: new Map(),
  allow: [],
  lockdown: null,
}

/** How far a time that was read may lie from what was thought, ms: listings have whole seconds, and a busy machine lists and applies late. */
const READ_SLACK_MS = 10_000

/** True when both lists hold the same texts in the same order. */
export const same = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((text, index) => text === b[index]))

/**
 * What is held, taken from what the kernel said between two times (ms UTC). Where both agree what was thought stays, as it is more exact. An element with another
 * timeout, or one that is not ours, counts as asked for just so: the next plan puts it right. The allow list stays while all of it is there.
 */
export const heldOf = (sets: NftSets, thought: NftHeld, read: { readonly from: number; readonly to: number }): NftHeld => {
  const now = read.from
  const near = (a: number, b: number): boolean => Math.abs(a - b) <= READ_SLACK_MS + read.to - read.from
  const merge = (elements: NftSets['ban4'], known: ReadonlyMap<string, HeldElement>): ReadonlyMap<string, HeldElement> =>
    new Map(
      elements.map(([name, ms]): [string, HeldElement] => {
        const until = now + ms
        const one = known.get(name)
        return [name, one !== undefined && near(one.until, until) ? one : { until, asked: until }]
      }),
    )
  const allowed = new Set(sets.allow)
  const { lockdown } = thought
  const until = sets.lockdownMs === null ? null : now + sets.lockdownMs
  const agrees = until !== null && lockdown !== null && near(lockdown.until, until) && same(sets.open.toSorted(), lockdown.open.toSorted())
  return {
    built: true,
    ban4: merge(sets.ban4, thought.ban4),
    ban6: merge(sets.ban6, thought.ban6),
    ranges: merge(sets.ranges, thought.ranges),
    allow: thought.allow.every((text) => allowed.has(text)) ? thought.allow : sets.allow,
    lockdown: until === null ? null : agrees ? lockdown : { until, open: sets.open },
  }
}
