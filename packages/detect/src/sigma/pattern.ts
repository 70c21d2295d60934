const ANY = 0
const ONE = 1
/** A piece of a pattern: literal text, `*` (0) or `?` (1). */
type Token = string | typeof ANY | typeof ONE

/** A Sigma value with wildcards, sorted by the cheapest way to test it. `text` is in lower case unless the pattern is cased. */
export type Pattern = {
  readonly kind: 'exact' | 'contains' | 'starts' | 'ends' | 'any' | 'glob'
  /** the literal of the simple kinds; the longest literal piece of a glob */
  readonly text: string
  readonly cased: boolean
  readonly tokens: readonly Token[]
}

/** Which ends of a value a modifier opens. */
export type Anchoring = 'whole' | 'contains' | 'startswith' | 'endswith'

/**
 * Splits a value at its wildcards. A backslash before `*`, `?` or a backslash takes their meaning; before anything else it is itself.
 * Source: Sigma rules specification 2.1, "Escaping".
 */
const tokenize = (value: string): Token[] => {
  const tokens: Token[] = []
  let text = ''
  for (let i = 0; i < value.length; i++) {
    const c = value.charAt(i)
    const next = value.charAt(i + 1)
    if (c === '\\' && (next === '*' || next === '?' || next === '\\')) {
      text += next
      i++
    } else if (c === '*' || c === '?') {
      if (text !== '') tokens.push(text)
      text = ''
      if (c === '?' || tokens.at(-1) !== ANY) tokens.push(c === '*' ? ANY : ONE)
    } else text += c
  }
  if (text !== '') tokens.push(text)
  return tokens
}

/** True when the value holds a wildcard that is not escaped. */
export const hasWildcard = (value: string): boolean => tokenize(value).some((token) => typeof token === 'number')

/** The value without its escapes, for modifiers that take plain text. */
export const plainText = (value: string): string =>
  tokenize(value)
    .filter((token) => typeof token === 'string')
    .join('')

/** Compiles a value. `literal` takes wildcards and backslashes as plain text. */
export const createPattern = (value: string, anchoring: Anchoring, options: { cased?: boolean; literal?: boolean } = {}): Pattern => {
  const cased = options.cased === true
  const raw = options.literal === true ? (value === '' ? [] : [value]) : tokenize(value)
  const tokens: Token[] = raw.map((token) => (typeof token === 'string' && !cased ? token.toLowerCase() : token))
  if (anchoring === 'contains' || anchoring === 'endswith') if (tokens[0] !== ANY) tokens.unshift(ANY)
  if (anchoring === 'contains' || anchoring === 'startswith') if (tokens.at(-1) !== ANY) tokens.push(ANY)
  const [a, b, c] = tokens
  const simple = (kind: Pattern['kind'], text: string): Pattern => ({ kind, text, cased, tokens })
  if (tokens.length === 0) return simple('exact', '')
  if (tokens.every((token) => token === ANY)) return simple('any', '')
  if (tokens.length === 1 && typeof a === 'string') return simple('exact', a)
  if (tokens.length === 2 && a === ANY && typeof b === 'string') return simple('ends', b)
  if (tokens.length === 2 && typeof a === 'string' && b === ANY) return simple('starts', a)
  if (tokens.length === 3 && a === ANY && typeof b === 'string' && c === ANY) return simple('contains', b)
  let longest = ''
  for (const token of tokens) if (typeof token === 'string' && token.length > longest.length) longest = token
  return simple('glob', longest)
}

/** Tests a value. Cost is bounded by value length times pattern length, and linear without `?`. */
export const matchesPattern = (pattern: Pattern, value: string): boolean => {
  const text = pattern.cased ? value : value.toLowerCase()
  switch (pattern.kind) {
    case 'any':
      return true
    case 'exact':
      return text === pattern.text
    case 'contains':
      return text.includes(pattern.text)
    case 'starts':
      return text.startsWith(pattern.text)
    case 'ends':
      return text.endsWith(pattern.text)
    case 'glob':
      break
  }
  return matchesTokens(pattern.tokens, text)
}

/** The pieces between two `*`: matched leftmost first, which is enough because a `*` gives back nothing. */
const matchesTokens = (tokens: readonly Token[], text: string): boolean => {
  const runs: Token[][] = [[]]
  for (const token of tokens) {
    if (token === ANY) runs.push([])
    else runs.at(-1)?.push(token)
  }
  const first = runs[0] ?? []
  if (runs.length === 1) return runLength(first) === text.length && runAt(first, text, 0)
  const last = runs.at(-1) ?? []
  const end = text.length - runLength(last)
  let at = runLength(first)
  if (end < at || !runAt(first, text, 0) || !runAt(last, text, end)) return false
  for (let i = 1; i < runs.length - 1; i++) {
    const run = runs[i] ?? []
    const length = runLength(run)
    const only = run[0]
    if (run.length === 1 && typeof only === 'string') {
      const found = text.indexOf(only, at)
      if (found < 0 || found + length > end) return false
      at = found + length
      continue
    }
    while (at + length <= end && !runAt(run, text, at)) at++
    if (at + length > end) return false
    at += length
  }
  return true
}

const runLength = (run: readonly Token[]): number =>
  run.reduce<number>((sum, token) => sum + (typeof token === 'string' ? token.length : 1), 0)

const runAt = (run: readonly Token[], text: string, from: number): boolean => {
  let at = from
  for (const token of run) {
    if (typeof token === 'string') {
      if (!text.startsWith(token, at)) return false
      at += token.length
    } else at++
  }
  return at <= text.length
}
