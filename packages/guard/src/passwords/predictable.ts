/** Rows of keyboards, the alphabet and the digits: a stretch of one, forth or back, is a single idea. */
const FORTH = [
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '012345678901234567890',
]
const ROWS: readonly string[] = FORTH.flatMap((row) => [row, row.split('').toReversed().join('')])

/** Whether the text is one short piece over and over: `aaaaaaaa`, `abcabcabc`, `12121212`. */
const repeats = (text: string): boolean => {
  // by characters: half of a sign beyond 16 bits is none
  const signs = Array.from(text)
  for (let period = 1; period <= Math.min(4, signs.length >> 1); period++) {
    let same = true
    for (let i = period; same && i < signs.length; i++) same = signs[i] === signs[i - period]
    if (same) return true
  }
  return false
}

/** Whether the text is made of at most two stretches of three or more along rows: `qwertyasdf`, `abcd1234`, `98765432`. */
const followsRows = (text: string): boolean => {
  let at = 0
  for (let stretch = 0; stretch < 2 && at < text.length; stretch++) {
    let most = 0
    for (const row of ROWS) {
      let length = 0
      while (at + length < text.length && row.includes(text.slice(at, at + length + 1))) length++
      if (length > most) most = length
    }
    if (most < 3) return false
    at += most
  }
  return at === text.length
}

const isDay = (year: number, month: number, day: number): boolean =>
  year >= 1900 && year <= 2035 && month >= 1 && month <= 12 && day >= 1 && day <= 31

/** Whether the text is a date of somebody alive, in any order, with or without one kind of separator. */
const isDate = (text: string): boolean => {
  const digits = /^(?:\d{1,4})([-./ ])(?:\d{1,2})\1(?:\d{1,4})$/.test(text)
    ? text.split(/[-./ ]/).map((part, _i, parts) => (part.length === 1 && parts.length === 3 ? `0${part}` : part)).join('')
    : text // prettier-ignore
  if (!/^\d{8}$/.test(digits)) return false
  const number = (from: number, to: number): number => Number(digits.slice(from, to))
  return (
    isDay(number(0, 4), number(4, 6), number(6, 8)) ||
    isDay(number(4, 8), number(2, 4), number(0, 2)) ||
    isDay(number(4, 8), number(0, 2), number(2, 4))
  )
}

const LONGEST = 1_024

/**
 * Whether a password is one idea that a guesser has at once: a repeated piece, stretches of the keyboard or the alphabet, a date. It says
 * nothing of which kinds of characters there are. Linear; beyond 64 characters only a repeated piece is one, and no password is longer than 1,024.
 */
export const isPredictable = (password: string): boolean => {
  if (password.length > 64) return password.length <= LONGEST && repeats(password)
  const text = password.toLowerCase()
  return repeats(text) || followsRows(text) || isDate(text)
}
