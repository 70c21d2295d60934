import { formatRange, type DecisionRequest, parseRange, ParapetError, prefixOf } from '@parapet/core'

/** What `ADDRESS` means on the command line: one IPv4 address, the /64 of an IPv6 address, or the range as written. */
export const readTarget = (text: string): DecisionRequest['target'] => {
  const range = parseRange(text)
  if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', JSON.stringify(text.slice(0, 64)))
  const whole = range.address.family === 4 ? 32 : 128
  if (range.prefix < whole || text.includes('/')) return { kind: 'cidr', value: formatRange(range) }
  // rotating through a /64 costs an attacker nothing: it is counted and denied as one
  return range.address.family === 4
    ? { kind: 'ip', value: formatRange(range) }
    : { kind: 'cidr', value: formatRange(prefixOf(range.address, 64)) }
}
