import type { Clock, DecisionMode, PersonRef } from '@parapet/core'
import { followChanges } from '../../db/follow-changes.js'
import { columnText } from '../../db/paging.js'
import type { Database, DatabaseLog } from '../../db/types.js'

/** The channel that the trigger of the table notifies. */
const CHANNEL = 'policies_changed'

/** How somebody set a policy, or its answer to one rule. `at` in ms UTC. */
export type ModeSetting = {
  readonly policyId: string
  /** empty: the policy itself */
  readonly ruleId: string
  readonly mode: DecisionMode
  readonly at: number
  readonly by: PersonRef
}

/** How operators set policies: kept in the database and followed by every server. */
export type PolicySettings = {
  /** what is in force here now */
  readonly current: () => readonly ModeSetting[]
  readonly of: (policyId: string, ruleId: string) => DecisionMode | undefined
  /** In force here when it resolves, and elsewhere at once. */
  readonly set: (policyId: string, ruleId: string, mode: DecisionMode, by: PersonRef) => Promise<void>
  readonly reset: (policyId: string, ruleId: string) => Promise<void>
  readonly refresh: () => Promise<void>
  readonly start: () => Promise<void>
  readonly stop: () => void
}

type Row = { policy_id: string; rule_id: string; mode: DecisionMode; at: number; by_id: string; by_name: string }

const keyOf = (policyId: string, ruleId: string): string => `${policyId}\n${ruleId}`

/** Creates the store. `reload` looks at the operator's own files. */
export const createPolicySettings = (deps: {
  database: Pick<Database, 'pool' | 'listen'>
  reload: () => Promise<void>
  clock: Clock
  log: Pick<DatabaseLog, 'warn'>
}): PolicySettings => {
  const { database, clock, log } = deps
  const { pool } = database
  let held: ReadonlyMap<string, ModeSetting> = new Map()
  let begun = 0
  let applied = 0
  let end: (() => void) | undefined

  const refresh = async (): Promise<void> => {
    const mine = ++begun
    const { rows } = await pool.query<Row>('SELECT * FROM policy_modes ORDER BY policy_id, rule_id LIMIT 10000')
    // one that began later has seen more
    if (mine < applied) return
    applied = mine
    held = new Map(
      rows.map((row) => [
        keyOf(row.policy_id, row.rule_id),
        { policyId: row.policy_id, ruleId: row.rule_id, mode: row.mode, at: row.at, by: { id: row.by_id, name: row.by_name } },
      ]),
    )
  }
  const look = (): void => {
    Promise.all([refresh(), deps.reload()]).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'how operators set policies cannot be read; trying again'),
    )
  }

  return {
    current: () => [...held.values()],
    of: (policyId, ruleId) => held.get(keyOf(policyId, ruleId))?.mode,
    set: async (policyId, ruleId, mode, by) => {
      await pool.query(
        `INSERT INTO policy_modes (policy_id, rule_id, mode, at, by_id, by_name) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (policy_id, rule_id) DO UPDATE SET mode = excluded.mode, at = excluded.at, by_id = excluded.by_id, by_name = excluded.by_name`,
        [columnText(policyId), columnText(ruleId), mode, clock(), by.id, by.name],
      )
      await refresh()
    },
    reset: async (policyId, ruleId) => {
      await pool.query('DELETE FROM policy_modes WHERE policy_id = $1 AND rule_id = $2', [columnText(policyId), columnText(ruleId)])
      await refresh()
    },
    refresh,
    start: async () => {
      await refresh()
      end = await followChanges(database, CHANNEL, look)
    },
    stop: () => end?.(),
  }
}
