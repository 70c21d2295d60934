import { createHash } from 'node:crypto'
import {
  type AgentEnrolled,
  type Clock,
  type EnrolmentView,
  HOUR,
  ParapetError,
  type PersonRef,
  randomToken,
  systemRandom,
  uuidv7,
} from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { columnText } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import { nameKey } from '../operators/names.js'
import type { Tokens } from '../tokens/index.js'

/** How long a one-time token waits for its agent, ms. */
const LIFE_MS = HOUR
/** Tokens that wait at once. */
const MOST = 200

/** One-time tokens by which agents become sources. */
export type Enrolments = {
  /** Errors: `PPT_CONFLICT` for the name of a source that is no host, or when too many wait. */
  readonly create: (name: string, by: PersonRef) => Promise<{ readonly id: string; readonly token: string; readonly expiresAt: number }>
  readonly list: () => Promise<readonly EnrolmentView[]>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly remove: (id: string) => Promise<void>
  /**
   * Lets one agent in, once: makes its source, or takes over the host source of that name with the agent's new key and ends the tokens that
   * it had before. Errors: `PPT_TOKEN_INVALID` for a token that is unknown, used or over; `PPT_CONFLICT`.
   */
  readonly use: (token: string, agent: { readonly publicKey: string; readonly version: string }) => Promise<AgentEnrolled>
}

type Row = {
  readonly id: string
  readonly name: string
  readonly created_at: number
  readonly expires_at: number
  readonly by_id: string
  readonly by_name: string
}

/** 256 bits of randomness need no slow hash. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')

const CONFLICT = 'name: a source of this name is an application; give another name'

const bindSource = async (client: PoolClient, name: string, now: number): Promise<string> => {
  const made = await client.query<{ id: string }>(
    `INSERT INTO sources (id, name, name_key, kind, demo, created_at) VALUES ($1, $2, $3, 'host', false, $4) ON CONFLICT (name_key) DO NOTHING RETURNING id`,
    [uuidv7(now), name, nameKey(name), now],
  )
  if (made.rows[0] !== undefined) return made.rows[0].id
  const held = await client.query<{ id: string; kind: string }>('SELECT id, kind FROM sources WHERE name_key = $1', [nameKey(name)])
  const [source] = held.rows
  if (source === undefined || source.kind !== 'host') throw new ParapetError('PPT_CONFLICT', CONFLICT)
  return source.id
}

/** Creates the module. `makeToken` makes a source's own token, `revokeOfSource` ends those that it has. */
export const createEnrolments = (deps: {
  pool: Pool
  clock: Clock
  makeToken: (source: { id: string; name: string }) => Promise<string>
  revokeOfSource: Tokens['revokeOfSource']
}): Enrolments => {
  const { pool, clock } = deps
  return {
    create: async (name, by) => {
      const now = clock()
      const id = uuidv7(now)
      const token = `ppe_${randomToken(32, systemRandom)}`
      const taken = await pool.query(`SELECT 1 FROM sources WHERE name_key = $1 AND kind <> 'host'`, [nameKey(name)])
      if (taken.rowCount !== 0) throw new ParapetError('PPT_CONFLICT', CONFLICT)
      await pool.query('DELETE FROM enrolments WHERE expires_at <= $1', [now])
      const { rowCount } = await pool.query(
        `INSERT INTO enrolments (id, name, hash, created_at, expires_at, by_id, by_name)
         SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT count(*) FROM enrolments) < ${MOST}`,
        [id, name, hashOf(token), now, now + LIFE_MS, by.id, by.name],
      )
      if (rowCount === 0) throw new ParapetError('PPT_CONFLICT', `${MOST} tokens wait for their agents: remove some first`)
      return { id, token, expiresAt: now + LIFE_MS }
    },
    list: async () => {
      const { rows } = await pool.query<Row>(
        'SELECT id, name, created_at, expires_at, by_id, by_name FROM enrolments WHERE expires_at > $1 ORDER BY id DESC LIMIT 1000',
        [clock()],
      )
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        by: { id: row.by_id, name: row.by_name },
      }))
    },
    remove: async (id) => {
      const { rowCount } = await pool.query('DELETE FROM enrolments WHERE id = $1', [columnText(id)])
      if (rowCount === 0) throw new ParapetError('PPT_NOT_FOUND')
    },
    use: async (token, { publicKey, version }) => {
      const now = clock()
      const source = await transaction(pool, async (client) => {
        // taken in the same transaction as what it gives: two at once cannot both use it, and a failure leaves it as it was
        const { rows } = await client.query<{ name: string }>('DELETE FROM enrolments WHERE hash = $1 AND expires_at > $2 RETURNING name', [
          hashOf(token),
          now,
        ])
        const [enrolment] = rows
        if (enrolment === undefined) throw new ParapetError('PPT_TOKEN_INVALID', 'the token was used, has run out or never was one')
        const id = await bindSource(client, enrolment.name, now)
        await client.query(
          `INSERT INTO agents (source_id, public_key, version, enrolled_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (source_id) DO UPDATE SET public_key = excluded.public_key, version = excluded.version, enrolled_at = excluded.enrolled_at,
             signed_at = 0, received_at = NULL, heartbeat = NULL`,
          [id, publicKey, version, now],
        )
        return { id, name: enrolment.name }
      })
      await deps.revokeOfSource(source.id)
      return { sourceId: source.id, name: source.name, token: await deps.makeToken(source) }
    },
  }
}
