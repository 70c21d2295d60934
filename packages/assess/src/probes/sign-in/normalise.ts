/** Characters of a body that are compared. */
const MOST = 65_536
const KEPT = '\u2026'

const isTokenChar = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 45 || code === 95

/** Random by its looks: 16 characters or more of base64url or hex with a digit in it. Words, class names and file names are not. */
const isRandom = (run: string): boolean => run.length >= 16 && /\d/.test(run) && (/[A-Z]/.test(run) || /^[\da-f-]+$/.test(run))

/** Numbers that are times: `12:04`, `12:04:59`, and ISO 8601. */
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z?|\b\d{1,2}:\d\d(?::\d\d)?\b/g

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#x27;')

const hideRandom = (text: string): string => {
  let result = ''
  let from = 0
  while (from < text.length) {
    let to = from
    while (to < text.length && isTokenChar(text.charCodeAt(to))) to++
    if (to === from) {
      result += text[from]
      from++
      continue
    }
    const run = text.slice(from, to)
    result += isRandom(run) ? KEPT : run
    from = to
  }
  return result
}

/**
 * An answer's text without what differs from one answer to the next by itself: what was typed (as it is, escaped for HTML, encoded for a
 * URL), nonces and tokens, times, white space. At most 64 Ki characters.
 */
export const normaliseAnswer = (text: string, typed: readonly string[]): string => {
  let rest = text.slice(0, MOST)
  for (const value of typed.toSorted((a, b) => b.length - a.length)) {
    if (value.length < 3) continue
    for (const form of new Set([value, escapeHtml(value), encodeURIComponent(value), value.toLowerCase()]))
      rest = rest.replaceAll(form, KEPT)
  }
  return hideRandom(rest.replace(TIME, KEPT)).replaceAll(/\s+/g, ' ').trim()
}
