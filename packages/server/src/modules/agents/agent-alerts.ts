import type { Alert } from '@parapet/core'
import type { Pool } from 'pg'
import type { AlertIntake } from '../detection/index.js'

/** Alerts that came from an agent: how many are kept, and how many were refused for they are others'. */
export type TakenAlerts = { readonly accepted: number; readonly refused: number }

/**
 * Creates the way in for alerts of agents. The id of an alert is the same wherever it was found, so what the server has found in the same
 * events is changed, not doubled. An alert in which this source has no part stays what it is: an agent speaks for its own host alone.
 */
export const createAgentAlerts =
  (deps: { pool: Pool; takeAlerts: AlertIntake['takeAlerts'] }) =>
  async (source: { readonly id: string; readonly name: string }, alerts: readonly Alert[]): Promise<TakenAlerts> => {
    const byId = new Map(alerts.map((alert) => [alert.id, alert]))
    const { rows } = await deps.pool.query<{ id: string }>('SELECT id FROM alerts WHERE id = ANY ($1) AND NOT sources ? $2', [
      [...byId.keys()],
      source.id,
    ])
    for (const { id } of rows) byId.delete(id)
    const { rows: sources } = await deps.pool.query<{ demo: boolean }>('SELECT demo FROM sources WHERE id = $1', [source.id])
    const demo = sources[0]?.demo === true
    await deps.takeAlerts(
      source,
      [...byId.values()].map((alert) => ({ alert, demo })),
    )
    return { accepted: byId.size, refused: rows.length }
  }
