import { ASSESSMENT_FIELD, type Decision, MINUTE, uuidv7 } from '@parapet/core'
import { type BudgetState, targetsOf, type Verdict } from '@parapet/respond'
import type { PoolClient } from 'pg'
import type { AppendLog } from '../../db/append-log/index.js'
import type { Vault } from '../../vault/index.js'
import type { AlertChange } from '../alerts/alert-log.js'
import type { DecisionChange } from '../decisions/decision-log.js'
import { CURRENT_COLUMNS, type DecisionRow, LOG_COLUMNS, openDecision } from '../decisions/sealed-decision.js'
import { dayOf, storedId } from '../events/event-row.js'
import { readAlertFacts } from './alert-facts.js'
import { type Answer, carryOut } from './carry-out.js'
import { type CollectedAlert, reasonOf } from './collect.js'
import { readBudget, saveBudget } from './state.js'
import type { AnswerDeps, Held } from './types.js'

/** The logs that detection writes. */
export type DetectionLogs = {
  readonly alerts: AppendLog<AlertChange, number>
  readonly decisions: AppendLog<DecisionChange, readonly Decision[]>
}

/** What was made of alerts: decisions, answers that failed, and when the budget was last hit. */
export type Answered = { readonly decisions: number; readonly failures: number; readonly trippedAt: number | null }

/** Takes up what others decided or lifted since the last batch, and puts out what has ended: it would count against the bounds for ever. */
const refreshHeld = async (client: PoolClient, vault: Pick<Vault, 'open'>, held: Held, now: number): Promise<void> => {
  const { rows } = await client.query<DecisionRow>({
    name: 'detection-held',
    text: `SELECT ${LOG_COLUMNS} FROM decision_log WHERE revision > $1 ORDER BY revision`,
    values: [held.decisions.revision],
  })
  for (const row of rows) held.decisions.apply(openDecision(vault, row))
  if (Math.abs(now - held.sweptAt) < MINUTE) return
  held.decisions.sweep(now)
  held.sweptAt = now
}

/** Earlier decisions on these targets: addresses by range, everything else by what the column holds of its name. */
const readHistory = async (
  client: PoolClient,
  vault: Pick<Vault, 'open' | 'terms'>,
  targets: readonly Decision['target'][],
): Promise<readonly Decision[]> => {
  const isRange = ({ kind }: Decision['target']): boolean => kind === 'ip' || kind === 'cidr'
  const ranges = targets.filter(isRange).map(({ value }) => value)
  const names = targets.filter((target) => !isRange(target)).flatMap(({ value }) => vault.terms('decisions.target', value))
  const rows: DecisionRow[] = []
  if (ranges.length > 0)
    rows.push(
      ...(
        await client.query<DecisionRow>({
          name: 'detection-history',
          text: `SELECT ${CURRENT_COLUMNS} FROM decisions d WHERE EXISTS (SELECT 1 FROM unnest($1::inet[]) AS t (range) WHERE d.target_range && t.range) ORDER BY created DESC LIMIT 1000`,
          values: [ranges],
        })
      ).rows,
    )
  if (names.length > 0)
    rows.push(
      ...(
        await client.query<DecisionRow>({
          name: 'detection-history-names',
          text: `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE target_range IS NULL AND target_value = ANY ($1::text[]) ORDER BY created DESC LIMIT 1000`,
          values: [names],
        })
      ).rows,
    )
  return rows.map((row) => openDecision(vault, row))
}

/**
 * The assessment that an alert is part of as a whole: the events of this batch are, and so is every earlier one that it names. One event
 * without the mark, or one that is gone, makes it an attack like any other.
 */
const assessmentOf = async (client: PoolClient, entry: CollectedAlert): Promise<string | undefined> => {
  if (entry.assessment === false) return undefined
  const ids = [...new Set(entry.alert.events.map((ref) => storedId(String(ref))))]
  const { rows } = await client.query<{ marked: number }>({
    name: 'detection-assessment',
    text: 'SELECT count(DISTINCT id)::int AS marked FROM events WHERE id = ANY ($1) AND body ->> $2 IS NOT NULL',
    values: [ids, ASSESSMENT_FIELD],
  })
  return rows[0]?.marked === ids.length ? entry.assessment : undefined
}

/** What answers have left of the budget, within one transaction. */
type Purse = { budget: BudgetState }

