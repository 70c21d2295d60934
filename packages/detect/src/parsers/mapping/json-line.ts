import { contentEnd, LINE_BYTES } from '../line-parser.js'

/** A JSON object as it was written; nothing about it is known yet. */
export type JsonRecord = { readonly [key: string]: unknown }

/** A line as read. `cut`: it ended too early, and what stood before the end was kept. */
export type JsonLine = { record: JsonRecord | undefined; cut: boolean }

const QUOTE = 34
const BACKSLASH = 92

/**
 * Closes what a cut line left open: a text that ended within is kept, a key without a value is left out. One pass, and two tries to read.
 */
const repair = (text: string): JsonRecord | undefined => {
  const closers: string[] = []
  let inText = false
  let comma = -1
  let depthAtComma = 0
  let whole = text
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inText) {
      if (c === BACKSLASH) {
        const length = text.charCodeAt(i + 1) === 117 ? 6 : 2
        // an escape that was cut in two is left out
        if (i + length > text.length) whole = text.slice(0, i)
        i += length - 1
      } else if (c === QUOTE) inText = false
    } else if (c === QUOTE) inText = true
    else if (c === 123) closers.push('}')
    else if (c === 91) closers.push(']')
    else if (c === 125 || c === 93) closers.pop()
    else if (c === 44) {
      comma = i
      depthAtComma = closers.length
    }
  }
  const close = (depth: number): string => closers.slice(0, depth).toReversed().join('')
  return (
    tryParse(`${whole}${inText ? '"' : ''}${close(closers.length)}`) ??
    // deeper levels that the comma stands in were closed since, or are open still: either way they are closed here
    (comma > 0 ? tryParse(`${text.slice(0, comma)}${close(Math.min(depthAtComma, closers.length))}`) : undefined)
  )
}

const tryParse = (text: string): JsonRecord | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined
  } catch {
    return undefined
  }
}

let lastLine = ''
const last: JsonLine = { record: undefined, cut: false }

/**
 * The object that a line is, never an exception. The newest line is remembered, since several parsers ask for the same one while a format is
 * recognised. A line that was cut at the limit gives what stood before the cut: padding must not hide an event.
 */
export const readJsonLine = (line: string): JsonLine => {
  if (line === lastLine && line !== '') return last
  lastLine = line
  last.record = undefined
  last.cut = false
  let from = 0
  while (line.charCodeAt(from) === 32) from++
  if (line.charCodeAt(from) !== 123) return last
  const end = contentEnd(line)
  last.cut = line.length >= LINE_BYTES && line.charCodeAt(end - 1) !== 125
  const text = end === line.length && from === 0 ? line : line.slice(from, end)
  if (!last.cut) last.record = tryParse(text)
  else last.record = repair(text)
  return last
}
