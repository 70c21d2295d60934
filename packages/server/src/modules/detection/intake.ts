import type { Alert } from '@parapet/core'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import { createAlertLog } from '../alerts/alert-log.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { answerAlerts } from './answer-alerts.js'
import type { CollectedAlert } from './collect.js'
import { readHeld } from './state.js'
import type { AnswerDeps, Held } from './types.js'

/** The door for alerts that others made of a source's events: an agent by its own rules, or the server about the source itself. */
export type AlertIntake = {
  /**
   * Decides on the alerts as on those of detection and stores them, all or none. The same id again changes the alert, it makes no second one.
   * Works in every process. Errors: `PPT_DATABASE_UNAVAILABLE`.
   */
  readonly takeAlerts: (
    source: { readonly id: string; readonly name: string },
    alerts: readonly { readonly alert: Alert; readonly demo: boolean }[],
  ) => Promise<void>
  readonly close: () => Promise<void>
}

/** Creates the door. */
export const createAlertIntake = (deps: AnswerDeps & { readonly database: Pick<Database, 'pool'> }): AlertIntake => {
  const { database, vault, clock } = deps
  const logs = { alerts: createAlertLog(database, vault), decisions: createDecisionLog(database, vault) }
  /** kept from call to call: what changed since is read with the next one */
  let held: Held | undefined
  let last: Promise<unknown> = Promise.resolve()
  /** One at a time: all of them write what is held, and the budget lets only one through anyway. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
  const answer = async (entries: readonly CollectedAlert[]): Promise<void> => {
    const known = held ?? { decisions: await readHeld(database, deps), sweptAt: clock() }
    // ahead of the database from here on, until the commit
    held = undefined
    await transaction(database.pool, (client) => answerAlerts(client, deps, logs, known, entries, clock()))
    held = known
  }
  return {
    takeAlerts: async (source, alerts) => {
      if (alerts.length === 0) return
      const entries = alerts.map(({ alert, demo }): CollectedAlert => {
        const sources = new Map([[source.id, source.name]])
        // `fired`: its events are stored already and are found by their ids
        return { alert, fired: true, demo, assessment: false, sources, events: [] }
      })
      await inTurn(() => answer(entries))
    },
    close: async () => {
      await last
      await Promise.all([logs.alerts.close(), logs.decisions.close()])
    },
  }
}
