import type { Clock } from '@parapet/core'
import { isUnavailable } from '../../db/errors.js'
import { transaction } from '../../db/pools.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import { createConceal, type Vault } from '../../vault/index.js'
import { reasonOf } from '../detection/collect.js'
import { createBackground, type Sealing } from './background.js'
import { SEAL_TABLES, type SealDeps, type SealTable } from './tables.js'

/** How long to wait after trouble, ms. */
const RETRY_MS = 2_000

/** One batch of one table with the place where it ends, in one transaction. `undefined`: nothing is left, or another server does it. */
const sealBatch = (
  database: Pick<Database, 'pool'>,
  deps: SealDeps,
  options: { name: string; seal: SealTable; size: number; clock: Clock },
): Promise<number | undefined> =>
  transaction(database.pool, async (client) => {
    const { rows: held } = await client.query<{ after: string }>(
      'SELECT after FROM sealing WHERE name = $1 AND finished_at IS NULL FOR UPDATE SKIP LOCKED',
      [options.name],
    )
    const [place] = held
    if (place === undefined) return undefined
    const { rows, after } = await options.seal(client, deps, place.after, options.size)
    const finishedAt = rows < options.size ? options.clock() : null
    await client.query('UPDATE sealing SET after = $2, finished_at = $3 WHERE name = $1', [options.name, after, finishedAt])
    return rows
  })

/**
 * Seals what a version that did not seal has left, a batch at a time beside the work of the day. It goes on where it was when the
 * server ends, and of several servers each batch is done by one. Nothing runs, and nothing is asked again, once all is sealed.
 */
export const sealStored = (deps: {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Vault
  readonly clock: Clock
  readonly log: DatabaseLog
  /** rows in one transaction; 500 by default */
  readonly size?: number
}): Sealing => {
  const { database, vault, clock, log, size = 500 } = deps
  const work: SealDeps = { vault, conceal: createConceal(vault) }
  const { signal, pause, handle } = createBackground()
  const sealOne = async (name: string, seal: SealTable): Promise<void> => {
    let total = 0
    while (!signal.aborted) {
      const began = performance.now()
      const rows = await sealBatch(database, work, { name, seal, size, clock })
      if (rows === undefined) return
      total += rows
      if (rows < size) {
        log.info({ table: name, rows: total }, 'what an older version wrote is sealed')
        return
      }
      // as long as the batch took: half of a connection at most, whatever the machine
      await pause(performance.now() - began)
    }
  }
  const left = async (): Promise<readonly string[]> => {
    const { rows } = await database.pool.query<{ name: string }>('SELECT name FROM sealing WHERE finished_at IS NULL')
    return rows.map((row) => row.name)
  }
  const run = async (): Promise<void> => {
    for (;;) {
      try {
        const names = new Set(await left())
        if (names.size === 0) return
        log.info({ tables: [...names] }, 'what an older version wrote in clear is being sealed')
        for (const [name, seal] of SEAL_TABLES) if (names.has(name)) await sealOne(name, seal)
      } catch (error) {
        if (!signal.aborted)
          log.warn({ unavailable: isUnavailable(error), reason: reasonOf(error) }, 'sealing is interrupted; it goes on from its place')
      }
      if (signal.aborted) return
      await pause(RETRY_MS)
    }
  }

  return handle(run())
}
