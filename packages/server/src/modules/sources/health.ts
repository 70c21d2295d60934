import { type Clock, DAY, HOUR, type SourceHealth } from '@parapet/core'
import type { Pool } from 'pg'
import { type Agent, AGENT_SILENT_MS, type Agents } from '../agents/index.js'
import type { Source, Sources } from './sources.js'

/** The newest events that tell how late events come. */
const RECENT = 20_000
/** Of each source. */
const LAGS = 100

/** How a source does, with the time it may be silent. */
export type SourceState = SourceHealth & { readonly silentAfterMs: number | null }

type Counted = { readonly id: string; readonly last: number; readonly day: number }

/** What the source itself says of how it does. A source that never spoke is new, not silent. */
export const stateOf = (
  source: Source,
  lastEventAt: number | null,
  agent: Pick<Agent, 'enrolledAt' | 'receivedAt'> | undefined,
  now: number,
): SourceHealth['state'] => {
  // an agent says that it lives even where nothing happens
  if (agent !== undefined) return agent.receivedAt === null ? 'new' : now - agent.receivedAt > AGENT_SILENT_MS ? 'silent' : 'live'
  if (lastEventAt === null) return 'new'
  return source.silentAfterMs !== null && now - lastEventAt > source.silentAfterMs ? 'silent' : 'live'
}

const agentOf = (agent: Agent | undefined, now: number): SourceHealth['agent'] => {
  if (agent === undefined || agent.heartbeat === null || agent.receivedAt === null) return null
  const state = now - agent.receivedAt > AGENT_SILENT_MS ? 'silent' : 'live'
  return { ...agent.heartbeat, receivedAt: agent.receivedAt, state }
}

/** Creates the reader of how all sources do. Lag is told for sources among the newest events only. */
export const createSourceHealth =
  (deps: { pool: Pool; clock: Clock; sources: Pick<Sources, 'list'>; agents: Pick<Agents, 'list'> }): (() => Promise<SourceState[]>) =>
  async () => {
    const { pool, clock } = deps
    const now = clock()
    const [sources, agents, counted, lags] = await Promise.all([
      deps.sources.list(),
      deps.agents.list(),
      pool.query<Counted>(
        `SELECT source_id AS id, max(last_received_at) AS last, coalesce(sum(events) FILTER (WHERE hour > $1), 0)::bigint AS day
         FROM event_hours GROUP BY source_id`,
        [now - DAY - HOUR],
      ),
      pool.query<{ id: string; lag: number }>(
        // the time is the first thing in a body; nothing else of it is read, since a reader of JSON refuses what attackers type
        `SELECT source_id AS id, percentile_cont(0.5) WITHIN GROUP (ORDER BY received_at - at) AS lag FROM (
           SELECT source_id, received_at, (substring(body::text FROM '^\\{"@timestamp":([0-9]{1,15})[,}]'))::bigint AS at,
             row_number() OVER (PARTITION BY source_id ORDER BY sequence DESC) AS place
           FROM (SELECT source_id, received_at, body, sequence FROM events ORDER BY sequence DESC LIMIT ${RECENT}) AS newest
         ) AS e WHERE place <= ${LAGS} AND at IS NOT NULL GROUP BY source_id`,
      ),
    ])
    const countedById = new Map(counted.rows.map((row) => [row.id, row]))
    const lagById = new Map(lags.rows.map((row) => [row.id, row.lag]))
    const agentById = new Map(agents.map((agent) => [agent.sourceId, agent]))
    return sources.map((source) => {
      const { last = null, day = 0 } = countedById.get(source.id) ?? {}
      const agent = agentById.get(source.id)
      const lag = lagById.get(source.id)
      const health = {
        lastEventAt: last,
        state: stateOf(source, last, agent, now),
        events24h: day,
        lagMs: lag === undefined ? null : Math.max(0, Math.round(lag)),
        agent: agentOf(agent, now),
      }
      return Object.assign(health, source)
    })
  }
