import { type Author, type Clock, DAY, MINUTE, uuidv7 } from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import type { PoolClient } from 'pg'
import type { AppendLog } from '../../db/append-log/index.js'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import type { DecisionChange } from '../decisions/decision-log.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision } from '../decisions/sealed-decision.js'
import { openPerson } from '../subjects/sealed-subject.js'
import { authorOfRow, CAMPAIGN_COLUMNS, campaignCell, type CampaignRow, nextMailAt } from './campaign-row.js'
import { resetMail } from './reset-mail.js'
import type { OutgoingMail } from './types.js'

/** How long a decision of a campaign lives, and how long before its end it is extended, ms. */
export const KEEPS_MS = 30 * DAY
const EXTEND_BEFORE_MS = 15 * DAY
/** Decisions of one append. */
const BATCH = 500
/** A mail whose sending has not been heard of for so long is in doubt and goes out again under the same id, ms. */
export const IN_DOUBT_MS = 2 * MINUTE
const MOST_ATTEMPTS = 5

/** What the steps of a campaign need. */
export type StepDeps = {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Vault
  readonly clock: Clock
  readonly log: Pick<AppendLog<DecisionChange, readonly unknown[]>, 'appendIn'>
}

/** Runs a step of a campaign while no other server does one; undefined where one does, or it has ended. */
const stepOf = <T>(deps: StepDeps, id: string, step: (client: PoolClient, row: CampaignRow) => Promise<T>): Promise<T | undefined> =>
  transaction(deps.database.pool, async (client) => {
    const { rows } = await client.query<CampaignRow>(
      `SELECT ${CAMPAIGN_COLUMNS} FROM reset_campaigns WHERE id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED`,
      [id],
    )
    return rows[0] === undefined ? undefined : step(client, rows[0])
  })

/** Makes the decisions of a batch of members that have none; answers how many. A kill between two batches loses and doubles none. */
export const makeDecisions = async (deps: StepDeps, id: string): Promise<number> =>
  (await stepOf(deps, id, async (client, row) => {
    if (row.decision_id !== null) return 0
    const { vault, clock } = deps
    const { rows } = await client.query<{ id: string; sealed: string }>(
      `SELECT s.id, s.sealed FROM reset_members m JOIN subjects s ON s.id = m.subject_id
       WHERE m.campaign_id = $1 AND m.decision_id IS NULL AND m.done_at IS NULL ORDER BY s.id LIMIT ${BATCH} FOR UPDATE OF m`,
      [id],
    )
    if (rows.length === 0) return 0
    const now = clock()
    const reason = vault.open(row.sealed, campaignCell(id))
    const made = rows.map((member) => ({
      subject: member.id,
      decision: {
        id: uuidv7(now),
        target: { kind: 'user', value: openPerson(vault, member).id },
        action: 'require_reset',
        scope: 'all',
        mode: 'enforce',
        reason,
        author: authorOfRow(row),
        batch: row.batch,
        // who has set a new password since the campaign began need not do it again
        startsAt: row.started_at,
        expiresAt: now + KEEPS_MS,
      } satisfies NewDecision,
    }))
    await client.query(
      `UPDATE reset_members m SET decision_id = n.decision FROM unnest($2::text[], $3::text[]) AS n (subject, decision)
       WHERE m.campaign_id = $1 AND m.subject_id = n.subject`,
      [id, made.map(({ subject }) => subject), made.map(({ decision }) => decision.id)],
    )
    await deps.log.appendIn(client, [{ kind: 'create', decisions: made.map(({ decision }) => decision), at: now }])
    return made.length
  })) ?? 0

/** Its decisions that end soon, of members who have not come back yet. */
const SOON = `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE lifted_at IS NULL AND expires_at > $2 AND expires_at < $3 AND (
  id = (SELECT decision_id FROM reset_campaigns WHERE id = $1)
  OR id IN (SELECT decision_id FROM reset_members WHERE campaign_id = $1 AND done_at IS NULL AND decision_id IS NOT NULL)) LIMIT ${BATCH}`

/**
 * Keeps what a campaign decided in force until everybody has come back, and counts those as released whose decision somebody took back by
 * hand; the decision on everybody taken back is the campaign cancelled. Answers how many were extended.
 */
export const keepAlive = async (deps: StepDeps, id: string): Promise<number> =>
  (await stepOf(deps, id, async (client, row) => {
    const now = deps.clock()
    await client.query(
      `UPDATE reset_members m SET done_at = d.lifted_at FROM decisions d
       WHERE m.campaign_id = $1 AND m.done_at IS NULL AND d.id = m.decision_id AND d.lifted_at IS NOT NULL`,
      [id],
    )
    const { rows: over } = await client.query(
      'UPDATE reset_campaigns c SET state = $3, ended_at = $2 FROM decisions d WHERE c.id = $1 AND d.id = c.decision_id AND d.lifted_at IS NOT NULL RETURNING c.id',
      [id, now, 'cancelled'],
    )
    if (over.length > 0) return 0
    const { rows } = await client.query<DecisionRow>(SOON, [row.id, now, now + EXTEND_BEFORE_MS])
    const decisions = rows.map((each) => Object.assign(openDecision(deps.vault, each), { expiresAt: now + KEEPS_MS }))
    if (decisions.length > 0) await deps.log.appendIn(client, [{ kind: 'extend', decisions, at: now }])
    return decisions.length
  })) ?? 0

