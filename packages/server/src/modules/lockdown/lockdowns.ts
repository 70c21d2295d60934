import {
  type Author,
  type Clock,
  type Decision,
  formatDuration,
  type Lockdown,
  type LockdownMode,
  ParapetError,
  type PersonRef,
  uuidv7,
} from '@parapet/core'
import {
  confirmLockdown,
  lapseLockdown,
  lockdownDecision,
  type LockdownPlan,
  type LockdownPlanFacts,
  planLockdown,
  POLICY_LOCKDOWN,
  UNCONFIRMED_LOCKDOWN,
} from '@parapet/respond'
import type { PoolClient } from 'pg'
import type { AppendLog } from '../../db/append-log/index.js'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Cell, Vault } from '../../vault/index.js'
import { type DecisionChange } from '../decisions/decision-log.js'
import type { Incidents } from '../incidents/index.js'
import type { Notifications } from '../notifications/index.js'
import type { Lockdowns, LockdownStarter, LockdownWish } from './types.js'

/** Lockdowns that are shown. */
const LATEST = 20

/** Why it was begun, and where it was begun or last confirmed from: whoever answers for it is let in. */
type Words = { readonly reason: string; readonly from: string | null }

/** Where the words of a lockdown are sealed. */
export const lockdownCell = (id: string): Cell => ({ table: 'lockdowns', column: 'sealed', row: [id], type: 'json' })

type Row = {
  readonly id: string
  readonly decision_id: string
  readonly mode: LockdownMode
  readonly by_id: string
  readonly by_name: string
  readonly incident_id: string | null
  readonly started_at: number
  readonly ends_at: number
  readonly confirmations: number
  readonly holds_ms: number
  readonly ended_at: number | null
  readonly ended_why: Lockdown['endedWhy']
  readonly sealed: string
}

/** What a lockdown is planned from, whoever asks for it. */
type LockdownFacts = Omit<LockdownPlanFacts, 'mode' | 'durationMs' | 'operatorAddress' | 'lastHour' | 'now'>

/** What lockdowns are built from. */
type LockdownDeps = {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Pick<Vault, 'open' | 'seal'>
  readonly clock: Clock
  readonly decisionLog: Pick<AppendLog<DecisionChange, readonly Decision[]>, 'appendIn'>
  /** who gets in all the same now; `held` are decisions on the address of the one who asks */
  readonly facts: (address: string | undefined) => Promise<LockdownFacts>
  /** what came in within the last hour, as far as it is looked at */
  readonly lastHour: () => Promise<LockdownPlanFacts['lastHour']>
  readonly notifications: Pick<Notifications, 'enqueueIn'>
  readonly incidents: Pick<Incidents, 'appendIn'>
}

const WORDS: Readonly<Record<LockdownMode, string>> = {
  read_only: 'nothing may be changed',
  known_users: 'only users who were signed in, or prove a second factor, get in',
  allow_list: 'only listed addresses get in',
  all: 'nobody but those who run it gets in',
}

const ENDED: Readonly<Record<NonNullable<Lockdown['endedWhy']>, string>> = {
  ended: 'It was ended',
  not_confirmed: 'It ended by itself: nobody confirmed it',
  confirmation_lapsed: 'It ended by itself: its confirmation lapsed',
}

const nameOf = ({ id, name }: Author): string => name ?? id
const personOf = (author: Author): PersonRef => ({ id: author.id, name: nameOf(author) })

const sameRanges = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && new Set([...a, ...b]).size === a.length

