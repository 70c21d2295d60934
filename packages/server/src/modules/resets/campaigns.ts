import {
  type Author,
  type Clock,
  MINUTE,
  ParapetError,
  type ResetCampaign,
  type ResetRequest,
  type ResetScope,
  uuidv7,
} from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import type { PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import { codeOf } from '../../db/errors.js'
import { columnText } from '../../db/paging.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { CAMPAIGN_COLUMNS, campaignCell, type CampaignRow } from './campaign-row.js'
import { KEEPS_MS, liftAll, type StepDeps } from './campaign-steps.js'
import type { ResetCampaigns } from './types.js'

/** Mails a minute where nothing is said, and at most. */
const [USUAL_PER_MINUTE, MOST_PER_MINUTE] = [60, 6_000] as const
/** Users of one campaign by id, and how many of these ids are shown. */
const [MOST_USERS, SHOWN_USERS] = [10_000, 20] as const
const SHOWN = 50

type Counts = {
  readonly campaign_id: string
  readonly subjects: number
  readonly done: number
  readonly queued: number
  readonly sent: number
  readonly failed: number
  readonly no_address: number
  readonly sessions_ended: number
}

const COUNTS = `SELECT campaign_id, count(*) AS subjects, count(done_at) AS done, count(*) FILTER (WHERE mail IN ('queued', 'sending')) AS queued,
  count(*) FILTER (WHERE mail = 'sent') AS sent, count(*) FILTER (WHERE mail = 'failed') AS failed,
  count(*) FILTER (WHERE mail = 'no_address') AS no_address, coalesce(sum(sessions_ended), 0)::bigint AS sessions_ended
  FROM reset_members WHERE campaign_id = ANY ($1) GROUP BY campaign_id`

/** Whom a scope means, as a condition on `subjects s` with one value. */
const meant = (scope: ResetScope): { readonly sql: string; readonly value: unknown } => {
  if (scope.kind === 'all') return { sql: '$1::text IS NULL', value: null }
  if (scope.kind === 'role') return { sql: 's.roles @> ARRAY[$1]::text[]', value: scope.role }
  return { sql: 's.id = ANY ($1)', value: scope.ids.map((id) => columnText(id)) }
}

const shownScope = (scope: ResetScope): ResetScope => (scope.kind === 'users' ? { ...scope, ids: scope.ids.slice(0, SHOWN_USERS) } : scope)

const check = ({ scope, perMinute = USUAL_PER_MINUTE }: ResetRequest): void => {
  if (!Number.isInteger(perMinute) || perMinute < 1 || perMinute > MOST_PER_MINUTE)
    throw new ParapetError('PPT_INVALID', `perMinute: 1 to ${MOST_PER_MINUTE} mails a minute`)
  if (scope.kind === 'users' && (scope.ids.length === 0 || scope.ids.length > MOST_USERS))
    throw new ParapetError('PPT_INVALID', `scope.ids: 1 to ${MOST_USERS} subjects; name a role, or take all`)
}

/** Makes the campaigns' module; the worker that carries them on is `runCampaigns`. `wake` is called when there is something to do. */
export const createResetCampaigns = (deps: {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Vault
  readonly clock: Clock
  /** false where no mail can be sent: a campaign that wants mails is refused then */
  readonly canMail: () => boolean
  readonly wake: () => void
}): ResetCampaigns & { readonly log: StepDeps['log']; readonly close: () => Promise<void> } => {
  const { vault, clock } = deps
  const { pool } = deps.database
  const log = createDecisionLog(deps.database, vault)

  const toViews = async (rows: readonly CampaignRow[]): Promise<ResetCampaign[]> => {
    const { rows: counts } = await pool.query<Counts>(COUNTS, [rows.map(({ id }) => id)])
    const countsOf = new Map(counts.map((count) => [count.campaign_id, count]))
    return rows.map((row) => {
      const count = countsOf.get(row.id)
      return {
        id: row.id,
        scope: row.scope,
        reason: vault.open(row.sealed, campaignCell(row.id)),
        by: { id: row.by_id, name: row.by_name },
        startedAt: row.started_at,
        endedAt: row.ended_at,
        subjects: count?.subjects ?? 0,
        done: count?.done ?? 0,
        mails: { queued: count?.queued ?? 0, sent: count?.sent ?? 0, failed: count?.failed ?? 0, noAddress: count?.no_address ?? 0 },
        sessionsEnded: count?.sessions_ended ?? 0,
        state: row.state,
      }
    })
  }
  const get = async (id: string): Promise<ResetCampaign> => {
    const { rows } = await pool.query<CampaignRow>(`SELECT ${CAMPAIGN_COLUMNS} FROM reset_campaigns WHERE id = $1`, [columnText(id)])
    const [view] = await toViews(rows)
    if (view === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return view
  }

  const dryRun = async ({ scope, reason, mail }: ResetRequest, by: Author): Promise<ResetCampaign> => {
    const { sql, value } = meant(scope)
    const { rows } = await pool.query<{ subjects: number; addressed: number; sessions: number }>(
      `SELECT count(*) AS subjects, count(s.email_index) AS addressed, coalesce(sum((SELECT count(*) FROM subject_sessions o
         WHERE o.subject_id = s.id AND o.ended_at IS NULL AND o.seen_at > $2)), 0)::bigint AS sessions FROM subjects s WHERE ${sql}`,
      // a session that nobody has used for a day has ended by itself
      [value, clock() - 24 * 60 * MINUTE],
    )
    const { subjects = 0, addressed = 0, sessions = 0 } = rows[0] ?? {}
    return {
      id: '',
      scope: shownScope(scope),
      reason,
      by: { id: by.id, name: by.name ?? by.id },
      startedAt: clock(),
      endedAt: null,
      subjects,
      done: 0,
      mails: { queued: mail ? addressed : 0, sent: 0, failed: 0, noAddress: mail ? subjects - addressed : 0 },
      sessionsEnded: sessions,
      state: 'running',
    }
  }

  const begin = async (client: PoolClient, request: ResetRequest, by: Author, id: string): Promise<void> => {
    const { scope, reason, mail, perMinute = USUAL_PER_MINUTE } = request
    const now = clock()
    const everybody: NewDecision | undefined =
      scope.kind === 'all'
        ? {
            id: uuidv7(now),
            target: { kind: 'all', value: '*' },
            action: 'require_reset',
            scope: 'all',
            mode: 'enforce',
            reason,
            author: by,
            batch: id,
            startsAt: now,
            expiresAt: now + KEEPS_MS,
          }
        : undefined
    await client.query(
      `INSERT INTO reset_campaigns (id, scope, sealed, by_kind, by_id, by_name, started_at, state, mail, per_minute, next_mail_at, decision_id, batch)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $7, $10, $1)`,
      [
        id,
        JSON.stringify(shownScope(scope)),
        vault.seal(reason, campaignCell(id)),
        by.kind,
        by.id,
        by.name ?? by.id,
        now,
        mail,
        perMinute,
        everybody?.id ?? null,
      ],
    )
    const { sql, value } = meant(scope)
    const { rowCount } = await client.query(
      `INSERT INTO reset_members (campaign_id, subject_id, started_at, mail)
       SELECT $2, s.id, $3, CASE WHEN NOT $4::boolean THEN 'none' WHEN s.email_index IS NULL THEN 'no_address' ELSE 'queued' END
       FROM subjects s WHERE ${sql}`,
      [value, id, now, mail],
    )
    if (rowCount === 0)
      throw new ParapetError(
        'PPT_NOT_FOUND',
        'nobody is meant: no user of an application is known by that; import them, or look at the list',
      )
    // last, so that the log is locked for as short as can be
    if (everybody !== undefined) await log.appendIn(client, [{ kind: 'create', decisions: [everybody], at: now }])
  }

  return {
    start: async (request, by) => {
      check(request)
      if (request.dryRun === true) return dryRun(request, by)
      if (request.mail && !deps.canMail())
        throw new ParapetError('PPT_INVALID', 'mail: no mail can be sent; set notifications.smtp, or reset without mails')
      const id = uuidv7(clock())
      try {
        await transaction(pool, (client) => begin(client, request, by, id))
      } catch (error) {
        if (codeOf(error) === '23505')
          throw new ParapetError('PPT_CONFLICT', 'everybody has to set a new password already; look at that campaign, or cancel it', {
            cause: error,
          })
        throw error
      }
      deps.wake()
      return get(id)
    },
    list: async () => {
      const { rows } = await pool.query<CampaignRow>(
        `SELECT ${CAMPAIGN_COLUMNS} FROM reset_campaigns ORDER BY started_at DESC, id DESC LIMIT ${SHOWN}`,
      )
      return toViews(rows)
    },
    get,
    cancel: async (id, by) => {
      await get(id)
      await pool.query(`UPDATE reset_campaigns SET state = 'cancelled', ended_at = $2 WHERE id = $1 AND state = 'running'`, [
        columnText(id),
        clock(),
      ])
      await liftAll({ ...deps, log }, columnText(id), by, 'the campaign was cancelled')
      return get(id)
    },
    log,
    close: log.close,
  }
}
