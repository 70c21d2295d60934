import { formatWithOptions, types } from 'node:util'
import { unscanned } from '../actions/actions.js'
import type { SurfaceMasker } from './surface-masker.js'

/** The methods that print what they are given, after the rules of `util.format`. */
const PRINTING = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'group', 'groupCollapsed'] as const
/** Those whose first argument is a label. */
const LABELLED = ['count', 'countReset', 'time', 'timeEnd', 'timeLog'] as const

type Method = (...args: unknown[]) => void
type Methods = Record<string, Method>

/** Gives a masked error back the form in which `util.inspect` shows errors. */
const restoreError = (original: unknown, masked: unknown, depth = 0): unknown => {
  if (!types.isNativeError(original) || typeof masked !== 'object' || masked === null || depth > 8) return masked
  const { type, message, stack, cause, errors, ...rest } = masked as Record<string, unknown>
  const error = new Error(String(message))
  Object.defineProperty(error, 'stack', { value: typeof stack === 'string' ? stack : `${String(type)}: ${String(message)}` })
  Object.assign(error, rest)
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: restoreError(original.cause, cause, depth + 1) })
  if (Array.isArray(errors)) {
    const originals = (original as AggregateError).errors as unknown
    const list = errors.map((each: unknown, i) => restoreError(Array.isArray(originals) ? originals[i] : undefined, each, depth + 1))
    Object.defineProperty(error, 'errors', { value: list, enumerable: true })
  }
  return error
}

/**
 * Puts the masker before a console: objects are masked by their keys, then the finished line as text, so that format strings and what
 * `util.inspect` prints are covered too. Returns the undo. What cannot be masked is replaced by its size.
 */
export const maskConsole = (target: Console, masker: SurfaceMasker): (() => void) => {
  const methods = target as unknown as Methods
  const replaced: [string, Method | undefined, Method][] = []

  const format = (args: readonly unknown[]): string => {
    try {
      const masked = args.map((arg) =>
        typeof arg === 'object' && arg !== null
          ? restoreError(arg, masker.value(arg))
          : typeof arg === 'function'
            ? masker.value(arg)
            : arg,
      )
      return masker.text(formatWithOptions({ colors: false }, ...masked))
    } catch {
      return unscanned(0)
    }
  }
  const replace = (name: string, make: (original: Method) => Method): void => {
    const original = methods[name]
    if (typeof original !== 'function') return
    const masked = make(original)
    replaced.push([name, Object.hasOwn(methods, name) ? original : undefined, masked])
    methods[name] = masked
  }

  for (const name of PRINTING)
    // `%s`, so that a `%` in the finished line is not read as a format
    replace(
      name,
      (original) =>
        (...args) =>
          args.length === 0 ? original.call(target) : original.call(target, '%s', format(args)),
    )
  for (const name of LABELLED)
    replace(name, (original) => (label, ...args) => {
      const given = label === undefined ? [] : [format(['%s', label])]
      original.call(target, ...given, ...(args.length === 0 ? [] : [format(args)]))
    })
  replace('assert', (original) => (condition, ...args) => {
    if (condition === true || Boolean(condition)) return
    original.call(target, false, ...(args.length === 0 ? [] : ['%s', format(args)]))
  })
  replace('dir', (original) => (value) => original.call(target, masker.value(value)))
  replace(
    'dirxml',
    (original) =>
      (...args) =>
        original.call(target, '%s', format(args)),
  )
  replace('table', (original) => (value, columns) => original.call(target, masker.value(value), columns))

  return () => {
    for (const [name, original, masked] of replaced.splice(0)) {
      // somebody who wrapped it after us keeps his wrapper
      if (methods[name] !== masked) continue
      if (original === undefined) Reflect.deleteProperty(methods, name)
      else methods[name] = original
    }
  }
}
