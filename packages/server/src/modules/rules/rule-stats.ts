import { type Clock, DAY, type RuleView } from '@parapet/core'
import type { Pool } from 'pg'

/** What became of the alerts of one rule. */
export type RuleStats = Pick<RuleView, 'alerts7d' | 'lastAlertAt' | 'verdicts' | 'precision'>

const NOTHING: RuleStats = { alerts7d: 0, lastAlertAt: null, verdicts: { truePositive: 0, falsePositive: 0, benign: 0 }, precision: null }

type Row = {
  readonly rule_id: string
  readonly alerts: number
  readonly last: number | null
  readonly true_positive: number
  readonly false_positive: number
  readonly benign: number
}

const toStats = ({ alerts, last, true_positive, false_positive, benign }: Row): RuleStats => {
  const judged = true_positive + false_positive + benign
  return {
    alerts7d: alerts,
    lastAlertAt: last,
    verdicts: { truePositive: true_positive, falsePositive: false_positive, benign },
    precision: judged === 0 ? null : true_positive / judged,
  }
}

/** Creates the reader of what rules did: nothing of it counts alerts. The seven days are those of UTC, today included. */
export const createRuleStats =
  (deps: { pool: Pool; clock: Clock }): ((ruleIds: readonly string[]) => Promise<(ruleId: string) => RuleStats>) =>
  async (ruleIds) => {
    const { rows } = await deps.pool.query<Row>(
      `WITH days AS (SELECT rule_id, sum(alerts)::int AS alerts FROM rule_days WHERE rule_id = ANY ($1) AND day > $2 GROUP BY rule_id),
         verdicts AS (SELECT rule_id, count(*) FILTER (WHERE verdict = 'true_positive')::int AS true_positive,
             count(*) FILTER (WHERE verdict = 'false_positive')::int AS false_positive, count(*) FILTER (WHERE verdict = 'benign')::int AS benign
           FROM triage_groups WHERE verdict IS NOT NULL AND rule_id = ANY ($1) GROUP BY rule_id)
       SELECT r.id AS rule_id, coalesce(d.alerts, 0) AS alerts, a.last, coalesce(v.true_positive, 0) AS true_positive,
           coalesce(v.false_positive, 0) AS false_positive, coalesce(v.benign, 0) AS benign
         FROM unnest($1::text[]) AS r (id) LEFT JOIN days d ON d.rule_id = r.id LEFT JOIN verdicts v ON v.rule_id = r.id
         LEFT JOIN LATERAL (SELECT detected_at AS last FROM alerts WHERE rule_id = r.id ORDER BY detected_at DESC LIMIT 1) AS a ON true`,
      [ruleIds, Math.floor(deps.clock() / DAY) - 7],
    )
    const byId = new Map(rows.map((row) => [row.rule_id, toStats(row)]))
    return (ruleId) => byId.get(ruleId) ?? NOTHING
  }
