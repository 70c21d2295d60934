import { type Alert, LEVELS } from '@parapet/core'
import type { PoolClient } from 'pg'
import { type AppendLog, createAppendLog, type Written } from '../../db/append-log/index.js'
import { columnText } from '../../db/paging.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { sealAlert, targetTerms } from './sealed-alert.js'

/** A new or changed alert with where its events came from. Times in ms UTC. */
export type AlertChange = {
  readonly alert: Alert
  readonly at: number
  readonly sources: readonly { readonly id: string; readonly name: string }[]
  /** every event that made or changed it was generated */
  readonly demo: boolean
  /** events to link: those of the alert that were not linked by an earlier change */
  readonly events: readonly { readonly sequence: number; readonly day: number; readonly id: string }[]
}

const UPSERT = `INSERT INTO alerts (id, sequence, created, detected_at, updated_at, rule_id, level, scope_value, targets, sources, demo, body, form)
  VALUES ($1, $2, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, 1)
  ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, updated_at = excluded.updated_at, level = excluded.level, targets = excluded.targets, scope_value = excluded.scope_value,
    sources = alerts.sources || excluded.sources, demo = alerts.demo AND excluded.demo, body = excluded.body, form = 1`
const LINK = {
  name: 'alerts-link',
  text: `INSERT INTO alert_events (alert_id, sequence, day, event_id) SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING`,
}

const write = async (
  vault: Pick<Vault, 'seal' | 'term'>,
  client: PoolClient,
  changes: readonly AlertChange[],
  before: number,
): Promise<Written<number>> => {
  let head = before
  const results: number[] = []
  for (const { alert, at, sources, demo } of changes) {
    results.push(++head)
    const names = Object.fromEntries(sources.map((source) => [columnText(source.id), columnText(source.name)]))
    const values = [
      alert.id,
      head,
      at,
      alert.rule.id,
      LEVELS.indexOf(alert.rule.level),
      vault.term('alerts.target', alert.scope.value),
      targetTerms(vault, alert),
      JSON.stringify(names),
      demo,
      JSON.stringify(sealAlert(vault, alert)),
    ]
    await client.query({ name: 'alerts-upsert', text: UPSERT, values })
  }
  const links = changes.flatMap(({ alert, events }) => events.map((event) => ({ alertId: alert.id, ...event })))
  if (links.length > 0)
    await client.query({
      ...LINK,
      values: [
        links.map((each) => each.alertId),
        links.map((each) => each.sequence),
        links.map((each) => each.day),
        links.map((each) => each.id),
      ],
    })
  return { head, results }
}

/** The log of changes of alerts; a row of `alerts` carries the sequence of its latest one. Written by detection only. */
export const createAlertLog = (database: Pick<Database, 'pool'>, vault: Pick<Vault, 'seal' | 'term'>): AppendLog<AlertChange, number> =>
  createAppendLog({ name: 'alerts', write: (client, changes, before) => write(vault, client, changes, before) }, database)
