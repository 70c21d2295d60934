import type { SecurityEvent, StoredEvent } from '@parapet/core'
import type { Concealed, Vault } from '../../vault/index.js'
import { sealedCell } from './event-row.js'

/** A row of `events` as it is read. `form` 0: written by a version that did not seal yet. */
export type StoredRow = {
  readonly sequence: number
  readonly id: string
  readonly received_at: number
  readonly source_id: string
  readonly source_name: string
  readonly body: SecurityEvent
  readonly sealed: string | null
  readonly form: number
}

/** The columns of a {@link StoredRow}. */
export const STORED_COLUMNS = 'sequence, id, received_at, source_id, source_name, body, sealed, form'

/** What reading events needs. */
export type ReadDeps = { readonly vault: Pick<Vault, 'open'>; readonly conceal: (event: SecurityEvent) => Concealed }

/**
 * The event that a row holds, with the fields that name people. One that is not sealed yet is shown as it will be then. Errors: those of
 * sealed values; nothing is shown in the place of one that does not open.
 */
export const toStored = ({ vault, conceal }: ReadDeps, row: StoredRow): StoredEvent => {
  let event = row.body
  if (row.form === 0) {
    const { open, personal } = conceal(event)
    event = { ...open, ...personal }
  } else if (row.sealed !== null) {
    const personal = JSON.parse(vault.open(row.sealed, sealedCell(row.source_id, row.id))) as Partial<SecurityEvent>
    event = { ...event, ...personal }
  }
  return {
    id: row.id,
    sequence: row.sequence,
    receivedAt: row.received_at,
    source: { id: row.source_id, name: row.source_name },
    event,
  }
}
