import { type Decision, MINUTE, ParapetError, type StoredEvent, uuidv7 } from '@parapet/core'
import { responseTargets } from '@parapet/respond'
import type { PoolClient } from 'pg'
import type { AppendLog } from '../../db/append-log/index.js'
import { transaction } from '../../db/pools.js'
import type { Vault } from '../../vault/index.js'
import type { AlertChange } from '../alerts/alert-log.js'
import type { DecisionChange } from '../decisions/decision-log.js'
import { CURRENT_COLUMNS, type DecisionRow, LOG_COLUMNS, openDecision } from '../decisions/sealed-decision.js'
import { dayOf, storedId } from '../events/event-row.js'
import { type Collected, type CollectedAlert, collectAlerts, reasonOf } from './collect.js'
import { moveCursor, saveState } from './state.js'
import type { BatchReport, DetectionDeps, RunState } from './types.js'

/** Why an event is passed over: it could not be written, or its seal is broken. `reason` holds nothing of what it says. */
export type PassedOver = { readonly stage: 'commit' | 'open'; readonly reason: string }

/** The logs that detection writes. */
export type DetectionLogs = {
  readonly alerts: AppendLog<AlertChange, number>
  readonly decisions: AppendLog<DecisionChange, readonly Decision[]>
}

/** Takes up what others decided or lifted since the last batch, and puts out what has ended: it would count against the bounds for ever. */
const refreshHeld = async (client: PoolClient, vault: Pick<Vault, 'open'>, run: RunState, now: number): Promise<void> => {
  const { rows } = await client.query<DecisionRow>({
    name: 'detection-held',
    text: `SELECT ${LOG_COLUMNS} FROM decision_log WHERE revision > $1 ORDER BY revision`,
    values: [run.held.revision],
  })
  for (const row of rows) run.held.apply(openDecision(vault, row))
  if (Math.abs(now - run.sweptAt) < MINUTE) return
  run.held.sweep(now)
  run.sweptAt = now
}

const readHistory = async (client: PoolClient, vault: Pick<Vault, 'open'>, targets: readonly string[]): Promise<readonly Decision[]> => {
  const { rows } = await client.query<DecisionRow>({
    name: 'detection-history',
    text: `SELECT ${CURRENT_COLUMNS} FROM decisions d WHERE EXISTS (SELECT 1 FROM unnest($1::inet[]) AS t (range) WHERE d.target_range && t.range) ORDER BY created DESC LIMIT 1000`,
    values: [targets],
  })
  return rows.map((row) => openDecision(vault, row))
}

const respondTo = async (
  client: PoolClient,
  deps: DetectionDeps,
  logs: DetectionLogs,
  run: RunState,
  entry: CollectedAlert,
  now: number,
): Promise<number> => {
  const targets = responseTargets(entry.alert).map((target) => target.value)
  const verdict = deps.respond({
    alert: entry.alert,
    policies: deps.policies,
    protectedTargets: deps.protectedTargets,
    held: run.held,
    budget: run.budget,
    history: targets.length === 0 ? [] : await readHistory(client, deps.vault, targets),
    now,
    newId: deps.newId ?? ((): string => uuidv7(now)),
    ...(deps.rulesRespond === undefined ? {} : { rulesRespond: deps.rulesRespond }),
  })
  run.budget = verdict.budget
  const changes: DecisionChange[] = []
  if (verdict.decisions.length > 0) changes.push({ kind: 'create', decisions: verdict.decisions, at: now })
  if (verdict.extended.length > 0) changes.push({ kind: 'extend', decisions: verdict.extended, at: now })
  if (changes.length === 0) return 0
  const written = (await logs.decisions.appendIn(client, changes)).flat()
  for (const decision of written) run.held.apply(decision)
  return written.length
}

