import { type Clock, LEVELS, type NotificationKind, type NotificationRoute, uuidv7 } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import { enabledChannels } from './channel-store.js'
import { type EscalationStep, joinLike, type LikeOne, type PlannedDelivery, planNotification, planStep } from './plan.js'
import { readRoutes } from './route-store.js'

/** One server plans at a time, and only for the moment of a batch: like ones find each other. */
const PLANNING = 7_274_412
const BATCH = 100

type Row = {
  readonly id: string
  readonly kind: NotificationKind
  readonly level: number
  readonly audience: 'security' | 'administrators'
  readonly like_key: string
  readonly held: boolean
  readonly planned_at: number | null
  readonly steps: readonly EscalationStep[] | null
}

/** What a batch is planned by. */
type Scene = {
  readonly client: PoolClient
  readonly routes: readonly NotificationRoute[]
  readonly channels: ReadonlyMap<string, string>
  readonly now: number
}

const addDeliveries = async (
  { client, channels, now }: Scene,
  id: string,
  step: number,
  planned: readonly PlannedDelivery[],
): Promise<void> => {
  await client.query(
    `INSERT INTO notification_deliveries (id, notification_id, channel_id, channel_name, step, due_at, created_at)
     SELECT n.id, $1, n.channel, n.name, $2, n.due, $3 FROM unnest($4::text[], $5::text[], $6::text[], $7::bigint[]) AS n (id, channel, name, due)
     ON CONFLICT (notification_id, channel_id, step) DO NOTHING`,
    [
      id,
      step,
      now,
      planned.map(() => uuidv7(now)),
      planned.map(({ channelId }) => channelId),
      planned.map(({ channelId }) => channels.get(channelId) ?? ''),
      planned.map(({ dueAt }) => dueAt),
    ],
  )
}

type Like = LikeOne & { readonly id: string }

/** The newest like one that heads a message; its deliveries are locked, so that none of them begins while something is put into it. */
const findLike = async ({ client }: Scene, { id, like_key }: Row): Promise<Like | undefined> => {
  const { rows } = await client.query<{ id: string; first_due_at: number | null }>(
    `SELECT id, first_due_at FROM notifications WHERE like_key = $1 AND leader_id IS NULL AND id <> $2
       AND (planned_at IS NOT NULL OR held) AND (acknowledged_at IS NULL OR planned_at IS NOT NULL) AND state <> 'no_route'
     ORDER BY place DESC LIMIT 1 FOR UPDATE`,
    [like_key, id],
  )
  const [like] = rows
  if (like === undefined) return undefined
  const { rows: deliveries } = await client.query<{ attempts: number }>(
    'SELECT attempts FROM notification_deliveries WHERE notification_id = $1 FOR UPDATE',
    [like.id],
  )
  return { id: like.id, firstDueAt: like.first_due_at ?? 0, begun: deliveries.some(({ attempts }) => attempts > 0) }
}

const planNew = async (scene: Scene, row: Row): Promise<void> => {
  const { client, routes, channels, now } = scene
  const { id, kind, audience } = row
  const level = LEVELS[row.level] ?? 'critical'
  const plan = planNotification({ kind, level, audience }, routes, new Set(channels.keys()), now)
  if (plan.kind === 'no_route') {
    await client.query(`UPDATE notifications SET state = 'no_route', due_at = NULL, planned_at = $2 WHERE id = $1`, [id, now])
    return
  }
  if (!row.held && plan.groupMs > 0) {
    const like = await findLike(scene, row)
    const verdict = joinLike(like, plan.groupMs, now)
    if (verdict.kind === 'join' && like !== undefined) {
      await client.query('UPDATE notifications SET count = count + 1 WHERE id = $1', [like.id])
      await client.query('UPDATE notifications SET leader_id = $2, due_at = NULL WHERE id = $1', [id, like.id])
      return
    }
    if (verdict.kind === 'hold') {
      await client.query('UPDATE notifications SET held = true, due_at = $2, group_ms = $3 WHERE id = $1', [
        id,
        verdict.until,
        plan.groupMs,
      ])
      return
    }
  }
  await addDeliveries(scene, id, 0, plan.deliveries)
  await client.query(
    `UPDATE notifications SET planned_at = $2, first_due_at = $3, group_ms = $4, state = $5, held = false, steps = $6, due_at = $7 WHERE id = $1`,
    [
      id,
      now,
      Math.min(...plan.deliveries.map(({ dueAt }) => dueAt)),
      plan.groupMs,
      plan.quiet ? 'quiet' : 'waiting',
      JSON.stringify(plan.steps),
      plan.steps[0]?.at ?? null,
    ],
  )
}

/** Nobody acknowledged in time: the next ones are told. */
const escalate = async (scene: Scene, row: Row): Promise<void> => {
  const { client, channels, now } = scene
  const [step, ...later] = row.steps ?? []
  const { rows } = await client.query<{ escalations: number }>(
    'UPDATE notifications SET escalations = escalations + 1, steps = $2, due_at = $3 WHERE id = $1 RETURNING escalations',
    [row.id, JSON.stringify(later), later[0]?.at ?? null],
  )
  if (step === undefined) return
  await addDeliveries(
    scene,
    row.id,
    rows[0]?.escalations ?? 1,
    planStep(LEVELS[row.level] ?? 'critical', step, new Set(channels.keys()), now),
  )
}

/**
 * Plans what is due: where new ones go, which of them are one message, who is told next when nobody acknowledged. Answers how many were looked
 * at, so that the caller goes on while it is a whole batch; 0 also while another server does it.
 */
export const planDue = (deps: { readonly pool: Pool; readonly clock: Clock }): Promise<number> =>
  transaction(deps.pool, async (client) => {
    const { rows: lock } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [PLANNING])
    if (lock[0]?.mine !== true) return 0
    const now = deps.clock()
    const { rows } = await client.query<Row>(
      `SELECT id, kind, level, audience, like_key, held, planned_at, steps FROM notifications WHERE due_at <= $1
       ORDER BY due_at, place LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      [now],
    )
    if (rows.length === 0) return 0
    const scene: Scene = { client, routes: await readRoutes(client), channels: await enabledChannels(client), now }
    for (const row of rows) await (row.planned_at === null ? planNew(scene, row) : escalate(scene, row))
    return rows.length
  })
