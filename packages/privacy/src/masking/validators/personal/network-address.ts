import { isIPv6 } from 'node:net'
import type { Validator } from '../validator.js'

/** Keeps an IPv4 address that can be somebody's: each part up to 255, not unspecified, loopback or a mask. */
export const ipv4: Validator = (value) => {
  const parts = value.split('.').map(Number)
  return parts.length === 4 && parts.every((part) => part <= 255) && parts[0] !== 0 && parts[0] !== 127 && parts[0] !== 255
}

/** Keeps an IPv6 address with a digit in it: names joined by `::` are none. */
export const ipv6: Validator = (value) => {
  for (let end = value.length; end > 6; end--) {
    const text = value.slice(0, end)
    if (isIPv6(text)) return /\d/.test(text) && text !== '::1' ? end : false
  }
  return false
}

/** Keeps a hardware address that is not all zeros or ones. Source: IEEE 802. */
export const macAddress: Validator = (value) => !/^(?:00[:-]){5}00$|^(?:ff[:-]){5}ff$/i.test(value)

/** Keeps a date on which a person can have been born: day and month exist in one of the usual orders. */
export const birthDate: Validator = (value) => {
  const parts = value.split(/[-/. ]/).map(Number)
  const [first = 0, second = 0, third = 0] = parts
  const year = first > 31 ? first : third
  const [a, b] = first > 31 ? [second, third] : [first, second]
  return year >= 1900 && year < 2100 && ((a >= 1 && a <= 12 && b >= 1 && b <= 31) || (b >= 1 && b <= 12 && a >= 1 && a <= 31))
}
