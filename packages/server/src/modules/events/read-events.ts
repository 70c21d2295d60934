import { formatRange, type Page, ParapetError, parseRange, type StoredEvent } from '@parapet/core'
import type { Database } from '../../db/types.js'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import type { Vault } from '../../vault/index.js'
import { dayOf, storedId } from './event-row.js'
import { type ReadDeps, STORED_COLUMNS, type StoredRow, toStored } from './stored-event.js'

/** What to look for. Times are those of receipt, ms UTC; `until` is exclusive. `address` may be a range; `user` is an id, a name or a mail address. */
export type EventQuery = {
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly address?: string | undefined
  readonly user?: string | undefined
  readonly limit: number
  readonly cursor?: string | null | undefined
}

/** What reading needs: the database, and what opens the rows. */
export type EventReader = ReadDeps & { readonly database: Pick<Database, 'pool'>; readonly vault: Pick<Vault, 'open' | 'terms'> }

/**
 * Events after a sequence, in order: what a worker reads. With `onClosed` a row that does not open comes without the fields that name
 * people, after `onClosed` was told of it; without, it throws.
 */
export const readEventsAfter = async (
  reader: EventReader,
  after: number,
  limit: number,
  onClosed?: (sequence: number, error: unknown) => void,
): Promise<readonly StoredEvent[]> => {
  const { rows } = await reader.database.pool.query<StoredRow>({
    name: 'events-after',
    text: `SELECT ${STORED_COLUMNS} FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
    values: [after, limit],
  })
  return rows.map((row) => {
    try {
      return toStored(reader, row)
    } catch (error) {
      if (onClosed === undefined) throw error
      onClosed(row.sequence, error)
      return toStored(reader, { ...row, sealed: null })
    }
  })
}

/** Events by id, in the order they came; ids that are not there are left out. At most 1,000 ids. */
export const readEventsById = async (reader: EventReader, ids: readonly (string | number)[]): Promise<readonly StoredEvent[]> => {
  if (ids.length === 0) return []
  const { rows } = await reader.database.pool.query<StoredRow>({
    name: 'events-by-id',
    text: `SELECT ${STORED_COLUMNS} FROM events WHERE id = ANY ($1) ORDER BY sequence LIMIT 1000`,
    values: [ids.slice(0, 1_000).map((id) => storedId(String(id)))],
  })
  return rows.map((row) => toStored(reader, row))
}

/** Events by their places in the log, newest first; places that are gone are left out. At most 1,000. */
export const readEventsAt = async (
  reader: EventReader,
  places: readonly { readonly sequence: number; readonly day: number }[],
): Promise<readonly StoredEvent[]> => {
  const asked = places.slice(0, 1_000)
  if (asked.length === 0) return []
  const days = asked.map(({ day }) => day)
  const { rows } = await reader.database.pool.query<StoredRow>(
    `SELECT ${STORED_COLUMNS} FROM events WHERE sequence = ANY ($1) AND day BETWEEN $2 AND $3 ORDER BY sequence DESC`,
    [asked.map(({ sequence }) => sequence), Math.min(...days), Math.max(...days)],
  )
  return rows.map((row) => toStored(reader, row))
}

/** The last sequence of events that came before a moment, ms UTC; 0 when there is none. To the day: what comes of that day is looked at as well. */
export const readSequenceBefore = async ({ database }: Pick<EventReader, 'database'>, receivedAt: number): Promise<number> => {
  const { rows } = await database.pool.query<{ low: number | null }>('SELECT min(sequence) AS low FROM events WHERE day >= $1', [
    dayOf(receivedAt),
  ])
  const low = rows[0]?.low ?? null
  return low === null ? 0 : low - 1
}

/** Searches events, newest first. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`. */
export const searchEvents = async (reader: EventReader, query: EventQuery): Promise<Page<StoredEvent>> => {
  const limit = checkLimit(query.limit)
  const values: unknown[] = []
  const where: string[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const before = readCursor(query.cursor)
  if (before !== null) where.push(`sequence < ${bind(before)}`)
  // the day as well, so that other partitions are not even looked at
  if (query.since !== undefined) where.push(`received_at >= ${bind(query.since)} AND day >= ${bind(dayOf(query.since))}`)
  if (query.until !== undefined) where.push(`received_at < ${bind(query.until)} AND day <= ${bind(dayOf(query.until))}`)
  if (query.address !== undefined) {
    const range = parseRange(query.address)
    if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', 'address')
    const bound = `${bind(formatRange(range))}::inet`
    where.push(`address >= network(${bound}) AND address <= set_masklen(broadcast(${bound}), ${range.address.family === 4 ? 32 : 128})`)
  }
  if (query.user !== undefined) {
    // the value itself: an opaque id, and what is not sealed yet
    const user = `ANY (${bind([columnText(query.user), ...reader.vault.terms('events.user', query.user)])}::text[])`
    where.push(`(user_id = ${user} OR user_name = ${user} OR user_email = ${user})`)
  }
  const { rows } = await reader.database.pool.query<StoredRow>(
    `SELECT ${STORED_COLUMNS} FROM events ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY sequence DESC LIMIT ${bind(limit + 1)}`,
    values,
  )
  return pageOf(
    rows,
    limit,
    (row) => row.sequence,
    (row) => toStored(reader, row),
  )
}
