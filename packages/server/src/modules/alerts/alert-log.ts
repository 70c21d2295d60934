import { type Alert, LEVELS } from '@parapet/core'
import type { PoolClient } from 'pg'
import { type AppendLog, createAppendLog, type Written } from '../../db/append-log/index.js'
import { columnText } from '../../db/paging.js'
import type { Database } from '../../db/types.js'

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

/** The most search terms of one alert; an alert with more addresses is found by its scope. */
const MOST_TARGETS = 300

const targetsOf = (alert: Alert): string[] => [
  ...new Set([alert.scope.value, ...Object.values(alert.group), ...alert.targets].slice(0, MOST_TARGETS).map((text) => columnText(text))),
]

const UPSERT = `INSERT INTO alerts (id, sequence, created, detected_at, updated_at, rule_id, level, scope_value, targets, sources, demo, body)
  VALUES ($1, $2, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (id) DO UPDATE SET sequence = excluded.sequence, updated_at = excluded.updated_at, level = excluded.level, targets = excluded.targets,
    sources = alerts.sources || excluded.sources, demo = alerts.demo AND excluded.demo, body = excluded.body`
const LINK = {
  name: 'alerts-link',
  text: `INSERT INTO alert_events (alert_id, sequence, day, event_id) SELECT * FROM unnest($1::text[], $2::bigint[], $3::int[], $4::text[]) ON CONFLICT DO NOTHING`,
}

const write = async (client: PoolClient, changes: readonly AlertChange[], before: number): Promise<Written<number>> => {
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
      columnText(alert.scope.value),
      targetsOf(alert),
      JSON.stringify(names),
      demo,
      JSON.stringify(alert),
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
export const createAlertLog = (database: Pick<Database, 'pool'>): AppendLog<AlertChange, number> =>
  createAppendLog({ name: 'alerts', write }, database)
