import { compileAutomaton, type Automaton } from '@parapet/core/match'
import { has, sizeOf, type CharSet } from '../pattern/char-set.js'
import { extentOf, leadingSets } from '../pattern/lint-pattern.js'
import { planOf } from '../pattern/lint-rule.js'
import { parsePattern, type PatternNode } from '../pattern/parse-pattern.js'
import { createProgramBuilder, type Program, type ProgramBuilder } from '../pattern/program.js'
import type { MaskRule } from '../types.js'
import { findValidator } from '../validators/registry.js'
import { joinTables, KEY_GUARD, RUN_GUARD, type SeekTables } from './seek-tables.js'
import { createShapeBuilder, type ShapeAutomaton } from './shape-automaton.js'
import type { Validator } from '../validators/validator.js'

/** A rule made ready for the scan. */
export type CompiledRule = {
  readonly rule: MaskRule
  /** its place among the rules: smaller wins where all else is equal */
  readonly index: number
  /** address of its pattern in the program */
  readonly address: number
  /** offset of the set of its first characters */
  readonly first: number
  readonly start: CharSet
  /** a later character that is always at the same place, the most telling one: how far from the start, and the offset of its set */
  readonly probeAt: number
  readonly probe: number
  readonly most: number
  readonly isWord: boolean
  readonly validator: Validator | undefined
  /** 2 for high, 1 for medium, 0 for low confidence */
  readonly rank: number
}

/** What a literal of the automaton stands for: a rule, or one of {@link ENTRY}. All have one shape, since the scan looks at very many. */
export type LiteralEntry = {
  readonly kind: number
  readonly rule: CompiledRule | undefined
  readonly length: number
  /** the literal's fixed place in the match, or how far back it may begin over the characters of the set `run` */
  readonly offset: number
  readonly back: number
  readonly run: number
  /** its bit in the table `beforeRun` when a character of the run must stand right before the literal, else 0 */
  readonly needs: number
}

/** Kinds of {@link LiteralEntry}. */
export const ENTRY = { rule: 0, key: 1, escape: 2, base64: 3 } as const

const entryOf = (kind: number, length: number): LiteralEntry => ({ kind, rule: undefined, length, offset: 0, back: 0, run: 0, needs: 0 })

/** All rules and key names in the tables that the scan reads. */
export type CompiledRules = {
  readonly tables: SeekTables
  /** by number of the hit: what its literals stand for, suffixes included */
  readonly hits: readonly (readonly LiteralEntry[])[]
  readonly program: Program
  readonly at: readonly CompiledRule[]
  readonly shapes: ShapeAutomaton
  /** the longest match or look-around of any rule, in characters */
  readonly reach: number
}

const RANKS = { high: 2, medium: 1, low: 0 } as const

/** Characters looked at for a probe. */
const MOST_PROBED = 40

const probeOf = (tree: PatternNode, builder: ProgramBuilder): Pick<CompiledRule, 'probeAt' | 'probe'> => {
  const sets = leadingSets(tree).slice(0, MOST_PROBED)
  let best = 0
  for (let i = 1; i < sets.length; i++) if (sizeOf(sets[i] ?? 0n) <= sizeOf(sets[best] ?? 0n)) best = i
  return { probeAt: best, probe: builder.addSet(sets[best] ?? extentOf(tree).first) }
}

/** The digits with which a rule can begin, one bit each. */
const maskOf = (start: CharSet, lead: number): number => {
  let mask = 0
  for (let digit = 0; digit < 10; digit++) if (lead > 0 || has(start, 48 + digit)) mask |= 1 << digit
  return mask
}

/** Literals at which something is written in escapes, and the beginnings of base64 of JSON: the scan looks there a second time. */
const ESCAPES = ['\\u00', '\\/', '%40', '%2b', '%3a', '%3d', '%2f', '%20', '%22', '%2d', '%25']
const BASE64 = ['eyj', 'ewog', 'w3si', 'base64,']

type Added = { readonly literal: string; readonly entry: LiteralEntry }

