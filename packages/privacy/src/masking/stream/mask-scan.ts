import { applyToBytes } from '../scan/apply-edits.js'
import { inOrder, NO_END, resolveOverlaps, type Candidate, type Found } from '../scan/candidate.js'
import { createQuoteTracker } from '../scan/json-place.js'
import { createScanner } from '../scan/scanner.js'
import { windowOf } from '../scan/units.js'
import { quotesOf, replacementOf, type Edit, type PassDeps } from '../scan/text-pass.js'
import { createPlaceTracker, type Place } from './place.js'

/** Masks bytes that come in pieces: every cut gives the same bytes as the whole. Memory is bounded, whatever comes. */
export type MaskScan = {
  /** takes a piece; gives what is certain by now. A string counts as its UTF-8, also when a surrogate pair is cut in two. */
  readonly write: (piece: Uint8Array | string) => Uint8Array
  /** the rest; nothing may be written afterwards */
  readonly end: () => Uint8Array
}

/** What stays in view behind the place of the scan: the farthest that anything looks back. */
const BEHIND = 512
/** Pieces without an end of line are collected up to this much before they are looked at. */
const COLLECTED = 16_384
const NEWLINE = 10

/** Starts a scan. `onFind` is told of everything that is hidden, in order and as soon as it is certain. */
export const createMaskScan = (deps: PassDeps, onFind?: (what: Found, place: Place) => void): MaskScan => {
  const ahead = deps.compiled.reach
  let held = new Uint8Array(65_536)
  let bytes = Buffer.from(held.buffer)
  let length = 0
  let scanned = 0
  let written = 0
  let candidates: Candidate[] = []
  /** an open value whose mark is written when its end is known, with the quotes that its place needs */
  let begun: { readonly candidate: Candidate; readonly quotes: string } | undefined
  let surrogate = ''
  const scanner = createScanner(deps.compiled, deps, (candidate) => candidates.push(candidate))
  const tracker = createQuoteTracker()
  // counting lines costs time: only for who wants to know
  const places = onFind === undefined ? undefined : createPlaceTracker()

  const moveTo = (end: number): void => {
    places?.advance(held, written, end)
    written = end
  }

  const append = (piece: Uint8Array): void => {
    if (length + piece.length > held.length) {
      const grown = new Uint8Array(Math.max(held.length * 2, length + piece.length))
      grown.set(held.subarray(0, length))
      held = grown
      bytes = Buffer.from(held.buffer)
    }
    held.set(piece, length)
    length += piece.length
  }

  const replacement = (candidate: Candidate, quotes: string): string => {
    const { what, start, end, state } = candidate
    deps.count(what.id)
    const mark = state === 'unscanned' ? undefined : deps.markOf(what)
    if (mark !== undefined) return quotes + mark + quotes
    return replacementOf(candidate, state === 'value' ? bytes.toString('utf8', start, end) : '', quotes, end - start, deps.replace)
  }

  /** Gives everything up to `safe`, before which nothing can be found any more. */
  const settle = (safe: number, isFinal: boolean): Uint8Array => {
    const from = written
    const edits: Edit[] = []
    const hide = (end: number, text: string): void => {
      edits.push({ start: written - from, end: end - from, text })
      moveTo(end)
    }
    let upTo = safe
    const winners = candidates.length === 0 ? candidates : resolveOverlaps(inOrder(candidates))
    for (const candidate of winners) {
      if (isFinal && candidate.end > length) candidate.end = length
      if (candidate.start >= upTo) break
      const isOpen = candidate.state === 'open' || candidate.state === 'unscanned'
      if (candidate.end > upTo && !isOpen) {
        upTo = candidate.start
        break
      }
      if (begun?.candidate !== candidate) {
        moveTo(Math.max(written, candidate.start))
        if (places !== undefined) onFind?.(candidate.what, places.place())
        const quotes = quotesOf(candidate, held, length, tracker, false)
        if (candidate.end > upTo) begun = { candidate, quotes }
        else {
          hide(candidate.end, replacement(candidate, quotes))
          continue
        }
      }
      if (candidate.end > upTo) {
        hide(upTo, '')
        break
      }
      hide(candidate.end, replacement(candidate, begun?.quotes ?? ''))
      begun = undefined
    }
    moveTo(Math.max(written, upTo))
    const kept = upTo
    candidates = candidates.filter((candidate) => candidate === begun?.candidate || candidate.end > kept)
    return applyToBytes(bytes.subarray(from, written), edits)
  }

  const forget = (): void => {
    const count = written - BEHIND
    // moving little is not worth it
    if (count < COLLECTED) return
    tracker.shift(held, count)
    held.copyWithin(0, count, length)
    length -= count
    scanned -= count
    written -= count
    scanner.shift(count)
    for (const candidate of candidates) {
      candidate.start -= count
      if (candidate.end < NO_END) candidate.end -= count
    }
  }

  const process = (isFinal: boolean): Uint8Array => {
    const lines = length > scanned ? bytes.subarray(scanned, length).lastIndexOf(NEWLINE) + 1 + scanned : scanned
    const isLine = lines > scanned && lines > length - ahead
    const to = isFinal ? length : isLine ? lines : length - ahead
    if (to <= scanned && !isFinal) return EMPTY
    scanned = scanner.scan(windowOf(held, length, isFinal), scanned, to)
    const safe = isFinal ? length : isLine && scanned >= to ? to : Math.max(written, scanned - BEHIND)
    const out = safe > written || isFinal ? settle(safe, isFinal) : EMPTY
    forget()
    return out
  }

  const take = (piece: Uint8Array): Uint8Array => {
    append(piece)
    const isDue = length - scanned > ahead + COLLECTED || piece.includes(NEWLINE)
    return isDue ? process(false) : EMPTY
  }

  return {
    write: (piece) => {
      if (typeof piece !== 'string') return take(piece)
      const text = surrogate + piece
      const last = text.charCodeAt(text.length - 1)
      const isCut = last >= 0xd800 && last <= 0xdbff
      surrogate = isCut ? text.slice(-1) : ''
      return take(Buffer.from(isCut ? text.slice(0, -1) : text))
    },
    end: () => {
      if (surrogate !== '') append(Buffer.from(surrogate))
      surrogate = ''
      return process(true)
    },
  }
}

const EMPTY = new Uint8Array(0)
