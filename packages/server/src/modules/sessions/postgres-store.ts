import { type Clock, randomToken, type RandomSource, type Store, systemRandom } from '@parapet/core'
import type { Pool } from 'pg'

/** A {@link Store} whose leftovers can be swept. */
export type PostgresStore = Store & { sweep: () => Promise<number> }

const MAX_KEY = 512
const MAX_VALUE = 65_536

/** Creates the port `Store` on the table `shared_state`: sessions and login counters survive restarts and are one for all processes. */
export const createPostgresStore = (deps: { pool: Pool; clock: Clock; random?: RandomSource }): PostgresStore => {
  const { pool, clock } = deps
  const version = (): string => randomToken(12, deps.random ?? systemRandom)
  return {
    read: async (key) => {
      const { rows } = await pool.query<{ value: string; version: string }>({
        name: 'shared-state-read',
        text: 'select value, version from shared_state where key = $1 and expires_at > $2',
        values: [key, clock()],
      })
      return rows[0]
    },
    write: async (key, value, options) => {
      if (key.length > MAX_KEY) throw new RangeError(`a key has at most ${MAX_KEY} characters`)
      if (Buffer.byteLength(value) > MAX_VALUE) throw new RangeError(`a value has at most ${MAX_VALUE} bytes`)
      const now = clock()
      const row = [key, value, version(), options.group ?? null, now + options.ttlMs]
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
      await pool.query('delete from shared_state where key = $1', [key])
    },
    list: async (group) => {
      const { rows } = await pool.query<{ key: string; value: string }>(
        'select key, value from shared_state where group_key = $1 and expires_at > $2 order by expires_at, key',
        [group, clock()],
      )
      return rows
    },
    removeGroup: async (group) => {
      const { rows } = await pool.query<{ live: boolean }>(
        'delete from shared_state where group_key = $1 returning expires_at > $2 as live',
        [group, clock()],
      )
      return rows.filter(({ live }) => live).length
    },
    sweep: async () => (await pool.query('delete from shared_state where expires_at <= $1', [clock()])).rowCount ?? 0,
  }
}
