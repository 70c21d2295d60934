import { type AuditEntry, type AuditSink, type FieldValue, type Page, ParapetError, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import type { Cell, Vault } from '../../vault/index.js'

/** An entry with its place in the record. */
export type AuditRecord = AuditEntry & { readonly sequence: number }

/** The append-only record of acts. */
export type Audit = AuditSink & {
  /** newest first. Throws `PPT_INVALID` for a cursor that is none. */
  list: (options: { limit: number; cursor?: string | undefined; action?: string | undefined }) => Promise<Page<AuditRecord>>
}

/** What of an entry may name a subject: what somebody wrote as a reason, and what the act was about. */
type Words = Pick<AuditEntry, 'reason' | 'detail'>

type Row = {
  sequence: number
  seal_id: string | null
  sealed: string | null
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

const cleanDetail = (detail: NonNullable<AuditEntry['detail']>): NonNullable<AuditEntry['detail']> =>
  Object.fromEntries(
    Object.entries(detail)
      .slice(0, 32)
      .map(([key, value]) => [clean(key, 64), typeof value === 'string' ? clean(value) : value]),
  )

/** A reason that is an error's code: it may be counted and searched. Any other word may be somebody's name. */
export const isReasonCode = (reason: string): boolean => /^PPT_[A-Z_]{1,60}$/.test(reason)

/** Where the words of an entry are sealed. */
export const wordsCell = (id: string): Cell => ({ table: 'audit', column: 'sealed', row: [id], type: 'json' })

/** How the words of an entry are kept: codes as they are, everything else sealed for an id of its own. */
export const sealWords = (
  vault: Pick<Vault, 'seal'>,
  entry: Words,
  id: string,
): { readonly sealId: string | null; readonly sealed: string | null; readonly reason: string | null } => {
  const reason = entry.reason === undefined ? undefined : clean(entry.reason)
  const isCode = reason !== undefined && isReasonCode(reason)
  const words: Words = {
    ...(reason === undefined || isCode ? {} : { reason }),
    ...(entry.detail === undefined ? {} : { detail: cleanDetail(entry.detail) }),
  }
  const empty = Object.keys(words).length === 0
  return {
    sealId: empty ? null : id,
    sealed: empty ? null : vault.seal(JSON.stringify(words), wordsCell(id)),
    reason: isCode ? reason : null,
  }
}

const wordsOf = (vault: Pick<Vault, 'open'>, row: Row): Words => ({
  ...(row.reason === null ? {} : { reason: row.reason }),
  // plain only in entries that are not sealed yet
  ...(row.detail === null ? {} : { detail: row.detail }),
  ...(row.sealed === null || row.seal_id === null ? {} : (JSON.parse(vault.open(row.sealed, wordsCell(row.seal_id))) as Words)),
})

const toRecord = (vault: Pick<Vault, 'open'>, row: Row): AuditRecord => ({
  sequence: row.sequence,
  at: row.at,
  actor: { kind: row.actor_kind, id: row.actor_id, ...(row.actor_name === null ? {} : { name: row.actor_name }) },
  action: row.action,
  resource: { type: row.resource_type, ...(row.resource_id === null ? {} : { id: row.resource_id }) },
  outcome: row.outcome,
  ...(row.address === null ? {} : { address: row.address }),
  ...wordsOf(vault, row),
})

/**
 * Creates the record over the application's pool, or a transaction in it, which may only insert and read there. What may name a subject is sealed; names of
 * operators, tokens and sources stand there as they are, but for what the masker finds in them.
 */
export const createAudit = (deps: { pool: Pool | PoolClient; vault: Pick<Vault, 'seal' | 'open' | 'masker'> }): Audit => ({
  record: async (entry) => {
    const { sealId, sealed, reason } = sealWords(deps.vault, entry, uuidv7(entry.at))
    const shown = (text: string): string => deps.vault.masker.content(clean(text))
    await deps.pool.query(
      `insert into audit (at, actor_kind, actor_id, actor_name, action, resource_type, resource_id, outcome, address, reason, seal_id, sealed, form)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)`,
      [
        entry.at,
        entry.actor.kind,
        shown(entry.actor.id),
        entry.actor.name === undefined ? null : shown(entry.actor.name),
        clean(entry.action),
        clean(entry.resource.type),
        entry.resource.id === undefined ? null : shown(entry.resource.id),
        entry.outcome,
        entry.address === undefined ? null : clean(entry.address),
        reason,
        sealId,
        sealed,
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
    const items = rows.slice(0, limit).map((row) => toRecord(deps.vault, row))
    return { items, next: rows.length > limit ? String(items.at(-1)?.sequence) : null }
  },
})
