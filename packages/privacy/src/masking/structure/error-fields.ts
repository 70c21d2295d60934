import { types } from 'node:util'

/** True for errors of this and of other realms, and for what only looks like one (a class of a library, an error from a worker). */
export const isErrorLike = (value: object): boolean =>
  types.isNativeError(value) ||
  value instanceof Error ||
  (typeof (value as Error).stack === 'string' && typeof (value as Error).message === 'string')

/** Names that say what kind of error it is and nothing of the data. */
const PLAIN_NAME = /^[A-Za-z_$][\w$.]{0,79}$/

const read = (value: object, name: string): unknown => {
  try {
    return (value as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}

/** PostgreSQL repeats the row in `detail`: `Key (email)=(anna@example.org) already exists.`, `Failing row contains (1, Anna, ...)`. Texts that begin otherwise stay. */
export const withoutRow = (detail: string): string => {
  if (detail.startsWith('Failing row contains (')) return 'Failing row contains ([REDACTED])'
  if (!detail.startsWith('Key (')) return detail
  const key = /^Key \((.{1,400}?)\)=\(/.exec(detail)
  if (key === null) return detail
  const end = detail.lastIndexOf(')')
  return `Key (${key[1]})=([REDACTED])${end >= key[0].length ? detail.slice(end + 1) : ''}`
}

/** Fields of drivers that hold the values of a statement, and of HTTP clients that repeat the raw head. */
const NEVER = new Set(['_header', '_headerSent', '_currentRequest', '_redirectable', 'internalQuery', 'parameters', 'bindings'])

/**
 * The fields of an error in the order in which people read them: type, message, stack, code, its own fields, causes. Values are as
 * they were: the walk masks them. `stack` begins with the message, so a message that a walk masks must be masked in it too.
 */
export const errorFields = (error: object): readonly (readonly [string, unknown])[] => {
  const name = read(error, 'name')
  const fields: [string, unknown][] = [
    ['type', typeof name === 'string' && PLAIN_NAME.test(name) ? name : 'Error'],
    ['message', read(error, 'message')],
    ['stack', read(error, 'stack')],
  ]
  const taken = new Set(['name', 'type', 'message', 'stack', 'cause', 'errors'])
  for (const key of Object.keys(error)) {
    if (taken.has(key)) continue
    fields.push([key, NEVER.has(key) ? '[REDACTED]' : read(error, key)])
  }
  for (const key of ['cause', 'errors']) {
    const value = read(error, key)
    if (value !== undefined) fields.push([key, value])
  }
  return fields
}
