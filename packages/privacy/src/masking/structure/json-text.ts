import { unscanned } from '../actions/actions.js'
import type { CleanCheck } from '../scan/clean.js'
import { withoutRow } from './error-fields.js'
import type { KeyClassifier } from './keys.js'
import { createJsonShapes, type Followed, type JsonShapes, type ShapeNode, type ValueMode } from './json-shapes.js'
import { BEFORE, BYTES, copyOf, isConstant, isNumber, isSpace, newState, quote, ROLE, roleOf, type JsonState } from './json-state.js'
import { createKnownStrings, type Known, type KnownStrings } from './known-strings.js'
import { BY_PATH, DEFAULT_LIMITS, LEAST_TEXT, type Hidden, type ReplaceValue } from './limits.js'
import { compilePaths, type PathNodes } from './paths.js'
import { createPlainShapes } from './plain-shapes.js'
import { createUnits, type TextUnits } from './units.js'

/** What the pass over JSON text works with: the same as the structured pass. */
export type JsonTextOptions = {
  readonly maskText: (value: string) => string
  /** asked of ASCII before {@link JsonTextOptions.maskText} */
  readonly isClean?: CleanCheck
  readonly replace: ReplaceValue
  /** the one mark that every value of a kind gets, where the action gives the same for all */
  readonly markOf?: (what: Hidden) => string | undefined
  readonly classify: KeyClassifier
  readonly paths?: readonly string[]
}

/** Masks JSON text without making objects of it: what stays is the same byte for byte, what is masked stays valid JSON. */
export type JsonTextMasker = {
  /** a document, or several of them as NDJSON; `undefined` when the text is not JSON */
  readonly whole: (text: string) => string | undefined
  readonly start: () => JsonState
  /** a piece of a longer text that ends after one of `{[,:]}` outside a string, or with the text; `undefined` when it is not JSON */
  readonly piece: (text: string, state: JsonState) => string | undefined
}

const MOST_DEPTH = 256
const MOST_NESTED = 3
const LEAST_DIGITS = 12
/** Where a pass begins, and what it has of the text before. `node` is the shape that it extends, `undefined` when nothing is learned. */
type Begin = Pick<Followed<JsonState>, 'out' | 'copied' | 'at'> & { readonly node: ShapeNode<JsonState> | undefined }
/** `{` and `[`: a string that may hold JSON. */
const isOpening = (unit: number): boolean => unit === 123 || unit === 91
/** What PostgreSQL says of a row begins with `Failing` or `Key`. */
const isOfRow = (unit: number): boolean => unit === 70 || unit === 75
/** What is remembered of texts of one width. */
type Memory = { readonly keys: KnownStrings; readonly values: KnownStrings; readonly shapes: JsonShapes<JsonState> }
const AT_START: Begin = { out: '', copied: 0, at: 0, node: undefined }

