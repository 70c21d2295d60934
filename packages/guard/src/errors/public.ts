import { STATUS_CODES } from 'node:http'
import { ERRORS, type ErrorCode, ParapetError } from '@parapet/core'
import { isErrorLike, readProperty } from './describe.js'

/** What an answer may say of an error. */
export type PublicShape = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string | undefined
}

/** The mark of an error whose message was written for the client; registered, so that it is the same across copies of this package. */
const PUBLIC: unique symbol = Symbol.for('parapet.public')

/** Names of what the language and parsers throw: their messages quote what came in, whatever a framework says of them. */
const BUILT_IN: ReadonlySet<string> = new Set([
  'SyntaxError', 'TypeError', 'RangeError', 'ReferenceError', 'URIError', 'EvalError', 'AggregateError',
]) // prettier-ignore

/** Codes of the registry for the statuses that frameworks throw. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'PPT_UNAUTHENTICATED',
  403: 'PPT_FORBIDDEN',
  404: 'PPT_NOT_FOUND',
  409: 'PPT_CONFLICT',
  413: 'PPT_BODY_TOO_LARGE',
  415: 'PPT_MEDIA_TYPE',
  422: 'PPT_INVALID',
  429: 'PPT_RATE_LIMITED',
}

/**
 * An error whose message the client may read: `throw publicError(409, 'This name is taken')`. `status` 400 to 499; `code` is the
 * application's own, such as `NAME_TAKEN`. Throws `PPT_INVALID` for another status or a code that is no word.
 */
export const publicError = (status: number, message: string, options: { readonly code?: string; readonly cause?: unknown } = {}): Error => {
  const { code = 'REFUSED', cause } = options
  if (!Number.isInteger(status) || status < 400 || status > 499)
    throw new ParapetError('PPT_INVALID', 'publicError: give a status from 400 to 499')
  if (!/^[A-Z][A-Z\d_]{0,63}$/.test(code)) throw new ParapetError('PPT_INVALID', 'publicError: give a code such as NAME_TAKEN')
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), {
    name: 'PublicError',
    status,
    code,
    [PUBLIC]: true,
  })
}

const statusOf = (error: unknown): number | undefined => {
  for (const key of ['status', 'statusCode']) {
    const value = readProperty(error, key)
    if (typeof value === 'number' && Number.isInteger(value) && value >= 400 && value <= 599) return value
  }
  return undefined
}

const ofRegistry = (code: ErrorCode, status: number = ERRORS[code].status, detail?: string): PublicShape => ({
  type: `https://parapet.dev/errors/${code}`,
  title: ERRORS[code].message,
  status,
  code,
  detail,
})

/**
 * What the client learns. Errors of the registry and public ones keep their words and a 4xx status; what a framework throws keeps its
 * status, and its words only where it says `expose` of an error that it made itself; of everything else nothing is told. Source: ASVS 5.0
 * 16.5.1.
 */
export const publicShape = (error: unknown): PublicShape => {
  // whatever was thrown that is no error was not thrown for the client
  if (!isErrorLike(error)) return ofRegistry('PPT_INTERNAL')
  const [name, code, message, status] = [
    readProperty(error, 'name'),
    readProperty(error, 'code'),
    readProperty(error, 'message'),
    statusOf(error),
  ]
  if (status === undefined || status >= 500) return ofRegistry('PPT_INTERNAL', status)
  if (name === 'ParapetError' && typeof code === 'string' && Object.hasOwn(ERRORS, code)) {
    const detail = readProperty(error, 'detail')
    return ofRegistry(code as ErrorCode, status, typeof detail === 'string' ? detail : undefined)
  }
  const known = BY_STATUS[status]
  const phrase = STATUS_CODES[status] ?? 'Bad Request'
  const shape: PublicShape = known === undefined ? { ...ofRegistry('PPT_REQUEST', status), title: phrase } : ofRegistry(known, status)
  const isPublic = readProperty(error, PUBLIC) === true
  if (typeof message !== 'string' || message === '') return shape
  if (isPublic) return { type: 'about:blank', title: phrase, status, code: typeof code === 'string' ? code : 'REFUSED', detail: message }
  // `expose`: http-errors and Koa; `getResponse`: what Hono throws for the client
  const exposed = readProperty(error, 'expose') === true || typeof readProperty(error, 'getResponse') === 'function'
  if (!exposed || typeof name !== 'string' || BUILT_IN.has(name)) return shape
  return { ...shape, detail: message }
}
