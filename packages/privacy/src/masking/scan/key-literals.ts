import { wordsOf } from '../structure/keys.js'
import type { KeyRules } from '../structure/key-groups.js'

const JOINS = ['', '_', '-', ' ', '.']

/** True when the words of `name` end with those of another name, so that the other's literals find it as well. */
const endsWithOther = (words: readonly string[], names: ReadonlySet<string>): boolean =>
  words.some((_, i) => i > 0 && names.has(words.slice(i).join(' ')))

/**
 * The literals by which key names are found in running text: the ASCII names of the groups that are on, in every usual spelling. What was found is
 * classified as a whole key afterwards.
 */
export const keyLiterals = ({ groups }: KeyRules, off: readonly string[]): readonly string[] => {
  const names = new Map<string, readonly string[]>()
  for (const group of groups) {
    if (off.includes(group.id)) continue
    for (const name of [...group.keys, ...group.exact]) {
      const words = wordsOf(name)
      if (words.every((word) => /^[\u0021-\u007e]+$/.test(word))) names.set(words.join(' '), words)
    }
  }
  const known = new Set(names.keys())
  const literals = new Set<string>()
  for (const words of names.values()) {
    if (endsWithOther(words, known)) continue
    for (const join of words.length === 1 ? [''] : JOINS) {
      const literal = words.join(join)
      if (literal.length >= 2) literals.add(literal)
    }
  }
  return [...literals]
}
