/** The digits of a text, in order; everything else is left out. */
export const digitsOf = (text: string): readonly number[] => {
  const digits: number[] = []
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) digits.push(digit)
  }
  return digits
}

/** The sum of digits times weights, position by position. */
export const weighted = (digits: readonly number[], weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * (digits[i] ?? 0), 0)

/** True when all digits are the same: it passes many checksums and is nobody's number. */
export const isOneDigit = (digits: readonly number[]): boolean => digits.every((digit) => digit === digits[0])

const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]

/** The Luhn checksum. Source: ISO/IEC 7812-1, annex B. */
export const luhn = (digits: readonly number[]): boolean => {
  let sum = 0
  let isSecond = false
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits[i] as number
    sum += isSecond ? (DOUBLED[digit] as number) : digit
    isSecond = !isSecond
  }
  return digits.length > 1 && sum % 10 === 0
}

/** The remainder of a number given as text of digits and letters (A is 10) divided by 97. Source: ISO/IEC 7064, MOD 97-10. */
export const remainder97 = (text: string): number => {
  let rest = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const value = code <= 57 ? code - 48 : (code & 31) + 9
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest
}

const VERHOEFF_PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]

/** Multiplication in the dihedral group of ten elements. */
const dihedral = (a: number, b: number): number => {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)
  return b < 5 ? 5 + ((a - b) % 5) : (5 + a - b) % 5
}

const permuted = (digit: number, times: number): number => {
  let value = digit
  for (let i = 0; i < times; i++) value = VERHOEFF_PERMUTATION[value] ?? 0
  return value
}

/** The Verhoeff checksum. Source: Verhoeff, "Error detecting decimal codes", 1969. */
export const verhoeff = (digits: readonly number[]): boolean => {
  let check = 0
  for (let i = 0; i < digits.length; i++) check = dihedral(check, permuted(digits[digits.length - 1 - i] ?? 0, i % 8))
  return check === 0
}

/** The checksum of ISO/IEC 7064 MOD 11,10. */
export const mod1110 = (digits: readonly number[]): boolean => {
  let product = 10
  for (const digit of digits.slice(0, -1)) {
    const sum = (digit + product) % 10
    product = ((sum === 0 ? 10 : sum) * 2) % 11
  }
  return (11 - product) % 10 === digits.at(-1)
}

/** True when day and month exist; a year is not needed to tell. */
export const isDay = (day: number, month: number): boolean => month >= 1 && month <= 12 && day >= 1 && day <= (DAYS[month - 1] ?? 31)

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** The number that digits from `start` to `end` make. */
export const numberAt = (digits: readonly number[], start: number, end: number): number => {
  let value = 0
  for (let i = start; i < end && i < digits.length; i++) value = value * 10 + (digits[i] as number)
  return value
}
