import type { YamlMap, YamlNode, YamlScalar } from './yaml-tree.js'

/** Thrown where text is not of the plain kind that is read quickly; the library reads it then. */
export class NotQuick extends Error {}

/** Gives up on reading quickly. */
export const giveUp = (): never => {
  throw NOT_QUICK
}
// one for all: it carries nothing, and a stack costs more than the reading
const NOT_QUICK = new NotQuick('not quick')

/** Where reading stands in one line. */
export type Cursor = { readonly text: string; readonly line: number; at: number; left: number }

const INT = /^[-+]?[0-9]+$/
const OTHER_INT = /^0(?:o[0-7]+|x[0-9a-fA-F]+)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
])

/** What text without quotes means. Source: YAML 1.2.2, core schema. */
export const resolvePlain = (text: string): YamlScalar['value'] => {
  const first = text.charCodeAt(0)
  // signs, digits and the point begin numbers; everything else is a word
  if (first === 43 || first === 45 || first === 46 || (first >= 48 && first <= 57)) {
    if (INT.test(text) || FLOAT.test(text)) return Number(text)
    if (OTHER_INT.test(text)) return Number(text)
    return first === 46 || text.charCodeAt(1) === 46 ? giveUp() : text
  }
  const word = text.length <= 5 ? WORDS.get(text) : undefined
  return word === undefined ? text : word
}

const scalar = (line: number, value: YamlScalar['value'], source: string): YamlScalar => ({ kind: 'scalar', line, value, source })

/** The scalar of text without quotes. */
export const plainScalar = (line: number, text: string): YamlScalar => scalar(line, resolvePlain(text), text)

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '"': '"', '/': '/', n: '\n', t: '\t' }

/** Reads text in quotes on one line; the cursor stands at the opening quote and is left behind the closing one. */
export const readQuoted = (cursor: Cursor): string => {
  const { text } = cursor
  const quote = text.charAt(cursor.at)
  let out = ''
  let from = cursor.at + 1
  for (let i = from; i < text.length; i++) {
    const c = text.charAt(i)
    if (c === quote) {
      if (quote === "'" && text.charAt(i + 1) === "'") {
        out += text.slice(from, i + 1)
        i++
        from = i + 1
        continue
      }
      cursor.at = i + 1
      return out + text.slice(from, i)
    }
    if (c === '\\' && quote === '"') {
      out += text.slice(from, i) + (ESCAPES[text.charAt(i + 1)] ?? giveUp())
      i++
      from = i + 1
    }
  }
  return giveUp()
}

const skipSpaces = (cursor: Cursor): void => {
  while (cursor.text.charCodeAt(cursor.at) === 32) cursor.at++
}

const FLOW_END = /[,[\]{}]|: |:$| #/g
const NO_PLAIN_START = new Set(',[]{}#&*!|>\'"%@`?:'.split(''))

/** True where text without quotes may begin. */
export const startsPlain = (text: string, at: number): boolean => {
  const c = text.charAt(at)
  if (c === '-') return text.charAt(at + 1) !== ' ' && at + 1 < text.length && !/[,[\]{}]/.test(text.charAt(at + 1))
  return c !== '' && !NO_PLAIN_START.has(c)
}

const flowPlain = (cursor: Cursor): string => {
  if (!startsPlain(cursor.text, cursor.at)) return giveUp()
  FLOW_END.lastIndex = cursor.at
  const end = FLOW_END.exec(cursor.text)?.index ?? giveUp()
  const text = cursor.text.slice(cursor.at, end).trimEnd()
  const stop = cursor.text.charAt(end)
  if (stop === '[' || stop === '{' || stop === ' ') return giveUp()
  cursor.at = end
  return text
}

/** Reads `[...]`, `{...}` or one value in them, on one line; `cursor.left` is how many values there may still be. */
export const readFlow = (cursor: Cursor, depth: number): YamlNode => {
  if (depth > 16 || --cursor.left < 0) return giveUp()
  skipSpaces(cursor)
  const { text, line } = cursor
  const c = text.charAt(cursor.at)
  if (c === '[') {
    const items: YamlNode[] = []
    cursor.at++
    for (;;) {
      skipSpaces(cursor)
      if (text.charAt(cursor.at) === ']') break
      items.push(readFlow(cursor, depth + 1))
      skipSpaces(cursor)
      if (text.charAt(cursor.at) === ',') cursor.at++
      else if (text.charAt(cursor.at) !== ']') return giveUp()
    }
    cursor.at++
    return { kind: 'list', line, items }
  }
  if (c === '{') return readFlowMap(cursor, depth)
  if (c === "'" || c === '"') {
    const value = readQuoted(cursor)
    return scalar(line, value, value)
  }
  return plainScalar(line, flowPlain(cursor))
}

const readFlowMap = (cursor: Cursor, depth: number): YamlMap => {
  const { text, line } = cursor
  const entries: { key: string; line: number; value: YamlNode }[] = []
  const known = new Set<string>()
  cursor.at++
  for (;;) {
    skipSpaces(cursor)
    const c = text.charAt(cursor.at)
    if (c === '}') break
    const key = c === "'" || c === '"' ? readQuoted(cursor) : String(resolvePlain(flowPlain(cursor)))
    if (text.charAt(cursor.at) !== ':' || text.charAt(cursor.at + 1) !== ' ' || known.has(key) || key === '<<') return giveUp()
    known.add(key)
    cursor.at += 2
    entries.push({ key, line, value: readFlow(cursor, depth + 1) })
    skipSpaces(cursor)
    if (text.charAt(cursor.at) === ',') cursor.at++
    else if (text.charAt(cursor.at) !== '}') return giveUp()
  }
  cursor.at++
  return { kind: 'map', line, entries }
}
