import type { Replace } from '../actions/actions.js'
import { unscanned } from '../actions/actions.js'
import { inOrder, resolveOverlaps, type Candidate, type Found } from './candidate.js'
import type { CompiledRules } from './compile-rules.js'
import { createQuoteTracker, quotesFor, type QuoteTracker } from './json-place.js'
import { createScanner, type ScanDeps } from './scanner.js'
import type { Window } from './units.js'

/** A part of a text and what stands for it. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string }

/** What a pass over a text is made of. */
export type PassDeps = ScanDeps & {
  readonly compiled: CompiledRules
  readonly replace: Replace
  /** what stands for a value whatever it is; `undefined` when that depends on the value */
  readonly markOf: (what: Found) => string | undefined
  readonly count: (rule: string) => void
}

/** Passes over whole texts. Not reentrant. */
export type TextPass = {
  /** what is found, overlaps resolved, in the order of the text */
  readonly find: (window: Window) => Candidate[]
  /** the edits that mask a text; `isValue` when the text is the content of a string, to which no quotes may be added */
  readonly edit: (window: Window, isValue: boolean) => readonly Edit[]
}

const NONE: Candidate[] = []

/** The text that replaces a candidate, in quotes where it stands in for a JSON number. */
export const replacementOf = ({ what, state }: Candidate, value: string, quotes: string, size: number, replace: Replace): string => {
  if (state === 'unscanned') return unscanned(size)
  const text = replace(what, value, state !== 'value')
  if (text === null) return quotes === '' ? '' : 'null'
  return text === value ? text : `${quotes}${text}${quotes}`
}

/** The quotes that a candidate's replacement needs. */
export const quotesOf = (candidate: Candidate, units: Uint8Array, length: number, tracker: QuoteTracker, isValue: boolean): string =>
  candidate.state === 'unscanned'
    ? ''
    : quotesFor(units, length, candidate.start, candidate.end, { tracker, isValue, isOpen: candidate.state === 'open' })

/** A pass with a scanner of its own. */
export const createTextPass = (deps: PassDeps): TextPass => {
  let candidates: Candidate[] = []
  const scanner = createScanner(deps.compiled, deps, (candidate) => candidates.push(candidate))
  const tracker = createQuoteTracker()

  const find = (window: Window): Candidate[] => {
    scanner.reset()
    scanner.scan(window, 0, window.length)
    if (candidates.length === 0) return NONE
    const found = candidates
    candidates = []
    for (const candidate of found) if (candidate.end > window.length) candidate.end = window.length
    return resolveOverlaps(inOrder(found))
  }

  return {
    find,
    edit: (window, isValue) => {
      const found = find(window)
      if (found.length === 0) return []
      tracker.reset()
      const { units, length } = window
      // what replaces a value may call back into this pass: everything about the text is read before
      const placed = found.map((candidate) => {
        const { what, start, end, state } = candidate
        const quotes = quotesOf(candidate, units, length, tracker, isValue)
        const mark = state === 'unscanned' ? undefined : deps.markOf(what)
        const value = mark === undefined ? window.text(start, end) : ''
        return { candidate, value, quotes, mark }
      })
      return placed.map(({ candidate, value, quotes, mark }) => {
        const { what, start, end } = candidate
        deps.count(what.id)
        const text = mark === undefined ? replacementOf(candidate, value, quotes, end - start, deps.replace) : quotes + mark + quotes
        return { start, end, text }
      })
    },
  }
}
