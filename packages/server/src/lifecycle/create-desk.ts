import type { Clock } from '@parapet/core'
import type { Logger } from 'pino'
import type { Services } from '../app/services.js'
import type { Database } from '../db/types.js'
import { SOURCE_PERMISSIONS } from '../http/permissions.js'
import { createAgentAlerts, createAgents } from '../modules/agents/index.js'
import { spellings } from '../modules/alerts/index.js'
import type { AlertIntake } from '../modules/detection/index.js'
import { createEnrolments } from '../modules/enrolments/index.js'
import type { EventStore } from '../modules/events/index.js'
import { createExceptions } from '../modules/exceptions/index.js'
import { createRuleSettings, createRuleStats, createTrials, ruleViews } from '../modules/rules/index.js'
import { createSilenceWatch, createSourceHealth, type Sources } from '../modules/sources/index.js'
import type { Tokens } from '../modules/tokens/index.js'
import { createTriage } from '../modules/triage/index.js'
import { createViews } from '../modules/views/index.js'
import type { Vault } from '../vault/index.js'
import type { Engines } from './engines.js'

/** What the desk is built from. */
export type DeskDeps = {
  readonly database: Pick<Database, 'pool' | 'listen'>
  readonly vault: Vault
  readonly engines: Engines
  readonly events: Pick<EventStore, 'after' | 'before' | 'head'>
  readonly sources: Sources
  readonly tokens: Pick<Tokens, 'create' | 'revokeOfSource'>
  readonly takeAlerts: AlertIntake['takeAlerts']
  readonly clock: Clock
  readonly log: Logger
}

/** What operators work at, as services. */
export type DeskServices = Pick<
  Services,
  'triage' | 'exceptions' | 'rules' | 'trials' | 'views' | 'enrolments' | 'agents' | 'sourceHealth' | 'takeAgentAlerts' | 'describeRule'
>

/** The desk, and what the lifecycle starts, repeats and stops of it. */
export type Desk = {
  readonly services: DeskServices
  /** follows what other servers change about rules */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** tells of sources that have fallen silent; answers how many */
  readonly watchSilence: () => Promise<number>
}

/** Builds Triage, rules, exceptions, views, agents: everything between what detection finds and the people who look at it. */
export const createDesk = async (deps: DeskDeps): Promise<Desk> => {
  const { database, vault, engines, events, sources, tokens, clock, log } = deps
  const { pool } = database
  const exceptions = createExceptions({ pool, clock, vault })
  const settings = createRuleSettings({ database, exceptions, apply: engines.apply, reload: engines.reload, clock, log })
  await settings.refresh()
  const readStats = createRuleStats({ pool, clock })
  const agents = createAgents({ pool, clock })
  const sourceHealth = createSourceHealth({ pool, clock, sources, agents })
  const describe = (id: string): ReturnType<Services['describeRule']> => engines.book().describe(id)

  const services: DeskServices = {
    triage: createTriage({
      pool,
      clock,
      vault,
      spellings: (value) => spellings(vault, value),
      ruleIds: (text) => engines.book().search(text),
    }),
    exceptions,
    describeRule: describe,
    rules: {
      book: engines.book,
      describe,
      settings,
      views: async (only) => {
        const book = engines.book()
        const ids = only === undefined ? book.rules.map(({ id }) => id) : [only]
        const [off, counts, stats, oldest] = await Promise.all([
          settings.offIds(),
          exceptions.counts(),
          readStats(ids),
          pool.query<{ hour: number | null }>('SELECT min(hour) AS hour FROM event_hours'),
        ])
        const since = oldest.rows[0]?.hour ?? null
        const views = ruleViews(book, { off, stats, exceptions: counts, historyMs: since === null ? null : clock() - since })
        return only === undefined ? views : views.filter(({ id }) => id === only)
      },
    },
    trials: createTrials({
      clock,
      events,
      createTrial: engines.createTrial,
      enrich: engines.enrich,
      exceptions: (ruleId) => exceptions.list({ ruleId }),
    }),
    views: createViews({ pool, clock, vault }),
    enrolments: createEnrolments({
      pool,
      clock,
      revokeOfSource: tokens.revokeOfSource,
      makeToken: async ({ id, name }) => (await tokens.create({ name, scopes: SOURCE_PERMISSIONS, sourceId: id })).token,
    }),
    agents,
    sourceHealth,
    takeAgentAlerts: createAgentAlerts({ pool, takeAlerts: deps.takeAlerts }),
  }
  return {
    services,
    start: settings.start,
    stop: settings.stop,
    watchSilence: createSilenceWatch({ pool, clock, health: sourceHealth, takeAlerts: deps.takeAlerts }),
  }
}