/** A pass over JSON text by the rules of the structured pass. */
export const createJsonTextMasker = (options: JsonTextOptions): JsonTextMasker => {
  const { classify, maskText } = options
  const paths = compilePaths(options.paths ?? [])
  const hasPaths = paths.start !== undefined
  // a string that holds JSON is read while the text around it is, and what replaces a value may call back: each has an array of its own
  const arrays: ReturnType<typeof createUnits>[] = []
  let running = 0

  const textOf = (value: string, nested: number): string => {
    if (value.length < LEAST_TEXT) return value
    if (value.length > DEFAULT_LIMITS.text) return unscanned(Buffer.byteLength(value))
    const first = value.charCodeAt(0)
    if (isOpening(first) && nested < MOST_NESTED) {
      const state = newState(undefined)
      const masked = run(value, state, nested + 1, AT_START)
      if (masked !== undefined && state.frames.length === 0) return masked
    }
    return maskText(isOfRow(first) ? withoutRow(value) : value)
  }
  /** ASCII that {@link textOf} gives to `maskText` as it is, and in which that finds nothing. */
  const isClean = ({ codes, isWide }: TextUnits, from: number, to: number): boolean => {
    const first = codes[from] as number
    if (isWide || to - from > DEFAULT_LIMITS.text || isOpening(first) || isOfRow(first)) return false
    return options.isClean?.(codes as Uint8Array, from, to) === true
  }
  const isPlain = createPlainShapes(maskText)

  const replaceBounded = (how: Hidden, value: string): string | null =>
    value.length > DEFAULT_LIMITS.text ? unscanned(Buffer.byteLength(value)) : options.replace(how, value)
  const hide = (how: Hidden, value: string): string => {
    const shown = replaceBounded(how, value)
    return shown === null ? 'null' : quote(shown)
  }
  // a copy of the text, so that the line around it is not kept alive
  const keep = (strings: KnownStrings, units: TextUnits, from: number, to: number, value: string): void =>
    strings.offer(units, from, to, () => ({ text: Buffer.from(value).toString(), group: classify(value), role: roleOf(value) }))

  const secretName = (value: string): Hidden | undefined => {
    const group = value.length > 64 ? undefined : classify(value)
    return group?.kind === 'secret' ? group : undefined
  }

  /** How the next item of a list is treated. */
  const itemMode = (state: JsonState): ValueMode => {
    const { mode, nodes, items } = state.frame
    if (!hasPaths) return mode
    state.pendingNodes = paths.step(nodes, String(items))
    return withVerdict(mode, state.pendingNodes)
  }

  const withVerdict = (mode: ValueMode, nodes: PathNodes): ValueMode => {
    const verdict = nodes === undefined ? undefined : paths.verdict(nodes)
    return verdict === 'show' ? 'open' : verdict === 'hide' ? (mode ?? BY_PATH) : mode
  }

  const onKey = (state: JsonState, key: Known): void => {
    const { frame } = state
    state.key = key
    state.role = key.role
    state.pending = frame.mode ?? key.group
    if (key.role === ROLE.value) state.pending ??= frame.named
    if (key.role === ROLE.data && frame.isBytes) state.pending ??= BYTES
    if (!hasPaths) return
    state.pendingNodes = paths.step(frame.nodes, key.text)
    state.pending = withVerdict(state.pending, state.pendingNodes)
  }

  /** A value that names what comes next: `['authorization', '...']`, `{name: 'authorization', value: '...'}`. */
  const onName = (state: JsonState, group: Hidden): void => {
    const { frame } = state
    if (frame.isList ? frame.items % 2 === 0 : state.role === ROLE.name) frame.named = group
  }

  /** May a value stand here? At the top, documents may follow each other. */
  const mayStand = ({ frame, frames, before }: JsonState): boolean => {
    if (frames.length === 0) return before !== BEFORE.comma
    return frame.isList ? before === BEFORE.open || before === BEFORE.comma : before === BEFORE.colon
  }

  const takeMode = (state: JsonState): ValueMode => {
    const mode = state.frame.isList ? itemMode(state) : state.pending
    state.pending = undefined
    return mode
  }

  const run = (text: string, state: JsonState, nested: number, begin: Begin): string | undefined => {
    const units = (arrays[running++] ??= createUnits())
    try {
      return read(text, units.load(text), state, nested, begin)
    } finally {
      running--
    }
  }

  const read = (text: string, units: TextUnits, state: JsonState, nested: number, begin: Begin): string | undefined => {
    const { codes } = units
    const { keys, values, shapes } = memoryOf(units)
    const length = text.length
    let { out, copied, at: i, node } = begin
    // what was read since the last changing value; the first value is the one that `node` stands for
    let since = i
    let isFirst = i > 0

    /** The value from `start` to `end` is another one in every line. */
    const onChanging = (start: number, end: number, isNumber: boolean, mode: ValueMode): void => {
      if (node === undefined) return
      if (isFirst) isFirst = false
      else {
        const isAlone = state.frame.isList || state.role === ROLE.name || state.role === ROLE.type || mode === BYTES
        const before: JsonState = { ...copyOf(state), before: BEFORE.colon, pending: mode }
        node = isAlone
          ? undefined
          : shapes.grow(node, codes.subarray(since, start), { isNumber, mode, isTime: state.role === ROLE.time, state: before })
      }
      since = end
    }
    while (i < length) {
      const c = codes[i] ?? 0
      if (c === 34) {
        const from = i + 1
        let to = from
        let isEscaped = false
        for (; to < length; to++) {
          const d = codes[to] ?? 0
          if (d === 34) break
          if (d === 92) {
            isEscaped = true
            to++
          } else if (d < 32) return undefined
        }
        if (to >= length) return undefined
        i = to + 1
        while (i < length && isSpace(codes[i] ?? 0)) i++
        const isKey = codes[i] === 58 && i < length
        const { frame } = state
        let mode: ValueMode
        if (isKey) {
          if (frame.isList || state.frames.length === 0 || (state.before !== BEFORE.open && state.before !== BEFORE.comma)) return undefined
          state.before = BEFORE.colon
          i++
          mode = frame.mode === 'open' ? 'open' : undefined
        } else {
          if (!mayStand(state)) return undefined
          state.before = BEFORE.value
          mode = takeMode(state)
          if (frame.isList) {
            mode ??= frame.named
            frame.named = undefined
          }
          if (mode !== undefined || isEscaped) onChanging(from - 1, to + 1, false, mode)
          if (to === from || mode === 'open') continue
        }
        const known = isEscaped || mode !== undefined ? undefined : (isKey ? keys : values).find(units, from, to)
        if (known !== undefined) {
          if (isKey) {
            onKey(state, known)
            continue
          }
          if (node !== undefined && !frame.isList && (isFirst || !isConstant(state.key, known.text)))
            onChanging(from - 1, to + 1, false, undefined)
          if (known.group?.kind === 'secret') onName(state, known.group)
          else if (known.role === ROLE.buffer && state.role === ROLE.type) frame.isBytes = true
          continue
        }
        if (isKey) node = undefined
        else if (mode === undefined && !isEscaped) onChanging(from - 1, to + 1, false, undefined)
        let value: string
        if (isEscaped) {
          try {
            value = JSON.parse(text.slice(from - 1, to + 1)) as string
          } catch {
            return undefined
          }
        } else value = text.slice(from, to)
        if (mode !== undefined && mode !== 'open') {
          out += text.slice(copied, from - 1) + hide(mode, value)
          copied = to + 1
          continue
        }
        if (isKey) onKey(state, { text: value, group: classify(value), role: roleOf(value) })
        else if (state.role === ROLE.type) frame.isBytes = value === 'Buffer'
        else if (frame.isList || state.role === ROLE.name) {
          const group = secretName(value)
          if (group !== undefined) onName(state, group)
        }
        if (mode === 'open' || (!isEscaped && isPlain(codes, from, to))) continue
        const masked = textOf(value, nested)
        if (masked !== value) {
          out += text.slice(copied, from - 1) + quote(masked)
          copied = to + 1
        } else if (!isEscaped) {
          keep(isKey ? keys : values, units, from, to, value)
        }
        continue
      }
      i++
      switch (c) {
        case 123:
        case 91: {
          if (state.frames.length >= MOST_DEPTH || !mayStand(state)) return undefined
          state.before = BEFORE.open
          const mode = takeMode(state)
          state.frame.named = state.frame.isList ? undefined : state.frame.named
          state.frames.push(state.frame)
          state.frame = { isList: c === 91, mode, nodes: state.pendingNodes, named: undefined, items: 0, isBytes: false }
          continue
        }
        case 125:
        case 93: {
          const above = state.frames.pop()
          const isRipe = state.before === BEFORE.open || state.before === BEFORE.value
          if (above === undefined || !isRipe || state.frame.isList !== (c === 93)) return undefined
          state.before = BEFORE.value
          state.frame = above
          state.pending = undefined
          continue
        }
        case 44:
          if (state.before !== BEFORE.value || state.frames.length === 0) return undefined
          state.before = BEFORE.comma
          if (state.frame.isList) state.frame.items++
          continue
        case 32:
        case 10:
        case 13:
        case 9:
          continue
        default: {
          const from = i - 1
          for (; i < length; i++) {
            const d = codes[i] ?? 0
            if (d === 44 || d === 125 || d === 93 || isSpace(d)) break
          }
          if (!mayStand(state)) return undefined
          state.before = BEFORE.value
          const mode = takeMode(state)
          state.frame.named = state.frame.isList ? undefined : state.frame.named
          if ((c > 57 || c < 48) && c !== 45) {
            const word = text.slice(from, i)
            if (word !== 'true' && word !== 'false' && word !== 'null') return undefined
            continue
          }
          if (!isNumber(codes, from, i)) return undefined
          if (
            node !== undefined &&
            (mode !== undefined || i - from >= LEAST_DIGITS || isFirst || !isConstant(state.key, text.slice(from, i)))
          )
            onChanging(from, i, true, mode)
          if (mode === 'open' || (mode === undefined && (i - from < LEAST_DIGITS || (state.role === ROLE.time && i - from === 13))))
            continue
          const value = text.slice(from, i)
          const masked = mode === undefined ? maskText(value) : mode === BYTES ? '0' : options.replace(mode, value)
          if (masked === value) continue
          out += text.slice(copied, from) + (masked === null ? 'null' : mode === BYTES ? masked : quote(masked))
          copied = i
        }
      }
    }
    if (node !== undefined && state.frames.length === 0) shapes.end(node, codes.subarray(since, length))
    return copied === 0 ? text : out + text.slice(copied)
  }

  const createMemory = (isWide: boolean): Memory => {
    const values = createKnownStrings(512, isWide)
    const shapes = createJsonShapes<JsonState>(newState(paths.start), isWide, {
      textOf: (value) => textOf(value, 0),
      replace: replaceBounded,
      markOf: options.markOf ?? (() => undefined),
      quote: (shown) => (shown === null ? 'null' : quote(shown)),
      strings: values,
      isPlain,
      isClean,
      keep: (line, from, to, value) => keep(values, line, from, to, value),
    })
    return { keys: createKnownStrings(256, isWide), values, shapes }
  }
  const narrow = createMemory(false)
  let wide: Memory | undefined
  const memoryOf = ({ isWide }: TextUnits): Memory => (isWide ? (wide ??= createMemory(true)) : narrow)

  return {
    whole: (text) => {
      const units = (arrays[running++] ??= createUnits()).load(text)
      try {
        const followed = memoryOf(units).shapes.follow(text, units)
        if (followed.isDone) return followed.out
        const state = copyOf(followed.node.state)
        const masked = read(text, units, state, 0, followed)
        return state.frames.length === 0 ? masked : undefined
      } finally {
        running--
      }
    },
    start: () => newState(paths.start),
    piece: (text, state) => run(text, state, 0, AT_START),
  }
}
