import type { Validator } from '../validator.js'

/**
 * Calling codes with the least and most digits of a national number. A code of two digits that is not listed stands for the three-digit codes
 * that begin with it. Source: ITU-T E.164 and the national numbering plans.
 */
const ONE_OR_TWO: Readonly<Record<string, readonly [number, number]>> = {
  1: [10, 10],
  7: [10, 10],
  20: [8, 10],
  27: [9, 9],
  30: [10, 10],
  31: [9, 9],
  32: [8, 9],
  33: [9, 9],
  34: [9, 9],
  36: [8, 9],
  39: [6, 11],
  40: [9, 9],
  41: [9, 9],
  43: [7, 13],
  44: [9, 10],
  45: [8, 8],
  46: [7, 10],
  47: [8, 8],
  48: [9, 9],
  49: [7, 13],
  51: [8, 9],
  52: [10, 10],
  53: [8, 8],
  54: [10, 11],
  55: [10, 11],
  56: [9, 9],
  57: [10, 10],
  58: [10, 10],
  60: [8, 10],
  61: [9, 9],
  62: [8, 12],
  63: [8, 10],
  64: [8, 10],
  65: [8, 8],
  66: [8, 9],
  81: [9, 10],
  82: [8, 11],
  84: [9, 10],
  86: [10, 11],
  90: [10, 10],
  91: [10, 10],
  92: [9, 10],
  93: [9, 9],
  94: [9, 9],
  95: [8, 10],
  98: [10, 10],
}
/** First two digits of the three-digit codes in use. */
const THREE = new Set([
  '21',
  '22',
  '23',
  '24',
  '25',
  '26',
  '29',
  '35',
  '37',
  '38',
  '42',
  '50',
  '59',
  '67',
  '68',
  '69',
  '85',
  '87',
  '88',
  '96',
  '97',
  '99',
])
const THREE_LENGTHS: readonly [number, number] = [6, 10]
/** Three-digit codes whose numbers have one certain length, and that are frequent. */
const CERTAIN: Readonly<Record<string, readonly [number, number]>> = {
  351: [9, 9],
  353: [7, 9],
  358: [6, 11],
  352: [5, 11],
  370: [8, 8],
  371: [8, 8],
  372: [7, 8],
  380: [9, 9],
  385: [8, 9],
  386: [8, 8],
  420: [9, 9],
  421: [9, 9],
  852: [8, 8],
  853: [8, 8],
  886: [8, 9],
  966: [8, 9],
  971: [8, 9],
  972: [8, 9],
  880: [8, 10],
  212: [9, 9],
  213: [8, 9],
  234: [8, 10],
  254: [9, 10],
}

const lengthsOf = (digits: string): readonly [code: number, least: number, most: number] | undefined => {
  for (const size of [1, 2]) {
    const known = ONE_OR_TWO[digits.slice(0, size)]
    if (known !== undefined) return [size, ...known]
  }
  if (!THREE.has(digits.slice(0, 2))) return undefined
  return [3, ...(CERTAIN[digits.slice(0, 3)] ?? THREE_LENGTHS)]
}

const isDigitAt = (value: string, at: number): boolean => {
  const code = value.charCodeAt(at)
  return code >= 48 && code <= 57
}

/** Keeps an international number (E.164) for as long as its country's plan allows, up to the end of a group of digits. */
export const phoneInternational: Validator = (value) => {
  const plan = lengthsOf(value.replaceAll(/\D+/g, '').slice(0, 3))
  if (plan === undefined || !/^\+[1-9]/.test(value)) return false
  const [code, least, most] = plan
  // a trunk zero in brackets, +44 (0)20, is not a part of the number
  const trunk = /\(0\)/.test(value.slice(0, 10)) ? 1 : 0
  let [count, kept] = [0, 0]
  for (let i = 0; i < value.length; i++) {
    if (!isDigitAt(value, i)) continue
    count++
    const size = count - code - trunk
    if (!isDigitAt(value, i + 1) && size >= least && size <= most) kept = i + 1
  }
  return kept
}

const groupsOf = (value: string): readonly number[] => (value.match(/\d+/g) ?? []).map((group) => group.length)

/** Keeps a national number with a trunk zero and separators; dates, times and counters have other groups. */
export const phoneNational: Validator = (value) => {
  const groups = groupsOf(value)
  const total = groups.reduce((sum, size) => sum + size, 0)
  const [first = 0, ...rest] = groups
  if (first === 2) {
    if (groups.join() === '2,2,2,2,2') return true
    return rest.length === 2 && (rest[0] ?? 0) >= 3 && rest[1] === 4 && total >= 9
  }
  return first >= 3 && total >= 10 && total <= 12 && rest.every((size) => size >= 2) && rest.some((size) => size >= 3 || rest.length >= 3)
}

/** Keeps a number of the North American plan: no service code (N11) as area, and not all one digit. */
export const phoneNanp: Validator = (value) => {
  const digits = value.replaceAll(/\D+/g, '').slice(-10)
  return !/^.11/.test(digits) && !/^(\d)\1+$/.test(digits)
}

/** Keeps the digits of a number that a word announced: 7 to 15 of them. Source: E.164. */
export const phoneDigits: Validator = (value) => {
  const digits = value.replaceAll(/\D+/g, '')
  return digits.length >= 7 && digits.length <= 15 && !/^(\d)\1+$/.test(digits)
}
