import { candidateOf, NO_END, type Candidate, type Found } from './candidate.js'
import { ENTRY, type CompiledRule, type CompiledRules, type LiteralEntry } from './compile-rules.js'
import { createInterpreter } from './interpreter.js'
import { endOfOpen, findKeyValue, isEnd, MOST_VALUE, type Ending } from './key-value.js'
import { readPem, type PemState } from './pem.js'
import { decodeAround, decodeBase64 } from './second-look.js'
import { LITERAL_STATE, seek, SHAPE_STATE } from './seek.js'
import { atEnd, type DigitEntry, type ShapeHit } from './shape-automaton.js'
import { isEscapeLetter, KIND, KINDS, readsAs, windowOf, type Window } from './units.js'

/** What the scan asks of its policy. */
export type ScanDeps = {
  /** the group of a key's name, `undefined` when what it holds is left as it is */
  readonly classify: (key: string) => Found | undefined
  /** true for a value that the policy lets through; left out when there are none */
  readonly isAllowed?: ((value: string) => boolean) | undefined
  /** instructions that the scan may spend on each character, on the average of a stretch of 64 Ki characters */
  readonly workPerUnit: number
}

/**
 * One linear scan over a text that may come in pieces: the automaton stops at literals, digits and `@`; there, and only there, bounded
 * matchers are tried. What is found depends on the text alone, never on the pieces.
 */
export type Scanner = {
  /** forgets the text before */
  readonly reset: () => void
  /**
   * Looks at units `from` to `to` of the window, all of whose neighbours within `reach` must be in it unless the text ends there.
   * What is found goes to `found`, an open end that was found to `close`. Gives the place up to which it has looked.
   */
  readonly scan: (window: Window, from: number, to: number) => number
  /** the window lost `count` units at its start */
  readonly shift: (count: number) => void
  /** a value whose end is not yet known */
  readonly open: () => Candidate | undefined
}

/** Stretch of text for which work is bounded. */
const STRETCH = 65_536
const MOST_KEY = 64
/** A longer number is no part of a date or a UUID. */
const SHORT_NUMBER = 15
/** what must be in view to tell whether a line still belongs to a key */
const PEM_AHEAD = 512
const KEY_RANK = 1
/** What became of an attempt: nothing was read, the pattern failed, or it matched. */
const [REFUSED, FAILED, MATCHED] = [0, 1, 2] as const

type Tail =
  | { readonly kind: 'pem'; readonly state: PemState }
  | { readonly kind: 'key'; readonly ending: Ending }
  | { readonly kind: 'unscanned'; readonly until: number }

const UNSCANNED: Found = { id: 'unscanned', kind: 'secret', action: 'redact', keepLast: 0 }

