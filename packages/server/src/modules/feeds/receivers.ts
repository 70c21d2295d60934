import type { Pool } from 'pg'

/** What is stored of one receiver. Times in ms UTC. */
export type Receiver = {
  readonly delivered: readonly string[] | null
  readonly deliveredRevision: number
  readonly sequence: number
  readonly message: { readonly id: string; readonly body: string; readonly ranges: string; readonly revision: number } | null
  readonly attempts: number
  readonly nextAt: number
  readonly takenAt: number | null
  readonly trouble: string | null
}

/** Storage of receivers. A method that changes one does so only under the lease. */
export type Receivers = {
  /** takes the lease and answers what is stored; `undefined` while another server has it */
  readonly lease: (id: string, feed: string, now: number, ms: number) => Promise<Receiver | undefined>
  readonly begin: (id: string, message: NonNullable<Receiver['message']>) => Promise<void>
  /** the message under way was taken */
  readonly taken: (id: string, now: number) => Promise<void>
  readonly failed: (id: string, nextAt: number, trouble: string) => Promise<void>
  /** the next message is a snapshot, whoever holds the lease; the one under way is given up */
  readonly forget: (feed: string, id?: string) => Promise<number>
  readonly release: (id: string) => Promise<void>
}

type Row = {
  delivered: string | null
  delivered_revision: number
  sequence: number
  message_id: string | null
  message_body: string | null
  message_ranges: string | null
  message_revision: number | null
  attempts: number
  next_at: number
  taken_at: number | null
  trouble: string | null
}

const linesOf = (text: string | null): readonly string[] | null => (text === null ? null : text === '' ? [] : text.split('\n'))

const toReceiver = (row: Row): Receiver => ({
  delivered: linesOf(row.delivered),
  deliveredRevision: row.delivered_revision,
  sequence: row.sequence,
  message:
    row.message_id === null
      ? null
      : { id: row.message_id, body: row.message_body ?? '', ranges: row.message_ranges ?? '', revision: row.message_revision ?? 0 },
  attempts: row.attempts,
  nextAt: row.next_at,
  takenAt: row.taken_at,
  trouble: row.trouble,
})

/** Creates the storage for one server, named `owner`. */
export const createReceivers = (deps: { readonly pool: Pool; readonly owner: string }): Receivers => {
  const { pool, owner } = deps
  const change = async (id: string, set: string, values: readonly unknown[]): Promise<void> => {
    await pool.query(`UPDATE feed_receivers SET ${set} WHERE id = $1 AND leased_by = $2`, [id, owner, ...values])
  }
  return {
    lease: async (id, feed, now, ms) => {
      await pool.query('INSERT INTO feed_receivers (id, feed) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING', [id, feed])
      const { rows } = await pool.query<Row>(
        `UPDATE feed_receivers SET leased_by = $2, leased_until = $4 WHERE id = $1 AND (leased_by = $2 OR leased_until <= $3)
         RETURNING delivered, delivered_revision, sequence, message_id, message_body, message_ranges, message_revision, attempts, next_at, taken_at, trouble`,
        [id, owner, now, now + ms],
      )
      return rows[0] === undefined ? undefined : toReceiver(rows[0])
    },
    begin: (id, { id: messageId, body, ranges, revision }) =>
      change(id, 'message_id = $3, message_body = $4, message_ranges = $5, message_revision = $6, attempts = 0, next_at = 0', [
        messageId,
        body,
        ranges,
        revision,
      ]),
    // one that was forgotten while it was sent stays forgotten: its message is gone
    taken: (id, now) =>
      change(
        id,
        `delivered = CASE WHEN message_id IS NULL THEN delivered ELSE message_ranges END, delivered_revision = coalesce(message_revision, delivered_revision),
         sequence = sequence + 1, message_id = NULL, message_body = NULL, message_ranges = NULL, message_revision = NULL,
         attempts = 0, next_at = 0, taken_at = $3, trouble = NULL`,
        [now],
      ),
    failed: (id, nextAt, trouble) => change(id, 'attempts = attempts + 1, next_at = $3, trouble = $4', [nextAt, trouble.slice(0, 500)]),
    forget: async (feed, id) => {
      const { rowCount } = await pool.query(
        `UPDATE feed_receivers SET delivered = NULL, message_id = NULL, message_body = NULL, message_ranges = NULL, message_revision = NULL, next_at = 0
         WHERE feed = $1 AND ($2::text IS NULL OR id = $2)`,
        [feed, id ?? null],
      )
      return rowCount ?? 0
    },
    release: (id) => change(id, 'leased_by = NULL, leased_until = 0', []),
  }
}
