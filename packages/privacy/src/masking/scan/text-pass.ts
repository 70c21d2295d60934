import type { Replace } from '../actions/actions.js'
import { unscanned } from '../actions/actions.js'
import { byPrecedence, resolveOverlaps, type Candidate } from './candidate.js'
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
export const replacementOf = (
  { what, state }: Candidate,
  value: string,
  quotes: string,
  size: number,
  replace: Replace,
): string => {
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
    return found.length === 1 ? found : resolveOverlaps(found.toSorted(byPrecedence))
  }

  return {
    find,
    edit: (window, isValue) => {
      const found = find(window)
      if (found.length === 0) return []
      tracker.reset()
      const { units, length } = window
      // what replaces a value may call back into this pass: everything about the text is read before
      const placed = found.map((candidate) => ({
        candidate,
        value: window.text(candidate.start, candidate.end),
        quotes: quotesOf(candidate, units, length, tracker, isValue),
      }))
      return placed.map(({ candidate, value, quotes }) => {
        deps.count(candidate.what.id)
        const { start, end } = candidate
        return { start, end, text: replacementOf(candidate, value, quotes, end - start, deps.replace) }
      })
    },
  }
}
