export { createAllowList } from './allow-list.js'
export { minimalRanges, type RangeUntil } from './minimal-ranges.js'
export { type HeldElement, heldOf, type NftHeld, NOTHING_HELD } from './nftables/held.js'
export { countHeld, nftablesModel, type NftSettings, type NftWanted, type WantedLockdown } from './nftables/model.js'
export * from './nftables/operations.js'
export { readSets } from './nftables/read-back.js'
export { readOperations, type TypedElement, type TypedOperation } from './nftables/read-operations.js'
export { renderTransaction } from './nftables/render.js'
export { TABLE } from './nftables/table.js'
export * from './types.js'
export { isFor, wantedRanges } from './wanted-ranges.js'
export {
  type DeniedRanges,
  deniedRanges,
  type DeniedOptions,
  rangeLines,
  formatList,
  LIST_FORMATS,
  LIST_MEDIA_TYPES,
  type ListFormat,
  type ListMeta,
} from './lists/index.js'
export { type GeoInclude, geoInclude } from './nginx/index.js'
