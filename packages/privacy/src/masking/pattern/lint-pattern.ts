import { EMPTY, intersects, sample, type CharSet } from './char-set.js'
import { patternFault, type PatternNode } from './parse-pattern.js'

/** What a piece of a pattern can begin with, whether it can be empty, and how long its matches are. */
export type Extent = { readonly first: CharSet; readonly nullable: boolean; readonly least: number; readonly most: number }

/** The longest match that a pattern may have, in characters: the stream keeps this much of the text at hand. */
export const MOST_MATCHED = 8192

const sequenceExtent = (items: readonly PatternNode[]): Extent => {
  let first = EMPTY
  let [nullable, least, most] = [true, 0, 0]
  for (const item of items) {
    const extent = extentOf(item)
    if (nullable) first |= extent.first
    nullable &&= extent.nullable
    least += extent.least
    most += extent.most
  }
  return { first, nullable, least, most }
}

const known = new WeakMap<PatternNode, Extent>()

/** Measures a piece of a pattern. */
export const extentOf = (node: PatternNode): Extent => {
  let extent = known.get(node)
  if (extent === undefined) known.set(node, (extent = measure(node)))
  return extent
}

const measure = (node: PatternNode): Extent => {
  switch (node.kind) {
    case 'set':
      return { first: node.set, nullable: false, least: 1, most: 1 }
    case 'secret':
      return extentOf(node.item)
    case 'sequence':
      return sequenceExtent(node.items)
    case 'repeat': {
      const { first, nullable, least, most } = extentOf(node.item)
      return { first, nullable: nullable || node.least === 0, least: least * node.least, most: most * node.most }
    }
    case 'choice':
      break
  }
  const options = node.options.map(extentOf)
  return {
    first: options.reduce((first, option) => first | option.first, EMPTY),
    nullable: options.some(({ nullable }) => nullable),
    least: Math.min(...options.map(({ least }) => least)),
    most: Math.max(...options.map(({ most }) => most)),
  }
}

/** The sets of a piece's first characters for as far as they stand at a fixed place; `whole` when that is all of it. */
const leading = (node: PatternNode): { readonly sets: readonly CharSet[]; readonly whole: boolean } => {
  if (node.kind === 'set') return { sets: [node.set], whole: true }
  if (node.kind === 'secret') return leading(node.item)
  if (node.kind === 'choice') return { sets: [extentOf(node).first], whole: node.options.every((option) => extentOf(option).most === 1) }
  const sets: CharSet[] = []
  if (node.kind === 'repeat') {
    const one = leading(node.item)
    for (let round = 0; round < node.least; round++) {
      sets.push(...one.sets)
      if (!one.whole) return { sets, whole: false }
    }
    return { sets, whole: node.least === node.most }
  }
  for (const item of node.items) {
    const part = leading(item)
    sets.push(...part.sets)
    if (!part.whole) return { sets, whole: false }
  }
  return { sets, whole: true }
}

/** What stands at the first places of every match, for as far as that is certain. */
export const leadingSets = (tree: PatternNode): readonly CharSet[] => leading(tree).sets

/** Refuses alternatives of which an earlier one can hide a later one: the first that fits is taken and never given back. */
const lintChoice = (options: readonly PatternNode[]): void => {
  const heads = options.map(leading)
  for (const [later, b] of heads.entries()) {
    for (const [earlier, a] of heads.slice(0, later).entries()) {
      const common = Math.min(a.sets.length, b.sets.length)
      if (a.sets.slice(0, common).some((set, i) => !intersects(set, b.sets[i] ?? set))) continue
      if (a.whole && a.sets.length >= b.sets.length && b.whole) continue
      if (a.whole && a.sets.length > b.sets.length && !b.whole) continue
      throw patternFault(
        `alternative ${earlier + 1} of ${options.length} can match where alternative ${later + 1} should: put the longer one first, or begin them differently`,
      )
    }
  }
}

/** `follow`: what can come right after this piece. */
const lintNode = (node: PatternNode, follow: CharSet): void => {
  switch (node.kind) {
    case 'set':
      return
    case 'secret':
      lintNode(node.item, follow)
      return
    case 'choice':
      if (node.options.some((option) => extentOf(option).nullable))
        throw patternFault('an alternative can be empty: put the ? behind the group')
      lintChoice(node.options)
      for (const option of node.options) lintNode(option, follow)
      return
    case 'repeat': {
      const { first, nullable } = extentOf(node.item)
      if (nullable) throw patternFault('what is repeated can be empty')
      if (node.least < node.most && intersects(first, follow))
        throw patternFault(
          `a repeat {${node.least},${node.most}} is followed by ${sample(first, follow)}, which it can match too: where it ends must be certain`,
        )
      lintNode(node.item, node.most > 1 ? follow | first : follow)
      return
    }
    case 'sequence':
      for (const [index, item] of node.items.entries()) {
        const rest = sequenceExtent(node.items.slice(index + 1))
        lintNode(item, rest.nullable ? rest.first | follow : rest.first)
      }
  }
}

/**
 * Makes sure that a pattern can match a text in one way only, so that it is matched without ever going back: time is linear.
 * Throws `PPT_MASK_RULE` that says what to write instead.
 */
export const lintPattern = (tree: PatternNode): Extent => {
  const extent = extentOf(tree)
  if (extent.nullable) throw patternFault('the pattern matches the empty text')
  if (extent.most > MOST_MATCHED) throw patternFault(`the pattern can match ${extent.most} characters; ${MOST_MATCHED} is the most`)
  lintNode(tree, EMPTY)
  return extent
}
