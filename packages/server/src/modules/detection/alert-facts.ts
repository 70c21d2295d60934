import type { Alert, SecurityEvent } from '@parapet/core'
import type { AlertFacts } from '@parapet/respond'
import type { PoolClient } from 'pg'
import type { Concealed, Vault } from '../../vault/index.js'
import { storedId } from '../events/event-row.js'
import { STORED_COLUMNS, type StoredRow, toStored } from '../events/stored-event.js'
import { isSignIn, userOf } from './traffic.js'

/** Events of one alert that are looked at, and values of each list. */
const MOST = 100

const asSent = (event: SecurityEvent): Concealed => ({
  open: event,
  personal: undefined,
  userId: undefined,
  userName: undefined,
  userEmail: undefined,
})

/** Undefined for one that does not open: it says nothing. */
const open = (vault: Pick<Vault, 'open'>, row: StoredRow): SecurityEvent | undefined => {
  try {
    return toStored({ vault, conceal: asSent }, row).event
  } catch {
    return undefined
  }
}

/** What the stored events behind an alert say of users and sessions, newest events first. One whose seal is broken says nothing. */
export const readAlertFacts = async (
  client: Pick<PoolClient, 'query'>,
  vault: Pick<Vault, 'open'>,
  alert: Pick<Alert, 'events'>,
): Promise<AlertFacts> => {
  const ids = [...new Set(alert.events.slice(-MOST).map((ref) => storedId(String(ref))))]
  const { rows } = await client.query<StoredRow>({
    name: 'detection-facts',
    text: `SELECT ${STORED_COLUMNS} FROM events WHERE id = ANY ($1) ORDER BY sequence DESC LIMIT ${MOST}`,
    values: [ids],
  })
  const found = { users: new Set<string>(), signedIn: new Set<string>(), sessions: new Set<string>(), datasets: new Set<string>() }
  const put = (list: Set<string>, value: unknown): void => {
    if (typeof value === 'string' && value !== '' && list.size < MOST) list.add(value)
  }
  for (const row of rows) {
    const event = open(vault, row)
    if (event === undefined) continue
    const user = userOf(event)
    put(found.users, user)
    if (isSignIn(event)) put(found.signedIn, user)
    put(found.sessions, event['session.id'])
    put(found.datasets, event['event.dataset'])
  }
  return { users: [...found.users], signedIn: [...found.signedIn], sessions: [...found.sessions], datasets: [...found.datasets] }
}
