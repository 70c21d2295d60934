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

const hexDigit = (c: number): number => {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

/** Reads RFC 4291 text of an IPv6 address, also with a dotted tail, into eight groups. */
const parseV6 = (text: string, from: number, to: number): number[] | undefined => {
  const groups: number[] = []
  let gap = -1
  let i = from
  if (text.charCodeAt(i) === COLON) {
    if (text.charCodeAt(i + 1) !== COLON) return undefined
    gap = 0
    i += 2
  }
  while (i < to) {
    let group = 0
    let digits = 0
    const start = i
    for (; i < to && digits < 5; i++, digits++) {
      const digit = hexDigit(text.charCodeAt(i))
      if (digit < 0) break
      group = group * 16 + digit
    }
    const c = i < to ? text.charCodeAt(i) : -1
    if (c === DOT) {
      const word = parseV4(text, start, to)
      if (word < 0 || groups.length > 6) return undefined
      groups.push(word >>> 16, word & 0xffff)
      i = to
      break
    }
    if (digits === 0 || digits > 4 || groups.length > 7) return undefined
    groups.push(group)
    if (c === -1) break
    if (c !== COLON) return undefined
    i++
    if (i < to && text.charCodeAt(i) === COLON) {
      if (gap >= 0) return undefined
      gap = groups.length
      i++
    } else if (i === to) return undefined
  }
  if (gap < 0) return groups.length === 8 ? groups : undefined
  if (groups.length > 7) return undefined
  groups.splice(gap, 0, ...Array.from({ length: 8 - groups.length }, () => 0))
  return groups
}

const fold = (g: readonly number[]): Address => {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, x = 0, y = 0] = g
  const low = ((x << 16) | y) >>> 0
  const middle = b === 0 && c === 0 && d === 0 && e === 0
  if (middle && a === 0 && f === 0xffff) return { family: 4, word: low }
  if (a === 0x64 && b === 0xff9b && c === 0 && d === 0 && e === 0 && f === 0) return { family: 4, word: low }
  if (a === 0x2002) return { family: 4, word: ((b << 16) | c) >>> 0 }
  return { family: 6, words: [((a << 16) | b) >>> 0, ((c << 16) | d) >>> 0, ((e << 16) | f) >>> 0, low] }
}

/**
 * Reads an address as it stands in headers and logs: brackets, a port after IPv4 or brackets, and a zone are taken off.
 * `undefined` for anything else; never throws, whatever the text.
 */
export const parseAddress = (text: string): Address | undefined => {
  let from = 0
  let to = text.length
  if (to === 0 || to > 128) return undefined
  if (text.charCodeAt(0) === 91) {
    const close = text.indexOf(']')
    if (close < 0 || (close + 1 < to && !isPort(text, close + 1))) return undefined
    from = 1
    to = close
  } else {
    const colon = text.indexOf(':')
    if (colon > 0 && text.indexOf(':', colon + 1) < 0 && text.includes('.')) {
      if (!isPort(text, colon)) return undefined
      to = colon
    }
  }
  const zone = text.indexOf('%', from)
  if (zone > from && zone < to) to = zone
  if (text.indexOf(':', from) < 0 || text.indexOf(':', from) >= to) {
    const word = parseV4(text, from, to)
    return word < 0 ? undefined : { family: 4, word }
  }
  const groups = parseV6(text, from, to)
  return groups === undefined ? undefined : fold(groups)
}

const isPort = (text: string, colon: number): boolean => {
  if (text.charCodeAt(colon) !== COLON || colon + 1 >= text.length || text.length - colon > 6) return false
  for (let i = colon + 1; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c < 48 || c > 57) return false
  }
  return true
}

const formatV4 = (word: number): string => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`

/** Writes an address canonically. Source: RFC 5952 for IPv6. */
export const formatAddress = (address: Address): string => {
  if (address.family === 4) return formatV4(address.word)
  const groups = address.words.flatMap((word) => [word >>> 16, word & 0xffff])
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (i + run < 8 && groups[i + run] === 0) run++
    if (run > length) {
      start = i
      length = run
    }
    i += run
  }
  const hex = groups.map((group) => group.toString(16))
  return start < 0 ? hex.join(':') : `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The canonical text of an address as it came in, or `undefined` when it is none. */
export const canonicalAddress = (text: string): string | undefined => {
  const address = parseAddress(text)
  return address === undefined ? undefined : formatAddress(address)
}

const maskWord = (word: number, bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? word : (word & (0xffffffff << (32 - bits))) >>> 0)

/** The range of `prefix` bits that holds an address. */
export const prefixOf = (address: Address, prefix: number): AddressRange => {
  if (address.family === 4) return { address: { family: 4, word: maskWord(address.word, prefix) }, prefix }
  const [a, b, c, d] = address.words
  return {
    address: { family: 6, words: [maskWord(a, prefix), maskWord(b, prefix - 32), maskWord(c, prefix - 64), maskWord(d, prefix - 96)] },
    prefix,
  }
}

/** Reads `203.0.113.0/24`, `2001:db8::/32` or a single address; host bits are cleared. `undefined` for anything else. */
export const parseRange = (text: string): AddressRange | undefined => {
  const slash = text.indexOf('/')
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (address === undefined) return undefined
  const written = slash < 0 ? undefined : text.slice(slash + 1)
  const widest = address.family === 4 ? 32 : 128
  if (written === undefined) return { address, prefix: widest }
  if (!/^(?:0|[1-9]\d{0,2})$/.test(written)) return undefined
  // a range written over the mapped form counts its bits from the front of the IPv6 address
  const mapped = address.family === 4 && text.slice(0, slash).includes(':')
  const prefix = mapped ? Number(written) - 96 : Number(written)
  return prefix < 0 || prefix > widest ? undefined : prefixOf(address, prefix)
}

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
  return address.family === 4 ? formatV4(address.word) : formatRange(prefixOf(address, v6Prefix))
}