/** What is asked for beside decisions, as a whole or not at all: a block must hold also when nobody can be told of it. */
const tryIntents = async (
  client: PoolClient,
  deps: AnswerDeps,
  { intents }: Verdict,
  answer: Answer,
): Promise<{ readonly decision?: Decision | undefined; readonly failed?: true }> => {
  if (intents === undefined) return {}
  await client.query('SAVEPOINT intents')
  try {
    const decision = await carryOut(client, deps.intents, intents, answer)
    await client.query('RELEASE SAVEPOINT intents')
    return { decision }
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT intents')
    const { id, rule } = answer.alert
    deps.log.error(
      { alert: id, rule: rule.id, reason: reasonOf(error) },
      'an alert was answered, but nobody could be told or no incident opened',
    )
    return { failed: true }
  }
}

const respondTo = async (
  client: PoolClient,
  deps: AnswerDeps,
  decided: DetectionLogs['decisions'],
  held: Held,
  purse: Purse,
  entry: CollectedAlert,
  now: number,
): Promise<Pick<Answered, 'decisions' | 'failures'>> => {
  const facts = await readAlertFacts(client, deps.vault, entry.alert)
  const traffic = deps.traffic.facts()
  const targets = targetsOf(entry.alert, facts)
  const lately = targets.flatMap((target) => traffic.of(target)?.mfaUsers ?? []).map((value) => ({ kind: 'user' as const, value }))
  const assessment = await assessmentOf(client, entry)
  const verdict = deps.respond({
    alert: entry.alert,
    policies: deps.policies(),
    protectedTargets: deps.protectedTargets,
    held: held.decisions,
    budget: purse.budget,
    history: await readHistory(client, deps.vault, [...targets, ...lately]),
    facts,
    traffic,
    now,
    newId: deps.newId ?? ((): string => uuidv7(now)),
    assessment,
    ...(deps.modes === undefined ? {} : { modes: deps.modes }),
    ...(deps.rulesRespond === undefined ? {} : { rulesRespond: deps.rulesRespond }),
  })
  purse.budget = verdict.budget
  // whoever looks at the alert has to know why nothing came of it
  const told = verdict.notes.find(({ kind }) => kind === 'assessment')
  if (told !== undefined) entry.alert = { ...entry.alert, why: `${entry.alert.why} ${told.detail}` }
  const changes: DecisionChange[] = []
  if (verdict.decisions.length > 0) changes.push({ kind: 'create', decisions: verdict.decisions, at: now })
  if (verdict.extended.length > 0) changes.push({ kind: 'extend', decisions: verdict.extended, at: now })
  const written = changes.length === 0 ? [] : (await decided.appendIn(client, changes)).flat()
  for (const decision of written) held.decisions.apply(decision)
  const { decision: begun, failed } = await tryIntents(client, deps, verdict, { alert: entry.alert, demo: entry.demo, written, now })
  if (begun !== undefined) held.decisions.apply(begun)
  return { decisions: written.length + (begun === undefined ? 0 : 1), failures: failed ? 1 : 0 }
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

const writeAlerts = async (client: PoolClient, logs: DetectionLogs, alerts: readonly CollectedAlert[], now: number): Promise<void> => {
  const earlier = await earlierEvents(client, alerts)
  const changes = alerts.map((entry): AlertChange => {
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
 * Decides on alerts and writes both, in a transaction of the caller. One worker at a time: the budget and what is held already must be
 * those of this moment. After an error `held` is ahead of the database and has to be read anew.
 */
export const answerAlerts = async (
  client: PoolClient,
  deps: AnswerDeps,
  logs: DetectionLogs,
  held: Held,
  alerts: readonly CollectedAlert[],
  now: number,
): Promise<Answered> => {
  const before = await readBudget(client, deps, true)
  const purse: Purse = { budget: before }
  let decisions = 0
  let failures = 0
  await refreshHeld(client, deps.vault, held, now)
  for (const entry of alerts) {
    try {
      await client.query('SAVEPOINT respond')
      const done = await respondTo(client, deps, logs.decisions, held, purse, entry, now)
      decisions += done.decisions
      failures += done.failures
      await client.query('RELEASE SAVEPOINT respond')
    } catch (error) {
      // the alert must be seen even when the answer to it fails; a broken connection fails here again and ends the batch
      await client.query('ROLLBACK TO SAVEPOINT respond')
      deps.log.error({ alert: entry.alert.id, rule: entry.alert.rule.id, reason: reasonOf(error) }, 'an alert could not be answered')
      failures++
    }
  }
  await writeAlerts(client, logs, alerts, now)
  if (purse.budget !== before) await saveBudget(client, deps.vault, purse.budget)
  return { decisions, failures, trippedAt: purse.budget.trippedAt }
}
