/** A piece of text that came from outside: plain, or one character that must be seen instead of obeyed. */
export type HostilePart = { readonly kind: 'text' | 'escape'; readonly text: string; readonly name?: string }

/** How text from outside is cut and escaped. */
export type HostileOptions = {
  /** characters shown before it is cut */
  readonly limit: number
  /** keep line feeds and tabs, for text that is shown in its own lines */
  readonly lines?: boolean
}

const NAMES: Readonly<Record<number, string>> = {
  0x00: 'null',
  0x07: 'bell',
  0x08: 'backspace',
  0x09: 'tab',
  0x0a: 'line feed',
  0x0d: 'carriage return',
  0x1b: 'escape',
  0x7f: 'delete',
  0xad: 'soft hyphen',
  0x061c: 'arabic letter mark',
  0x200b: 'zero width space',
  0x200c: 'zero width non-joiner',
  0x200d: 'zero width joiner',
  0x200e: 'left-to-right mark',
  0x200f: 'right-to-left mark',
  0x2028: 'line separator',
  0x2029: 'paragraph separator',
  0x202a: 'left-to-right embedding',
  0x202b: 'right-to-left embedding',
  0x202c: 'pop directional formatting',
  0x202d: 'left-to-right override',
  0x202e: 'right-to-left override',
  0x2060: 'word joiner',
  0x2066: 'left-to-right isolate',
  0x2067: 'right-to-left isolate',
  0x2068: 'first strong isolate',
  0x2069: 'pop directional isolate',
  0xfeff: 'byte order mark',
}

// Cc, Cf (bidi, zero width, tags), Cs (lone surrogates), Co, Cn, and the separators that break lines
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u3164\u115f\u1160\uffa0]$/u
const COMBINING = /^\p{M}$/u
const MARKS_IN_A_ROW = 3

const isPlainAscii = (code: number): boolean => code >= 0x20 && code < 0x7f

/** The escape as a programmer writes it: `\n`, `\x1b`, `\u202e`, `\u{e0041}`. */
export const escapeOf = (code: number): string => {
  if (code === 0x09) return '\\t'
  if (code === 0x0a) return '\\n'
  if (code === 0x0d) return '\\r'
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`
}

/**
 * Splits text that an attacker may have written into plain runs and visible escapes, and cuts it when `limit` characters
 * are shown; `rest` is how many UTF-16 units were left out. Control, bidi, zero-width and unassigned characters, lone
 * surrogates and towers of combining marks never reach the page as themselves; an escape counts with its own length.
 */
export const splitHostile = (text: string, options: HostileOptions): { readonly parts: readonly HostilePart[]; readonly rest: number } => {
  const parts: HostilePart[] = []
  let run = ''
  let used = 0
  let shown = 0
  let marks = 0
  const endRun = (): void => {
    if (run !== '') parts.push({ kind: 'text', text: run })
    run = ''
  }
  const endMarks = (): void => {
    const tower = marks - MARKS_IN_A_ROW
    marks = 0
    if (tower <= 0) return
    endRun()
    parts.push({ kind: 'escape', text: `+${tower} marks`, name: `${tower} more combining marks on one character` })
    shown += 8
  }
  for (const character of text) {
    // a tower is bounded like everything else, though it is shown as one escape
    if (shown >= options.limit || (marks > 0 && marks >= options.limit)) break
    used += character.length
    const code = character.codePointAt(0) ?? 0
    if (code > 0x2ff && COMBINING.test(character)) {
      marks++
      if (marks <= MARKS_IN_A_ROW) {
        run += character
        shown++
      }
      continue
    }
    endMarks()
    if (isPlainAscii(code) || (options.lines === true && (code === 0x0a || code === 0x09)) || !INVISIBLE.test(character)) {
      run += character
      shown++
      continue
    }
    endRun()
    const escape = escapeOf(code)
    parts.push({
      kind: 'escape',
      text: escape,
      name: `U+${code.toString(16).toUpperCase().padStart(4, '0')} ${NAMES[code] ?? 'invisible character'}`,
    })
    shown += escape.length
  }
  endMarks()
  endRun()
  return { parts, rest: text.length - used }
}

/** The same as one string, for titles and labels. */
export const flattenHostile = (text: string, limit = 200): string => {
  const { parts, rest } = splitHostile(text, { limit })
  return parts.map((part) => part.text).join('') + (rest > 0 ? '…' : '')
}

/** Indented JSON in which every invisible or direction-changing character is a `\u` escape: the same value, safe to read and paste. */
export const safeJson = (value: unknown): string => {
  const json = JSON.stringify(value, null, 2) ?? 'null'
  let out = ''
  for (const character of json) {
    const code = character.codePointAt(0) ?? 0
    if (isPlainAscii(code) || code === 0x0a || !INVISIBLE.test(character)) {
      out += character
      continue
    }
    for (let i = 0; i < character.length; i++) out += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  }
  return out
}
