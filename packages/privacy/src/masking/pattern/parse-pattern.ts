import { ParapetError } from '@parapet/core'
import { complement, EMPTY, foldSet, rangeSet, setOf, type CharSet } from './char-set.js'

/** A pattern as a tree. Every choice in it is made by the next character, never taken back. */
export type PatternNode =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'sequence'; readonly items: readonly PatternNode[] }
  | { readonly kind: 'choice'; readonly options: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly item: PatternNode; readonly least: number; readonly most: number }
  | { readonly kind: 'secret'; readonly item: PatternNode }

/** Why a pattern is refused: what stands where, and how to write it instead. Code `PPT_MASK_RULE`. */
export const patternFault = (what: string): ParapetError => new ParapetError('PPT_MASK_RULE', what)

/** The most that a repeat may ask for. */
export const MOST_REPEATS = 4096
const MOST_CHARACTERS = 4096
const MOST_DEPTH = 12

const SHORT: Readonly<Record<string, string>> = {
  d: '0123456789',
  w: 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_',
  s: ' \t',
}
const CONTROL: Readonly<Record<string, string>> = { t: '\t' }

/**
 * Reads the checked subset: literal ASCII characters, `\d`, `\w`, `\s` (space and tab), escaped punctuation, classes, `?`, `{n}`, `{m,n}`,
 * `(?:a|b)` and one `(?<secret>...)`. Anything else throws `PPT_MASK_RULE`. No character of it ever matches the end of a line.
 */
export const parsePattern = (pattern: string, caseInsensitive: boolean): PatternNode => {
  if (pattern.length === 0 || pattern.length > MOST_CHARACTERS) throw patternFault(`a pattern has 1 to ${MOST_CHARACTERS} characters`)
  let at = 0
  let depth = 0
  let secrets = 0

  const fail = (what: string): ParapetError => patternFault(`${what} at character ${at + 1}`)
  const peek = (): string => pattern[at] ?? ''
  const single = (text: string): CharSet => {
    const code = text.charCodeAt(0)
    if (text === '' || code > 126 || code < 32) throw fail('only printable ASCII characters can be matched')
    return caseInsensitive ? foldSet(setOf(text)) : setOf(text)
  }
  const escaped = (): { set: CharSet; code: number | undefined } => {
    at++
    const letter = peek()
    at++
    if (SHORT[letter] !== undefined) return { set: setOf(SHORT[letter]), code: undefined }
    if (CONTROL[letter] !== undefined) return { set: setOf(CONTROL[letter]), code: 9 }
    if (letter === '' || /[A-Za-z0-9]/.test(letter))
      throw fail(`\\${letter} is not known (only \\d, \\w, \\s, \\t and escaped punctuation)`)
    return { set: single(letter), code: letter.charCodeAt(0) }
  }
  const one = (): { set: CharSet; code: number | undefined } => {
    if (peek() === '\\') return escaped()
    const set = single(peek())
    return { set, code: pattern.charCodeAt(at++) }
  }
  const readClass = (): CharSet => {
    at++
    const negated = peek() === '^'
    if (negated) at++
    let set = EMPTY
    if (peek() === ']') throw fail('a class needs at least one character')
    while (peek() !== ']') {
      if (at >= pattern.length) throw fail('a class is not closed')
      const from = one()
      if (peek() === '-' && pattern[at + 1] !== ']' && pattern[at + 1] !== undefined) {
        at++
        const to = one()
        if (from.code === undefined || to.code === undefined || to.code < from.code)
          throw fail('a range runs from a lower to a higher character')
        set |= rangeSet(from.code, to.code)
      } else set |= from.set
    }
    at++
    if (caseInsensitive) set = foldSet(set)
    return negated ? complement(set) : set
  }
  const readGroup = (): PatternNode => {
    depth++
    if (depth > MOST_DEPTH) throw fail(`groups are nested more than ${MOST_DEPTH} deep`)
    let hidden = false
    if (pattern.startsWith('(?:', at)) at += 3
    else if (pattern.startsWith('(?<secret>', at)) {
      at += 10
      hidden = true
      if (++secrets > 1 || depth > 1) throw fail('a pattern has one (?<secret>...), in no other group')
    } else throw fail('a group is (?:...) or (?<secret>...)')
    const item = readChoice()
    if (peek() !== ')') throw fail('a group is not closed')
    at++
    depth--
    return hidden ? { kind: 'secret', item } : item
  }
  const readRepeat = (item: PatternNode): PatternNode => {
    let [least, most] = [1, 1]
    if (peek() === '?') {
      at++
      least = 0
    } else if (peek() === '{') {
      const [whole, low, , high] = /^\{(\d{1,4})(,(\d{1,4}))?\}/.exec(pattern.slice(at, at + 12)) ?? []
      if (whole === undefined) throw fail('a repeat is {n} or {m,n}')
      least = Number(low)
      most = high === undefined ? least : Number(high)
      at += whole.length
    } else return item
    if (most > MOST_REPEATS || most < 1 || most < least) throw fail(`a repeat has 1 to ${MOST_REPEATS} rounds, the lower number first`)
    if ('?{*+'.includes(peek()) && peek() !== '') throw fail('a repeat is not repeated again')
    if (item.kind === 'secret') throw fail('(?<secret>...) is not repeated')
    return { kind: 'repeat', item, least, most }
  }
  const readSequence = (): PatternNode => {
    const items: PatternNode[] = []
    while (at < pattern.length && peek() !== '|' && peek() !== ')') {
      const letter = peek()
      if ('*+'.includes(letter)) throw fail(`${letter} has no bound: write {0,n}`)
      if ('.^$?{}]'.includes(letter)) throw fail(`${letter} stands for no one character: write a class, or escape it`)
      if (letter === '[') items.push(readRepeat({ kind: 'set', set: readClass() }))
      else if (letter === '(') items.push(readRepeat(readGroup()))
      else items.push(readRepeat({ kind: 'set', set: one().set }))
    }
    if (items.length === 0) throw fail('an alternative is empty: use ? instead')
    const [first] = items
    return items.length === 1 && first !== undefined ? first : { kind: 'sequence', items }
  }
  const readChoice = (): PatternNode => {
    const options = [readSequence()]
    while (peek() === '|') {
      at++
      options.push(readSequence())
    }
    const [first] = options
    return options.length === 1 && first !== undefined ? first : { kind: 'choice', options }
  }

  const tree = readChoice()
  if (at < pattern.length) throw fail('a ) has no group')
  return tree
}
