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
  /** no word from it for so long, ms, is an alert; null: never */
  readonly silentAfterMs: number | null
  /** where its users set a new password */
  readonly resetUrl?: string | null
}

/** Storage of sources. */
export type Sources = {
  /** Throws `PPT_CONFLICT` for a taken name. */
  create: (input: { name: string; kind: Source['kind']; demo: boolean }) => Promise<Source>
  list: () => Promise<readonly Source[]>
  /** Errors: `PPT_NOT_FOUND`. */
  allowSilence: (id: string, ms: number | null) => Promise<Source>
  /** Mails about resets link there. Errors: `PPT_NOT_FOUND`. */
  setResetUrl: (id: string, url: string | null) => Promise<Source>
  /** removes sources of the demo with their tokens; returns their ids */
  removeDemo: () => Promise<readonly string[]>
}

type Row = {
  id: string
  name: string
  kind: Source['kind']
  demo: boolean
  created_at: number
  silent_after_ms: number | null
  reset_url: string | null
}

const COLUMNS = 'id, name, kind, demo, created_at, silent_after_ms, reset_url'

const toSource = (row: Row): Source => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  demo: row.demo,
  createdAt: row.created_at,
  silentAfterMs: row.silent_after_ms,
  resetUrl: row.reset_url,
})

/** Creates the sources' module. */
export const createSources = (deps: { pool: Pool; clock: Clock }): Sources => ({
  create: async ({ name, kind, demo }) => {
    const now = deps.clock()
    const { rows } = await deps.pool.query<Row>(
      `insert into sources (id, name, name_key, kind, demo, created_at) values ($1, $2, $3, $4, $5, $6)
       on conflict (name_key) do nothing returning ${COLUMNS}`,
      [uuidv7(now), name, nameKey(name), kind, demo, now],
    )
    if (rows[0] === undefined) throw new ParapetError('PPT_CONFLICT', 'name: a source of this name exists')
    return toSource(rows[0])
  },
  list: async () => (await deps.pool.query<Row>(`select ${COLUMNS} from sources order by name_key limit 10000`)).rows.map(toSource),
  allowSilence: async (id, ms) => {
    const { rows } = await deps.pool.query<Row>(`update sources set silent_after_ms = $2 where id = $1 returning ${COLUMNS}`, [id, ms])
    if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return toSource(rows[0])
  },
  setResetUrl: async (id, url) => {
    const { rows } = await deps.pool.query<Row>(`update sources set reset_url = $2 where id = $1 returning ${COLUMNS}`, [id, url])
    if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return toSource(rows[0])
  },
  removeDemo: async () => (await deps.pool.query<{ id: string }>('delete from sources where demo returning id')).rows.map(({ id }) => id),
})
