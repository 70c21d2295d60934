import { type Clock, randomToken, type RandomSource, type Store, systemRandom } from '@parapet/core'
import type { Pool } from 'pg'
import type { Cell, Vault } from '../../vault/index.js'

/** A {@link Store} whose leftovers can be swept. */
export type PostgresStore = Store & { sweep: () => Promise<number> }

const MAX_KEY = 512
const MAX_VALUE = 65_536

/** Where a value is sealed, together with its key. */
export const valueCell = (hashed: string): Cell => ({ table: 'shared_state', column: 'value', row: [hashed], type: 'json' })

/**
 * Creates the port `Store` on the table `shared_state`: sessions and login counters survive restarts and are one for all processes.
 * Keys are kept as keyed hashes, since they may name somebody; values are sealed together with their key. Errors also those of sealed values.
 */
export const createPostgresStore = (deps: {
  pool: Pool
  clock: Clock
  vault: Pick<Vault, 'keyed' | 'seal' | 'open'>
  random?: RandomSource
}): PostgresStore => {
  const { pool, clock, vault } = deps
  const hashed = (key: string): string => vault.keyed('shared-state', key)
  const groupOf = (group: string): string => vault.keyed('shared-state-group', group)
  const reveal = (row: { key: string; value: string }): { key: string; value: string } => {
    const [key = '', value = ''] = JSON.parse(vault.open(row.value, valueCell(row.key))) as string[]
    return { key, value }
  }
  const version = (): string => randomToken(12, deps.random ?? systemRandom)
  return {
    read: async (key) => {
      const { rows } = await pool.query<{ key: string; value: string; version: string }>({
        name: 'shared-state-read',
        text: 'select key, value, version from shared_state where key = $1 and expires_at > $2',
        values: [hashed(key), clock()],
      })
      const [row] = rows
      return row === undefined ? undefined : { value: reveal(row).value, version: row.version }
    },
    write: async (key, value, options) => {
      if (key.length > MAX_KEY) throw new RangeError(`a key has at most ${MAX_KEY} characters`)
      if (Buffer.byteLength(value) > MAX_VALUE) throw new RangeError(`a value has at most ${MAX_VALUE} bytes`)
      const now = clock()
      const place = hashed(key)
      const row = [
        place,
        vault.seal(JSON.stringify([key, value]), valueCell(place)),
        version(),
        options.group === undefined ? null : groupOf(options.group),
        now + options.ttlMs,
      ]
      if (typeof options.ifVersion === 'string') {
        const { rowCount } = await pool.query(
          'update shared_state set value = $2, version = $3, group_key = $4, expires_at = $5 where key = $1 and version = $6 and expires_at > $7',
          [...row, options.ifVersion, now],
        )
        return rowCount === 1
      }
      const { rowCount } = await pool.query(
        `insert into shared_state (key, value, version, group_key, expires_at) values ($1, $2, $3, $4, $5)
         on conflict (key) do update set value = excluded.value, version = excluded.version, group_key = excluded.group_key, expires_at = excluded.expires_at
         ${options.ifVersion === null ? 'where shared_state.expires_at <= $6' : ''}`,
        options.ifVersion === null ? [...row, now] : row,
      )
      return rowCount === 1
    },
    remove: async (key) => {
      await pool.query('delete from shared_state where key = $1', [hashed(key)])
    },
    list: async (group) => {
      const { rows } = await pool.query<{ key: string; value: string }>(
        'select key, value from shared_state where group_key = $1 and expires_at > $2 order by expires_at, key',
        [groupOf(group), clock()],
      )
      return rows.map(reveal)
    },
    removeGroup: async (group) => {
      const { rows } = await pool.query<{ live: boolean }>(
        'delete from shared_state where group_key = $1 returning expires_at > $2 as live',
        [groupOf(group), clock()],
      )
      return rows.filter(({ live }) => live).length
    },
    sweep: async () => (await pool.query('delete from shared_state where expires_at <= $1', [clock()])).rowCount ?? 0,
  }
}
