import { optionError } from '../options/check.js'

/** What stands where something was hidden. */
export const STARS = '***'

/** Names whose values sign somebody in, prove or pay something. `*` is any text; names are compared without `-`, `_`, `.`, spaces and case. */
const HIDDEN_NAMES = [
  '*passw*', '*passphrase*', '*pwd*', '*secret*', '*token*', '*apikey*', '*privatekey*', '*accesskey*', '*credential*', '*signature*', '*jwt*',
  '*session*', '*authorization*', '*authentication*', '*otp*', '*cookie*', '*csrf*', '*xsrf*', '*cardnum*', '*creditcard*', '*ccnum*', '*cvv*',
  '*cvc*', '*iban*', '*recoverycode*', 'card', 'pan', 'pass', 'sig', 'sid', 'ssn', 'pin', 'code', 'key', 'auth',
] as const // prettier-ignore

/** Words that mean something else in ordinary sentences (`code: ENOENT`): there they only count before `=`, or quoted as in JSON. */
const ORDINARY: ReadonlySet<string> = new Set(['code', 'key', 'auth', 'pin', 'pan', 'card', 'pass'])

/** Characters of a name that are looked at. */
const LONGEST_NAME = 128
/** Characters of a text that are looked at; what is behind them is dropped before anything else sees it. */
const LONGEST_TEXT = 16_384

/** Texts that are secrets whatever stands before them: schemes with what follows, tokens in three parts, passwords in URLs, private keys. */
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic|digest|negotiate)\s{1,4}[\w\-.~+/=]{6,}/gi, `$1 ${STARS}`],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, STARS],
  [/:\/\/[^\s/?#@:]{0,128}:[^\s/?#@]{1,256}@/g, `://${STARS}@`],
  [/-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g, STARS],
]

/**
 * A name and `=` or `:` after it: `password=`, `"password": `, `user[password]=`, and each of these within a URL: `user%5Bpassword%5D=`,
 * `%3Fcode%3D`. Every repetition is bounded.
 */
const NAMED = /(?:%[\da-f]{2})?([a-z][\w.-]{0,63})((?:["'\]]|%(?:22|27|5d)){0,2}(?:\s|%20|\+){0,3}(=>|[=:]|%3[ad])(?:\s|%20|\+){0,3})/gi

/** The value that stands there. */
const VALUE = /"(?:[^"\\\n]|\\.){0,4096}"?|'(?:[^'\\\n]|\\.){0,4096}'?|[^\s&;,)}\]"']{1,4096}/y

/** Thirteen to nineteen digits, in groups or not. */
const DIGITS = /\b\d(?:[ -]?\d){12,18}\b/g

/** Whether digits add up as those of a payment card do. Source: ISO/IEC 7812-1, annex B. */
const isCard = (text: string): boolean => {
  let sum = 0
  let double = false
  for (let i = text.length - 1; i >= 0; i--) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) continue
    const value = double ? digit * 2 : digit
    sum += value > 9 ? value - 9 : value
    double = !double
  }
  return sum % 10 === 0
}

const plain = (name: string): string =>
  name
    .slice(0, LONGEST_NAME)
    .toLowerCase()
    .replaceAll(/[-_.\s]/g, '')

/** Whether a name is one of a pattern such as `*token*`; linear in both. */
const matches = (parts: readonly string[], name: string): boolean => {
  const [first = '', ...rest] = parts
  const last = rest.pop()
  if (last === undefined) return name === first
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}

/** Knows what must not show, by name and by look. */
export type Hider = {
  readonly name: (name: string) => boolean
  /** a text without secrets; `values` are those of this request, hidden wherever they come up */
  readonly text: (text: string, values?: readonly string[]) => string
}

/** Reads `errors.hide` and puts the built-in names beside it. Throws `PPT_CONFIG_INVALID`. Source: ASVS 5.0 16.2.5. */
export const createHider = (hide: readonly (string | RegExp)[] = []): Hider => {
  const fix = "give names such as 'iban' or '*_pin', and regular expressions"
  if (!Array.isArray(hide)) throw optionError('errors.hide', hide, fix)
  const exact = new Set<string>()
  const patterns: (readonly string[])[] = []
  const own: RegExp[] = []
  for (const item of [...HIDDEN_NAMES, ...hide] as readonly unknown[]) {
    if (item instanceof RegExp) {
      // everywhere in a text: not once, and not at its beginning only, as `y` would have it
      own.push(new RegExp(item.source, `${item.flags.replaceAll(/[gy]/g, '')}g`))
      continue
    }
    if (typeof item !== 'string' || item.replaceAll('*', '').trim() === '' || item.length > LONGEST_NAME)
      throw optionError('errors.hide', item, fix)
    const parts = item.split('*').map((part) => plain(part))
    if (parts.length === 1) exact.add(parts[0] ?? '')
    else patterns.push(parts)
  }
  const name = (given: string): boolean => {
    const word = plain(given)
    return exact.has(word) || patterns.some((parts) => matches(parts, word))
  }
  const hidesBefore = (key: string, between: string, sign: string): boolean =>
    name(key) && (sign !== ':' || /["']/.test(between) || !ORDINARY.has(plain(key)))
  /** Values of hidden names become stars. What follows a name that is not hidden is looked at again: `Error: password=x`. */
  const hidePairs = (text: string): string => {
    const named = new RegExp(NAMED)
    const valueAt = new RegExp(VALUE)
    let hidden = ''
    let from = 0
    for (let found = named.exec(text); found !== null; found = named.exec(text)) {
      const [, key = '', between = '', sign = ''] = found
      if (!hidesBefore(key, between, sign)) continue
      valueAt.lastIndex = named.lastIndex
      const [value] = valueAt.exec(text) ?? []
      if (value === undefined) continue
      const quote = value.startsWith('"') || value.startsWith("'") ? value.charAt(0) : ''
      hidden += `${text.slice(from, named.lastIndex)}${quote}${STARS}${quote}`
      from = valueAt.lastIndex
      named.lastIndex = from
    }
    return hidden + text.slice(from)
  }
  return {
    name,
    text: (given, values = []) => {
      let text = given.length > LONGEST_TEXT ? given.slice(0, LONGEST_TEXT) : given
      for (const value of values) text = text.replaceAll(value, STARS)
      for (const [pattern, by] of SECRET_TEXTS) text = text.replaceAll(pattern, by)
      text = text.replaceAll(/\b((?:set-)?cookie|(?:proxy-)?authorization)(["']?\s{0,3}:\s{0,3})[^\r\n]+/gi, `$1$2${STARS}`)
      text = hidePairs(text).replaceAll(DIGITS, (digits) => (isCard(digits) ? STARS : digits))
      for (const pattern of own) text = text.replaceAll(pattern, STARS)
      return text
    },
  }
}
