import type { Masker } from '@parapet/core'
import { checkActions, createReplace, redacted, type ActionDeps } from './actions/actions.js'
import { compilePolicy, type MaskPolicy } from './policy.js'
import { builtInRuleSet } from './rules/built-in.js'
import { compileRules } from './scan/compile-rules.js'
import { keyLiterals } from './scan/key-literals.js'
import { createTextPass, type Edit, type PassDeps, type TextPass } from './scan/text-pass.js'
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

  const deps: PassDeps = {
    compiled: compileRules(policy.rules, keysInText ? keyLiterals(set.keys, policy.keysOff) : [], secondLook),
    classify: (key) => {
      const group = classify(key)
      return group === undefined || policy.decide(group).action === 'show' ? undefined : group
    },
    isAllowed: hasAllowed ? policy.isAllowed : undefined,
    workPerUnit: workPerCharacter,
    replace,
    count: (rule) => {
      counts.set(rule, (counts.get(rule) ?? 0) + 1)
    },
  }

  const withPass = createLoan(() => ({ pass: createTextPass(deps), units: createTextUnits() }))

  const maskText = (value: string, isValue: boolean): string =>
    value.length < LEAST ? value : withPass(({ pass, units }) => applyToText(value, pass.edit(units.read(value), isValue)))
  const content = (value: string): string => maskText(value, true)
  const actionOf = (what: Found): MaskAction => {
    const { action } = policy.decide(what)
    return action === 'show' ? 'redact' : action
  }
  const markOf = (what: Parameters<typeof policy.decide>[0]): string | undefined =>
    policy.decide(what).action === 'redact' ? redacted(what.id) : undefined
  const structure = { maskText: content, classify, replace, markOf, ...(options.paths === undefined ? {} : { paths: options.paths }) }
  const jsonText = createJsonTextMasker(structure)

  return {
    text: (value) => maskText(value, false),
    content,
    value: createStructurePass(structure),
    json: (text) => jsonText.whole(text) ?? maskText(text, false),
    jsonText,
    bytes: (value) => withPass(({ pass }) => applyToBytes(value, pass)),
    explain: (value) =>
      withPass(({ pass, units }) =>
        pass.find(units.read(value)).map(({ what, start, end }) => ({ rule: what.id, kind: what.kind, action: actionOf(what), start, end })),
      ),
    counts: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    scan: (onFind) =>
      createMaskScan(deps, onFind && ((what, place) => onFind({ rule: what.id, kind: what.kind, action: actionOf(what), ...place }))),
  }
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

const applyToText = (value: string, edits: readonly Edit[]): string => {
  if (edits.length === 0) return value
  let text = ''
  let at = 0
  for (const edit of edits) {
    text += value.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return text + value.slice(at)
}

const applyToBytes = (value: Uint8Array, pass: TextPass): Uint8Array => {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const edits = pass.edit(windowOf(bytes, bytes.length, true), false)
  if (edits.length === 0) return value
  const parts: Uint8Array[] = []
  let at = 0
  for (const edit of edits) {
    parts.push(bytes.subarray(at, edit.start), Buffer.from(edit.text))
    at = edit.end
  }
  parts.push(bytes.subarray(at))
  return Buffer.concat(parts)
}
