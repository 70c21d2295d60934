import { type Clock, isParapetError, ParapetError } from '@parapet/core'
import { createKeyset, type KekProvider, openKeyset, type OpenKeyset, SETTLE_MS } from '@parapet/privacy/encryption'
import type { Pool } from 'pg'
import { createPostgresKeysetStore } from '@parapet/privacy/postgres'
import { SCHEMA } from '../db/types.js'

/** An opened keyset, and whether this start made it. */
export type OpenedKeyset = { readonly keyset: OpenKeyset; readonly created: boolean }

/** Tables that hold sealed rows once anything was written. */
const SEALED = ['events', 'alerts', 'decision_log', 'operators', 'audit', 'detection_state'] as const

const holdsSealed = async (pool: Pick<Pool, 'query'>): Promise<boolean> => {
  for (const table of SEALED) {
    const { rows } = await pool.query<{ sealed: boolean }>(`SELECT EXISTS (SELECT 1 FROM ${table} WHERE form = 1) AS sealed`)
    if (rows[0]?.sealed !== false) return true
  }
  return false
}

/**
 * Opens the keyset that seals what the database holds. It is made where nothing is sealed yet: in a new installation, and in one that
 * comes from a version which did not seal. Throws `PPT_KEYS_MISSING` when it is gone, `PPT_KEY_DEV`, `PPT_KEYSET_INVALID`, `PPT_KEK`.
 */
export const openServerKeyset = async (deps: {
  readonly pool: Pool
  readonly kek: KekProvider
  readonly clock: Clock
  /** refuses keysets made for development */
  readonly production: boolean
}): Promise<OpenedKeyset> => {
  const { pool, kek, clock, production } = deps
  const store = createPostgresKeysetStore(pool, { schema: SCHEMA })
  let created = false
  if ((await store.read()) === undefined) {
    if (await holdsSealed(pool))
      throw new ParapetError(
        'PPT_KEYS_MISSING',
        `${store.where} is empty, and what the database holds was sealed with what was in it; bring it back from a backup`,
      )
    try {
      await createKeyset({ store, kek, clock, production })
      created = true
    } catch (error) {
      // another server started at the same moment and was first
      if (!isParapetError(error) || error.code !== 'PPT_CONFLICT') throw error
    }
  }
  return { keyset: await openKeyset({ store, kek, clock, production, maxAgeMs: SETTLE_MS }), created }
}
