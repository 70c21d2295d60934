import type { Masker } from '@parapet/core'
import { checkActions, createReplace, redacted, type ActionDeps } from './actions/actions.js'
import { compilePolicy, type MaskPolicy } from './policy.js'
import { builtInRuleSet } from './rules/built-in.js'
import { compileRules, type CompiledRules } from './scan/compile-rules.js'
import { keyLiterals } from './scan/key-literals.js'
import { applyToBytes, applyToText } from './scan/apply-edits.js'
import { createCleanCheck } from './scan/clean.js'
import { createTextPass, type Edit, type PassDeps } from './scan/text-pass.js'
import { windowOf } from './scan/units.js'
import { createTextUnits } from './scan/text-units.js'
import { createKeyClassifier } from './structure/keys.js'
import { createJsonTextMasker, createStructurePass, type JsonTextMasker } from './structure/index.js'
import { createMaskScan, type MaskScan } from './stream/mask-scan.js'
import type { Place } from './stream/place.js'
import type { Found } from './scan/candidate.js'
import { joinRules } from './schema.js'
import type { MaskAction, MaskFinding, MaskRule } from './types.js'

/** What a masker is built from; everything may be left out. */
export type MaskerOptions = MaskPolicy &
  Pick<ActionDeps, 'pseudonymKey' | 'tokenize'> & {
    /** places that are hidden or, with `!` before them, shown: `req.headers.*`, `**.note`, `!user.displayEmail` */
    readonly paths?: readonly string[]
    /** rules beside the built-in ones, from `readRuleFile`; ids are unique over all */
    readonly rules?: readonly MaskRule[]
    /** false: only `rules` */
    readonly builtIn?: boolean
    /** false: key names such as `password=` are not looked for in running text (the structured pass uses them all the same) */
    readonly keysInText?: boolean
    /** false: what is written in escapes (`\u0040`, `%40`) or base64 is not looked at a second time */
    readonly secondLook?: boolean
    /** bound on the work of a scan, in steps a character; text beyond it is replaced by `[UNSCANNED n bytes]`. Default 64 */
    readonly workPerCharacter?: number
  }

/** What a scan found and where it begins. */
export type PlacedFinding = Omit<MaskFinding, 'start' | 'end'> & Place

/** A {@link Masker} that also reads bytes, explains, counts and streams. */
export type TextMasker = Masker & {
  /** masks a text that is the whole content of a string: nothing in it is taken for a bare JSON value of its own */
  readonly content: (value: string) => string
  /** masks JSON documents, also several as NDJSON, by keys and as text, and leaves them valid JSON; other text is masked as text */
  readonly json: (text: string) => string
  /** the same for JSON that comes in pieces */
  readonly jsonText: JsonTextMasker
  /** masks bytes as they are; what is not UTF-8 stays as it was. Gives the same bytes object when nothing was found. */
  readonly bytes: (value: Uint8Array) => Uint8Array
  /** what would be hidden and why, never the values */
  readonly explain: (value: string) => readonly MaskFinding[]
  /** how many values each rule has hidden so far */
  readonly counts: () => Readonly<Record<string, number>>
  /** starts a scan over bytes that come in pieces; `onFind` hears of each value that is hidden and where it stands, never the value */
  readonly scan: (onFind?: (finding: PlacedFinding) => void) => MaskScan
}

const WORK = 64

/** Shorter texts cannot hold anything that a rule looks for. */
const LEAST = 4

/**
 * Builds a masker. Options are checked here: an unknown name, a pattern outside the subset, or an action for which nothing was given
 * (`tokenize`, `pseudonymize`) throws `PPT_MASK_RULE`.
 */
