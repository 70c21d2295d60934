import { RE2JS } from 're2js'
import { quote, RuleFault } from './problem.js'

/** A regular expression in linear time, behind a list of literals of which one must occur (in lower case) before it can match. */
export type LinearRegex = {
  readonly source: string
  /** empty when none could be derived: the expression then runs on every value */
  readonly literals: readonly string[]
  /** program size; the work budget of an event is charged by it */
  readonly cost: number
  test: (text: string) => boolean
}

const LIMIT = { source: 2_048, program: 4_000 }

/** Compiles an expression of RE2 syntax. A fault for what RE2 does not have (lookaround, back-references) or what is too large. */
export const createLinearRegex = (source: string, flags: { i?: boolean; m?: boolean; s?: boolean }, line: number): LinearRegex => {
  if (source.length > LIMIT.source) throw new RuleFault(line, `regular expression over ${LIMIT.source} characters`)
  const bits =
    (flags.i === true ? RE2JS.CASE_INSENSITIVE : 0) | (flags.m === true ? RE2JS.MULTILINE : 0) | (flags.s === true ? RE2JS.DOTALL : 0)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source, bits)
  } catch (error) {
    throw new RuleFault(
      line,
      `regular expression ${quote(source)} is not RE2: ${error instanceof Error ? error.message.slice(0, 120) : 'invalid'}`,
    )
  }
  const cost = compiled.programSize()
  if (cost > LIMIT.program)
    throw new RuleFault(line, `regular expression ${quote(source)} compiles to ${cost} steps; the limit is ${LIMIT.program}`)
  return { source, literals: requiredLiterals(source), cost, test: (text) => compiled.test(text) }
}

/**
 * Literals of which at least one occurs in every match, in lower case; empty when that is not certain. Conservative: groups,
 * classes and escapes of classes end a literal, and anything that may be absent is left out.
 */
export const requiredLiterals = (source: string): readonly string[] => {
  const branches = splitBranches(source)
  if (branches === undefined) return []
  const best = branches.map(longestLiteral)
  return best.every((literal) => literal.length >= 3 && isAscii(literal)) ? [...new Set(best)] : []
}

const isAscii = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}

/** The alternatives at the top level; `undefined` when the nesting cannot be followed safely. */
const splitBranches = (source: string): string[] | undefined => {
  const branches: string[] = []
  let depth = 0
  let from = 0
  for (let i = 0; i < source.length; i++) {
    const c = source.charAt(i)
    if (c === '\\') {
      // \Q...\E switches quoting: rare, so not followed
      if (source.charAt(i + 1) === 'Q') return undefined
      i++
    } else if (c === '[') {
      const end = classEnd(source, i)
      if (end < 0) return undefined
      i = end
    } else if (c === '(') depth++
    else if (c === ')') depth--
    else if (c === '|' && depth === 0) {
      branches.push(source.slice(from, i))
      from = i + 1
    }
  }
  branches.push(source.slice(from))
  return branches
}

const classEnd = (source: string, from: number): number => {
  let i = from + 1
  if (source.charAt(i) === '^') i++
  if (source.charAt(i) === ']') i++
  for (; i < source.length; i++) {
    const c = source.charAt(i)
    if (c === '\\') i++
    else if (c === '[' && source.charAt(i + 1) === ':') {
      const close = source.indexOf(':]', i)
      if (close < 0) return -1
      i = close + 1
    } else if (c === ']') return i
  }
  return -1
}

const PUNCTUATION = /[^A-Za-z0-9]/

const longestLiteral = (branch: string): string => {
  let best = ''
  let run = ''
  const cut = (): void => {
    if (run.length > best.length) best = run
    run = ''
  }
  let depth = 0
  for (let i = 0; i < branch.length; i++) {
    const c = branch.charAt(i)
    if (c === '[') {
      cut()
      i = Math.max(i, classEnd(branch, i))
    } else if (c === '(') {
      cut()
      depth++
    } else if (c === ')') {
      cut()
      depth--
    } else if (c === '\\') {
      const escaped = branch.charAt(++i)
      if (depth === 0 && PUNCTUATION.test(escaped)) run += escaped
      else cut()
      // \x41, \p{..}, \Q and octal forms read on: what follows must not count as a literal
      if (/[xpPuU0-9CQ]/.test(escaped)) {
        const close = branch.charAt(i + 1) === '{' ? branch.indexOf('}', i) : i + 2
        i = close < 0 ? branch.length : close
      }
    } else if (c === '?' || c === '*' || c === '{') {
      // the piece before may be absent, or repeat
      run = run.slice(0, -1)
      cut()
      if (c === '{') i = Math.max(i, branch.indexOf('}', i))
    } else if (c === '+') cut()
    else if ('.^$|'.includes(c)) cut()
    else if (depth === 0) run += c
  }
  cut()
  return best.toLowerCase()
}