/** A scanner that gives its candidates to `found`, in no particular order within the reach of the rules. */
export const createScanner = (compiled: CompiledRules, deps: ScanDeps, found: (candidate: Candidate) => void, isInner = false): Scanner => {
  const { tables, hits, program, at: atRules, shapes } = compiled
  const { firstHit, perStride } = tables
  const { sets } = program
  const interpreter = createInterpreter(program)
  const states = new Int32Array(2)
  let inner: { scanner: Scanner; found: Candidate[] } | undefined

  let window: Window = windowOf(new Uint8Array(0), 0, true)
  let { units, length } = window
  let keyTo = 0
  let lookedTo = 0
  let base = 0
  let stretchTo = STRETCH
  const allowance = STRETCH * deps.workPerUnit
  const { work } = interpreter
  let tail: Tail | undefined
  let open: Candidate | undefined

  const emit = (what: Found, start: number, end: number, rank: number, index: number): void => {
    let [from, to] = [start, end]
    // a hidden part must not begin or end inside an escape: `\n` before it would become `\[`
    if (from > 0 && units[from - 1] === 92 && isEscapeTail(from)) from += units[from] === 117 ? 5 : 1
    if (to > from && units[to - 1] === 92 && isEscapeTail(to)) to += units[to] === 117 ? 5 : 1
    // nor inside a character of several bytes
    while (from < to && ((units[from] as number) & 0xc0) === 0x80) from++
    while (to < length && to - end < 3 && ((units[to] as number) & 0xc0) === 0x80) to++
    if (from >= to) return
    if (deps.isAllowed?.(window.text(from, to)) === true) return
    found(candidateOf(what, from, to, rank, index, 'value'))
  }
  const isEscapeTail = (at: number): boolean => {
    let slashes = 0
    while (slashes < 64 && slashes < at && units[at - 1 - slashes] === 92) slashes++
    return slashes % 2 === 1
  }

  const edgeBefore = (at: number): boolean =>
    at === 0 || ((KINDS[units[at - 1] as number] as number) & KIND.word) === 0 || isEscapeLetter(units, at - 1)
  const edgeAfter = (at: number): boolean => at >= length || ((KINDS[units[at] as number] as number) & KIND.word) === 0
  const isDigitAt = (at: number): boolean => at >= 0 && at < length && ((KINDS[units[at] as number] as number) & KIND.digit) !== 0
  const isWordAt = (at: number): boolean => at >= 0 && at < length && ((KINDS[units[at] as number] as number) & KIND.word) !== 0

  /** A number that is a part of a longer one (a decimal, a version, a date, a UUID) is none of ours. */
  const isWholeNumber = (start: number, end: number): boolean => {
    const before = start > 0 ? units[start - 1] : 0
    const after = end < length ? units[end] : 0
    if (before === 46 && isDigitAt(start - 2)) return false
    if (after === 46 && isDigitAt(end + 1)) return false
    if (end - start > SHORT_NUMBER) return true
    if (before === 45 && isWordAt(start - 2)) return false
    if (after === 45 && isWordAt(end + 1)) return false
    if ((before === 58 || before === 47) && isDigitAt(start - 2)) return false
    // a time of day behind it makes the last two digits its hour
    return !((after === 58 || after === 47) && isDigitAt(end + 1) && !isDigitAt(end - 3))
  }

  const judge = (rule: CompiledRule, start: number, matched: number): void => {
    const { secret } = interpreter
    const isNarrow = secret.start >= 0
    const hiddenFrom = isNarrow ? secret.start : start
    let hiddenTo = isNarrow ? secret.end : matched
    if (rule.validator !== undefined) {
      const whole = window.slice(start, matched)
      const verdict = rule.validator(isNarrow ? window.slice(hiddenFrom, hiddenTo) : whole, whole)
      if (verdict === false || verdict === 0) return
      if (typeof verdict === 'number' && !isNarrow) hiddenTo = Math.min(hiddenTo, start + verdict)
    }
    if (rule.isWord && !edgeAfter(isNarrow ? matched : hiddenTo)) return
    const isNumber = rule.rule.trigger.kind === 'digits'
    if ((isNumber || isDigitAt(hiddenFrom)) && !isWholeNumber(hiddenFrom, hiddenTo)) return
    if (rule.rule.tail === 'pem') {
      open = candidateOf(rule.rule, start, NO_END, rule.rank, rule.index, 'open')
      tail = { kind: 'pem', state: { mid: false, solidTo: matched } }
      lookedTo = matched
      found(open)
      return
    }
    // the sign of a JSON number goes with it
    const isSigned = isNumber && hiddenFrom > 0 && units[hiddenFrom - 1] === 45
    emit(rule.rule, isSigned ? hiddenFrom - 1 : hiddenFrom, hiddenTo, rule.rank, rule.index)
  }

  const attempt = (rule: CompiledRule, start: number): number => {
    work.steps++
    if (start < 0 || sets[rule.first + (units[start] as number)] !== 1) return REFUSED
    if (start + rule.probeAt >= length || sets[rule.probe + (units[start + rule.probeAt] as number)] !== 1) return REFUSED
    if (rule.isWord && !edgeBefore(start)) return REFUSED
    const end = interpreter.match(rule.address, start)
    if (end < 0) return FAILED
    judge(rule, start, end)
    return MATCHED
  }

  const literalHit = (entry: LiteralEntry, at: number): void => {
    const rule = entry.rule as CompiledRule
    const start = at + 1 - entry.length
    if (entry.back === 0) {
      attempt(rule, start - entry.offset)
      return
    }
    let from = start
    while (from > 0 && start - from < entry.back && sets[entry.run + (units[from - 1] as number)] === 1) from--
    for (let begin = from; begin <= start; begin++) {
      const outcome = attempt(rule, begin)
      // what fails behind the literal does so from any other beginning as well
      if (outcome === MATCHED || (outcome === FAILED && interpreter.reached() > at)) return
    }
  }

  /** Tries the rules of the shapes of digits that the unit at `at` completes. Gives the state after it. */
  const shapeHit = (hit: number, at: number): number => {
    const { to, found } = shapes.hits[hit] as { to: number; found: readonly ShapeHit[] }
    for (let i = 0; i < found.length; i++) {
      const { list, back } = found[i] as ShapeHit
      const start = at - back
      if (((list.mask >> ((units[start] as number) - 48)) & 1) === 0) continue
      const previous = start > 0 ? (units[start - 1] as number) : 0
      // the digits after a decimal point
      if (previous === 46 && isDigitAt(start - 2)) continue
      // a part of a UUID, a date or a time of day: only long numbers are looked at, see isWholeNumber
      const isPart = (previous === 45 && isWordAt(start - 2)) || ((previous === 58 || previous === 47) && isDigitAt(start - 2))
      const { entries } = list
      for (let j = 0; j < entries.length; j++) {
        const { rule, lead } = entries[j] as DigitEntry
        if (!isPart || lead > 0 || rule.most > SHORT_NUMBER) attempt(rule, start - lead)
      }
    }
    return to
  }

  /** A domain has a dot before it ends. */
  const hasDot = (from: number): boolean => {
    const text = units
    const to = Math.min(length, from + 64)
    for (let at = from; at < to; at++) {
      const unit = text[at] as number
      if (unit === 46) return at > from
      if (((KINDS[unit] as number) & KIND.word) === 0 && unit !== 45 && unit < 128) return false
    }
    return false
  }

  const atSign = (at: number): void => {
    for (const rule of atRules) {
      let start = at
      while (start > 0 && at - start < 64 && sets[rule.first + (units[start - 1] as number)] === 1) start--
      // an escape before an address is not a part of it
      if (start > 0 && units[start - 1] === 92 && isEscapeTail(start)) start += units[start] === 117 ? 5 : 1
      if (start < at && hasDot(at + 1)) attempt(rule, start)
    }
  }

  const keyHit = (hitLength: number, at: number): void => {
    if (at < keyTo) return
    let end = at + 1
    while (end < length && end - at <= MOST_KEY && ((KINDS[units[end] as number] as number) & KIND.key) !== 0) end++
    keyTo = end
    work.steps += 2
    if (end - at > MOST_KEY || end >= length || AFTER_KEY[units[end] as number] === 0) return
    let start = at + 1 - hitLength
    const least = Math.max(0, start - MOST_KEY)
    while (start > least && ((KINDS[units[start - 1] as number] as number) & KIND.key) !== 0) start--
    if (start > 0 && units[start - 1] === 92 && isEscapeTail(start)) start++
    const isFlag = units[start] === 45 && units[start + 1] === 45 && units[end] === 32
    const value = findKeyValue(units, end, length, isFlag, false)
    if (value === undefined) return
    const what = deps.classify(window.slice(start, end))
    if (what === undefined) return
    const { start: from, end: to, ending } = what.id === 'cookie' ? (findKeyValue(units, end, length, isFlag, true) ?? value) : value
    if (readsAs(units, from, length, '[redacted') || readsAs(units, from, length, '[unscanned')) return
    work.steps += (Math.min(to, from + MOST_VALUE) - from) >> 3
    if (to < NO_END) {
      emit(what, from, to, KEY_RANK, -1)
      return
    }
    open = candidateOf(what, from, NO_END, KEY_RANK, -1, 'open')
    tail = { kind: 'key', ending }
    lookedTo = from
    found(open)
  }

  const scanInner = (units: Uint8Array, size: number, wanted: (candidate: Candidate) => void): void => {
    if (inner === undefined) {
      const list: Candidate[] = []
      inner = { found: list, scanner: createScanner(compiled, deps, (candidate) => list.push(candidate), true) }
    }
    inner.scanner.reset()
    inner.found.length = 0
    inner.scanner.scan(windowOf(units, size, true), 0, size)
    for (const candidate of inner.found) wanted(candidate)
  }

  const escapeHit = (at: number): void => {
    if (isInner || at < lookedTo) return
    const { start, end, units: decoded, length: size, from } = decodeAround(units, at, length)
    lookedTo = end
    work.steps += (end - start) * 4
    scanInner(decoded, size, (candidate) => {
      // where the stretch was cut out of a longer word, its first match may begin in the middle of one
      if (candidate.start === 0 && start > 0 && ((KINDS[units[start - 1] as number] as number) & KIND.solid) !== 0) return
      const [first, last] = [from[candidate.start] ?? start, from[Math.min(candidate.end, size)] ?? end]
      found(candidateOf(candidate.what, first, last, candidate.rank, candidate.index, 'value'))
    })
  }

  const base64Hit = (entryLength: number, at: number): void => {
    if (isInner || at < lookedTo) return
    const literal = at + 1 - entryLength
    const start = units[at] === 44 ? at + 1 : literal
    const decoded = decodeBase64(units, start, length)
    if (decoded === undefined) return
    lookedTo = decoded.end
    work.steps += (decoded.end - start) * 2
    let first: Candidate | undefined
    scanInner(decoded.units, decoded.units.length, (candidate) => (first ??= candidate))
    if (first !== undefined) found(candidateOf(first.what, start, decoded.end, 0, first.index, 'whole'))
  }

  /** Looks for the end of a value whose beginning was found before. Gives where the scan goes on. */
  const followTail = (from: number, to: number): number => {
    if (tail === undefined || open === undefined) return from
    let at = from
    let done = false
    if (tail.kind === 'pem')
      ({ at, done } = readPem(units, from, window.isFinal ? to : Math.min(to, length - PEM_AHEAD), length, tail.state))
    else if (tail.kind === 'key') {
      while (at < to && !isEnd(units, at, length, tail.ending)) at++
      done = at < to
    } else {
      at = Math.min(to, tail.until - base)
      done = at + base >= tail.until
    }
    if (!done) return at
    open.end = tail.kind === 'key' ? endOfOpen(units, at, tail.ending) : at
    open = undefined
    tail = undefined
    states[LITERAL_STATE] = states[SHAPE_STATE] = 0
    keyTo = 0
    return at
  }

  const overspent = (at: number): void => {
    open = candidateOf(UNSCANNED, at, NO_END, -1, -1, 'unscanned')
    tail = { kind: 'unscanned', until: stretchTo }
    found(open)
  }

  const isOpen = (): boolean => tail !== undefined

  const event = (at: number, current: number): void => {
    if (units[at] === 64) atSign(at)
    const entries = hits[((current - firstHit) * perStride + 0.5) | 0] as readonly LiteralEntry[]
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as LiteralEntry
      // a value was opened: what else ends here is inside of it
      if (isOpen()) return
      if (entry.kind === ENTRY.rule) literalHit(entry, at)
      else if (entry.kind === ENTRY.key) keyHit(entry.length, at)
      else if (entry.kind === ENTRY.escape) escapeHit(at)
      else base64Hit(entry.length, at)
    }
  }

  /** Reads on until something changes how the text is read: an open value, or too much work. */
  const run = (from: number, to: number): number => {
    for (let at = seek(units, from, to, tables, states); at < to; at = seek(units, at + 1, to, tables, states)) {
      const shape = states[SHAPE_STATE] as number
      if (shape < 0) states[SHAPE_STATE] = shapeHit(~shape, at)
      const literal = states[LITERAL_STATE] as number
      if (literal >= firstHit) event(at, literal)
      if (tail !== undefined || work.steps > allowance) return at + 1
    }
    return to
  }

  return {
    reset: () => {
      states[LITERAL_STATE] = states[SHAPE_STATE] = 0
      keyTo = lookedTo = base = 0
      stretchTo = STRETCH
      work.steps = 0
      tail = open = undefined
    },
    scan: (text, from, to) => {
      window = text
      units = text.units
      length = text.length
      interpreter.begin(units, length)
      let at = from
      while (at < to) {
        if (tail !== undefined) {
          // the body of what was opened begins where its head ends
          const begin = Math.max(at, tail.kind === 'unscanned' ? at : lookedTo)
          if (begin >= to) {
            at = begin
            break
          }
          const after = followTail(begin, to)
          if (after === begin && tail !== undefined) break
          at = after
          continue
        }
        if (at + base >= stretchTo) {
          stretchTo += STRETCH * Math.floor((at + base - stretchTo) / STRETCH + 1)
          work.steps = 0
        }
        at = run(at, Math.min(to, stretchTo - base))
        if (work.steps > allowance && tail === undefined && at + base < stretchTo) overspent(at)
      }
      if (text.isFinal && at >= length && tail === undefined) {
        // a number at the end of the text is complete
        const last = atEnd(shapes, states[SHAPE_STATE] as number)
        if (last < 0) states[SHAPE_STATE] = shapeHit(~last, length)
      }
      return at
    },
    shift: (count) => {
      base += count
      if (tail?.kind === 'pem') tail.state.solidTo -= count
      keyTo = Math.max(0, keyTo - count)
      lookedTo = Math.max(0, lookedTo - count)
    },
    open: () => open,
  }
}

/** What can follow a key's name: a quote, a separator, white space, a bracket, or the backslash of an escaped quote. */
const AFTER_KEY: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => ([9, 32, 34, 39, 58, 61, 92, 93].includes(code) ? 1 : 0))
