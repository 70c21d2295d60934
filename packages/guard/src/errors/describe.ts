import type { Masker } from '@parapet/core'
import { maskText } from '../events/mask-event.js'
import { visibleText } from '../events/security-events.js'
import type { Hider } from './hide.js'
import type { DescribedError } from './types.js'

const BOUNDS = { message: 2_000, frame: 300, frames: 30, name: 100, depth: 6, beside: 5, nodes: 16 } as const

/** A property of anything at all: getters and proxies that throw have none. Never calls `toJSON`, nor `toString`. */
export const readProperty = (value: unknown, key: PropertyKey): unknown => {
  try {
    return (typeof value === 'object' && value !== null) || typeof value === 'function' ? (Reflect.get(value, key) as unknown) : undefined
  } catch {
    return undefined
  }
}

/** Whether something is an error, across realms; a proxy that throws is none. */
export const isErrorLike = (value: unknown): boolean => {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
  } catch {
    return false
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** What was thrown that is no error: its kind, and for plain values the value. */
const thrownText = (value: unknown): string => {
  if (typeof value === 'string') return value
  if (value === null || ['undefined', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value)
  const message = text(readProperty(value, 'message'))
  if (message !== undefined) return message
  if (typeof value === 'symbol' || typeof value === 'function') return `a ${typeof value}`
  try {
    return `an object with ${Object.keys(value as object)
      .slice(0, 10)
      .join(', ')}`
  } catch {
    return 'an object that does not let itself be read'
  }
}

/** Text that may stand in a log or on a page: without secrets, masked, bounded, control characters written out. */
export type Cleaner = (text: string, most?: number, values?: readonly string[]) => string

export const createCleaner =
  (hider: Hider, masker: Pick<Masker, 'text'> | undefined): Cleaner =>
  (given, most = BOUNDS.message, values = []) =>
    // first hidden and masked, then cut: the half of a secret is not recognised
    visibleText(maskText(hider.text(given, values), masker), most)

/** The frames of a stack. The message, which V8 puts before them, is left out: it is told once, and may itself hold lines that look like frames. */
const framesOf = (stack: string, name: string, message: string): readonly string[] => {
  let rest = stack
  for (const head of [`${name}: ${message}`, message]) {
    const at = head === '' ? -1 : stack.indexOf(head)
    if (at < 0 || at > BOUNDS.name) continue
    rest = stack.slice(at + head.length)
    break
  }
  return rest
    .slice(0, BOUNDS.frame * BOUNDS.frames)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, BOUNDS.frames)
}

/**
 * Describes whatever was thrown with its causes: bounded in depth and number, cycles cut, each text cleaned. `values` are texts of this
 * request that must not show in a message.
 */
export const describeError = (thrown: unknown, clean: Cleaner, values: readonly string[] = []): DescribedError => {
  const seen = new Set<unknown>()
  /** `budget`: how many errors may be told of below this one, so that the first of many does not use up what the others have. */
  const walk = (value: unknown, depth: number, budget: number): DescribedError => {
    seen.add(value)
    const isError = isErrorLike(value)
    const message = isError ? (text(readProperty(value, 'message')) ?? '') : thrownText(value)
    const name = isError ? (text(readProperty(value, 'name')) ?? 'Error') : value === null ? 'null' : typeof value
    const code = readProperty(value, 'code')
    const stack = isError ? text(readProperty(value, 'stack')) : undefined
    const more = (next: unknown): next is object | string =>
      next !== undefined && next !== null && depth < BOUNDS.depth && budget > 0 && !seen.has(next)
    const cause = readProperty(value, 'cause')
    const beside = readProperty(value, 'errors')
    const errors: DescribedError[] = []
    const count = Array.isArray(beside) ? Math.min(BOUNDS.beside, beside.length, budget) : 0
    for (let i = 0; i < count; i++) {
      const next = readProperty(beside, i)
      if (more(next)) errors.push(walk(next, depth + 1, Math.floor(budget / (count + 1)) - 1))
    }
    return {
      type: clean(name, BOUNDS.name),
      message: clean(message, BOUNDS.message, values),
      ...(typeof code === 'string' || typeof code === 'number' ? { code: clean(String(code), BOUNDS.name) } : {}),
      stack: stack === undefined ? [] : framesOf(stack, name, message).map((frame) => clean(frame, BOUNDS.frame)),
      ...(more(cause) ? { cause: walk(cause, depth + 1, Math.floor(budget / (count + 1)) - 1) } : {}),
      ...(errors.length === 0 ? {} : { errors }),
    }
  }
  try {
    return walk(thrown, 0, BOUNDS.nodes)
  } catch {
    return { type: 'unknown', message: 'what was thrown does not let itself be described', stack: [] }
  }
}
