import { type DecisionPreview, DAY, formatRange, parseRange, type SecurityEvent } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'
import type { Concealed, Vault } from '../../vault/index.js'
import { STORED_COLUMNS, type StoredRow, toStored } from '../events/stored-event.js'

/** Events on a target that are looked at, the newest ones, and users that are named. */
const EVENTS = 20_000
const EXAMPLES = 10

/** What a decision on a target would meet with, by the events since a moment, ms UTC. */
export type DecisionImpact = (
  target: { readonly kind: string; readonly value: string },
  since: number,
) => Promise<Pick<DecisionPreview, 'addresses' | 'events' | 'signedIn' | 'examples'>>

const SIGNED_IN = `body ->> 'event.category' = 'authentication' AND body ->> 'event.outcome' = 'success'`
const NOTHING = { addresses: 0, events: 0, signedIn: 0, examples: [] }

/** Creates the reader. Countries, networks by number and sessions are not looked up: nothing is known of them then. */
export const createDecisionImpact = (deps: {
  pool: Pool
  vault: Pick<Vault, 'open' | 'terms'>
  conceal: (event: SecurityEvent) => Concealed
}): DecisionImpact => {
  const { pool, vault } = deps
  return async ({ kind, value }, since) => {
    const range = kind === 'ip' || kind === 'cidr' ? parseRange(value) : undefined
    if (range === undefined && kind !== 'user') return NOTHING
    const [where, bound] =
      range === undefined
        ? ['(user_id = ANY ($2::text[]) OR user_name = ANY ($2::text[]))', [columnText(value), ...vault.terms('events.user', value)]]
        : [
            `address >= network($2::inet) AND address <= set_masklen(broadcast($2::inet), ${range.address.family === 4 ? 32 : 128})`,
            formatRange(range),
          ]
    const newest = `SELECT ${STORED_COLUMNS}, address, user_id, user_name FROM events WHERE day >= $1 AND ${where} ORDER BY sequence DESC LIMIT ${EVENTS}`
    const values = [Math.floor(since / DAY), bound]
    const [counts, people] = await Promise.all([
      pool.query<{ addresses: number; events: number; people: number }>(
        `SELECT count(DISTINCT address)::int AS addresses, count(*)::int AS events,
          count(DISTINCT coalesce(user_id, user_name)) FILTER (WHERE ${SIGNED_IN})::int AS people FROM (${newest}) e`,
        values,
      ),
      pool.query<StoredRow>(
        `SELECT DISTINCT ON (coalesce(user_id, user_name)) ${STORED_COLUMNS} FROM (${newest}) e
         WHERE ${SIGNED_IN} AND coalesce(user_id, user_name) IS NOT NULL ORDER BY coalesce(user_id, user_name), sequence DESC LIMIT ${EXAMPLES}`,
        values,
      ),
    ])
    const { addresses = 0, events = 0, people: signedIn = 0 } = counts.rows[0] ?? {}
    const examples = people.rows.flatMap((row) => {
      const { event } = toStored({ vault, conceal: deps.conceal }, row)
      return event['user.name'] ?? event['user.id'] ?? []
    })
    return { addresses, events, signedIn, examples }
  }
}
