import { NO_END } from './candidate.js'
import { APOSTROPHE, BACKSLASH, backslashesBefore, KIND, KINDS, NEWLINE, QUOTE, readsAs, RETURN } from './units.js'

/** A value beside a sensitive key: what is hidden, and how its end is recognised when that is farther than `MOST_VALUE`. */
export type KeyValue = { readonly start: number; readonly end: number; readonly ending: Ending }

/** `quoted`: at the quote `quote` after `depth` backslashes; `line`: at the end of the line or a quote; `bare`: at any delimiter. */
export type Ending = { readonly kind: 'quoted' | 'line' | 'bare'; readonly quote: number; readonly depth: number }

/** A value that is longer is hidden to its end all the same, without being kept in memory. */
export const MOST_VALUE = 4096
const MOST_SPACES = 8

const SCHEMES = ['bearer', 'basic', 'token', 'negotiate', 'apikey', 'key', 'ntlm']
const LISTS = ['digest', 'aws4-hmac-sha256', 'hawk', 'oauth', 'signature', 'hmac']
const NOTHING = ['null', 'undefined', 'none', 'nil']

/** Characters that end a bare value: ` " ' , ; & } ] ) < > | and the backquote, and the ends of a line. */
const DELIMITERS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) =>
  [9, 10, 13, 32, 34, 38, 39, 41, 44, 59, 60, 62, 93, 96, 124, 125].includes(code) ? 1 : 0,
)

const skipSpaces = (units: Uint8Array, from: number, length: number): number => {
  let at = from
  while (at < length && at - from < MOST_SPACES && ((KINDS[units[at] ?? 0] ?? 0) & KIND.space) !== 0) at++
  return at
}

/** Passes what closes the key's name: `"`, `\"`, `'`, `]`, `")`, in any sensible order. */
const skipClosers = (units: Uint8Array, from: number, length: number): number => {
  let at = from
  while (at < length && at - from < 6) {
    const unit = units[at]
    if (
      unit !== QUOTE &&
      unit !== APOSTROPHE &&
      unit !== 93 &&
      !(unit === BACKSLASH && (units[at + 1] === QUOTE || units[at + 1] === BACKSLASH))
    )
      break
    at++
  }
  return at
}

/** True at the end of a value of this kind; `at` must have its neighbours in view. */
export const isEnd = (units: Uint8Array, at: number, length: number, { kind, quote, depth }: Ending): boolean => {
  const unit = units[at] ?? 0
  if (unit === NEWLINE || unit === RETURN) return true
  if (kind === 'quoted') {
    if (unit !== quote) return false
    const slashes = backslashesBefore(units, at)
    return slashes % (2 * (depth + 1)) === depth || (slashes < depth && slashes % 2 === 0)
  }
  if (unit === BACKSLASH && at + 1 < length) {
    const next = units[at + 1]
    return next === QUOTE || next === 110 || next === 114 || next === BACKSLASH
  }
  return kind === 'line' ? unit === QUOTE || unit === APOSTROPHE : DELIMITERS[unit] === 1
}

const findEnd = (units: Uint8Array, start: number, length: number, ending: Ending): KeyValue => {
  const limit = Math.min(length, start + MOST_VALUE)
  let at = start
  while (at < limit && !isEnd(units, at, length, ending)) at++
  if (at >= limit && limit < length) return { start, end: NO_END, ending }
  const closed =
    ending.kind === 'quoted' && at < length && units[at] === ending.quote ? Math.min(ending.depth, backslashesBefore(units, at)) : 0
  return { start, end: Math.max(start, at - closed), ending }
}

/** The end of a value that was open until now, with the backslashes of its closing quote left in the text. */
export const endOfOpen = (units: Uint8Array, at: number, { kind, quote, depth }: Ending): number =>
  kind === 'quoted' && units[at] === quote ? at - Math.min(depth, backslashesBefore(units, at)) : at

const ALL_SCHEMES = [...SCHEMES, ...LISTS]
const LONGEST_SCHEME = 17

/** The name of the scheme that stands before credentials, with a space behind it. */
const schemeAt = (units: Uint8Array, start: number, length: number): string | undefined => {
  let end = start
  while (end < length && end - start < LONGEST_SCHEME && ((KINDS[units[end] ?? 0] ?? 0) & KIND.key) !== 0) end++
  if (units[end] !== 32 || end - start < 3) return undefined
  return ALL_SCHEMES.find((word) => word.length === end - start && readsAs(units, start, length, word))
}

const bareValue = (units: Uint8Array, from: number, length: number, isJson: boolean, isLine: boolean): KeyValue | undefined => {
  let start = from
  let kind: 'line' | 'bare' = isLine && !isJson ? 'line' : 'bare'
  const scheme = schemeAt(units, start, length)
  if (scheme !== undefined) {
    if (LISTS.includes(scheme) && !isJson) kind = 'line'
    start = skipSpaces(units, start + scheme.length, length)
  }
  const value = findEnd(units, start, length, { kind, quote: 0, depth: 0 })
  if (value.end <= start) return undefined
  const isNothing =
    value.end - start <= 9 && NOTHING.some((word) => value.end - start === word.length && readsAs(units, start, length, word))
  return isNothing ? undefined : value
}

/**
 * Finds the value beside a key's name that ends at `from`: `name=value`, `"name": "value"`, `\"name\":\"value\"`, `name: value`, and after
 * a space for a command-line flag. `isLine`: a value without quotes is the rest of the line, as that of a cookie. `undefined` when there is none, when it is an object or a list (the structured pass looks into those), or nothing.
 */
export const findKeyValue = (units: Uint8Array, from: number, length: number, isFlag: boolean, isLine: boolean): KeyValue | undefined => {
  const closed = skipClosers(units, from, length)
  let at = skipSpaces(units, closed, length)
  const separator = units[at]
  if (at < length && (separator === 58 || separator === 61)) {
    at++
    if (units[at] === 61 || (separator === 61 && units[at] === 62)) at++
  } else if (!isFlag || closed !== from || at === from) return undefined
  at = skipSpaces(units, at, length)
  if (at >= length) return undefined
  let depth = 0
  while (units[at + depth] === BACKSLASH && depth < 16) depth++
  const opening = units[at + depth]
  if (opening === QUOTE || (opening === APOSTROPHE && depth === 0)) {
    const value = findEnd(units, at + depth + 1, length, { kind: 'quoted', quote: opening, depth })
    return value.end > value.start ? value : undefined
  }
  const unit = units[at]
  if (unit === 91 || unit === 123 || unit === 40) return undefined
  // `://` after a name is a URL's scheme, `::` a name of a program, and a name before a line's end has no value
  if (unit === 47 || unit === 58 || unit === NEWLINE || unit === RETURN) return undefined
  // beside a quoted name stands JSON: a value without quotes ends with its object
  return bareValue(units, at, length, closed > from, isLine)
}