/** Compiles rules and the literals of key names. The rules were checked by the schema; one that is not valid throws `PPT_MASK_RULE`. */
export const compileRules = (rules: readonly MaskRule[], keyLiterals: readonly string[], secondLook: boolean): CompiledRules => {
  const builder = createProgramBuilder()
  const added: Added[] = []
  const at: CompiledRule[] = []
  const shapeBuilder = createShapeBuilder()
  const runs = createRunTable()
  let reach = 256

  for (const [index, rule] of rules.entries()) {
    const { places, shapes } = planOf(rule)
    const tree = parsePattern(rule.pattern, rule.caseInsensitive)
    const extent = extentOf(tree)
    const compiled: CompiledRule = {
      rule,
      index,
      address: builder.add(tree),
      first: builder.addSet(extent.first),
      start: extent.first,
      ...probeOf(tree, builder),
      most: extent.most,
      isWord: rule.boundary === 'word',
      validator: rule.validator === undefined ? undefined : findValidator(rule.validator),
      rank: RANKS[rule.confidence],
    }
    reach = Math.max(reach, extent.most)
    if (rule.trigger.kind === 'at') at.push(compiled)
    if (rule.trigger.kind === 'literal')
      for (const [i, literal] of rule.trigger.literals.entries()) {
        const place = places[i]
        if (place === undefined) continue
        const entry: LiteralEntry = {
          kind: ENTRY.rule,
          rule: compiled,
          length: literal.length,
          offset: place.kind === 'fixed' ? place.offset : 0,
          back: place.kind === 'run' ? place.back : 0,
          run: place.kind === 'run' ? builder.addSet(place.run) : 0,
          needs: place.kind === 'run' && !beginsWith(compiled, literal) ? runs.bitOf(place.run) : 0,
        }
        added.push({ literal, entry })
      }
    for (const { lead, ...shape } of shapes) shapeBuilder.add(shape, { rule: compiled, lead }, maskOf(extent.first, lead))
  }
  for (const literal of keyLiterals) added.push({ literal, entry: entryOf(ENTRY.key, literal.length) })
  if (secondLook) {
    for (const literal of ESCAPES) added.push({ literal, entry: entryOf(ENTRY.escape, literal.length) })
    for (const literal of BASE64) added.push({ literal, entry: entryOf(ENTRY.base64, literal.length) })
  }

  const beforeAt = new Uint8Array(256)
  for (const rule of at) for (let unit = 0; unit < 256; unit++) if (has(rule.start, unit)) beforeAt[unit] = 1
  const shapes = shapeBuilder.build()
  const { automaton, hits } = automatonOf(added)
  const tables = { ...joinTables(automaton, shapes), guards: Uint32Array.from(hits, guardOf), beforeAt, beforeRun: runs.units }
  return { tables, hits, program: builder.build(), at, shapes, reach: reach + 64 }
}

const beginsWith = (rule: CompiledRule, literal: string): boolean =>
  [literal.charAt(0).toLowerCase(), literal.charAt(0).toUpperCase()].some((letter) => has(rule.start, letter.charCodeAt(0)))

/** Gives each set of characters that stands before a literal a bit of its own; from the ninth on there is none left, and 0. */
const createRunTable = (): { readonly units: Uint8Array; readonly bitOf: (run: CharSet) => number } => {
  const units = new Uint8Array(256)
  const bits = new Map<CharSet, number>()
  return {
    units,
    bitOf: (run) => {
      const known = bits.get(run)
      if (known !== undefined) return known
      const bit = bits.size < 8 ? 1 << bits.size : 0
      bits.set(run, bit)
      for (let unit = 0; unit < 256; unit++) if (has(run, unit)) units[unit] = (units[unit] ?? 0) | bit
      return bit
    },
  }
}

/**
 * A word does not begin in the middle of another, and a run before a literal has at least one character: where all entries ask for the same at the same place,
 * one look is enough.
 */
const guardOf = (entries: readonly LiteralEntry[]): number => {
  const [first] = entries
  if (first === undefined) return 0
  if (entries.every(({ kind }) => kind === ENTRY.key)) return KEY_GUARD
  if (entries.every(({ needs, length }) => needs !== 0 && length === first.length))
    return RUN_GUARD | (entries.reduce((bits, { needs }) => bits | needs, 0) << 8) | first.length
  const distance = first.length + first.offset
  const isGuarded = entries.every(
    ({ kind, rule, back, length, offset }) =>
      (kind === ENTRY.base64 || rule?.isWord === true) && back === 0 && length + offset === distance,
  )
  return isGuarded ? distance : 0
}

/** `@` is a literal of the automaton as well, so that one comparison finds everything but digits. */
const automatonOf = (added: readonly Added[]): { automaton: Automaton; hits: CompiledRules['hits'] } => {
  const distinct = new Map<string, LiteralEntry[]>()
  for (const { literal, entry } of added) {
    const folded = literal.toLowerCase()
    const list = distinct.get(folded) ?? []
    if (entry.kind === ENTRY.rule || list.every(({ kind }) => kind !== entry.kind)) list.push(entry)
    distinct.set(folded, list)
  }
  if (!distinct.has('@')) distinct.set('@', [])
  const entries = [...distinct.values()]
  const codes = [...distinct.keys()].map((literal) => Uint8Array.from(literal, (letter) => letter.charCodeAt(0)))
  const automaton = compileAutomaton(codes, 256, true)
  const { idsFrom, ids, suffixHit } = automaton
  const hits = Array.from(suffixHit, (_, index) => {
    const found: LiteralEntry[] = []
    for (let hit = index; hit >= 0; hit = suffixHit[hit] ?? -1)
      for (let i = idsFrom[hit] ?? 0; i < (idsFrom[hit + 1] ?? 0); i++) found.push(...(entries[ids[i] ?? -1] ?? []))
    return found
  })
  return { automaton, hits }
}
