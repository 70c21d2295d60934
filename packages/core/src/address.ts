/**
 * An IP address as numbers. IPv4 is one unsigned 32-bit word; IPv6 four, most significant first.
 * An IPv4 address written in IPv6 (mapped `::ffff:0:0/96`, NAT64 `64:ff9b::/96`, 6to4 `2002::/16`) is folded to IPv4 by its bits.
 */
export type Address =
  | { readonly family: 4; readonly word: number }
  | { readonly family: 6; readonly words: readonly [number, number, number, number] }

/** Addresses that share their first `prefix` bits. `first` has every other bit zero. */
export type AddressRange = { readonly address: Address; readonly prefix: number }

const DOT = 46
const COLON = 58
const PERCENT = 37

/** Reads four decimal octets without leading zeros; -1 when the text is anything else. */
const parseV4 = (text: string, from: number, to: number): number => {
  let word = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let i = from; i < to; i++) {
    const c = text.charCodeAt(i)
    if (c >= 48 && c <= 57) {
      if (digits === 3 || (digits > 0 && octet === 0)) return -1
      octet = octet * 10 + (c - 48)
      digits++
    } else if (c === DOT && digits > 0 && octet <= 255 && dots < 3) {
      word = word * 256 + octet
      octet = 0
      digits = 0
      dots++
    } else return -1
  }
  return dots === 3 && digits > 0 && octet <= 255 ? word * 256 + octet : -1
}

/** The value of an ASCII hex digit, -1 for every other code below 128. */
const HEX_VALUE = Int8Array.from({ length: 128 }, (_, c) => {
  const lower = c | 32
  if (c >= 48 && c <= 57) return c - 48
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
})

/** The eight groups of the address being read: parsing never yields, so one buffer serves all and nothing is allocated. */
const GROUPS = new Uint16Array(8)

/** Moves the groups after the gap to the end and clears what lies between. */
const openGap = (gap: number, count: number): void => {
  const shift = 8 - count
  for (let i = count - 1; i >= gap; i--) GROUPS[i + shift] = GROUPS[i] ?? 0
  for (let i = gap; i < gap + shift; i++) GROUPS[i] = 0
}

/** Where a zone that follows at `percent` lets the address end; -1 when the zone is empty. Source: RFC 4007. */
const beforeZone = (percent: number, to: number): number => (percent + 1 < to ? percent : -1)

/** Reads RFC 4291 text of an IPv6 address, also with a dotted tail or a zone, into {@link GROUPS}. */
const parseV6 = (text: string, from: number, to: number): boolean => {
  let count = 0
  let gap = -1
  let group = 0
  let digits = 0
  let start = from
  // true after a single colon: a group or a second colon must follow
  let open = false
  let i = from
  if (text.charCodeAt(from) === COLON) {
    if (from + 2 > to || text.charCodeAt(from + 1) !== COLON) return false
    gap = 0
    i += 2
    start = i
  }
  for (; i < to; i++) {
    const c = text.charCodeAt(i)
    const value = c < 128 ? (HEX_VALUE[c] ?? -1) : -1
    if (value >= 0) {
      if (++digits > 4) return false
      group = (group << 4) | value
    } else if (c === COLON) {
      if (digits > 0) {
        if (count === 7) return false
        GROUPS[count++] = group
        group = 0
        digits = 0
        open = true
      } else if (open && gap < 0) {
        gap = count
        open = false
      } else return false
      start = i + 1
    } else if (c === DOT) {
      const percent = text.indexOf('%', i)
      const word = parseV4(text, start, percent < 0 || percent >= to ? to : beforeZone(percent, to))
      if (word < 0 || count > 6) return false
      GROUPS[count++] = word >>> 16
      GROUPS[count++] = word & 0xffff
      digits = 0
      open = false
      break
    } else if (c === PERCENT && beforeZone(i, to) === i) break
    else return false
  }
  if (open && digits === 0) return false
  if (digits > 0) GROUPS[count++] = group
  if (gap < 0) return count === 8
  if (count > 7) return false
  openGap(gap, count)
  return true
}

const wordAt = (i: number): number => (((GROUPS[i] ?? 0) << 16) | (GROUPS[i + 1] ?? 0)) >>> 0

const fold = (): Address => {
  const a = wordAt(0)
  const b = wordAt(2)
  const c = wordAt(4)
  const d = wordAt(6)
  if ((a | b) === 0 && c === 0xffff) return { family: 4, word: d }
  if (a === 0x64ff9b && (b | c) === 0) return { family: 4, word: d }
  if (a >>> 16 === 0x2002) return { family: 4, word: ((a << 16) | (b >>> 16)) >>> 0 }
  return { family: 6, words: [a, b, c, d] }
}

const addressOf4 = (text: string, from: number, to: number): Address | undefined => {
  const word = parseV4(text, from, to)
  return word < 0 ? undefined : { family: 4, word }
}

/**
 * Reads an address as it stands in headers and logs: brackets, a port after IPv4 or brackets, and the zone of an IPv6 address are
 * taken off. `undefined` for anything else; never throws, whatever the text.
 */
export const parseAddress = (text: string): Address | undefined => {
  const length = text.length
  if (length === 0 || length > 128) return undefined
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']')
    if (close < 0 || (close + 1 < length && !isPort(text, close + 1))) return undefined
    if (text.lastIndexOf(':', close) < 0) return addressOf4(text, 1, close)
    return parseV6(text, 1, close) ? fold() : undefined
  }
  const colon = text.indexOf(':')
  if (colon < 0) return addressOf4(text, 0, length)
  // the first group of an IPv6 address has four digits at most, the shortest IPv4 address seven characters
  if (colon > 6) return isPort(text, colon) ? addressOf4(text, 0, colon) : undefined
  return parseV6(text, 0, length) ? fold() : undefined
}

