import { types } from 'node:util'
import { unscanned } from '../actions/actions.js'
import { errorFields, isErrorLike, withoutRow } from './error-fields.js'
import type { KeyClassifier } from './keys.js'
import { BY_PATH, DEFAULT_LIMITS, LEAST_TEXT, MARKERS, type Hidden, type ReplaceValue, type WalkLimits } from './limits.js'
import { describeOpaque } from './opaque.js'
import { compilePaths, type PathNodes } from './paths.js'

/** What a structured pass works with. */
export type StructureDeps = {
  /** masks a text that is the whole value of a string */
  readonly maskText: (value: string) => string
  readonly replace: ReplaceValue
  readonly classify: KeyClassifier
  /** selectors, see {@link compilePaths} */
  readonly paths?: readonly string[]
  readonly limits?: Partial<WalkLimits>
}

/** Where the walk is: how a value here is treated, and how much may still be looked at. */
type Mode = Hidden | 'open' | undefined
type State = { left: number; readonly above: object[] }

/** Left out: the action was `drop`. */
const DROPPED: unique symbol = Symbol('dropped')

/** Names under which a list of pairs keeps the name and the value of each: `{name: 'authorization', value: '...'}`. */
const NAME_KEYS = ['name', 'key', 'header', 'field']
const LEAST_LONG_DIGITS = 1e11

/**
 * The structured pass: a masked copy of any value. Never mutates, never throws, never walks sockets, streams and bytes. Keys are
 * judged at any depth; all other text goes through `text`. Trouble shows a marker, never the value.
 */
