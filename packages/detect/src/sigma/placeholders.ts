import { quote, RuleFault } from './problem.js'
import type { YamlScalar } from './yaml-tree.js'

/** What stands for a placeholder: alternatives, which may hold wildcards; `undefined` when nobody gave any. */
export type PlaceholderValues = (name: string) => readonly string[] | undefined

/** Alternatives that one value may become. */
const FORMS = 10_000
const NAME = /%([A-Za-z0-9_.-]{1,64})%/g

/** Pieces of a value: plain text, and names of placeholders. `\%` is a plain percent sign. */
const piecesOf = (text: string): { text: string; name?: string }[] => {
  const pieces: { text: string; name?: string }[] = []
  // an escaped sign is taken out of the way, so that it cannot begin or end a name
  const kept = text.replaceAll('\\%', '\uE000')
  const plain = (part: string): string => part.replaceAll('\uE000', '%')
  let at = 0
  for (const match of kept.matchAll(NAME)) {
    if (match.index > at) pieces.push({ text: plain(kept.slice(at, match.index)) })
    pieces.push({ text: match[0], name: match[1] ?? '' })
    at = match.index + match[0].length
  }
  if (at < kept.length || pieces.length === 0) pieces.push({ text: plain(kept.slice(at)) })
  return pieces
}

/**
 * The value with its placeholders replaced, once for each alternative (all combinations where there are several). `keep` says
 * of a name without values that a later step may know it; otherwise it is a fault. Source: Sigma rules specification 2.1, "Placeholders".
 */
export const expandPlaceholders = (scalar: YamlScalar, values: PlaceholderValues, keep = false): readonly YamlScalar[] => {
  const text = typeof scalar.value === 'string' ? scalar.value : scalar.source
  if (scalar.value === null || !text.includes('%')) return [scalar]
  let forms: string[] = ['']
  for (const piece of piecesOf(text)) {
    const known = piece.name === undefined ? [keep ? piece.text.replaceAll('%', '\\%') : piece.text] : values(piece.name)
    if (known === undefined && !keep)
      throw new RuleFault(scalar.line, `placeholder ${quote(piece.text)} has no value; give it one in a pipeline or as an option`)
    const parts = known ?? [piece.text]
    if (parts.length === 0) throw new RuleFault(scalar.line, `placeholder ${quote(piece.text)} has an empty list of values`)
    if (forms.length * parts.length > FORMS) throw new RuleFault(scalar.line, `placeholders make more than ${FORMS} values of one`)
    forms = forms.flatMap((form) => parts.map((part) => form + part))
  }
  return forms.map((value): YamlScalar => ({ kind: 'scalar', line: scalar.line, value, source: value }))
}