const isPort = (text: string, colon: number): boolean => {
  if (text.charCodeAt(colon) !== COLON || colon + 1 >= text.length || text.length - colon > 6) return false
  let port = 0
  for (let i = colon + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 48 || c > 57) return false
    port = port * 10 + (c - 48)
  }
  return port <= 65_535
}

const formatV4 = (word: number): string => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`

const HEX_SHORT = Array.from({ length: 256 }, (_, byte) => byte.toString(16))
const HEX_LONG = HEX_SHORT.map((hex) => hex.padStart(2, '0'))

const formatGroup = (group: number): string =>
  group < 256 ? (HEX_SHORT[group] ?? '') : (HEX_SHORT[group >>> 8] ?? '') + (HEX_LONG[group & 255] ?? '')

const formatPair = (word: number): string => `${formatGroup(word >>> 16)}:${formatGroup(word & 0xffff)}`

const groupAt = (words: readonly number[], i: number): number => {
  const word = words[i >>> 1] ?? 0
  return (i & 1) === 0 ? word >>> 16 : word & 0xffff
}

const formatV6 = (words: readonly number[]): string => {
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    if (groupAt(words, i) !== 0) continue
    let run = 1
    while (i + run < 8 && groupAt(words, i + run) === 0) run++
    if (run > length) {
      start = i
      length = run
    }
    i += run
  }
  let text = ''
  for (let i = 0; i < 8; i++) {
    if (i === start) {
      text += '::'
      i += length - 1
    } else text += (i === 0 || i === start + length ? '' : ':') + formatGroup(groupAt(words, i))
  }
  return text
}

/** Writes an address canonically. Source: RFC 5952 for IPv6. */
export const formatAddress = (address: Address): string => (address.family === 4 ? formatV4(address.word) : formatV6(address.words))

/** The canonical text of an address as it came in, or `undefined` when it is none. */
export const canonicalAddress = (text: string): string | undefined => {
  const address = parseAddress(text)
  return address === undefined ? undefined : formatAddress(address)
}

/** A 32-bit word with all but its first `bits` bits cleared. */
export const maskWord = (word: number, bits: number): number =>
  bits <= 0 ? 0 : bits >= 32 ? word : (word & (0xffffffff << (32 - bits))) >>> 0

/** The range of `prefix` bits that holds an address; a prefix beyond the address's width is the address itself. */
export const prefixOf = (address: Address, prefix: number): AddressRange => {
  if (address.family === 4) return { address: { family: 4, word: maskWord(address.word, prefix) }, prefix: Math.min(prefix, 32) }
  const [a, b, c, d] = address.words
  return {
    address: { family: 6, words: [maskWord(a, prefix), maskWord(b, prefix - 32), maskWord(c, prefix - 64), maskWord(d, prefix - 96)] },
    prefix: Math.min(prefix, 128),
  }
}

/** Where the bits of the embedded IPv4 address begin, in the form that `text` writes. */
const foldedAt = (text: string): number => (/^\[?2002:/.test(text) ? 16 : 96)

/**
 * Reads `203.0.113.0/24`, `2001:db8::/32` or a single address; host bits are cleared. `undefined` for anything else. A range over a
 * folded form is the IPv4 range it stands for: `::ffff:203.0.113.0/120` is a /24, so is `2002:cb00:7100::/40`.
 */
export const parseRange = (text: string): AddressRange | undefined => {
  if (text.length > 132) return undefined
  const slash = text.indexOf('/')
  if (slash < 0) {
    const single = parseAddress(text)
    return single === undefined ? undefined : { address: single, prefix: single.family === 4 ? 32 : 128 }
  }
  const front = text.slice(0, slash)
  const address = parseAddress(front)
  const written = text.slice(slash + 1)
  if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(written)) return undefined
  const bits = Number(written)
  if (address.family === 6) return bits > 128 ? undefined : prefixOf(address, bits)
  if (!isFolded(front)) return bits > 32 ? undefined : prefixOf(address, bits)
  const prefix = bits - foldedAt(front)
  // a whole folded form would silently mean all of IPv4: who means that writes 0.0.0.0/0
  return prefix < 1 || bits > 128 ? undefined : prefixOf(address, prefix)
}

/** True when a text that was read as IPv4 is written as IPv6: it has two colons, a port only one. */
const isFolded = (text: string): boolean => text.indexOf(':') !== text.lastIndexOf(':')

/** Writes a range; a single address without its `/32` or `/128`. */
export const formatRange = (range: AddressRange): string =>
  range.prefix === (range.address.family === 4 ? 32 : 128)
    ? formatAddress(range.address)
    : `${formatAddress(range.address)}/${range.prefix}`

/**
 * The key under which an address is counted and banned: itself for IPv4, its /64 for IPv6, so that rotating
 * through a /64 gains nothing. `undefined` when the text is no address.
 */
export const addressKey = (text: string, v6Prefix = 64): string | undefined => {
  const address = parseAddress(text)
  if (address === undefined) return undefined
  if (address.family === 4) return formatV4(address.word)
  const { words } = address
  // the zeros of the host part are the longest run, so nothing has to be searched or masked
  if (v6Prefix === 64 && (words[1] & 0xffff) !== 0) return `${formatPair(words[0])}:${formatPair(words[1])}::/64`
  return formatRange(prefixOf(address, v6Prefix))
}
