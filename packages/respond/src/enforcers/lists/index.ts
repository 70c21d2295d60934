export { type DeniedOptions, type DeniedRanges, deniedRanges, rangeLines } from './denied-ranges.js'
export { formatList, LIST_FORMATS, LIST_MEDIA_TYPES, type ListFormat, type ListMeta } from './format-list.js'
