import { atLeast, type Alert, type Clock, type Level, LEVELS } from '@parapet/core'
import type { Pool } from 'pg'
import { transaction } from '../../db/pools.js'
import type { Vault } from '../../vault/index.js'
import { openAlert } from '../alerts/sealed-alert.js'
import { alertKey } from './outbox.js'
import { lowestLevel } from './plan.js'
import { readRoutes } from './route-store.js'
import type { NewNotification, Notifications } from './types.js'

const BATCH = 200
/** The rule by which a silent source or agent is told. */
const SILENT = 'silent-source'

type Row = Parameters<typeof openAlert>[1] & {
  readonly created: number
  readonly rule_id: string
  readonly level: number
  readonly demo: boolean
}

const kindOf = (ruleId: string): 'alert' | 'source_silent' => (ruleId === SILENT ? 'source_silent' : 'alert')

/** An alert as people are told of it. Those of one rule are like each other: a thousand addresses that do the same are one message. */
export const tellAlert = (alert: Alert): NewNotification => ({
  kind: kindOf(alert.rule.id),
  level: alert.rule.level,
  title: alert.rule.title,
  text: alert.why,
  href: `/alerts/${encodeURIComponent(alert.id)}`,
  group: alert.rule.id,
  key: `alert:${alert.id}`,
  alertId: alert.id,
})

/**
 * Puts new alerts into the outbox, each once, in the order in which they came, as far as a route could take them; the place that was reached
 * is moved in the same transaction. Alerts that others have told, and those of the demo, are passed over. Answers how many were looked at.
 */
export const followAlerts = (deps: {
  readonly pool: Pool
  readonly vault: Pick<Vault, 'open' | 'keyed'>
  readonly clock: Clock
  readonly enqueueIn: Notifications['enqueueIn']
}): Promise<number> =>
  transaction(deps.pool, async (client) => {
    const { vault, enqueueIn } = deps
    const { rows: place } = await client.query<{ alerts: number }>('SELECT alerts FROM notification_progress FOR UPDATE SKIP LOCKED')
    if (place[0] === undefined) return 0
    const { rows } = await client.query<Row>(
      `SELECT id, form, body, created, rule_id, level, demo FROM alerts WHERE created > $1 ORDER BY created LIMIT ${BATCH}`,
      [place[0].alerts],
    )
    const last = rows.at(-1)
    if (last === undefined) return 0
    const routes = await readRoutes(client)
    const floors: Readonly<Record<'alert' | 'source_silent', Level>> = {
      alert: lowestLevel(routes, 'alert'),
      source_silent: lowestLevel(routes, 'source_silent'),
    }
    const wanted = rows.filter(({ demo, level, rule_id }) => !demo && atLeast(LEVELS[level] ?? 'critical', floors[kindOf(rule_id)]))
    const keys = wanted.map(({ id }) => alertKey(vault, id))
    const { rows: told } = await client.query<{ key: string }>('SELECT alert_key AS key FROM notifications WHERE alert_key = ANY ($1)', [
      keys,
    ])
    const known = new Set(told.map(({ key }) => key))
    for (const [index, row] of wanted.entries())
      if (!known.has(keys[index] ?? '')) await enqueueIn(client, tellAlert(openAlert(vault, row)))
    await client.query('UPDATE notification_progress SET alerts = $1', [last.created])
    return rows.length
  })
