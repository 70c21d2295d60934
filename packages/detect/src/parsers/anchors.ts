import { addressAt } from './address-text.js'

/** The end of a message that names its peer: where what stands before it ends, the address, and the port (-1 for none). */
export type Peer = { before: number; address: string | undefined; port: number }

/** An empty peer for the readers below. */
export const createPeer = (): Peer => ({ before: 0, address: undefined, port: -1 })

const isDigit = (c: number): boolean => c >= 48 && c <= 57

/** Reads the digits in front of `end`; their start, or `end` when there are none. */
const digitsBefore = (line: string, from: number, end: number): number => {
  let at = end
  while (at > from && end - at < 6 && isDigit(line.charCodeAt(at - 1))) at--
  return at
}

/** Where the word that ends at `end` starts. */
const wordBefore = (line: string, from: number, end: number): number => {
  let at = end
  while (at > from && line.charCodeAt(at - 1) !== 32) at--
  return at
}

/**
 * Reads `... from ADDRESS[ port N]` that ends exactly at `end`, from the right: a user name in front of it may hold any
 * text, `from 10.0.0.1 port 5` included, and changes nothing. False when the end does not look like that.
 */
export const peerFromRight = (line: string, from: number, end: number, into: Peer, bare = false): boolean => {
  let at = end
  into.port = -1
  const digits = digitsBefore(line, from, end)
  if (digits < end && digits - 6 >= from && line.startsWith(' port ', digits - 6)) {
    into.port = readNumber(line, digits, end)
    at = digits - 6
  }
  const start = wordBefore(line, from, at)
  if (start === at) return false
  into.address = addressAt(line, start, at)
  if (bare) {
    if (into.address === undefined || into.port < 0 || start === from) return false
    into.before = start - 1
    return true
  }
  if (start - 6 < from - 1 || !line.startsWith('from ', start - 5)) return false
  into.before = Math.max(from, start - 6)
  return true
}

/** Reads `ADDRESS[ port N]` that starts exactly at `from`; the offset after it, or -1. What follows may be any text. */
export const peerFromLeft = (line: string, from: number, end: number, into: Peer): number => {
  let at = from
  while (at < end && at - from <= 64 && line.charCodeAt(at) > 32) at++
  let word = at
  // `ADDRESS:` and `ADDRESS,` end a clause
  if (word > from && (line.charCodeAt(word - 1) === 58 || line.charCodeAt(word - 1) === 44)) word--
  into.port = -1
  into.address = addressAt(line, from, word)
  if (into.address === undefined) return -1
  if (word < at || !line.startsWith(' port ', at)) return word
  const digits = at + 6
  let stop = digits
  while (stop < end && stop - digits < 6 && isDigit(line.charCodeAt(stop))) stop++
  if (stop === digits) return word
  into.port = readNumber(line, digits, stop)
  return stop
}

const readNumber = (line: string, from: number, to: number): number => {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + (line.charCodeAt(i) - 48)
  return value
}
