import { quote, RuleFault } from './problem.js'

/** A condition as a tree over the names of its search identifiers. */
export type Condition =
  | { readonly op: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly op: 'not'; readonly part: Condition }
  | { readonly op: 'ref'; readonly name: string }

const TOKEN = /\(|\)|[^\s()]+/y
const LIMIT = { text: 4_096, tokens: 512, depth: 32 }

/** `1 of x*`, `all of them`: names that begin with an underscore are private to the rule and not part of `them`. */
const expand = (wanted: string, names: readonly string[], line: number): readonly string[] => {
  const star = wanted.indexOf('*')
  const found =
    wanted === 'them'
      ? names.filter((name) => !name.startsWith('_'))
      : star < 0
        ? names.filter((name) => name === wanted)
        : names.filter((name) => matchesStar(wanted, name))
  if (found.length === 0) throw new RuleFault(line, `condition names ${quote(wanted)}, which no search identifier matches`)
  return found
}

const matchesStar = (pattern: string, name: string): boolean => {
  const pieces = pattern.split('*')
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at)
    if (found < 0 || found + piece.length > name.length - last.length) return false
    at = found + piece.length
  }
  return true
}

const split = (text: string, line: number): string[] => {
  if (text.length > LIMIT.text) throw new RuleFault(line, `condition over ${LIMIT.text} characters`)
  const tokens: string[] = []
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++
      continue
    }
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0] ?? ''
    tokens.push(token)
    at += Math.max(1, token.length)
    if (tokens.length > LIMIT.tokens) throw new RuleFault(line, `condition over ${LIMIT.tokens} words`)
  }
  return tokens
}

/**
 * Parses a condition; `not` binds tighter than `and`, `and` tighter than `or`. `names` are the search identifiers of the rule.
 * Source: Sigma rules specification 2.1, "Condition".
 */
export const parseCondition = (text: string, names: readonly string[], line: number): Condition => {
  const tokens = split(text, line)
  let at = 0
  const peek = (): string => (tokens[at] ?? '').toLowerCase()

  const chain = (op: 'and' | 'or', next: (depth: number) => Condition, depth: number): Condition => {
    const parts = [next(depth)]
    while (peek() === op) {
      at++
      parts.push(next(depth))
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { op, parts }
  }
  const either = (depth: number): Condition => chain('or', both, depth)
  const both = (depth: number): Condition => chain('and', unary, depth)
  const unary = (depth: number): Condition => {
    if (depth > LIMIT.depth) throw new RuleFault(line, `condition nested deeper than ${LIMIT.depth} levels`)
    const token = tokens[at]
    if (token === undefined) throw new RuleFault(line, 'condition ends where a search identifier is expected')
    at++
    if (token.toLowerCase() === 'not') return { op: 'not', part: unary(depth + 1) }
    if (token === '(') {
      const inner = either(depth + 1)
      if (tokens[at++] !== ')') throw new RuleFault(line, 'condition lacks a closing parenthesis')
      return inner
    }
    if (peek() === 'of' && /^(?:\d+|all|any)$/i.test(token)) return quantified(token.toLowerCase())
    if (token === ')' || ['and', 'or'].includes(token.toLowerCase()))
      throw new RuleFault(line, `condition has ${quote(token)} where a search identifier is expected`)
    if (token === '|') throw new RuleFault(line, 'aggregations after "|" are not part of Sigma 2; write a correlation')
    if (!names.includes(token)) throw new RuleFault(line, `condition names ${quote(token)}, which is no search identifier`)
    return { op: 'ref', name: token }
  }
  const quantified = (amount: string): Condition => {
    at++
    const wanted = tokens[at++]
    if (wanted === undefined) throw new RuleFault(line, 'condition ends after "of"')
    if (/^\d+$/.test(amount) && amount !== '1')
      throw new RuleFault(line, `"${amount} of" is not supported; Sigma has "1 of", "any of" and "all of"`)
    const parts = expand(wanted, names, line).map((name): Condition => ({ op: 'ref', name }))
    return { op: amount === 'all' ? 'and' : 'or', parts }
  }

  const condition = either(0)
  if (tokens[at] === '|') throw new RuleFault(line, 'aggregations after "|" are not part of Sigma 2; write a correlation')
  if (at < tokens.length) throw new RuleFault(line, `condition has ${quote(tokens[at] ?? '')} where it should end`)
  return condition
}
