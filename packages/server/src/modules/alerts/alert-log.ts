import { type Alert, DAY, LEVELS } from '@parapet/core'
import type { PoolClient } from 'pg'
import { type AppendLog, createAppendLog, type Written } from '../../db/append-log/index.js'
import { columnText } from '../../db/paging.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { countedOf, putInGroup, triageKey } from '../triage/group-log.js'
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

/** An alert stays in the group it began in. */
const UPSERT = `WITH held AS (SELECT triage_key, counted FROM alerts WHERE id = $1)
  INSERT INTO alerts (id, sequence, created, detected_at, updated_at, rule_id, level, scope_value, targets, sources, demo, body, form, triage_key, counted)
  VALUES ($1, $2, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12)
  ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, updated_at = excluded.updated_at, level = excluded.level, targets = excluded.targets, scope_value = excluded.scope_value,
    sources = alerts.sources || excluded.sources, demo = alerts.demo AND excluded.demo, body = excluded.body, form = 1,
    triage_key = coalesce(alerts.triage_key, excluded.triage_key), counted = excluded.counted
  RETURNING triage_key AS key, (SELECT counted FROM held WHERE held.triage_key IS NOT NULL) AS before, NOT EXISTS (SELECT 1 FROM held) AS fresh`
const COUNT = {
  name: 'alerts-count',
  text: `INSERT INTO rule_days (rule_id, day, alerts) SELECT r, d, count(*) FROM unnest($1::text[], $2::int[]) AS n (r, d) GROUP BY r, d
    ON CONFLICT (rule_id, day) DO UPDATE SET alerts = rule_days.alerts + excluded.alerts`,
}
const LINK = {
  name: 'alerts-link',
  text: `INSERT INTO alert_events (alert_id, sequence, day, event_id) SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING`,
}

const write = async (
  vault: Pick<Vault, 'seal' | 'term' | 'keyed'>,
  client: PoolClient,
  changes: readonly AlertChange[],
  before: number,
): Promise<Written<number>> => {
  let head = before
  const results: number[] = []
  const counted: { readonly rule: string; readonly day: number }[] = []
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
      triageKey(vault, alert),
      countedOf(alert),
    ]
    const { rows } = await client.query<{ key: string; before: number | null; fresh: boolean }>({
      name: 'alerts-upsert',
      text: UPSERT,
      values,
    })
    const [written] = rows
    if (written === undefined) continue
    await putInGroup(client, vault, { alert, ...written, sequence: head, at, sources: names, demo })
    if (written.fresh && !demo) counted.push({ rule: alert.rule.id, day: Math.floor(at / DAY) })
  }
  if (counted.length > 0) await client.query({ ...COUNT, values: [counted.map(({ rule }) => rule), counted.map(({ day }) => day)] })
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

/** The log of changes of alerts; a row of `alerts` carries the sequence of its latest one, and groups in Triage follow in the same transaction. */
export const createAlertLog = (
  database: Pick<Database, 'pool'>,
  vault: Pick<Vault, 'seal' | 'term' | 'keyed'>,
): AppendLog<AlertChange, number> =>
  createAppendLog({ name: 'alerts', write: (client, changes, before) => write(vault, client, changes, before) }, database)
