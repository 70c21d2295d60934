import { DAY } from '@parapet/core'
import type { LockdownTraffic } from '@parapet/respond'
import type { Pool } from 'pg'

/** Events that are looked at, the newest ones. */
const EVENTS = 20_000
const GROUPS = 5_000

/** Requests since a moment, ms UTC, in groups that a lockdown treats alike. Users as the columns of events hold them: enough to count. */
export const readLastHour = async (pool: Pool, since: number): Promise<LockdownTraffic[]> => {
  const { rows } = await pool.query<{ address: string; method: string | null; name: string | null; signed_in: boolean; requests: number }>(
    `SELECT host(address) AS address, body ->> 'http.request.method' AS method, coalesce(user_id, user_name) AS name,
       body ->> 'session.id' IS NOT NULL AS signed_in, count(*)::int AS requests
     FROM (SELECT address, user_id, user_name, body FROM events WHERE day >= $1 AND received_at >= $2 AND address IS NOT NULL ORDER BY sequence DESC LIMIT ${EVENTS}) e
     GROUP BY 1, 2, 3, 4 LIMIT ${GROUPS}`,
    [Math.floor(since / DAY), since],
  )
  return rows.map(({ address, method, name, signed_in, requests }) => ({
    address,
    method: method ?? 'GET',
    user: name ?? undefined,
    signedIn: signed_in,
    requests,
  }))
}
