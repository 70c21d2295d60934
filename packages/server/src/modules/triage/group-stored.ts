import type { Alert } from '@parapet/core'
import type { PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { openAlert } from '../alerts/sealed-alert.js'
import { countedOf, putInGroup, triageKey } from './group-log.js'

/** Alerts of one transaction. */
const BATCH = 200

type Row = {
  readonly id: string
  readonly form: number
  readonly body: unknown
  readonly sequence: number
  readonly updated_at: number
  readonly sources: Readonly<Record<string, string>>
  readonly demo: boolean
}

/** An alert whose seal is broken belongs to no group; it must not keep the others from theirs. */
const tryOpen = (vault: Pick<Vault, 'open'>, row: Row): Alert | undefined => {
  try {
    return openAlert(vault, row)
  } catch {
    return undefined
  }
}

const groupBatch = async (client: PoolClient, vault: Pick<Vault, 'open' | 'seal' | 'keyed'>): Promise<number> => {
  // the lock of whoever writes alerts: a group is brought up to date by one at a time
  await client.query(`SELECT head FROM log_heads WHERE name = 'alerts' FOR UPDATE`)
  const { rows } = await client.query<Row>(
    `SELECT id, form, body, sequence, updated_at, sources, demo FROM alerts WHERE triage_key IS NULL ORDER BY created LIMIT $1`,
    [BATCH],
  )
  for (const row of rows) {
    const alert = tryOpen(vault, row)
    if (alert === undefined) {
      await client.query(`UPDATE alerts SET triage_key = '' WHERE id = $1`, [row.id])
      continue
    }
    const key = triageKey(vault, alert)
    await client.query('UPDATE alerts SET triage_key = $2, counted = $3 WHERE id = $1', [row.id, key, countedOf(alert)])
    const held = await client.query<{ sequence: number; newest_alert: string }>(
      'SELECT sequence, newest_alert FROM triage_groups WHERE key = $1',
      [key],
    )
    await putInGroup(client, vault, { ...row, alert, key, at: row.updated_at, before: null })
    const [before] = held.rows
    // an older alert does not become the newest of a group that has gone on meanwhile
    if (before !== undefined && before.sequence > row.sequence)
      await client.query('UPDATE triage_groups SET sequence = $2, newest_alert = $3 WHERE key = $1', [
        key,
        before.sequence,
        before.newest_alert,
      ])
  }
  return rows.length
}

/** Puts alerts of versions that had no Triage into their groups, in the background. Ends by itself; what fails is tried at the next start. */
export const groupStored = (deps: {
  database: Pick<Database, 'pool'>
  vault: Pick<Vault, 'open' | 'seal' | 'keyed'>
  log: Pick<DatabaseLog, 'info' | 'warn'>
}): { readonly done: Promise<void>; readonly stop: () => Promise<void> } => {
  const end = new AbortController()
  const run = async (): Promise<void> => {
    let total = 0
    try {
      while (!end.signal.aborted) {
        const count = await transaction(deps.database.pool, (client) => groupBatch(client, deps.vault))
        total += count
        if (count < BATCH) break
      }
      if (total > 0) deps.log.info({ alerts: total }, 'alerts of an older version were put into groups')
    } catch (error) {
      deps.log.warn({ error: String(error) }, 'alerts of an older version could not be put into groups; the next start tries again')
    }
  }
  const done = run()
  return {
    done,
    stop: async () => {
      end.abort()
      await done
    },
  }
}
