import { contentEnd } from '../line-parser.js'

/** What a logfmt line holds. `ambiguous`: a key stood twice with different values, and is left out. */
export type LogfmtLine = { readonly record: Readonly<Record<string, string>>; readonly ambiguous: boolean }

const KEYS = 128

/** The end of a bare word: up to a blank, a quote or `stop`. */
const wordEnd = (line: string, from: number, end: number, stop: number): number => {
  let at = from
  for (; at < end; at++) {
    const c = line.charCodeAt(at)
    if (c <= 32 || c === 34 || c === stop) break
  }
  return at
}

const unescape = (text: string): string => {
  if (!text.includes('\\')) return text
  let plain = ''
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i)
    if (c !== '\\') {
      plain += c
      continue
    }
    const next = text.charAt(++i)
    plain += next === 'n' ? '\n' : next === 't' ? '\t' : next === 'r' ? '\r' : next
  }
  return plain
}

/**
 * Reads `key=value key="a \"quoted\" value" flag`, in one pass. A logger that quotes nothing lets a client's text add keys: a key that comes
 * twice with different values is worth nothing, so it is left out. `undefined` for a line with fewer than two keys, or with text between them.
 * Source: the logfmt convention of `go-logfmt`.
 */
export const readLogfmtLine = (line: string): LogfmtLine | undefined => {
  const end = contentEnd(line)
  const record: Record<string, string> = Object.create(null) as Record<string, string>
  const twice: string[] = []
  let keys = 0
  for (let at = 0; at < end;) {
    if (line.charCodeAt(at) <= 32) {
      at++
      continue
    }
    const keyEnd = wordEnd(line, at, end, 61)
    if (keyEnd === at || line.charCodeAt(keyEnd) === 34) return undefined
    if (keyEnd >= end || line.charCodeAt(keyEnd) !== 61) {
      at = keyEnd
      continue
    }
    const key = line.slice(at, keyEnd)
    let value: string
    if (line.charCodeAt(keyEnd + 1) === 34) {
      let close = keyEnd + 2
      while (close < end && line.charCodeAt(close) !== 34) close += line.charCodeAt(close) === 92 ? 2 : 1
      value = unescape(line.slice(keyEnd + 2, Math.min(close, end)))
      at = close + 1
    } else {
      at = wordEnd(line, keyEnd + 1, end, -1)
      // a quote within a bare value belongs to it
      while (at < end && line.charCodeAt(at) > 32) at++
      value = line.slice(keyEnd + 1, at)
    }
    if (++keys > KEYS) return undefined
    if (record[key] === undefined) record[key] = value
    else if (record[key] !== value) twice.push(key)
  }
  if (keys < 2) return undefined
  for (const key of twice) delete record[key]
  return { record, ambiguous: twice.length > 0 }
}
