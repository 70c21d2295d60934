import { type Clock, type Level, LEVELS, type NotificationKind, SECOND } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'
import { withClient } from '../../db/pools.js'

/** How long a delivery is in one server's hands, ms: longer than any channel may take. A server that dies leaves it to the others after that. */
const LEASE_MS = 90 * SECOND

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'

/** A delivery in one's own hands. */
export type Leased = {
  readonly id: string
  readonly notificationId: string
  readonly channelId: string
  readonly step: number
  readonly attempts: number
  readonly createdAt: number
  readonly fence: number
  readonly kind: NotificationKind
  readonly level: Level
  readonly count: number
  readonly at: number
  readonly sealed: string
}

/** Deliveries at rest. */
export type Deliveries = {
  /** Takes what is due, one for each channel that is not `busy`: a channel that hangs holds up nobody else. */
  readonly lease: (busy: readonly string[]) => Promise<readonly Leased[]>
  /** The other side has it. True also when the lease was lost meanwhile: it was told. */
  readonly sent: (leased: Leased, detail: string) => Promise<void>
  readonly failed: (leased: Leased, detail: string) => Promise<void>
  /** Tries again later; with `wholeChannel` everything else for the channel waits as long. */
  readonly later: (leased: Leased, at: number, detail: string, wholeChannel: boolean) => Promise<void>
  /** when something is due next, ms UTC; `null` when nothing is */
  readonly nextDue: () => Promise<number | null>
}

/** What a notification is by its deliveries, in one place: acknowledged, sent as soon as one is, failed when all have. */
const SETTLE = `UPDATE notifications n SET state = CASE
    WHEN EXISTS (SELECT 1 FROM notification_deliveries d WHERE d.notification_id = n.id AND d.state = 'sent') THEN 'sent'
    WHEN EXISTS (SELECT 1 FROM notification_deliveries d WHERE d.notification_id = n.id AND d.state = 'waiting') THEN n.state
    ELSE 'failed' END
  WHERE n.id = $1 AND n.acknowledged_at IS NULL`

/** Creates the deliveries. `leaseMs`: for tests, which do not wait a minute. */
export const createDeliveries = (deps: { pool: Pool; clock: Clock; leaseMs?: number }): Deliveries => {
  const { pool, clock, leaseMs = LEASE_MS } = deps
  /** The end of a delivery and what it makes of the notification. Of two at once the later one sees the other's: the row is locked first. */
  const settle = (notificationId: string, text: string, values: readonly unknown[]): Promise<void> =>
    withClient(pool, async (client) => {
      await client.query('BEGIN')
      await client.query('SELECT 1 FROM notifications WHERE id = $1 FOR UPDATE', [notificationId])
      await client.query(text, [...values])
      await client.query(SETTLE, [notificationId])
      await client.query('COMMIT')
    })
  return {
    lease: async (busy) => {
      const { rows } = await pool.query<Omit<Leased, 'level'> & { readonly level: number }>(
        `WITH due AS (
           SELECT id FROM notification_deliveries d WHERE state = 'waiting' AND due_at <= $1 AND leased_until <= ${NOW} AND channel_id <> ALL ($2)
             AND id = (SELECT id FROM notification_deliveries o WHERE o.channel_id = d.channel_id AND o.state = 'waiting' AND o.due_at <= $1
               AND o.leased_until <= ${NOW} ORDER BY o.due_at, o.id LIMIT 1)
           ORDER BY due_at LIMIT 16 FOR UPDATE SKIP LOCKED)
         UPDATE notification_deliveries d SET attempts = d.attempts + 1, fence = d.fence + 1, leased_until = ${NOW} + $3::bigint
         FROM due, notifications n WHERE d.id = due.id AND n.id = d.notification_id
         RETURNING d.id, d.notification_id AS "notificationId", d.channel_id AS "channelId", d.step, d.attempts, d.created_at AS "createdAt", d.fence,
           n.kind, n.level, n.count, n.at, n.sealed`,
        [clock(), [...busy], leaseMs],
      )
      return rows.map(({ level, ...row }) => Object.assign(row, { level: LEVELS[level] ?? ('critical' as const) }))
    },
    sent: ({ id, notificationId }, detail) =>
      settle(notificationId, `UPDATE notification_deliveries SET state = 'sent', at = $2, detail = $3 WHERE id = $1 AND state <> 'sent'`, [
        id,
        clock(),
        columnText(detail, 500),
      ]),
    failed: ({ id, notificationId, fence }, detail) =>
      settle(
        notificationId,
        `UPDATE notification_deliveries SET state = 'failed', at = $2, detail = $3 WHERE id = $1 AND state = 'waiting' AND fence = $4`,
        [id, clock(), columnText(detail, 500), fence],
      ),
    later: async ({ id, fence, channelId }, at, detail, wholeChannel) => {
      await pool.query(
        `UPDATE notification_deliveries SET due_at = $2, detail = $3, leased_until = 0 WHERE id = $1 AND state = 'waiting' AND fence = $4`,
        [id, at, columnText(detail, 500), fence],
      )
      if (wholeChannel)
        await pool.query(`UPDATE notification_deliveries SET due_at = $2 WHERE channel_id = $1 AND state = 'waiting' AND due_at < $2`, [
          channelId,
          at,
        ])
    },
    nextDue: async () => {
      const { rows } = await pool.query<{ at: number | null }>(
        `SELECT least((SELECT min(due_at) FROM notifications WHERE due_at IS NOT NULL),
           (SELECT min(due_at) FROM notification_deliveries WHERE state = 'waiting' AND leased_until <= ${NOW})) AS at`,
      )
      return rows[0]?.at ?? null
    },
  }
}
