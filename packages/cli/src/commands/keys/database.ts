import { isParapetError, ParapetError } from '@parapet/core'
import type { Pool } from 'pg'
import { usageError } from '../../errors.js'

/** Opens a small pool to an application's database; a connection is made when the first query comes. Throws `PPT_USAGE`; the URL is never repeated. */
export const openPool = async (url: string): Promise<Pool> => {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(?:ql)?:$/.test(parsed.protocol))
    throw usageError('--database (or DATABASE_URL) takes postgres://user@host/database')
  const { Pool } = await import('pg')
  const pool = new Pool({ connectionString: url, max: 4, connectionTimeoutMillis: 10_000, application_name: 'parapet-keys' })
  // the running query says what happened; unheard, an idle connection's end would end the process
  pool.on('error', () => undefined)
  return pool
}

const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== '') ?? ''
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

const isFromDatabase = (error: unknown): boolean => error instanceof Error && 'severity' in error && /^[0-9A-Z]{5}$/.test(codeOf(error))

const SOCKET = /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)$/
/** Messages of these say who or what is missing, never a value of a row: signing in, the catalog, resources, the server going away. */
const TELLS = /^(?:08|28|3D|53|57|42501$|42P01$|3F)/

/**
 * Turns what `pg` throws into an error of ours: `PPT_CONFIG_INVALID` where the role may not do it, else `PPT_DATABASE_UNAVAILABLE`. Other errors
 * pass as they are.
 */
export const toDatabaseError = (error: unknown): unknown => {
  if (isParapetError(error)) return error
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : ''
  if (isFromDatabase(error)) {
    const said = TELLS.test(code) ? message : `it answered SQLSTATE ${code}`
    return code === '42501'
      ? new ParapetError('PPT_CONFIG_INVALID', `--database: its role may not do this: ${said}`)
      : new ParapetError('PPT_DATABASE_UNAVAILABLE', said)
  }
  if (SOCKET.test(code))
    return new ParapetError('PPT_DATABASE_UNAVAILABLE', `it cannot be reached (${code}); look at --database or DATABASE_URL`)
  return /^(?:Connection terminated|timeout exceeded when trying to connect)/.test(message)
    ? new ParapetError('PPT_DATABASE_UNAVAILABLE', message)
    : error
}
