import { ParapetError, type StoredEvent } from '@parapet/core'
import type { PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import { type Answered, answerAlerts, type DetectionLogs } from './answer-alerts.js'
import { collectAlerts } from './collect.js'
import { moveShards } from './leases.js'
import { saveState } from './state.js'
import type { BatchReport, DetectionDeps, Held, Run } from './types.js'

/** Why an event is passed over: it could not be written, or its seal is broken. `reason` holds nothing of what it says. */
export type PassedOver = { readonly stage: 'commit' | 'open'; readonly reason: string }

/** Says that a part of the run is another worker's now. */
export const OTHER_HANDS = 'a part of detection is in other hands'

/** What a worker brings to a batch. */
export type Work = { readonly worker: number; readonly logs: DetectionLogs; readonly held: Held }

/** Events of one batch, and where the run stands after them: at the last one, or further on where there are none in between. */
export type Batch = { readonly events: readonly StoredEvent[]; readonly to: number; readonly skip: ReadonlyMap<number, PassedOver> }

const recordFailure = (client: PoolClient, values: readonly (string | number)[]): Promise<unknown> =>
  client.query(
    // every worker sees every event: the first one to pass it over has said so
    'INSERT INTO detection_failures (sequence, event_id, at, stage, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
    [...values],
  )

/**
 * Processes a batch: alerts, their events, decisions, the engine's state and the place of its parts are committed together or not at all.
 * After any error the run's state is ahead of the database and has to be thrown away. Errors: `PPT_CONFLICT` when a part of the run is in
 * other hands; `PPT_DATABASE_UNAVAILABLE`.
 */
export const commitBatch = async (
  deps: DetectionDeps,
  { worker, logs, held }: Work,
  run: Run,
  { events, to, skip }: Batch,
): Promise<BatchReport & Pick<Answered, 'trippedAt'>> => {
  const started = performance.now()
  const collected = collectAlerts(run.engine, events, new Set(skip.keys()))
  const dirty = run.engine.takeDirty()
  const now = deps.clock()
  const passed = [
    ...collected.failures,
    ...events.flatMap((event) => {
      const why = skip.get(event.sequence)
      return why === undefined ? [] : [{ sequence: event.sequence, eventId: event.id, ...why }]
    }),
  ]
  const answered = await transaction(deps.database.pool, async (client): Promise<Answered> => {
    if (!(await moveShards(client, worker, run.leases, run.position, to))) throw new ParapetError('PPT_CONFLICT', OTHER_HANDS)
    const answer: Answered =
      collected.alerts.length === 0
        ? { decisions: 0, failures: 0, trippedAt: null }
        : await answerAlerts(client, deps, logs, held, collected.alerts, now)
    await saveState(client, deps.vault, dirty)
    for (const { sequence, eventId, stage, reason } of passed) await recordFailure(client, [sequence, eventId, now, stage, reason])
    return answer
  })
  run.position = to
  return {
    events: events.length,
    alerts: collected.alerts.length,
    decisions: answered.decisions,
    failures: passed.length + answered.failures,
    trippedAt: answered.trippedAt,
    ms: performance.now() - started,
  }
}

/** True for the conflict of a run whose parts another worker has taken. */
export const isTaken = (error: unknown): boolean =>
  error instanceof ParapetError && error.code === 'PPT_CONFLICT' && error.detail === OTHER_HANDS