/** Creates the module, and what a policy starts one with. */
export const createLockdowns = (deps: LockdownDeps): Lockdowns & LockdownStarter => {
  const { database, vault, clock, decisionLog, notifications, incidents } = deps
  const { pool } = database

  const wordsOf = (row: Pick<Row, 'id' | 'sealed'>): Words => JSON.parse(vault.open(row.sealed, lockdownCell(row.id))) as Words
  const sealWords = (id: string, words: Words): string => vault.seal(JSON.stringify(words), lockdownCell(id))
  /** As it stands now: its decision ends at its time, whether somebody has written that down or not. */
  const toLockdown = (row: Row): Lockdown =>
    lapseLockdown(
      {
        id: row.id,
        mode: row.mode,
        reason: wordsOf(row).reason,
        by: { id: row.by_id, name: row.by_name },
        incidentId: row.incident_id,
        startedAt: row.started_at,
        endsAt: row.ends_at,
        confirmations: row.confirmations,
        holdsMs: row.holds_ms,
        endedAt: row.ended_at,
        endedWhy: row.ended_why,
        decisionId: row.decision_id,
      },
      clock(),
    )
  /** Null for one whose address is not known; undefined for a policy. */
  const planFor = async (wish: LockdownWish, operatorAddress: string | null | undefined, withTraffic = false): Promise<LockdownPlan> =>
    planLockdown({
      ...(await deps.facts(operatorAddress ?? undefined)),
      lastHour: withTraffic ? await deps.lastHour() : [],
      mode: wish.mode,
      durationMs: wish.durationMs,
      ...(operatorAddress === undefined ? {} : { operatorAddress }),
      now: clock(),
    })
  const assertSafe = ({ preflight }: LockdownPlan): void => {
    if (!preflight.ok) throw Object.assign(new ParapetError('PPT_CONFLICT', preflight.problems.join(' ')), { extensions: { preflight } })
  }
  const tell = async (client: PoolClient, lockdown: Lockdown, what: string, by: PersonRef | null, at: number): Promise<void> => {
    await notifications.enqueueIn(client, {
      kind: 'lockdown',
      level: 'critical',
      title: `Lockdown: ${what}`,
      text: `${WORDS[lockdown.mode]}. ${lockdown.reason}`.replace(/^./, (first) => first.toUpperCase()),
      href: '/',
      audience: 'administrators',
      key: `lockdown:${lockdown.id}:${lockdown.confirmations}:${lockdown.endedWhy ?? 'holds'}`,
    })
    if (lockdown.incidentId === null) return
    const ref = `${lockdown.id}:${lockdown.confirmations}:${lockdown.endedWhy ?? 'holds'}`
    await incidents.appendIn(client, lockdown.incidentId, { kind: 'lockdown', text: `Lockdown: ${what}.`, ref, by, at })
  }
  /** Whoever starts, confirms, ends or records one waits for the others: by the lock of the log of decisions, which all of them write. */
  const wait = (client: PoolClient): Promise<unknown> => decisionLog.appendIn(client, [])
  const alone = <T>(work: (client: PoolClient) => Promise<T>): Promise<T> =>
    transaction(pool, async (client) => {
      await wait(client)
      return work(client)
    })
  const close = (client: PoolClient, { id }: Pick<Row, 'id'>, at: number, why: NonNullable<Lockdown['endedWhy']>): Promise<unknown> =>
    client.query('UPDATE lockdowns SET ended_at = $2, ended_why = $3 WHERE id = $1', [id, at, why])
  /** Writes down what has ended by itself, and answers the one that is in force. */
  const settle = async (client: PoolClient): Promise<Row | undefined> => {
    const { rows } = await client.query<Row>('SELECT * FROM lockdowns WHERE ended_at IS NULL FOR UPDATE')
    const [open] = rows
    if (open === undefined) return undefined
    const lockdown = toLockdown(open)
    if (lockdown.endedAt === null || lockdown.endedWhy === null) return open
    await close(client, open, lockdown.endedAt, lockdown.endedWhy)
    await tell(client, lockdown, ENDED[lockdown.endedWhy], null, lockdown.endedAt)
    return undefined
  }
  const inForce = async (client: PoolClient): Promise<Row> => {
    const open = await settle(client)
    if (open === undefined) throw new ParapetError('PPT_NOT_FOUND', 'there is no lockdown')
    return open
  }

  const insert = async (
    client: PoolClient,
    wish: LockdownWish & {
      readonly reason: string
      readonly incidentId: string | null
      readonly from: string | null
      readonly alertId?: string
    },
    plan: LockdownPlan,
    author: Author,
    times: { readonly at: number; readonly endsAt: number },
  ): Promise<{ readonly lockdown: Lockdown; readonly decision: Decision }> => {
    const { at, endsAt } = times
    const { mode, reason, durationMs, incidentId, from, alertId } = wish
    const about = alertId === undefined ? {} : { alertId }
    const asked = lockdownDecision({ plan, mode, reason, author, ...about, startsAt: at, endsAt, newId: () => uuidv7(at) })
    const id = uuidv7(at)
    const { rows } = await client.query<Row>(
      `INSERT INTO lockdowns (id, decision_id, mode, by_id, by_name, incident_id, started_at, ends_at, holds_ms, sealed)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *`,
      [
        id,
        asked.id,
        mode,
        author.id,
        author.name ?? author.id,
        incidentId,
        at,
        asked.expiresAt,
        durationMs,
        sealWords(id, { reason: asked.reason, from }),
      ],
    )
    const written = (await decisionLog.appendIn(client, [{ kind: 'create', decisions: [asked], at }])).flat()
    if (rows[0] === undefined || written[0] === undefined) throw new Error('a lockdown was written and not returned')
    return { lockdown: toLockdown(rows[0]), decision: written[0] }
  }

  return {
    view: async () => {
      const { rows } = await pool.query<Row>('SELECT * FROM lockdowns ORDER BY started_at DESC, id DESC LIMIT $1', [LATEST])
      const all = rows.map(toLockdown)
      return { current: all.find(({ endedAt }) => endedAt === null) ?? null, latest: all }
    },
    preflight: async (wish, address) => (await planFor(wish, address ?? null, true)).preflight,
    start: async ({ reason, incidentId, ...wish }, { by, address }) => {
      const plan = await planFor(wish, address ?? null)
      assertSafe(plan)
      return alone(async (client) => {
        if ((await settle(client)) !== undefined)
          throw new ParapetError('PPT_CONFLICT', 'a lockdown is in force already: confirm it, or end it first')
        const at = clock()
        const times = { at, endsAt: at + Math.min(UNCONFIRMED_LOCKDOWN, wish.durationMs) }
        const asked = { ...wish, reason, incidentId: incidentId ?? null, from: address ?? null }
        const { lockdown } = await insert(client, asked, plan, by, times)
        await tell(
          client,
          lockdown,
          `started by ${nameOf(by)}, ends in ${formatDuration(times.endsAt - at)} unless it is confirmed`,
          personOf(by),
          at,
        )
        return lockdown
      })
    },
    confirm: async ({ by, address }) => {
      const current = (await pool.query<Row>('SELECT * FROM lockdowns WHERE ended_at IS NULL')).rows[0]
      if (current === undefined) throw new ParapetError('PPT_NOT_FOUND', 'there is no lockdown')
      const plan = await planFor({ mode: current.mode, durationMs: current.holds_ms }, address ?? null)
      assertSafe(plan)
      return alone(async (client) => {
        const open = await inForce(client)
        const at = clock()
        const { endsAt, confirmations } = confirmLockdown(toLockdown(open), at)
        await decisionLog.appendIn(client, [{ kind: 'lockdown', id: open.decision_id, expiresAt: endsAt, allow: plan.allow, at }])
        const sealed = sealWords(open.id, { ...wordsOf(open), from: address ?? null })
        await client.query('UPDATE lockdowns SET ends_at = $2, confirmations = $3, sealed = $4 WHERE id = $1', [
          open.id,
          endsAt,
          confirmations,
          sealed,
        ])
        const lockdown = toLockdown({ ...open, ends_at: endsAt, confirmations })
        await tell(client, lockdown, `confirmed by ${nameOf(by)}, holds for another ${formatDuration(open.holds_ms)}`, personOf(by), at)
        return lockdown
      })
    },
    end: async ({ by }, reason) =>
      alone(async (client) => {
        const open = await inForce(client)
        const at = clock()
        await decisionLog.appendIn(client, [{ kind: 'lift', ids: [open.decision_id], by, reason, at }])
        await close(client, open, at, 'ended')
        const lockdown = toLockdown({ ...open, ended_at: at, ended_why: 'ended' })
        await tell(client, lockdown, `ended by ${nameOf(by)}`, personOf(by), at)
        return lockdown
      }),
    sweep: async () => {
      const { rows } = await pool.query<Row>('SELECT * FROM lockdowns WHERE ended_at IS NULL')
      const [current] = rows
      if (current === undefined) return 0
      const { allow } = await planFor({ mode: current.mode, durationMs: current.holds_ms }, wordsOf(current).from ?? undefined)
      return alone(async (client) => {
        const open = await settle(client)
        if (open === undefined) return 0
        const held = await client.query<{ allow: readonly string[] | null; lifted: boolean }>(
          `SELECT body -> 'lockdown' -> 'allow' AS allow, lifted_at IS NOT NULL AS lifted FROM decisions WHERE id = $1`,
          [open.decision_id],
        )
        if (held.rows[0]?.lifted === true) {
          // taken back as a decision: the record follows
          await close(client, open, clock(), 'ended')
          return 0
        }
        if (sameRanges(held.rows[0]?.allow ?? [], allow)) return 0
        const change: DecisionChange = { kind: 'lockdown', id: open.decision_id, expiresAt: open.ends_at, allow, at: clock() }
        return (await decisionLog.appendIn(client, [change])).flat().length
      })
    },
    startIn: async (client, { mode, durationMs, reason, policy, incidentId, alertId, at }) => {
      const holds = Math.min(durationMs, POLICY_LOCKDOWN)
      const plan = await planFor({ mode, durationMs: holds }, undefined)
      await wait(client)
      if (!plan.preflight.ok || (await settle(client)) !== undefined) return undefined
      // an alert that goes on must not begin again what a person has ended, or nobody confirmed
      const before = await client.query(`SELECT 1 FROM decisions WHERE alert_id = $1 AND body ->> 'action' = 'lockdown'`, [alertId])
      if (before.rows.length > 0) return undefined
      const wish = { mode, durationMs: holds, reason, incidentId, from: null, alertId }
      const { lockdown, decision } = await insert(client, wish, plan, { kind: 'policy', ...policy }, { at, endsAt: at + holds })
      await tell(
        client,
        lockdown,
        `started by the policy ${policy.name}, ends in ${formatDuration(holds)} unless it is confirmed`,
        null,
        at,
      )
      return decision
    },
  }
}
