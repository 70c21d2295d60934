import { type Clock, DAY, HOUR, isParapetError, type SecurityEvent, type StoredEvent } from '@parapet/core'
import { transaction } from '../../db/pools.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Concealed, Vault } from '../../vault/index.js'
import { createBackground, type Sealing } from '../sealing/background.js'
import { STORED_COLUMNS, type StoredRow, toStored } from '../events/stored-event.js'
import { observe } from './observe.js'
import { writeNews } from './write-news.js'

/** Events of one step, and how long to wait where there are no more, ms. */
const [SPAN, IDLE_MS] = [5_000, 1_000] as const
/** Sessions that nobody has used for so long are forgotten, ms. */
const SESSIONS_KEPT = 90 * DAY

/** What following needs. `span` is for tests. */
export type FollowDeps = {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Vault
  readonly conceal: (event: SecurityEvent) => Concealed
  /** adds the place of an address where one is known */
  readonly enrich?: ((event: SecurityEvent) => SecurityEvent) | undefined
  readonly clock: Clock
  readonly log: DatabaseLog
  readonly span?: number
}

const readRow = (deps: FollowDeps, row: StoredRow): StoredEvent => {
  try {
    const stored = toStored(deps, row)
    return deps.enrich === undefined ? stored : { ...stored, event: deps.enrich(stored.event) }
  } catch {
    // a row that does not open: its names stay unknown, its opaque id still tells who was there
    return toStored(deps, { ...row, sealed: null })
  }
}

/**
 * One step through the log of events: what they tell of users and how far it came are one transaction, so that a kill loses and doubles
 * nothing. `idle` at the end of the log; `elsewhere` while another server does it.
 */
export const followStep = (deps: FollowDeps, span: number): Promise<'moved' | 'idle' | 'elsewhere'> =>
  transaction(deps.database.pool, async (client) => {
    const { rows: held } = await client.query<{ position: number }>(
      `SELECT position FROM cursors WHERE name = 'subjects' FOR UPDATE SKIP LOCKED`,
    )
    if (held[0] === undefined) return 'elsewhere'
    const { position } = held[0]
    const { rows: heads } = await client.query<{ head: number; least: number | null }>(
      `SELECT head, (SELECT min(sequence) FROM events WHERE sequence > $1) AS least FROM log_heads WHERE name = 'events'`,
      [position],
    )
    const { head = 0, least = null } = heads[0] ?? {}
    if (position >= head) return 'idle'
    // what retention took away leaves a gap of any length
    const from = Math.max(position, (least ?? head + 1) - 1)
    const until = Math.min(head, from + span)
    // people of hosts are no users of an application
    const { rows } = await client.query<StoredRow>(
      `SELECT ${STORED_COLUMNS} FROM events e WHERE sequence > $1 AND sequence <= $2 AND (user_id IS NOT NULL OR user_name IS NOT NULL)
         AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.id = e.source_id AND s.kind = 'host') ORDER BY sequence`,
      [from, until],
    )
    await writeNews(client, deps.vault, observe(rows.map((row) => readRow(deps, row))))
    await client.query(`UPDATE cursors SET position = $1, moved_at = $2 WHERE name = 'subjects'`, [until, deps.clock()])
    return until < head ? 'moved' : 'idle'
  })

const sweep = async ({ database, clock }: FollowDeps): Promise<void> => {
  await database.pool.query('DELETE FROM subject_sessions WHERE seen_at < $1', [clock() - SESSIONS_KEPT])
}

/**
 * Keeps subjects up to date beside everything else: events are read after they were taken in, in bounded steps, by one server at a time. What
 * cannot be written is tried in smaller steps, and an event that still cannot be is passed over and logged.
 */
export const followEvents = (deps: FollowDeps): Sealing => {
  const { signal, pause, handle } = createBackground()
  const most = deps.span ?? SPAN
  const run = async (): Promise<void> => {
    let span = most
    let swept = 0
    while (!signal.aborted) {
      try {
        const went = await followStep(deps, span)
        if (went === 'moved') span = Math.min(most, span * 2)
        else await pause(IDLE_MS)
        if (went === 'idle' && deps.clock() - swept > HOUR) {
          await sweep(deps)
          swept = deps.clock()
        }
      } catch (error) {
        if (isParapetError(error) && error.code === 'PPT_DATABASE_UNAVAILABLE') await pause(IDLE_MS)
        else if (span > 1) span = Math.ceil(span / 4)
        else await passOver(deps, error)
      }
    }
  }
  return handle(run())
}

const passOver = async ({ database, log }: FollowDeps, error: unknown): Promise<void> => {
  log.warn({ err: error }, 'an event about a user could not be read and is passed over')
  await database.pool
    .query(`UPDATE cursors SET position = position + 1 WHERE name = 'subjects'`)
    // tried again with the next step
    .catch(() => undefined)
}
