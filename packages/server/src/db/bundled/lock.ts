import { setTimeout as sleep } from 'node:timers/promises'
import { ParapetError } from '@parapet/core'
import type { Client } from 'pg'
import { isAlive } from './process.js'
import { connectAdmin } from './postmaster.js'

/** Advisory lock of the one server of a data directory; held on the database `postgres`, where nothing else locks. */
const LOCK = 7_274_370

/** The hold on a data directory. `lost` settles when the connection that carries it ends. */
export type DataDirLock = { readonly lost: Promise<void>; readonly release: () => Promise<void> }

const NAME = 'parapet-server/'

const holder = async (client: Client): Promise<number | undefined> => {
  const { rows } = await client.query<{ name: string }>(
    `SELECT a.application_name AS name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = $1`,
    [LOCK],
  )
  const pid = Number(rows[0]?.name.replace(NAME, ''))
  return Number.isInteger(pid) ? pid : undefined
}

/**
 * Takes the data directory for this server: an advisory lock on a connection kept for its lifetime, so that the kernel gives
 * it back however the process ends. Errors: `PPT_DATA_DIR_LOCKED` naming the process that holds it.
 */
export const lockDataDir = async (socketDir: string, dataDir: string, pid = process.pid): Promise<DataDirLock> => {
  const client = await connectAdmin(socketDir, 'postgres', `${NAME}${pid}`)
  const lost = new Promise<void>((resolve) => client.once('end', () => resolve()))
  for (let waited = 0; ; waited += 50) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
    if (rows[0]?.taken === true) break
    const other = await holder(client)
    // PostgreSQL needs a moment to notice that a killed server is gone
    if ((other !== undefined && other !== pid && isAlive(other)) || waited >= 3_000) {
      await client.end().catch(() => undefined)
      throw new ParapetError('PPT_DATA_DIR_LOCKED', `${dataDir} is held by process ${other ?? 'unknown'}`)
    }
    await sleep(50)
  }
  return {
    lost,
    release: async () => {
      await client.end().catch(() => undefined)
    },
  }
}
