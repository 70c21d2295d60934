import type { Clock, PersonRef, RuleException } from '@parapet/core'
import { followChanges } from '../../db/follow-changes.js'
import { columnText } from '../../db/paging.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { RuleSettings } from './rule-book.js'

/** The channel that the triggers of the tables notify. */
const CHANNEL = 'rules_changed'

/** What operators changed about rules, kept in the database and followed by every server. */
export type RuleSettingsStore = {
  readonly offIds: () => Promise<ReadonlySet<string>>
  /** Switches a rule on or off; in force here when it resolves, and elsewhere at once. */
  readonly switch: (ruleId: string, state: 'on' | 'off', by: PersonRef) => Promise<void>
  /** Reads everything again and puts it into force here. */
  readonly refresh: () => Promise<void>
  /** Follows the changes of other servers. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Creates the store. `apply` puts settings into force; `reload` looks at the operator's own files. */
export const createRuleSettings = (deps: {
  database: Pick<Database, 'pool' | 'listen'>
  exceptions: { readonly list: () => Promise<readonly RuleException[]> }
  apply: (settings: RuleSettings) => void
  reload: () => Promise<void>
  clock: Clock
  log: Pick<DatabaseLog, 'warn'>
}): RuleSettingsStore => {
  const { database, exceptions, clock, log } = deps
  const { pool } = database
  let running: Promise<void> | undefined
  let wanted = false
  let stop: (() => void) | undefined

  const offIds = async (): Promise<ReadonlySet<string>> =>
    new Set((await pool.query<{ rule_id: string }>('SELECT rule_id FROM rule_switches')).rows.map((row) => row.rule_id))
  const read = async (): Promise<void> => {
    const [off, list] = await Promise.all([offIds(), exceptions.list()])
    deps.apply({ off, exceptions: list })
  }
  /** One reading at a time; a wish that comes meanwhile is read for once more, so that nobody goes on from an older state. */
  const refresh = async (): Promise<void> => {
    wanted = true
    running ??= (async () => {
      try {
        while (wanted) {
          wanted = false
          await read()
        }
      } finally {
        running = undefined
      }
    })()
    await running
  }
  const look = (): void => {
    Promise.all([refresh(), deps.reload()]).catch((error: unknown) =>
      log.warn({ error: String(error) }, 'what operators changed about rules cannot be read; trying again'),
    )
  }

  return {
    offIds,
    switch: async (ruleId, state, by) => {
      if (state === 'on') await pool.query('DELETE FROM rule_switches WHERE rule_id = $1', [columnText(ruleId)])
      else
        await pool.query('INSERT INTO rule_switches (rule_id, off_at, by_id, by_name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [
          columnText(ruleId),
          clock(),
          by.id,
          by.name,
        ])
      await refresh()
    },
    refresh,
    start: async () => {
      await refresh()
      stop = await followChanges(database, CHANNEL, look)
    },
    stop: async () => {
      stop?.()
      await running?.catch(() => undefined)
    },
  }
}
