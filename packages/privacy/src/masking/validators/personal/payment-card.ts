import type { Validator } from '../validator.js'
import { digitsOf, isOneDigit, luhn, numberAt } from './checksums.js'

/** Issuers by the first digits: from, to (both of the same length), and the lengths of their numbers. Source: ISO/IEC 7812 and the networks' published ranges. */
const ISSUERS: readonly (readonly [from: number, to: number, lengths: readonly number[]])[] = [
  [4, 4, [13, 16, 19]],
  [51, 55, [16]],
  [2221, 2720, [16]],
  [34, 34, [15]],
  [37, 37, [15]],
  [300, 305, [14, 16]],
  [3095, 3095, [14, 16]],
  [36, 36, [14]],
  [38, 39, [14, 16]],
  [6011, 6011, [16, 19]],
  [644, 649, [16, 19]],
  [65, 65, [16, 19]],
  [622126, 622925, [16, 17, 18, 19]],
  [62, 62, [16, 17, 18, 19]],
  [81, 81, [16]],
  [3528, 3589, [16, 17, 18, 19]],
  [5018, 5018, [13, 14, 15, 16, 17, 18, 19]],
  [5020, 5020, [13, 14, 15, 16, 17, 18, 19]],
  [5038, 5038, [13, 14, 15, 16, 17, 18, 19]],
  [5893, 5893, [13, 14, 15, 16, 17, 18, 19]],
  [6304, 6304, [13, 14, 15, 16, 17, 18, 19]],
  [6759, 6759, [13, 14, 15, 16, 17, 18, 19]],
  [6761, 6763, [13, 14, 15, 16, 17, 18, 19]],
  [2200, 2204, [16, 17, 18, 19]],
  [9792, 9792, [16]],
  [506099, 506198, [16, 19]],
  [650002, 650027, [16, 19]],
]

const isCard = (digits: readonly number[]): boolean => {
  // nine of ten numbers end here
  if (!luhn(digits)) return false
  const isIssued = ISSUERS.some(([from, to, lengths]) => {
    const prefix = numberAt(digits, 0, String(from).length)
    return prefix >= from && prefix <= to && lengths.includes(digits.length)
  })
  return isIssued && !isOneDigit(digits)
}

/** Keeps the number of a payment card: issuer, length and Luhn. What follows four groups of four (a code, a year) is left out. */
export const paymentCard: Validator = (value) => {
  const digits = digitsOf(value)
  if (isCard(digits)) return true
  const isGrouped = value.length > 19 && digits.length === 19
  return isGrouped && isCard(digits.slice(0, 16)) ? 19 : false
}
