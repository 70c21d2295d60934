import { canonicalAddress } from '@parapet/core'
import { detached } from './shared-text.js'

const SLOTS = 8_192
const words = new Float64Array(SLOTS).fill(-1)
const texts = Array.from({ length: SLOTS }, () => '')
const OCTETS = Array.from({ length: 256 }, (_, octet) => String(octet))

/**
 * One string for one IPv4 address, from a fixed cache. A slice of the line would keep the whole line in memory for as
 * long as a window remembers the address, and its hash would be computed anew for every event.
 */
const shared = (word: number): string => {
  const slot = (word ^ (word >>> 13)) & (SLOTS - 1)
  if (words[slot] !== word) {
    words[slot] = word
    texts[slot] = `${OCTETS[word >>> 24]}.${OCTETS[(word >>> 16) & 255]}.${OCTETS[(word >>> 8) & 255]}.${OCTETS[word & 255]}`
  }
  return texts[slot] as string
}

/** The canonical text of the address that is exactly `line[from, to)`, or `undefined` when that is none. */
export const addressAt = (line: string, from: number, to: number): string | undefined => {
  const length = to - from
  if (length < 2 || length > 64) return undefined
  let word = 0
  let octet = -1
  let dots = 0
  for (let i = from; i < to; i++) {
    const c = line.charCodeAt(i)
    if (c === 46) {
      if (octet < 0 || ++dots > 3) return undefined
      word = word * 256 + octet
      octet = -1
    } else if (c >= 48 && c <= 57) {
      if (octet === 0) return otherAddress(line, from, to)
      octet = octet < 0 ? c - 48 : octet * 10 + (c - 48)
      if (octet > 255) return otherAddress(line, from, to)
    } else return otherAddress(line, from, to)
  }
  return dots === 3 && octet >= 0 ? shared(word * 256 + octet) : otherAddress(line, from, to)
}

/** Other texts are remembered by place: reading an IPv6 address and writing it anew takes a microsecond */
const OTHERS = 4_096
const written = Array.from({ length: OTHERS }, () => '')
const canonical: (string | undefined)[] = Array.from({ length: OTHERS }, () => undefined)

/** IPv6 in all its forms; names of hosts and brackets with ports are no addresses here. */
const otherAddress = (line: string, from: number, to: number): string | undefined => {
  let mix = to - from
  for (let i = from; i < to; i++) mix = (Math.imul(mix, 31) + line.charCodeAt(i)) | 0
  const place = (mix ^ (mix >>> 13)) & (OTHERS - 1)
  const text = line.slice(from, to)
  if (written[place] === text) return canonical[place]
  const address = readOther(text)
  const kept = detached(text)
  if (kept !== undefined) {
    written[place] = kept
    canonical[place] = address
  }
  return address
}

const readOther = (text: string): string | undefined =>
  text.indexOf(':') !== text.lastIndexOf(':') && !text.includes('[') ? canonicalAddress(text) : undefined
