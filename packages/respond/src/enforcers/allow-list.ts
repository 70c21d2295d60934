import { createAddressSet, formatRange } from '@parapet/core'
import { rangeContains } from '../targets.js'
import { minimalRanges } from './minimal-ranges.js'
import type { AllowGroup, AllowList } from './types.js'

/** Builds the list of those who are never denied on a host. */
export const createAllowList = (groups: readonly AllowGroup[]): AllowList => {
  const all = groups.flatMap(({ ranges }) => ranges)
  const set = createAddressSet(all)
  return {
    ranges: minimalRanges(all.map((range) => ({ range, until: Number.MAX_SAFE_INTEGER }))).map(({ range }) => range),
    reasonFor: (range) => {
      // tens of thousands of bans are asked for at once: most of them are near nothing
      if (!set.has(range.address)) return undefined
      const group = groups.find(({ ranges }) => ranges.some((one) => rangeContains(one, range)))
      return group === undefined ? undefined : `${formatRange(range)} is ${group.reason}`
    },
  }
}
