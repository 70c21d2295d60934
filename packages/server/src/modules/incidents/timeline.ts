import { type IncidentEntry, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import type { Vault } from '../../vault/index.js'
import { entryCell } from './cells.js'
import type { NewIncidentEntry } from './types.js'

/** Lines that one incident takes: notes of people beyond that are refused nowhere, those of machines are left out. */
const MOST_ENTRIES = 2_000
/** Lines that are shown. */
const SHOWN = 500
const MAX_TEXT = 4_000

const PEOPLE: ReadonlySet<IncidentEntry['kind']> = new Set(['note', 'status', 'severity', 'assigned'])

/** An alert, a decision and a notification are in a timeline once; a lockdown begins, is confirmed and ends. */
const ONCE: ReadonlySet<IncidentEntry['kind']> = new Set(['alert', 'decision', 'notification'])

const onceOf = ({ once, kind, ref }: NewIncidentEntry): string | null => once ?? (ref !== null && ONCE.has(kind) ? `${kind}:${ref}` : null)

/** Adds lines to a timeline; what stands there already is left out. Answers how many were added. */
export const addEntries = async (
  client: Pick<PoolClient, 'query'>,
  vault: Pick<Vault, 'seal'>,
  incidentId: string,
  entries: readonly NewIncidentEntry[],
): Promise<number> => {
  let added = 0
  for (const entry of entries) {
    const id = uuidv7(entry.at)
    const { rowCount } = await client.query({
      name: 'incident-entry',
      text: `INSERT INTO incident_entries (id, incident_id, at, by_id, by_name, kind, ref, once, sealed)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
        WHERE $10 OR (SELECT count(*) FROM (SELECT 1 FROM incident_entries WHERE incident_id = $2 LIMIT ${MOST_ENTRIES}) AS e) < ${MOST_ENTRIES}
        ON CONFLICT DO NOTHING`,
      values: [
        id,
        incidentId,
        entry.at,
        entry.by?.id ?? null,
        entry.by?.name ?? null,
        entry.kind,
        entry.ref,
        onceOf(entry),
        vault.seal(entry.text.slice(0, MAX_TEXT), entryCell(id)),
        PEOPLE.has(entry.kind),
      ],
    })
    added += rowCount ?? 0
  }
  return added
}

/** The newest lines of a timeline, oldest first. */
export const readTimeline = async (pool: Pool, vault: Pick<Vault, 'open'>, incidentId: string): Promise<readonly IncidentEntry[]> => {
  const { rows } = await pool.query<{
    id: string
    at: number
    by_id: string | null
    by_name: string | null
    kind: IncidentEntry['kind']
    ref: string | null
    sealed: string
  }>('SELECT id, at, by_id, by_name, kind, ref, sealed FROM incident_entries WHERE incident_id = $1 ORDER BY place DESC LIMIT $2', [
    incidentId,
    SHOWN,
  ])
  return rows.toReversed().map((row) => ({
    id: row.id,
    at: row.at,
    by: row.by_id === null ? null : { id: row.by_id, name: row.by_name ?? '' },
    kind: row.kind,
    text: vault.open(row.sealed, entryCell(row.id)),
    ref: row.ref,
  }))
}
