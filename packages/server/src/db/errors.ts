import { isParapetError, ParapetError } from '@parapet/core'

/** SQLSTATE classes and codes that say the server is away, starting, stopping or out of connections. Source: PostgreSQL appendix A. */
const UNAVAILABLE = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '25P03', '58030', '53100', '53200'])
const SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOTCONN',
])
/** What `pg` throws without a code when a connection breaks or cannot be had. */
const MESSAGES = [
  'connection terminated',
  'timeout exceeded when trying to connect',
  'client has encountered a connection error',
  'connection ended',
  'cannot use a pool after calling end',
  'client was closed',
  'query read timeout',
  'timeout expired',
]

/** The SQLSTATE or system error code of an error, if it has one. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** True when the database could not be asked, as opposed to having refused what was asked. */
export const isUnavailable = (error: unknown): boolean => {
  if (isParapetError(error)) return error.code === 'PPT_DATABASE_UNAVAILABLE'
  const code = codeOf(error)
  if (code !== undefined && (code.startsWith('08') || UNAVAILABLE.has(code) || SOCKET.has(code))) return true
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const text = error instanceof Error ? error.message.toLowerCase() : ''
  return MESSAGES.some((message) => text.includes(message))
}

/** Turns trouble with the connection into `PPT_DATABASE_UNAVAILABLE`; every other error passes as it is. */
export const toDatabaseError = (error: unknown): unknown =>
  isUnavailable(error) && !isParapetError(error) ? new ParapetError('PPT_DATABASE_UNAVAILABLE', undefined, { cause: error }) : error