export const createMasker = (options: MaskerOptions = {}): TextMasker => {
  const { rules: own = [], builtIn = true, keysInText = true, secondLook = true, workPerCharacter = WORK } = options
  const set = builtInRuleSet()
  const policy = compilePolicy(options, joinRules([builtIn ? set.rules : [], own]), set.keys)
  checkActions(policy.actions, options)
  const classify = createKeyClassifier({ rules: set.keys, on: policy.keysOn, off: policy.keysOff })
  const replace = createReplace({ ...options, decide: policy.decide })
  const counts = new Map<string, number>()
  const hasAllowed = (options.allow ?? []).length > 0

  const marks = new WeakMap<Found, string>()
  const markOf = (what: Found): string | undefined => {
    if (policy.decide(what).action !== 'redact') return undefined
    let mark = marks.get(what)
    if (mark === undefined) marks.set(what, (mark = redacted(what.id)))
    return mark
  }

  const deps: PassDeps = {
    compiled: compiledFor(policy.rules, keysInText ? keyLiterals(set.keys, policy.keysOff) : [], secondLook),
    classify: (key) => {
      const group = classify(key)
      return group === undefined || policy.decide(group).action === 'show' ? undefined : group
    },
    isAllowed: hasAllowed ? policy.isAllowed : undefined,
    workPerUnit: workPerCharacter,
    replace,
    markOf,
    count: (rule) => {
      counts.set(rule, (counts.get(rule) ?? 0) + 1)
    },
  }

  const withPass = createLoan(() => ({ pass: createTextPass(deps), units: createTextUnits() }))

  const mask = (value: string, edits: readonly Edit[]): string => (edits.length === 0 ? value : applyToText(value, edits))
  const maskText = (value: string, isValue: boolean): string =>
    value.length < LEAST
      ? value
      : mask(
          value,
          withPass(({ pass, units }) => pass.edit(units.read(value), isValue)),
        )
  const content = (value: string): string => maskText(value, true)
  const actionOf = (what: Found): MaskAction => {
    const { action } = policy.decide(what)
    return action === 'show' ? 'redact' : action
  }
  const structure = {
    maskText: content,
    isClean: createCleanCheck(deps.compiled),
    classify,
    replace,
    markOf,
    ...(options.paths === undefined ? {} : { paths: options.paths }),
  }
  const jsonText = createJsonTextMasker(structure)

  return {
    text: (value) => maskText(value, false),
    content,
    value: createStructurePass(structure),
    json: (text) => jsonText.whole(text) ?? maskText(text, false),
    jsonText,
    bytes: (value) => {
      const edits = withPass(({ pass }) => pass.edit(windowOf(value, value.length, true), false))
      return edits.length === 0 ? value : applyToBytes(Buffer.from(value.buffer, value.byteOffset, value.byteLength), edits)
    },
    explain: (value) =>
      withPass(({ pass, units }) =>
        pass
          .find(units.read(value))
          .map(({ what, start, end }) => ({ rule: what.id, kind: what.kind, action: actionOf(what), start, end })),
      ),
    counts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    scan: (onFind) =>
      createMaskScan(deps, onFind && ((what, place) => onFind({ rule: what.id, kind: what.kind, action: actionOf(what), ...place }))),
  }
}

const TABLES = 8
const tables = new Map<string, { readonly rules: readonly MaskRule[]; readonly compiled: CompiledRules }>()

/** Tables depend on the rules alone: maskers of one program that find the same things, such as those of its roles, share them. */
const compiledFor = (rules: readonly MaskRule[], literals: readonly string[], secondLook: boolean): CompiledRules => {
  const name = `${rules.map(({ id }) => id).join()} ${literals.join()} ${secondLook}`
  const known = tables.get(name)
  // an id may stand for another rule where an application brings its own
  if (known !== undefined && known.rules.every((rule, i) => rule === rules[i])) return known.compiled
  const compiled = compileRules(rules, literals, secondLook)
  const [oldest] = tables.keys()
  if (tables.size >= TABLES && oldest !== undefined) tables.delete(oldest)
  tables.set(name, { rules, compiled })
  return compiled
}

/** Lends out one thing; who asks while it is lent gets another. */
const createLoan = <T>(create: () => T): (<R>(use: (thing: T) => R) => R) => {
  let free: T | undefined
  return (use) => {
    const thing = free ?? create()
    free = undefined
    try {
      return use(thing)
    } finally {
      free = thing
    }
  }
}
