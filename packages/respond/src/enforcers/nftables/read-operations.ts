import { type AddressRange, parseRange, ParapetError, prefixOf } from '@parapet/core'
import { tooWide } from '../../targets.js'
import type { HostSet, NftOperation } from './operations.js'
import { MAX_RANGES, MAX_TIMEOUT_MS } from './table.js'

/** A range that was read, and for how long, ms. */
export type TypedElement = { readonly range: AddressRange; readonly ms: number }

/** An {@link NftOperation} whose every address was read as one. */
export type TypedOperation =
  | { readonly op: 'build' }
  | { readonly op: 'add' | 'renew'; readonly set: HostSet; readonly elements: readonly TypedElement[] }
  | { readonly op: 'remove'; readonly set: HostSet; readonly ranges: readonly AddressRange[] }
  | { readonly op: 'empty'; readonly set: HostSet }
  | { readonly op: 'ranges'; readonly elements: readonly TypedElement[] }
  | { readonly op: 'allow'; readonly ranges: readonly AddressRange[] }
  | { readonly op: 'open'; readonly ranges: readonly AddressRange[]; readonly ms: number | null }

/** Elements of one transaction, and operations in it. */
const MOST_ELEMENTS = 250_000
const MOST_OPERATIONS = 64
/** How much the clock may have been set back since the question, ms. */
const SKEW_MS = 60_000
/** Ranges of an allow list. */
const MOST_ALLOWED = 2_000

const refuse = (detail: string): ParapetError => new ParapetError('PPT_HELPER', detail)

const rangeOf = (text: unknown): AddressRange => {
  const range = typeof text === 'string' ? parseRange(text) : undefined
  if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', JSON.stringify(text)?.slice(0, 64) ?? 'nothing')
  return range
}

/** A host of a set: an IPv4 address, or what an IPv6 address shares with its /64. */
const hostOf = (set: HostSet, text: unknown): AddressRange => {
  const range = rangeOf(text)
  const { address, prefix } = range
  if (set === 'ban4' ? address.family !== 4 || prefix !== 32 : address.family !== 6 || prefix < 64)
    throw new ParapetError('PPT_ADDRESS_INVALID', `${JSON.stringify(text)} does not belong into ${set}`)
  return set === 'ban4' ? range : prefixOf(address, 64)
}

const denied = (text: unknown): AddressRange => {
  const range = rangeOf(text)
  const reason = tooWide(range)
  if (reason !== undefined) throw refuse(reason)
  return range
}

/** How long is left, ms; at least one, as what has just ended may still have to be taken out of the way. */
const leftOf = (until: unknown, now: number): number => {
  if (typeof until !== 'number' || !Number.isSafeInteger(until) || until < 0 || until > now + MAX_TIMEOUT_MS + SKEW_MS)
    throw refuse(`an end is ${JSON.stringify(until)?.slice(0, 32)}; it takes a time of at most ${MAX_TIMEOUT_MS} ms from now`)
  return Math.max(1, Math.min(until - now, MAX_TIMEOUT_MS))
}

const listOf = (value: unknown, most: number): readonly unknown[] => {
  if (!Array.isArray(value) || value.length > most) throw refuse(`a list is missing or longer than ${most}`)
  return value
}

const setOf = (value: unknown): HostSet => {
  if (value !== 'ban4' && value !== 'ban6') throw refuse('there is no such set')
  return value
}

const elementsOf = (value: unknown, most: number, now: number, read: (text: unknown) => AddressRange): readonly TypedElement[] =>
  listOf(value, most).map((pair) => {
    const [text, until] = listOf(pair, 2)
    return { range: read(text), ms: leftOf(until, now) }
  })

const readOne = (value: unknown, now: number): TypedOperation => {
  if (typeof value !== 'object' || value === null) throw refuse('an operation is none')
  const given = value as { readonly [Key in 'op' | 'set' | 'elements' | 'addresses' | 'ranges' | 'until']?: unknown }
  switch (given.op as NftOperation['op']) {
    case 'build':
      return { op: 'build' }
    case 'add':
    case 'renew': {
      const set = setOf(given.set)
      return {
        op: given.op as 'add' | 'renew',
        set,
        elements: elementsOf(given.elements, MOST_ELEMENTS, now, (text) => hostOf(set, text)),
      }
    }
    case 'remove': {
      const set = setOf(given.set)
      return { op: 'remove', set, ranges: listOf(given.addresses, MOST_ELEMENTS).map((text) => hostOf(set, text)) }
    }
    case 'empty':
      return { op: 'empty', set: setOf(given.set) }
    case 'ranges':
      return { op: 'ranges', elements: elementsOf(given.elements, MAX_RANGES, now, denied) }
    case 'allow':
      return { op: 'allow', ranges: listOf(given.ranges, MOST_ALLOWED).map(rangeOf) }
    case 'open':
      return {
        op: 'open',
        ranges: listOf(given.ranges, MOST_ALLOWED).map(rangeOf),
        ms: given.until === null ? null : leftOf(given.until, now),
      }
    default:
      throw refuse('there is no such operation')
  }
}

/**
 * Reads a list of operations as it came, whoever sent it: every address is read by core, every number is bounded. `now` in ms UTC. Throws `PPT_ADDRESS_INVALID`
 * and `PPT_HELPER`; then nothing of it may be done.
 */
export const readOperations = (value: unknown, now: number): readonly TypedOperation[] =>
  listOf(value, MOST_OPERATIONS).map((one) => readOne(one, now))
