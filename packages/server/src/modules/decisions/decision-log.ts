import { type Author, type Decision, formatRange, isActive, ParapetError, parseRange } from '@parapet/core'
import { lift, type NewDecision, rangeOfTarget } from '@parapet/respond'
import type { PoolClient } from 'pg'
import { type AppendLog, createAppendLog, type Written } from '../../db/append-log/index.js'
import { codeOf } from '../../db/errors.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision, sealDecision } from './sealed-decision.js'

/** One change of the log: new decisions, the same ones with a later end, some taken back, or a lockdown with another end or allow-list. Times in ms UTC. */
export type DecisionChange =
  | { readonly kind: 'create'; readonly decisions: readonly NewDecision[]; readonly at: number }
  | { readonly kind: 'lockdown'; readonly id: string; readonly expiresAt: number; readonly allow: readonly string[]; readonly at: number }
  | { readonly kind: 'extend'; readonly decisions: readonly NewDecision[]; readonly at: number }
  | { readonly kind: 'lift'; readonly ids: readonly string[]; readonly by: Author; readonly reason: string; readonly at: number }

const INSERT_LOG = {
  name: 'decisions-log',
  text: 'INSERT INTO decision_log (revision, decision_id, at, body, form) SELECT *, 1 FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::json[])',
}
const UPSERT = {
  name: 'decisions-upsert',
  text: `INSERT INTO decisions (id, revision, created, target_value, target_range, starts_at, expires_at, lifted_at, alert_id, batch, body, form)
    SELECT id, revision, revision, target_value, target_range, starts_at, expires_at, lifted_at, alert_id, batch, body, 1
    FROM unnest($1::text[], $2::bigint[], $3::text[], $4::inet[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::json[])
      AS d (id, revision, target_value, target_range, starts_at, expires_at, lifted_at, alert_id, batch, body)`,
}
const ON_CONFLICT = ` ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, expires_at = excluded.expires_at, lifted_at = excluded.lifted_at, body = excluded.body,
  target_value = excluded.target_value, form = 1`

/** The range that a decision's target stands for, as text, for look-ups by address. */
const rangeText = (decision: NewDecision): string | null => {
  const range = rangeOfTarget(decision.target)
  return range === undefined ? null : formatRange(range)
}

const store = async (vault: Vault, client: PoolClient, decisions: readonly Decision[], at: number, isNew: boolean): Promise<void> => {
  if (decisions.length === 0) return
  const column = <T>(read: (decision: Decision) => T): T[] => decisions.map(read)
  const bodies = column((decision) => JSON.stringify(sealDecision(vault, decision)))
  const revisions = column((decision) => decision.revision)
  await client.query({ ...INSERT_LOG, values: [revisions, column((decision) => decision.id), column(() => at), bodies] })
  await client.query({
    name: isNew ? 'decisions-insert' : UPSERT.name,
    text: isNew ? UPSERT.text : UPSERT.text + ON_CONFLICT,
    values: [
      column((decision) => decision.id),
      revisions,
      column((decision) => vault.term('decisions.target', decision.target.value)),
      column(rangeText),
      column((decision) => decision.startsAt),
      column((decision) => decision.expiresAt),
      column((decision) => decision.lifted?.at ?? null),
      column((decision) => decision.alertId ?? null),
      column((decision) => decision.batch),
      bodies,
    ],
  })
}

const current = async (vault: Vault, client: PoolClient, ids: readonly string[]): Promise<readonly Decision[]> => {
  const { rows } = await client.query<DecisionRow>(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE id = ANY ($1) ORDER BY created`, [ids])
  return rows.map((row) => openDecision(vault, row))
}

const resolve = async (vault: Vault, client: PoolClient, change: DecisionChange): Promise<readonly NewDecision[]> => {
  if (change.kind === 'create') return change.decisions
  if (change.kind === 'lift') {
    const held = await current(vault, client, change.ids)
    // what ended by itself or was lifted before stays as it is: the record keeps who was first
    return held
      .filter((decision) => decision.lifted === undefined && decision.expiresAt > change.at)
      .map((decision) => lift(decision, change))
  }
  if (change.kind === 'lockdown')
    return (await current(vault, client, [change.id])).flatMap((decision) =>
      decision.lockdown !== undefined && isActive(decision, change.at)
        ? [{ ...decision, expiresAt: change.expiresAt, lockdown: { ...decision.lockdown, allow: change.allow } }]
        : [],
    )
  const held = new Map(
    (
      await current(
        vault,
        client,
        change.decisions.map((decision) => decision.id),
      )
    ).map((decision) => [decision.id, decision]),
  )
  // an operator may have lifted it in between: an extension never brings it back
  return change.decisions.flatMap((wanted) => {
    const decision = held.get(wanted.id)
    return decision !== undefined && isActive(decision, change.at) && decision.expiresAt < wanted.expiresAt
      ? [{ ...decision, expiresAt: wanted.expiresAt }]
      : []
  })
}

const write = async (
  vault: Vault,
  client: PoolClient,
  changes: readonly DecisionChange[],
  before: number,
): Promise<Written<readonly Decision[]>> => {
  let head = before
  const results: (readonly Decision[])[] = []
  for (const change of changes) {
    const decisions: Decision[] = []
    for (const decision of await resolve(vault, client, change)) decisions.push({ ...decision, revision: ++head })
    try {
      await store(vault, client, decisions, change.at, change.kind === 'create')
    } catch (error) {
      if (codeOf(error) === '23505') throw new ParapetError('PPT_CONFLICT', 'there is a decision with this id already', { cause: error })
      throw error
    }
    results.push(decisions)
  }
  return { head, results }
}

/** The log of decisions: every change is a new row with a rising revision, and the table of current ones moves with it. */
export const createDecisionLog = (database: Pick<Database, 'pool'>, vault: Vault): AppendLog<DecisionChange, readonly Decision[]> =>
  createAppendLog(
    {
      name: 'decisions',
      write: (client, changes, before) => write(vault, client, changes, before),
      weight: (change) => (change.kind === 'lockdown' ? 1 : change.kind === 'lift' ? change.ids.length : change.decisions.length),
      maxQueued: 10_000,
    },
    database,
  )

/** A target as text for look-ups: canonical where it is an address or a range, else as it is. */
export const lookupRange = (value: string): string | null => {
  const range = parseRange(value)
  return range === undefined ? null : formatRange(range)
}
