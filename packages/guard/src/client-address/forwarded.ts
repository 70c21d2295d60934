/** A node of a forwarding header as it was written, or why it cannot be read. */
export type ForwardedNode = { readonly kind: 'node'; readonly text: string } | { readonly kind: 'unreadable' }

const QUOTE = 34
const COMMA = 44
const SEMICOLON = 59
const BACKSLASH = 92
const UNREADABLE: ForwardedNode = { kind: 'unreadable' }

/** True when the character at `at` is escaped by an odd run of backslashes before it. */
const escaped = (text: string, at: number): boolean => {
  let slashes = 0
  while (slashes < at && text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}

/** Where the comma before the element that ends at `end` stands; -1 when it is the first, -2 when a quote does not close. */
const commaBefore = (text: string, end: number): number => {
  let quoted = false
  for (let i = end - 1; i >= 0; i--) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      // read from the right, the proxy's own element comes first and is well formed; a quote that the client left open stays to its left
      if (!quoted || !escaped(text, i)) quoted = !quoted
    } else if (c === COMMA && !quoted) return i
  }
  return quoted ? -2 : -1
}

/** The `for` parameter of one element of `Forwarded`. Twice the same parameter makes it unreadable. */
const forOf = (element: string): ForwardedNode => {
  let found: string | undefined
  let start = 0
  let quoted = false
  for (let i = 0; i <= element.length; i++) {
    const c = i < element.length ? element.charCodeAt(i) : SEMICOLON
    if (c === QUOTE && !(quoted && escaped(element, i))) quoted = !quoted
    if (c !== SEMICOLON || (quoted && i < element.length)) continue
    const pair = element.slice(start, i)
    start = i + 1
    const equals = pair.indexOf('=')
    if (equals < 0 || pair.slice(0, equals).trim().toLowerCase() !== 'for') continue
    if (found !== undefined) return UNREADABLE
    const value = pair.slice(equals + 1).trim()
    found = value.startsWith('"') && value.endsWith('"') && value.length >= 2 ? value.slice(1, -1) : value
  }
  return found === undefined || quoted ? UNREADABLE : { kind: 'node', text: found }
}

/** Walks a header from the right, where the nearest proxy writes. Calls `visit` until it returns false or the start is reached. */
export const walkFromRight = (header: string, kind: 'x-forwarded-for' | 'forwarded', visit: (node: ForwardedNode) => boolean): void => {
  let end = header.length
  while (end >= 0) {
    const comma = kind === 'forwarded' ? commaBefore(header, end) : header.lastIndexOf(',', end - 1)
    if (comma === -2) {
      visit(UNREADABLE)
      return
    }
    // `lastIndexOf` with a negative start looks at index 0 again
    const at = end === 0 ? -1 : comma
    const text = header.slice(at + 1, end).trim()
    if (!visit(kind === 'forwarded' ? forOf(text) : { kind: 'node', text })) return
    end = at
  }
}
