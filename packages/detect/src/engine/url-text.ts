/** Rounds of decoding: double and triple encoding is undone, endless nesting is not followed. */
const ROUNDS = 3

const hex = (c: number): number => {
  if (c >= 48 && c <= 57) return c - 48
  const lower = c | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

const scratch = Buffer.alloc(16_384)

/** One round: percent escapes become the byte's character (Latin-1), `+` behind the first `?` a space. */
const decodeOnce = (text: string, plusFrom: number): string => {
  // pieces glued together one escape at a time cost a hostile target half a millisecond: bytes are written in place instead
  if (text.length > scratch.length) return decodePieces(text, plusFrom)
  let end = 0
  for (let i = 0; i < text.length; i++) {
    let c = text.charCodeAt(i)
    if (c === 37) {
      const high = hex(text.charCodeAt(i + 1))
      const low = high < 0 ? -1 : hex(text.charCodeAt(i + 2))
      if (low >= 0) {
        c = high * 16 + low
        i += 2
      }
    } else if (c === 43 && i > plusFrom) c = 32
    else if (c > 255) return decodePieces(text, plusFrom)
    scratch[end++] = c
  }
  return end === text.length && plusFrom >= text.length ? text : scratch.toString('latin1', 0, end)
}

const decodePieces = (text: string, plusFrom: number): string => {
  const pieces: string[] = []
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 37) {
      const high = hex(text.charCodeAt(i + 1))
      const low = high < 0 ? -1 : hex(text.charCodeAt(i + 2))
      if (low < 0) continue
      pieces.push(text.slice(from, i), String.fromCharCode(high * 16 + low))
      i += 2
      from = i + 1
    } else if (c === 43 && i > plusFrom) {
      pieces.push(text.slice(from, i), ' ')
      from = i + 1
    }
  }
  return from === 0 ? text : pieces.join('') + text.slice(from)
}

/**
 * Characters of ASCII that were written as two bytes of UTF-8, which some programs take for the same (`%c0%ae` for a dot), as themselves. No
 * right encoder writes the bytes C0 and C1. Source: RFC 3629, section 3.
 */
const withoutOverlong = (text: string): string => {
  if (!text.includes('\u00c0') && !text.includes('\u00c1')) return text
  return text.replaceAll(/[\u00c0\u00c1][\u0080-\u00bf]/g, (pair) =>
    String.fromCharCode(((pair.charCodeAt(0) & 1) << 6) | (pair.charCodeAt(1) & 63)),
  )
}

/**
 * A request target as an attack reads: percent escapes undone up to three times over, `+` in the query as a space,
 * overlong UTF-8 and backslashes as what they stand for. Any text is taken; nothing throws. Linear in its length.
 */
export const decodeUrl = (target: string): string => {
  const mark = target.indexOf('?')
  let text = target
  if (target.includes('%') || (mark >= 0 && target.includes('+', mark))) {
    text = decodeOnce(target, mark < 0 ? target.length : mark)
    for (let round = 1; round < ROUNDS && text.includes('%'); round++) {
      const next = decodeOnce(text, text.length)
      if (next === text) break
      text = next
    }
    text = withoutOverlong(text)
  }
  return text.includes('\\') ? text.replaceAll('\\', '/') : text
}

/** The extension of a path's last segment in lower case, without its dot; `undefined` when it has none of at most 8 letters. */
export const extensionOf = (path: string): string | undefined => {
  const stop = Math.max(0, path.length - 9)
  for (let i = path.length - 1; i >= stop; i--) {
    const c = path.charCodeAt(i)
    if (c === 46) return i === path.length - 1 ? undefined : sharedExtension(path, i + 1)
    if (c === 47) return undefined
  }
  return undefined
}

const PLACES = 512
const packed = new Float64Array(PLACES)
const extensions = Array.from({ length: PLACES }, () => '')

/** One string for one extension, from a fixed cache: every request has one, and a new string each time would be hashed anew by every look-up. */
const sharedExtension = (path: string, from: number): string => {
  let key = 0
  for (let i = from; i < path.length; i++) {
    let c = path.charCodeAt(i)
    if (c > 127) return path.slice(from).toLowerCase()
    if (c >= 65 && c <= 90) c += 32
    // at most 7 characters fit a double exactly; the 8th starts over with less room, so it goes without the cache
    if (i - from === 7) return path.slice(from).toLowerCase()
    key = key * 128 + c
  }
  const place = (key % 509) | 0
  if (packed[place] !== key) {
    packed[place] = key
    extensions[place] = path.slice(from).toLowerCase()
  }
  return extensions[place] as string
}