export const createStructurePass = (options: StructureDeps): ((value: unknown) => unknown) => {
  const { replace, classify } = options
  const limits: WalkLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const paths = compilePaths(options.paths ?? [])

  const textOf = (value: string): string =>
    value.length > limits.text ? unscanned(Buffer.byteLength(value)) : options.maskText(withoutRow(value))
  const leaf = (value: string, mode: Mode): unknown => {
    if (mode === undefined) return textOf(value)
    if (mode === 'open' || value === '') return value
    return value.length > limits.text ? unscanned(Buffer.byteLength(value)) : (replace(mode, value) ?? DROPPED)
  }
  const leafNumber = (value: number | bigint, mode: Mode): unknown => {
    if (mode === 'open') return value
    if (mode !== undefined) {
      const text = String(value)
      const hidden = leaf(text, mode)
      return hidden === text ? value : hidden
    }
    if (value < LEAST_LONG_DIGITS && value > -LEAST_LONG_DIGITS) return value
    const text = String(value)
    const masked = textOf(text)
    return masked === text ? value : masked
  }

  const modeOf = (key: string, mode: Mode, nodes: PathNodes): Mode => {
    const verdict = nodes === undefined ? undefined : paths.verdict(nodes)
    if (verdict === 'show') return 'open'
    if (mode !== undefined) return mode
    return verdict === 'hide' ? BY_PATH : classify(key)
  }

  /** Sets a property so that `__proto__` is one like any other, and two keys that look the same after masking both stay. */
  const put = (into: Record<string, unknown>, key: string, value: unknown, mode: Mode): void => {
    if (value === DROPPED) return
    let name = mode === 'open' || key.length < LEAST_TEXT ? key : textOf(key)
    for (let i = 2; name !== key && Object.hasOwn(into, name); i++) name = `${textOf(key)}#${i}`
    if (name === '__proto__') Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true })
    else into[name] = value
  }

  const visit = (value: unknown, mode: Mode, nodes: PathNodes, state: State): unknown => {
    switch (typeof value) {
      case 'string':
        return leaf(value, mode)
      case 'number':
      case 'bigint':
        return leafNumber(value, mode)
      case 'symbol':
        return leaf(String(value), mode)
      case 'function':
        return MARKERS.function
      case 'object':
        return value === null ? null : visitObject(value, mode, nodes, state)
      case 'boolean':
      case 'undefined':
        break
    }
    return value
  }

  const visitObject = (value: object, mode: Mode, nodes: PathNodes, state: State): unknown => {
    if (--state.left < 0) return MARKERS.truncated
    if (state.above.length >= limits.depth) return MARKERS.deep
    if (state.above.includes(value)) return MARKERS.circular
    state.above.push(value)
    try {
      return Array.isArray(value) ? visitList(value, mode, nodes, state) : visitOther(value, mode, nodes, state)
    } catch {
      return MARKERS.unreadable
    } finally {
      state.above.pop()
    }
  }

  const visitList = (list: readonly unknown[], mode: Mode, nodes: PathNodes, state: State): unknown => {
    const out: unknown[] = []
    for (let i = 0; i < list.length; i++) {
      if (--state.left < 0) {
        out.push(MARKERS.truncated)
        break
      }
      const below = nodes === undefined ? undefined : paths.step(nodes, String(i))
      const item: unknown = list[i]
      let own = mode
      if (below !== undefined) {
        const verdict = paths.verdict(below)
        if (verdict === 'show') own = 'open'
        else if (verdict === 'hide') own ??= BY_PATH
      }
      // raw headers and entries stand as name, value, name, value
      if (own === undefined && i % 2 === 1 && typeof item === 'string') own = secretName(list[i - 1])
      const masked = visit(item, own, below, state)
      if (masked !== DROPPED) out.push(masked)
    }
    return out
  }

  const secretName = (name: unknown): Hidden | undefined => {
    if (typeof name !== 'string' || name.length > 64) return undefined
    const group = classify(name)
    return group?.kind === 'secret' ? group : undefined
  }

  const visitFields = (fields: Iterable<readonly [string, unknown]>, mode: Mode, nodes: PathNodes, state: State): unknown => {
    const out: Record<string, unknown> = {}
    for (const [key, value] of fields) {
      if (--state.left < 0) {
        out['...'] = MARKERS.truncated
        break
      }
      const below = nodes === undefined ? undefined : paths.step(nodes, key)
      const own = modeOf(key, mode, below)
      put(out, key, visit(value, own, below, state), own)
    }
    return out
  }

  const visitOther = (value: object, mode: Mode, nodes: PathNodes, state: State): unknown => {
    if (types.isProxy(value)) return visitPlain(value, mode, nodes, state)
    const proto: unknown = Object.getPrototypeOf(value)
    if (proto === Object.prototype || proto === null) return visitPlain(value, mode, nodes, state)
    if (types.isDate(value)) return mode === undefined || mode === 'open' ? new Date(value.getTime()) : leaf(String(value.getTime()), mode)
    if (types.isMap(value)) return visitMap(value, mode, nodes, state)
    if (types.isSet(value)) return new Set(visitList([...value].slice(0, limits.nodes), mode, nodes, state) as unknown[])
    if (isErrorLike(value)) return visitFields(errorFields(value), mode, nodes, state)
    const opaque = describeOpaque(value)
    switch (opaque?.kind) {
      case 'marker':
        return opaque.text
      case 'text':
        return leaf(opaque.text, mode)
      case 'instead':
        return visit(opaque.value, mode, nodes, state)
      case 'pairs':
        return visitFields(joinPairs(opaque.pairs), mode, nodes, state)
      case undefined:
        break
    }
    return visitPlain(value, mode, nodes, state)
  }

  const visitMap = (map: ReadonlyMap<unknown, unknown>, mode: Mode, nodes: PathNodes, state: State): unknown => {
    const out = new Map<unknown, unknown>()
    for (const [key, value] of map) {
      if (--state.left < 0) {
        out.set('...', MARKERS.truncated)
        break
      }
      const isNamed = typeof key === 'string'
      const below = isNamed && nodes !== undefined ? paths.step(nodes, key) : undefined
      const own = isNamed ? modeOf(key, mode, below) : mode
      const masked = visit(value, own, below, state)
      if (masked !== DROPPED) out.set(visit(key, undefined, undefined, state), masked)
    }
    return out
  }

  const visitPlain = (value: object, mode: Mode, nodes: PathNodes, state: State): unknown => {
    const toJSON: unknown = (value as { toJSON?: unknown }).toJSON
    if (typeof toJSON === 'function') {
      const json: unknown = toJSON.call(value, '')
      if (json !== value) return visit(json, mode, nodes, state)
    }
    const record = value as Readonly<Record<string, unknown>>
    // what Buffer.toJSON makes: bytes in which no rule finds anything
    if (record['type'] === 'Buffer' && Array.isArray(record['data'])) return `[Buffer ${record['data'].length} bytes]`
    let named: Hidden | undefined
    if (Object.hasOwn(record, 'value')) for (const key of NAME_KEYS) if (Object.hasOwn(record, key)) named ??= secretName(record[key])
    const out: Record<string, unknown> = {}
    for (const key of Object.keys(record)) {
      if (--state.left < 0) {
        out['...'] = MARKERS.truncated
        break
      }
      const below = nodes === undefined ? undefined : paths.step(nodes, key)
      let own = modeOf(key, mode, below)
      if (named !== undefined && key === 'value') own ??= named
      put(out, key, visitProperty(record, key, own, below, state), own)
    }
    return out
  }

  /** A getter that throws spoils its own value only. */
  const visitProperty = (record: Readonly<Record<string, unknown>>, key: string, mode: Mode, nodes: PathNodes, state: State): unknown => {
    let value: unknown
    try {
      value = record[key]
    } catch {
      return MARKERS.unreadable
    }
    return visit(value, mode, nodes, state)
  }

  return (value) => {
    try {
      const masked = visit(value, undefined, paths.start, { left: limits.nodes, above: [] })
      return masked === DROPPED ? undefined : masked
    } catch {
      return MARKERS.unreadable
    }
  }
}

/** Names that come twice keep both values, in a list. */
const joinPairs = (pairs: readonly (readonly [string, unknown])[]): ReadonlyMap<string, unknown> => {
  const lists = new Map<string, unknown[]>()
  for (const [name, value] of pairs) {
    const list = lists.get(name)
    if (list === undefined) lists.set(name, [value])
    else list.push(value)
  }
  return new Map([...lists].map(([name, list]) => [name, list.length === 1 ? list[0] : list]))
}
