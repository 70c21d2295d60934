import { setImmediate as breathe } from 'node:timers/promises'
import { addressKey, type Alert, type Clock, DAY, formatRange, MINUTE } from '@parapet/core'
import { type AlertFacts, NO_FACTS, rangeOfTarget, type RuleRecord, type Target } from '@parapet/respond'
import type { Pool } from 'pg'
import type { Vault } from '../../vault/index.js'
import { openAlert } from '../alerts/sealed-alert.js'
import { type DecisionRow, openDecision, CURRENT_COLUMNS } from '../decisions/sealed-decision.js'
import { readAlertFacts } from '../detection/index.js'
import { dayOf } from '../events/event-row.js'

/** Alerts of a preview, those read at once, and those whose events are looked at. */
const ALERTS = 20_000
const PAGE = 500
const WITH_EVENTS = 2_000
/** Events that are looked through for sign-ins, and decisions that are counted. */
const EVENTS = 50_000
const DECISIONS = 50_000

/** An alert as a policy would be asked about it. `at`: when it was found, ms UTC. */
export type PastAlert = { readonly alert: Alert; readonly at: number; readonly facts: AlertFacts }

/** Who signed in of late, and from where: addresses by their key, users as the columns of events hold them. */
export type SignIns = { readonly has: (target: Target) => boolean }

/** What a policy did with one rule in the last seven days. */
export type Answered = { readonly enforced: number; readonly observed: number }

/** Reads what policies are judged by. */
export type PolicyHistory = {
  /** Alerts found since a moment, oldest first; the newest ones when there are too many, and then `whole` is false. */
  readonly alertsSince: (since: number) => Promise<{ readonly alerts: readonly PastAlert[]; readonly whole: boolean }>
  /** Remembered for a minute. */
  readonly signInsSince: (since: number) => Promise<SignIns>
  /** What became of the last seven days, by policy and rule. Remembered for a minute. */
  readonly record: () => Promise<{
    readonly answered: (policyId: string, ruleId: string) => Answered
    readonly of: (policyId: string, ruleId: string) => RuleRecord
  }>
}

/** The work of a call is kept for a minute: pages ask for it again and again. */
const remember = <T>(clock: Clock, work: () => Promise<T>): (() => Promise<T>) => {
  let held: { readonly at: number; readonly result: Promise<T> } | undefined
  return () => {
    if (held !== undefined && clock() - held.at < MINUTE) return held.result
    const result = work()
    held = { at: clock(), result }
    result.catch(() => {
      held = undefined
    })
    return result
  }
}

const pairKey = (policyId: string, ruleId: string): string => `${policyId}\n${ruleId}`

type Tally = { enforced: number; observed: number; stopped: number; signedIn: number }

/** Creates the reader. */
export const createPolicyHistory = (deps: { pool: Pool; vault: Pick<Vault, 'open' | 'terms'>; clock: Clock }): PolicyHistory => {
  const { pool, vault, clock } = deps

  const signInsSince = async (since: number): Promise<SignIns> => {
    const { rows } = await pool.query<{ address: string | null; user_id: string | null; user_name: string | null }>(
      `SELECT DISTINCT host(address) AS address, user_id, user_name
       FROM (SELECT address, user_id, user_name, body FROM events WHERE day >= $1 ORDER BY sequence DESC LIMIT ${EVENTS}) e
       WHERE body ->> 'event.category' = 'authentication' AND body ->> 'event.outcome' = 'success' LIMIT 20000`,
      [dayOf(since)],
    )
    const addresses = new Set(rows.flatMap(({ address }) => (address === null ? [] : [addressKey(address) ?? address])))
    const users = new Set(rows.flatMap((row) => [row.user_id, row.user_name].filter((term) => term !== null)))
    return {
      has: (target) => {
        if (target.kind === 'user')
          return users.has(target.value) || vault.terms('events.user', target.value).some((term) => users.has(term))
        const range = rangeOfTarget(target)
        return range !== undefined && addresses.has(formatRange(range))
      },
    }
  }

  const record = async (): ReturnType<PolicyHistory['record']> => {
    const now = clock()
    const since = now - 7 * DAY
    const [decisions, alerts, marked, signIns] = await Promise.all([
      pool.query<DecisionRow>(
        `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE starts_at >= $1 AND alert_id IS NOT NULL ORDER BY created DESC LIMIT ${DECISIONS}`,
        [since],
      ),
      pool.query<{ rule_id: string; first: number; alerts: number }>(
        'SELECT rule_id, min(detected_at) AS first, count(*) FILTER (WHERE detected_at >= $1)::int AS alerts FROM alerts GROUP BY rule_id',
        [since],
      ),
      pool.query<{ rule_id: string; marked: number }>(
        `SELECT rule_id, count(*)::int AS marked FROM triage_groups WHERE verdict = 'false_positive' AND last_at >= $1 GROUP BY rule_id`,
        [now - 14 * DAY],
      ),
      signInsSince(since),
    ])
    const tallies = new Map<string, Tally>()
    for (const [index, row] of decisions.rows.entries()) {
      if (index % PAGE === PAGE - 1) await breathe()
      const { author, rule, mode, lifted, target } = openDecision(vault, row)
      if (author.kind !== 'policy' || rule === undefined) continue
      const key = pairKey(author.id, rule.id)
      const tally = tallies.get(key) ?? { enforced: 0, observed: 0, stopped: 0, signedIn: 0 }
      tallies.set(key, tally)
      if (mode === 'enforce') tally.enforced++
      else tally.observed++
      if (lifted?.by.id === 'protected-targets') tally.stopped++
      if (mode === 'observe' && signIns.has(target)) tally.signedIn++
    }
    const alertsOf = new Map(alerts.rows.map((row) => [row.rule_id, row]))
    const markedOf = new Map(marked.rows.map((row) => [row.rule_id, row.marked]))
    return {
      answered: (policyId, ruleId) => {
        const tally = tallies.get(pairKey(policyId, ruleId))
        return { enforced: tally?.enforced ?? 0, observed: tally?.observed ?? 0 }
      },
      of: (policyId, ruleId) => {
        const tally = tallies.get(pairKey(policyId, ruleId))
        return {
          firstAt: alertsOf.get(ruleId)?.first ?? null,
          alerts: alertsOf.get(ruleId)?.alerts ?? 0,
          falsePositives: markedOf.get(ruleId) ?? 0,
          protectedHits: tally?.stopped ?? 0,
          observed: tally?.observed ?? 0,
          observedSignedIn: tally?.signedIn ?? 0,
        }
      },
    }
  }

  return {
    alertsSince: async (since) => {
      const found: PastAlert[] = []
      let before = Number.MAX_SAFE_INTEGER
      for (;;) {
        const { rows } = await pool.query<{ id: string; form: number; body: unknown; created: number; detected_at: number }>(
          'SELECT id, form, body, created, detected_at FROM alerts WHERE detected_at >= $1 AND created < $2 ORDER BY created DESC LIMIT $3',
          [since, before, PAGE],
        )
        for (const row of rows) {
          const alert = openAlert(vault, row)
          const facts = found.length < WITH_EVENTS ? await readAlertFacts(pool, vault, alert) : NO_FACTS
          found.push({ alert, at: row.detected_at, facts })
        }
        before = rows.at(-1)?.created ?? 0
        if (rows.length < PAGE || found.length >= ALERTS)
          return { alerts: found.slice(0, ALERTS).toReversed(), whole: rows.length < PAGE && found.length <= WITH_EVENTS }
        await breathe()
      }
    },
    signInsSince,
    record: remember(clock, record),
  }
}
