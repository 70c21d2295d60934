import { PASSWORD_WORDS, WHOLE_PASSWORDS } from './most-used.js'

/** What people put after a word to make it a password, and the years since 1950. */
const ENDINGS: readonly string[] = [
  ...'0 1 2 3 4 5 6 7 8 9 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 33 42 44 45 55 66 69 77 86 87'.split(' '),
  ...'88 89 90 91 92 93 94 95 96 97 98 99 000 007 100 101 111 123 222 234 321 333 420 456 555 666 777 786 789 888 911 999 1111 1122 1212'.split(' '),
  ...'1234 4321 2222 5555 6666 7777 8888 9999 12345 54321 11111 123123 123321 111111 654321 123456 1234567 12345678 123456789'.split(' '),
  ...'! !! !!! ? . .. * # $ @ 1! 12! 123! 1234! !1 !12 !123 @1 @12 @123 @1234 @12345 #1 #12 #123 _1 _123 -1 .1 .123 1! 1? 1. 1# 1@ 01! 1!2 abc xxx xyz qwe asd'.split(' '),
  ...Array.from({ length: 81 }, (_, i) => String(1950 + i)),
  ...Array.from({ length: 81 }, (_, i) => `${1950 + i}!`),
  ...Array.from({ length: 81 }, (_, i) => `@${1950 + i}`),
] // prettier-ignore
/** What they put before it. */
const BEGINNINGS: readonly string[] = ['', '1', '12', '123', '1234', 'my', 'the', 'new', 'mr', 'miss', 'i', '!', '@', '*']

const LONGEST_ENDING = Math.max(...ENDINGS.map((ending) => ending.length))
/** Characters of the longest guess that the lists make: nothing longer needs a look. */
const LONGEST = 40

/** Letters that are written as signs; `1`, `!` and `|` stand for two of them. */
const SIGNS: Readonly<Record<string, string>> = { '@': 'a', '4': 'a', '3': 'e', '0': 'o', $: 's', '5': 's', '7': 't', '8': 'b', '9': 'g' }

/** The word behind its signs, once with `i` and once with `l` for a one. */
const unmask = (text: string): readonly string[] => {
  if (/^[a-z]*$/.test(text)) return [text]
  const plain = text.replaceAll(/[@430$5789]/g, (sign) => SIGNS[sign] ?? sign)
  return [plain.replaceAll(/[1!|]/g, 'i'), plain.replaceAll(/[1!|]/g, 'l')]
}

/** Passwords that are not taken, beyond what the application adds. */
export type Blocklist = {
  /** whether a password, as it is kept (NFKC), is one of the most used or made from a word in a usual way */
  readonly has: (password: string) => boolean
  /** how many passwords of eight characters and more are listed one by one, without counting signs for letters */
  readonly size: number
}

const split = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')

/** Builds the list, once for a process: 1,000 words times 340 endings are looked up by parts, not held one by one. */
export const createBlocklist = (further: readonly string[] = []): Blocklist => {
  const whole = new Set([...split(WHOLE_PASSWORDS), ...further.map((text) => text.normalize('NFKC').toLowerCase())])
  const words = new Set(split(PASSWORD_WORDS))
  const endings = new Set(['', ...ENDINGS])

  const isWord = (text: string): boolean =>
    unmask(text).some((word) => {
      if (words.has(word)) return true
      // twice the same: passwordpassword
      const half = word.length >> 1
      return word.length % 2 === 0 && word.slice(0, half) === word.slice(half) && words.has(word.slice(0, half))
    })

  const isMade = (text: string): boolean => {
    for (let cut = 0; cut <= Math.min(LONGEST_ENDING, text.length - 2); cut++) {
      if (!endings.has(text.slice(text.length - cut))) continue
      const rest = text.slice(0, text.length - cut)
      if (BEGINNINGS.some((beginning) => rest.startsWith(beginning) && isWord(rest.slice(beginning.length)))) return true
    }
    return false
  }

  let listed = 0
  for (const text of whole) if (text.length >= 8) listed++
  for (const word of words) for (const ending of endings) if (word.length + ending.length >= 8) listed++

  return {
    has: (password) => {
      if (password.length > 4 * LONGEST) return false
      const text = password.toLowerCase()
      return whole.has(text) || (text.length <= LONGEST && isMade(text))
    },
    size: listed,
  }
}
