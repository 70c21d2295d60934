import { type AgentHeartbeat, type Clock, MINUTE, ParapetError } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'

/** An agent that says nothing for so long, ms, is silent: four heartbeats. */
export const AGENT_SILENT_MS = MINUTE

/** An agent and what it last said. Times in ms UTC. */
export type Agent = {
  readonly sourceId: string
  readonly publicKey: string
  readonly version: string
  readonly enrolledAt: number
  readonly receivedAt: number | null
  readonly heartbeat: AgentHeartbeat | null
}

/** Agents by the source that each of them is. */
export type Agents = {
  readonly list: () => Promise<readonly Agent[]>
  /** Errors: `PPT_FORBIDDEN` for a source that no agent was enrolled as. */
  readonly get: (sourceId: string) => Promise<Agent>
  /** Keeps a heartbeat. Errors: `PPT_SIGNATURE_INVALID` for one that was signed no later than the one before: it was sent already. */
  readonly beat: (sourceId: string, heartbeat: AgentHeartbeat, signedAt: number) => Promise<void>
}

type Row = {
  readonly source_id: string
  readonly public_key: string
  readonly version: string
  readonly enrolled_at: number
  readonly received_at: number | null
  readonly heartbeat: AgentHeartbeat | null
}

const SELECT = 'SELECT source_id, public_key, version, enrolled_at, received_at, heartbeat FROM agents'

const toAgent = (row: Row): Agent => ({
  sourceId: row.source_id,
  publicKey: row.public_key,
  version: row.version,
  enrolledAt: row.enrolled_at,
  receivedAt: row.received_at,
  heartbeat: row.heartbeat,
})

/** Creates the module. */
export const createAgents = (deps: { pool: Pool; clock: Clock }): Agents => {
  const { pool, clock } = deps
  return {
    list: async () => (await pool.query<Row>(`${SELECT} LIMIT 10000`)).rows.map(toAgent),
    get: async (sourceId) => {
      const { rows } = await pool.query<Row>(`${SELECT} WHERE source_id = $1`, [columnText(sourceId)])
      if (rows[0] === undefined) throw new ParapetError('PPT_FORBIDDEN', 'no agent was enrolled as this source')
      return toAgent(rows[0])
    },
    beat: async (sourceId, heartbeat, signedAt) => {
      const { rowCount } = await pool.query(
        'UPDATE agents SET heartbeat = $2, received_at = $3, signed_at = $4, version = $5 WHERE source_id = $1 AND signed_at < $4',
        [sourceId, JSON.stringify(heartbeat), clock(), signedAt, heartbeat.version],
      )
      if (rowCount === 0) throw new ParapetError('PPT_SIGNATURE_INVALID', 'signed no later than the heartbeat before')
    },
  }
}
