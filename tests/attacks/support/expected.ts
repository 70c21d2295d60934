import type { Fault } from '@parapet/example-leaky'

/** Ids in places are of this run; what they are of is what matters. */
export const withoutIds = (place: string): string => place.replaceAll(/\b(doc|file|person|framework)_[a-z0-9]{16,}/g, ':$1')

/** What must be found for these faults, as `probe @ place`, sorted. */
export const expectedOf = (faults: readonly Fault[]): readonly string[] =>
  [...new Set(faults.flatMap(({ probe, at }) => at.map((place) => `${probe} @ ${place}`)))].toSorted()
