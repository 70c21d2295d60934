import { type Clock, LEVELS, type NotificationView, type Page, ParapetError, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText, pageOf, readCursor } from '../../db/paging.js'
import { withClient } from '../../db/pools.js'
import type { Cell, Vault } from '../../vault/index.js'
import type { NewNotification, Notifications } from './types.js'
import { oneLine, severalLines } from './words.js'

/** The channel on which servers tell each other that something is to be told. */
export const OUTBOX_CHANNEL = 'notifications'

const TITLE = 200
const TEXT = 2_000

/** What of a notification may name somebody. */
export type Words = { readonly title: string; readonly text: string; readonly href: string | null }

/** Where the words of a notification are sealed. */
export const wordsCell = (id: string): Cell => ({ table: 'notifications', column: 'sealed', row: [id], type: 'json' })

/** By what it is found that an alert was told. */
export const alertKey = (vault: Pick<Vault, 'keyed'>, alertId: string): string => vault.keyed('notification-alert', alertId)

/** Reads the words of a notification. */
export const openWords = (vault: Pick<Vault, 'open'>, row: { readonly id: string; readonly sealed: string }): Words =>
  JSON.parse(vault.open(row.sealed, wordsCell(row.id))) as Words

/** A path of the console, and nothing that a browser could take for another site. */
const pathOf = (href: string | undefined): string | null =>
  href !== undefined && href.length <= 500 && /^\/(?![/\\])[\x21-\x7E]*$/.test(href) ? href : null

type Row = {
  readonly id: string
  readonly place: number
  readonly kind: NotificationView['kind']
  readonly level: number
  readonly sealed: string
  readonly at: number
  readonly count: number
  readonly state: NotificationView['state']
  readonly escalations: number
  readonly acknowledged_at: number | null
  readonly acknowledged_by: string | null
  readonly receipts: readonly {
    readonly id: string
    readonly name: string
    readonly state: 'waiting' | 'sent' | 'failed'
    readonly attempts: number
    readonly at: number | null
    readonly detail: string | null
  }[]
}

const SELECT = `SELECT n.id, n.place, n.kind, n.level, n.sealed, n.at, n.count, n.state, n.escalations, n.acknowledged_at, n.acknowledged_by,
  coalesce((SELECT json_agg(json_build_object('id', d.channel_id, 'name', d.channel_name, 'state', d.state, 'attempts', d.attempts, 'at', d.at,
    'detail', d.detail) ORDER BY d.step, d.channel_name, d.id) FROM notification_deliveries d WHERE d.notification_id = n.id), '[]') AS receipts
  FROM notifications n`

/** The outbox and what was told from it. */
export type Outbox = Pick<Notifications, 'enqueueIn' | 'enqueue' | 'list' | 'acknowledge'> & {
  /** Errors: `PPT_NOT_FOUND`. */
  readonly get: (id: string) => Promise<NotificationView>
}

/** Creates the outbox. */
export const createOutbox = (deps: { pool: Pool; vault: Pick<Vault, 'open' | 'seal' | 'keyed'>; clock: Clock }): Outbox => {
  const { pool, vault, clock } = deps
  const toView = (row: Row): NotificationView => ({
    id: row.id,
    kind: row.kind,
    level: LEVELS[row.level] ?? 'informational',
    ...openWords(vault, row),
    at: row.at,
    count: row.count,
    state: row.state,
    acknowledged: row.acknowledged_at === null ? null : { at: row.acknowledged_at, by: row.acknowledged_by ?? '' },
    escalations: row.escalations,
    receipts: row.receipts.map(({ id, name, ...rest }) => ({ channel: { id, name }, ...rest })),
  })
  const get = async (id: string): Promise<NotificationView> => {
    // one that went into the message of another is that other
    const { rows } = await pool.query<Row>(`${SELECT} WHERE n.id = (SELECT coalesce(leader_id, id) FROM notifications WHERE id = $1)`, [
      columnText(id),
    ])
    if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return toView(rows[0])
  }

  const enqueueIn: Outbox['enqueueIn'] = async (client, notification) => {
    const { kind, level, audience = 'security', alertId } = notification
    const now = clock()
    const id = uuidv7(now)
    const title = oneLine(notification.title, TITLE)
    const words: Words = { title, text: severalLines(notification.text, TEXT), href: pathOf(notification.href) }
    const told = notification.key === undefined ? null : vault.keyed('notification-key', notification.key)
    const like = vault.keyed('notification-like', JSON.stringify([kind, level, audience, notification.group ?? title]))
    const { rows } = await client.query<{ id: string }>({
      name: 'notifications-enqueue',
      text: `WITH made AS (
          INSERT INTO notifications (id, kind, level, audience, told_key, alert_key, like_key, sealed, at, due_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (told_key) DO NOTHING RETURNING id)
        SELECT id, pg_notify('${OUTBOX_CHANNEL}', '') FROM made`,
      values: [
        id,
        kind,
        LEVELS.indexOf(level),
        audience,
        told,
        alertId === undefined ? null : alertKey(vault, alertId),
        like,
        vault.seal(JSON.stringify(words), wordsCell(id)),
        now,
      ],
    })
    if (rows[0] !== undefined) return rows[0].id
    const known = await client.query<{ id: string }>('SELECT id FROM notifications WHERE told_key = $1', [told])
    return known.rows[0]?.id ?? id
  }

  return {
    enqueueIn,
    enqueue: (notification: NewNotification) => withClient(pool, (client) => enqueueIn(client, notification)),
    get,
    list: async ({ state, cursor, limit }): Promise<Page<NotificationView>> => {
      const { rows } = await pool.query<Row>(
        `${SELECT} WHERE n.leader_id IS NULL AND ($1::text IS NULL OR n.state = $1) AND ($2::bigint IS NULL OR n.place < $2)
         ORDER BY n.place DESC LIMIT $3`,
        [state ?? null, readCursor(cursor), limit + 1],
      )
      return pageOf(rows, limit, (row) => row.place, toView)
    },
    acknowledge: async (id, by) => {
      await pool.query(
        `UPDATE notifications SET state = 'acknowledged', acknowledged_at = $2, acknowledged_by = $3, steps = NULL, due_at = NULL
         WHERE id = (SELECT coalesce(leader_id, id) FROM notifications WHERE id = $1) AND acknowledged_at IS NULL`,
        [columnText(id), clock(), columnText(oneLine(by, 100))],
      )
      return get(id)
    },
  }
}
