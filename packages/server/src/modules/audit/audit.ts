import { type AuditEntry, type AuditSink, type FieldValue, type Page, ParapetError } from '@parapet/core'
import type { Pool } from 'pg'

/** An entry with its place in the record. */
export type AuditRecord = AuditEntry & { readonly sequence: number }

/** The append-only record of acts. */
export type Audit = AuditSink & {
  /** newest first. Throws `PPT_INVALID` for a cursor that is none. */
  list: (options: { limit: number; cursor?: string | undefined; action?: string | undefined }) => Promise<Page<AuditRecord>>
}

type Row = {
  sequence: number
  at: number
  actor_kind: AuditEntry['actor']['kind']
  actor_id: string
  actor_name: string | null
  action: string
  resource_type: string
  resource_id: string | null
  outcome: AuditEntry['outcome']
  address: string | null
  reason: string | null
  detail: Record<string, FieldValue> | null
}

/** Bounds text and takes out what PostgreSQL cannot hold (NUL, halves of surrogate pairs): a record must never fail for its content. */
const clean = (text: string, max = 512): string => text.slice(0, max).replaceAll(/\0|\p{Cs}/gu, '\uFFFD')

const cleanDetail = (detail: AuditEntry['detail']): string | null => {
  if (detail === undefined) return null
  const entries = Object.entries(detail).slice(0, 32)
  return JSON.stringify(
    Object.fromEntries(entries.map(([key, value]) => [clean(key, 64), typeof value === 'string' ? clean(value) : value])),
  )
}

const toRecord = (row: Row): AuditRecord => ({
  sequence: row.sequence,
  at: row.at,
  actor: { kind: row.actor_kind, id: row.actor_id, ...(row.actor_name === null ? {} : { name: row.actor_name }) },
  action: row.action,
  resource: { type: row.resource_type, ...(row.resource_id === null ? {} : { id: row.resource_id }) },
  outcome: row.outcome,
  ...(row.address === null ? {} : { address: row.address }),
  ...(row.reason === null ? {} : { reason: row.reason }),
  ...(row.detail === null ? {} : { detail: row.detail }),
})

/** Creates the record over the application's pool, which may only insert and read there. */
export const createAudit = (deps: { pool: Pool }): Audit => ({
  record: async (entry) => {
    await deps.pool.query(
      `insert into audit (at, actor_kind, actor_id, actor_name, action, resource_type, resource_id, outcome, address, reason, detail)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        entry.at,
        entry.actor.kind,
        clean(entry.actor.id),
        entry.actor.name === undefined ? null : clean(entry.actor.name),
        clean(entry.action),
        clean(entry.resource.type),
        entry.resource.id === undefined ? null : clean(entry.resource.id),
        entry.outcome,
        entry.address === undefined ? null : clean(entry.address),
        entry.reason === undefined ? null : clean(entry.reason),
        cleanDetail(entry.detail),
      ],
    )
  },
  list: async ({ limit, cursor, action }) => {
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
      throw new ParapetError('PPT_INVALID', 'cursor: take it from next of the page before')
    const { rows } = await deps.pool.query<Row>(
      `select * from audit where ($1::bigint is null or sequence < $1) and ($2::text is null or action = $2) order by sequence desc limit $3`,
      [cursor ?? null, action ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map(toRecord)
    return { items, next: rows.length > limit ? String(items.at(-1)?.sequence) : null }
  },
})