/** Ends a campaign that everybody has come back from; true when it did. */
export const finish = async (deps: StepDeps, id: string): Promise<boolean> =>
  (await stepOf(deps, id, async (client) => {
    const { rowCount } = await client.query(
      `UPDATE reset_campaigns SET state = 'done', ended_at = $2 WHERE id = $1
       AND NOT EXISTS (SELECT 1 FROM reset_members WHERE campaign_id = $1 AND done_at IS NULL)`,
      [id, deps.clock()],
    )
    return (rowCount ?? 0) > 0
  })) ?? false

/** Takes back everything that a campaign which has ended decided, in batches; mails that wait are not sent any more. */
export const liftAll = async (deps: StepDeps, id: string, by: Author, reason: string): Promise<void> => {
  const { clock } = deps
  for (let left = true; left;) {
    left = await transaction(deps.database.pool, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        `SELECT d.id FROM decisions d WHERE d.lifted_at IS NULL AND d.expires_at > $2 AND (
           d.id = (SELECT decision_id FROM reset_campaigns WHERE id = $1)
           OR d.id IN (SELECT decision_id FROM reset_members WHERE campaign_id = $1)) ORDER BY d.id LIMIT ${BATCH}`,
        [id, clock()],
      )
      if (rows.length > 0) {
        await deps.log.appendIn(client, [{ kind: 'lift', ids: rows.map((row) => row.id), by, reason, at: clock() }])
        return true
      }
      await client.query(`UPDATE reset_members SET mail = 'none' WHERE campaign_id = $1 AND mail = 'queued'`, [id])
      await client.query('UPDATE reset_campaigns SET lifted = true WHERE id = $1', [id])
      return false
    })
  }
}

/** A mail that is to be sent now, and the try that it is. */
export type ClaimedMail = { readonly campaign: string; readonly subject: string; readonly attempt: number; readonly mail: OutgoingMail }

type MailRow = {
  readonly subject_id: string
  readonly sealed: string
  readonly source_name: string
  readonly reset_url: string | null
  readonly mail_attempts: number
}

/**
 * Takes the next mail of a campaign that its pace allows; undefined when there is none now. It counts as being sent before it is: what a kill
 * leaves like that goes out again under the same id, since nobody knows whether the mail server had it.
 */
export const claimMail = (deps: StepDeps, id: string): Promise<ClaimedMail | undefined> =>
  stepOf(deps, id, async (client, row) => {
    const now = deps.clock()
    if (row.next_mail_at > now) return undefined
    const { rows } = await client.query<MailRow>(
      `UPDATE reset_members m SET mail = 'sending', mail_attempts = m.mail_attempts + 1, mail_at = $3
       FROM subjects s LEFT JOIN sources o ON o.id = s.source_id
       WHERE s.id = m.subject_id AND m.campaign_id = $1 AND m.subject_id = (SELECT subject_id FROM reset_members
         WHERE campaign_id = $1 AND mail IN ('queued', 'sending') AND mail_at <= $2 AND done_at IS NULL ORDER BY mail_at, subject_id LIMIT 1)
       RETURNING m.subject_id, s.sealed, s.source_name, o.reset_url, m.mail_attempts`,
      [id, now, now + IN_DOUBT_MS],
    )
    const [member] = rows
    if (member === undefined) return undefined
    await client.query('UPDATE reset_campaigns SET next_mail_at = $2 WHERE id = $1', [id, nextMailAt(row, now)])
    const { email } = openPerson(deps.vault, { id: member.subject_id, sealed: member.sealed })
    if (email === undefined) {
      await client.query(`UPDATE reset_members SET mail = 'no_address' WHERE campaign_id = $1 AND subject_id = $2`, [id, member.subject_id])
      return undefined
    }
    const mail = resetMail({ campaign: id, subject: member.subject_id, to: email, site: member.source_name, url: member.reset_url })
    return { campaign: id, subject: member.subject_id, attempt: member.mail_attempts, mail }
  })

/** Notes what became of a mail. One that may work later waits longer each time, and fails for good after five tries. */
export const noteMail = async (
  deps: StepDeps,
  claimed: Pick<ClaimedMail, 'campaign' | 'subject' | 'attempt'>,
  result: { readonly ok: true } | { readonly ok: false; readonly retry: boolean },
): Promise<void> => {
  const { campaign, subject, attempt } = claimed
  const again = !result.ok && result.retry && attempt < MOST_ATTEMPTS
  await deps.database.pool.query(
    `UPDATE reset_members SET mail = $4, mail_at = $5 WHERE campaign_id = $1 AND subject_id = $2 AND mail = 'sending' AND mail_attempts = $3`,
    [campaign, subject, attempt, result.ok ? 'sent' : again ? 'queued' : 'failed', again ? deps.clock() + MINUTE * 2 ** (attempt - 1) : 0],
  )
}
