import { type Clock, ParapetError, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'
import { nameKey } from '../operators/names.js'

/** An application or host that sends events. Times in ms UTC. */
export type Source = {
  readonly id: string
  readonly name: string
  readonly kind: 'application' | 'host'
  readonly demo: boolean
  readonly createdAt: number
}

/** Storage of sources. */
export type Sources = {
  /** Throws `PPT_CONFLICT` for a taken name. */
  create: (input: { name: string; kind: Source['kind']; demo: boolean }) => Promise<Source>
  list: () => Promise<readonly Source[]>
  /** removes sources of the demo with their tokens; returns their ids */
  removeDemo: () => Promise<readonly string[]>
}

type Row = { id: string; name: string; kind: Source['kind']; demo: boolean; created_at: number }

const toSource = (row: Row): Source => ({ id: row.id, name: row.name, kind: row.kind, demo: row.demo, createdAt: row.created_at })

/** Creates the sources' module. */
export const createSources = (deps: { pool: Pool; clock: Clock }): Sources => ({
  create: async ({ name, kind, demo }) => {
    const now = deps.clock()
    const { rows } = await deps.pool.query<Row>(
      `insert into sources (id, name, name_key, kind, demo, created_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (name_key) do nothing returning id, name, kind, demo, created_at`,
      [uuidv7(now), name, nameKey(name), kind, demo, now],
    )
    if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', 'name: a source of this name exists')
    return toSource(rows[0])
  },
  list: async () =>
    (await deps.pool.query<Row>('select id, name, kind, demo, created_at from sources order by name_key limit 10000')).rows.map(toSource),
  removeDemo: async () => (await deps.pool.query<{ id: string }>('delete from sources where demo returning id')).rows.map(({ id }) => id),
})
