import { formatRange, type Page, ParapetError, parseRange, type SecurityEvent, type StoredEvent } from '@parapet/core'
import type { Database } from '../../db/types.js'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import { dayOf, storedId } from './event-row.js'

/** What to look for. Times are those of receipt, ms UTC; `until` is exclusive. `address` may be a range; `user` is an id or a name. */
export type EventQuery = {
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly address?: string | undefined
  readonly user?: string | undefined
  readonly limit: number
  readonly cursor?: string | null | undefined
}

type Row = {
  readonly sequence: number
  readonly id: string
  readonly received_at: number
  readonly source_id: string
  readonly source_name: string
  readonly body: SecurityEvent
}

const COLUMNS = 'sequence, id, received_at, source_id, source_name, body'

const toStored = (row: Row): StoredEvent => ({
  id: row.id,
  sequence: row.sequence,
  receivedAt: row.received_at,
  source: { id: row.source_id, name: row.source_name },
  event: row.body,
})

/** Events after a sequence, in order: what a worker reads. */
export const readEventsAfter = async (database: Pick<Database, 'pool'>, after: number, limit: number): Promise<readonly StoredEvent[]> => {
  const { rows } = await database.pool.query<Row>({
    name: 'events-after',
    text: `SELECT ${COLUMNS} FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2`,
    values: [after, limit],
  })
  return rows.map(toStored)
}

/** Events by id, in the order they came; ids that are not there are left out. At most 1,000 ids. */
export const readEventsById = async (
  database: Pick<Database, 'pool'>,
  ids: readonly (string | number)[],
): Promise<readonly StoredEvent[]> => {
  if (ids.length === 0) return []
  const { rows } = await database.pool.query<Row>({
    name: 'events-by-id',
    text: `SELECT ${COLUMNS} FROM events WHERE id = ANY ($1) ORDER BY sequence LIMIT 1000`,
    values: [ids.slice(0, 1_000).map((id) => storedId(String(id)))],
  })
  return rows.map(toStored)
}

/** Searches events, newest first. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`. */
export const searchEvents = async (database: Pick<Database, 'pool'>, query: EventQuery): Promise<Page<StoredEvent>> => {
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
    const user = bind(columnText(query.user))
    where.push(`(user_id = ${user} OR user_name = ${user})`)
  }
  const { rows } = await database.pool.query<Row>(
    `SELECT ${COLUMNS} FROM events ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY sequence DESC LIMIT ${bind(limit + 1)}`,
    values,
  )
  return pageOf(rows, limit, (row) => row.sequence, toStored)
}
