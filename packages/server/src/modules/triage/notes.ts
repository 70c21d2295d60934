import { type PersonRef, type TriageNote, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import type { Cell, Vault } from '../../vault/index.js'

/** Who acts when nobody does. */
export const PARAPET: PersonRef = { id: 'parapet', name: 'Parapet' }

/** Notes of a group that are shown. */
const SHOWN = 200

/** Where the text of a note is sealed. */
export const noteCell = (id: string): Cell => ({ table: 'triage_notes', column: 'sealed', row: [id], type: 'text' })

/** Writes the same note to each of some groups. */
export const writeNotes = async (
  client: PoolClient,
  vault: Pick<Vault, 'seal'>,
  keys: readonly string[],
  note: TriageNote,
): Promise<void> => {
  if (keys.length === 0) return
  const rows = keys.map((key) => {
    const id = uuidv7(note.at)
    return { id, key, sealed: note.text === '' ? null : vault.seal(note.text, noteCell(id)) }
  })
  await client.query({
    name: 'triage-notes',
    text: `INSERT INTO triage_notes (id, key, at, by_id, by_name, act, sealed)
      SELECT n.id, n.key, $4, $5, $6, $7, n.sealed FROM unnest($1::text[], $2::text[], $3::text[]) AS n (id, key, sealed)`,
    values: [
      rows.map((row) => row.id),
      rows.map((row) => row.key),
      rows.map((row) => row.sealed),
      note.at,
      note.by.id,
      note.by.name,
      note.act,
    ],
  })
}

/** The newest notes of a group, newest first. */
export const readNotes = async (pool: Pool, vault: Pick<Vault, 'open'>, key: string): Promise<readonly TriageNote[]> => {
  const { rows } = await pool.query<{
    id: string
    at: number
    by_id: string
    by_name: string
    act: TriageNote['act']
    sealed: string | null
  }>('SELECT id, at, by_id, by_name, act, sealed FROM triage_notes WHERE key = $1 ORDER BY place DESC LIMIT $2', [key, SHOWN])
  return rows.map((row) => ({
    at: row.at,
    by: { id: row.by_id, name: row.by_name },
    act: row.act,
    text: row.sealed === null ? '' : vault.open(row.sealed, noteCell(row.id)),
  }))
}
