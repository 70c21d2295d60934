/** What can be told of some ids of one kind. `guessable` says how the next one is found. */
export type IdOrder = { readonly kind: 'guessable'; readonly how: string } | { readonly kind: 'unguessable'; readonly how: string }

/** Ids so far apart that trying all between them is no way to find one. */
const FAR = 10n ** 9n

const gapsOf = (numbers: readonly bigint[]): readonly bigint[] => {
  const sorted = numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted.slice(1).map((number, i) => number - (sorted[i] ?? 0n))
}

const isNear = (numbers: readonly bigint[]): boolean => gapsOf(numbers).every((gap) => gap < FAR)

/** Do these numbers read as times near now, in seconds, milliseconds or microseconds? */
const timeUnit = (numbers: readonly bigint[], now: number): string | undefined => {
  const [from, to] = [BigInt(Math.floor(now / 1_000) - 20 * 31_536_000), BigInt(Math.floor(now / 1_000) + 31_536_000)]
  for (const [unit, perSecond] of [
    ['seconds', 1n],
    ['milliseconds', 1_000n],
    ['microseconds', 1_000_000n],
  ] as const)
    if (numbers.every((number) => number > from * perSecond && number < to * perSecond)) return unit
  return undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([1-8])[0-9a-f]{3}-[89ab][0-9a-f]{3}-([0-9a-f]{12})$/i

const uuids = (ids: readonly string[]): IdOrder | undefined => {
  const read = ids.map((id) => UUID.exec(id))
  if (read.some((one) => one === null)) return undefined
  const [versions, nodes] = [new Set(read.map((one) => one?.[1])), new Set(read.map((one) => one?.[2]?.toLowerCase()))]
  if ([...versions].every((version) => version === '1' || version === '6') && nodes.size < ids.length)
    return { kind: 'guessable', how: 'UUIDs of version 1: a time, and the same machine in each' }
  // 2, 3, 5 and 8 cannot be told from random ones by a few examples
  return { kind: 'unguessable', how: `UUIDs of version ${[...versions].join(', ')}` }
}

/** MongoDB's 12 bytes: seconds, five bytes of the process, a counter. */
const objectIds = (ids: readonly string[], now: number): IdOrder | undefined => {
  if (!ids.every((id) => /^[0-9a-f]{24}$/i.test(id))) return undefined
  const times = ids.map((id) => BigInt(`0x${id.slice(0, 8)}`))
  const counters = ids.map((id) => BigInt(`0x${id.slice(18)}`))
  if (new Set(ids.map((id) => id.slice(8, 18).toLowerCase())).size < ids.length && timeUnit(times, now) === 'seconds' && isNear(counters))
    return { kind: 'guessable', how: 'ObjectIds: a time, the same process in each, and a counter' }
  return undefined
}

/** The longest beginning that all share, cut back so that it ends before a digit. */
const commonStart = (ids: readonly string[]): string => {
  const first = ids[0] ?? ''
  let length = first.length
  for (const id of ids) while (!id.startsWith(first.slice(0, length))) length--
  return first.slice(0, length).replace(/\d+$/, '')
}

/**
 * Judges two or more ids of one kind: may the next one be guessed from these? Numbers close to each other, times, `INV-0007` and the like,
 * UUIDs of version 1 of one machine and ObjectIds may. Source: ASVS 8.2.2, CWE-340.
 */
export const orderOf = (ids: readonly string[], now: number): IdOrder => {
  const known = uuids(ids) ?? objectIds(ids, now)
  if (known !== undefined) return known
  const start = commonStart(ids)
  const tails = ids.map((id) => id.slice(start.length))
  if (tails.every((tail) => /^\d{1,20}$/.test(tail))) {
    const numbers = tails.map((tail) => BigInt(tail))
    const unit = timeUnit(numbers, now)
    if (unit !== undefined) return { kind: 'guessable', how: `times in ${unit}` }
    if (isNear(numbers))
      return { kind: 'guessable', how: start === '' ? 'numbers that count up' : `numbers that count up behind "${start.slice(0, 20)}"` }
    return { kind: 'unguessable', how: 'numbers far apart' }
  }
  if (
    tails.every((tail) => /^[0-9a-f]{1,8}$/i.test(tail)) &&
    isNear(tails.map((tail) => BigInt(`0x${tail}`))) &&
    ids.every((id) => id.length <= 8)
  )
    return { kind: 'guessable', how: 'short numbers in hexadecimal that count up' }
  return { kind: 'unguessable', how: 'ids that do not count up' }
}
