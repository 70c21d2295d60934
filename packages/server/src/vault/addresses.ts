import { parseRange } from '@parapet/core'

/** Longest text of an address or range: IPv6 with an embedded IPv4 address and a prefix. */
const LONGEST = 49

/** True for an address or a range: what stays in clear. Cheap for everything else. */
export const looksLikeAddress = (text: string): boolean =>
  text.length <= LONGEST && /^[0-9a-f:][0-9a-f:./]*$/i.test(text) && parseRange(text) !== undefined