/** The stored events behind a new alert, also those of earlier batches: the alert names them by id. */
const earlierEvents = async (
  client: PoolClient,
  entries: readonly CollectedAlert[],
): Promise<ReadonlyMap<string, AlertChange['events'][number] & { readonly source: readonly [string, string] }>> => {
  const ids = new Set(entries.filter((entry) => entry.fired).flatMap((entry) => entry.alert.events.map((ref) => storedId(String(ref)))))
  if (ids.size === 0) return new Map()
  const { rows } = await client.query<{ id: string; sequence: number; received_at: number; source_id: string; source_name: string }>({
    name: 'detection-events',
    text: 'SELECT id, sequence, received_at, source_id, source_name FROM events WHERE id = ANY ($1)',
    values: [[...ids]],
  })
  return new Map(
    rows.map((row) => [
      row.id,
      { id: row.id, sequence: row.sequence, day: dayOf(row.received_at), source: [row.source_id, row.source_name] },
    ]),
  )
}

const writeAlerts = async (client: PoolClient, logs: DetectionLogs, collected: Collected, now: number): Promise<void> => {
  const earlier = await earlierEvents(client, collected.alerts)
  const changes = collected.alerts.map((entry): AlertChange => {
    const linked = new Map(entry.events.map((event) => [event.sequence, event]))
    const sources = new Map(entry.sources)
    if (entry.fired)
      for (const ref of entry.alert.events) {
        const event = earlier.get(storedId(String(ref)))
        if (event === undefined) continue
        linked.set(event.sequence, event)
        sources.set(...event.source)
      }
    return {
      alert: entry.alert,
      at: now,
      sources: [...sources].map(([id, name]) => ({ id, name })),
      demo: entry.demo,
      events: [...linked.values()],
    }
  })
  await logs.alerts.appendIn(client, changes)
}

/**
 * Processes a batch: alerts, their events, decisions, the engine's state and the cursor are committed together or not at all.
 * After any error the run's state is ahead of the database and has to be thrown away. Errors: `PPT_CONFLICT` when another
 * worker has moved the cursor; `PPT_DATABASE_UNAVAILABLE`.
 */
export const commitBatch = async (
  deps: DetectionDeps,
  logs: DetectionLogs,
  run: RunState,
  events: readonly StoredEvent[],
  skip: ReadonlyMap<number, PassedOver>,
): Promise<BatchReport> => {
  const started = performance.now()
  const last = events.at(-1)
  if (last === undefined) return { events: 0, alerts: 0, decisions: 0, failures: 0, ms: 0 }
  const collected = collectAlerts(run.engine, events, new Set(skip.keys()))
  const dirty = run.engine.takeDirty()
  const now = deps.clock()
  let decisions = 0
  let failures = collected.failures.length + events.filter((event) => skip.has(event.sequence)).length
  await transaction(deps.database.pool, async (client) => {
    if (!(await moveCursor(client, run.position, last.sequence, now))) throw new ParapetError('PPT_CONFLICT', 'another worker detects')
    const budgetBefore = run.budget
    if (collected.alerts.length > 0) {
      await refreshHeld(client, deps.vault, run, now)
      for (const entry of collected.alerts) {
        try {
          await client.query('SAVEPOINT respond')
          decisions += await respondTo(client, deps, logs, run, entry, now)
          await client.query('RELEASE SAVEPOINT respond')
        } catch (error) {
          // the alert must be seen even when the answer to it fails; a broken connection fails here again and ends the batch
          await client.query('ROLLBACK TO SAVEPOINT respond')
          deps.log.error({ alert: entry.alert.id, rule: entry.alert.rule.id, reason: reasonOf(error) }, 'an alert could not be answered')
          failures++
        }
      }
      await writeAlerts(client, logs, collected, now)
    }
    await saveState(client, deps.vault, dirty, run.budget === budgetBefore ? undefined : run.budget)
    const passed = [
      ...collected.failures,
      ...events.flatMap((event) => {
        const why = skip.get(event.sequence)
        return why === undefined ? [] : [{ sequence: event.sequence, eventId: event.id, ...why }]
      }),
    ]
    for (const { sequence, eventId, stage, reason } of passed)
      await client.query('INSERT INTO detection_failures (sequence, event_id, at, stage, reason) VALUES ($1, $2, $3, $4, $5)', [
        sequence,
        eventId,
        now,
        stage,
        reason,
      ])
  })
  run.position = last.sequence
  return { events: events.length, alerts: collected.alerts.length, decisions, failures, ms: performance.now() - started }
}
