import { type Clock, HOUR } from '@parapet/core'
import type { BudgetLimits } from '@parapet/respond'
import type { Services } from '../app/services.js'
import type { Database } from '../db/types.js'
import { createDecisionLog } from '../modules/decisions/decision-log.js'
import { createDecisionImpact, type DecisionStore } from '../modules/decisions/index.js'
import type { Enforcers } from '../modules/enforcers/index.js'
import type { Incidents } from '../modules/incidents/index.js'
import { createLockdowns, type LockdownStarter, readLastHour } from '../modules/lockdown/index.js'
import type { Notifications } from '../modules/notifications/index.js'
import type { Operators } from '../modules/operators/index.js'
import { createPolicyDesk, createPolicyHistory, createPolicySettings, type PolicySettings } from '../modules/policies/index.js'
import { createConceal, type Vault } from '../vault/index.js'
import type { Engines } from './engines.js'
import type { LiveProtectedTargets } from './protected.js'

/** What is decided and carried out, as services, and what the lifecycle starts, repeats and stops of it. */
export type Enforcement = {
  readonly services: Pick<Services, 'policies' | 'enforcers' | 'lockdown' | 'decisionImpact'>
  readonly lockdowns: LockdownStarter
  readonly modes: Pick<PolicySettings, 'of'>
  /** follows how other servers set policies */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** ends on record what has ended, and lets in who has come */
  readonly sweepLockdown: () => Promise<number>
  readonly watchEnforcers: () => Promise<number>
}

/** Builds policies as operators set them, what enforcers say, and lockdowns. */
export const createEnforcement = (deps: {
  readonly database: Pick<Database, 'pool' | 'listen'>
  readonly vault: Vault
  readonly engines: Engines
  readonly decisions: Pick<DecisionStore, 'forTarget'>
  readonly enforcers: Enforcers
  readonly protectedTargets: LiveProtectedTargets
  readonly operators: Pick<Operators, 'recentAddresses'>
  readonly incidents: Pick<Incidents, 'appendIn'>
  readonly notifications: Pick<Notifications, 'enqueueIn'>
  readonly budget: Partial<BudgetLimits>
  readonly idleMs: number
  readonly clock: Clock
  readonly log: Services['log']
}): Enforcement => {
  const { database, vault, engines, enforcers, protectedTargets, clock, log } = deps
  const { pool } = database
  const settings = createPolicySettings({ database, reload: engines.reloadPolicies, clock, log })
  const decisionLog = createDecisionLog(database, vault)
  const lockdowns = createLockdowns({
    database,
    vault,
    clock,
    decisionLog,
    notifications: deps.notifications,
    incidents: deps.incidents,
    facts: async (address) => {
      const ranges = protectedTargets.ranges()
      // operators of the other servers are known by the database only
      const [seen, reporting, held] = await Promise.all([
        deps.operators.recentAddresses(clock() - deps.idleMs),
        enforcers.addresses(),
        address === undefined ? [] : deps.decisions.forTarget(address),
      ])
      return { ...ranges, operators: [...ranges.operators, ...seen.map((each) => each.address)], enforcers: reporting, held }
    },
    lastHour: () => readLastHour(pool, clock() - HOUR),
  })
  return {
    services: {
      policies: createPolicyDesk({
        book: engines.policyBook,
        rules: engines.book,
        settings,
        history: createPolicyHistory({ pool, vault, clock }),
        protectedTargets,
        rulesRespond: engines.rulesRespond,
        budget: deps.budget,
        clock,
      }),
      enforcers,
      lockdown: lockdowns,
      decisionImpact: createDecisionImpact({ pool, vault, conceal: createConceal(vault) }),
    },
    lockdowns,
    modes: settings,
    start: settings.start,
    stop: async () => {
      settings.stop()
      await decisionLog.close()
    },
    sweepLockdown: lockdowns.sweep,
    watchEnforcers: enforcers.watch,
  }
}
