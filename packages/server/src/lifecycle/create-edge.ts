import { hostname } from 'node:os'
import { type Clock, type Keyring, SECOND, uuidv7 } from '@parapet/core'
import type { Logger } from 'pino'
import type { Services } from '../app/services.js'
import type { Config } from '../config/index.js'
import type { Database } from '../db/types.js'
import { createAuthorize, createHeldDecisions } from '../modules/authorize/index.js'
import { type Enforcers, SERVER_SOURCE } from '../modules/enforcers/index.js'
import { createFeeds } from '../modules/feeds/index.js'
import { VERSION } from '../version.js'

/** What carries decisions out within the server itself, and what the lifecycle starts and stops of it. */
export type Edge = {
  readonly services: Pick<Services, 'authorize' | 'feeds'>
  /** resolves once all decisions are held: before, forward-auth and feeds answer 503 */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

const REPORT_MS = 15 * SECOND

/** Builds forward-auth and feeds over decisions held in memory. */
export const createEdge = (
  deps: Pick<Services, 'decisions' | 'tokens' | 'events' | 'protectedTargets' | 'outbound'> & {
    readonly config: Config
    readonly database: Pick<Database, 'pool'>
    readonly enforcers: Pick<Enforcers, 'take'>
    readonly keyring: Keyring
    readonly clock: Clock
    readonly log: Logger
  },
): Edge => {
  const { enforcers, clock, log } = deps
  const held = createHeldDecisions(deps)
  const about = { instance: hostname().slice(0, 80), version: VERSION }
  const authorize = createAuthorize({ ...deps, ...about, held })
  const feeds = createFeeds({
    ...deps,
    ...about,
    held,
    owner: uuidv7(clock()),
    pool: deps.database.pool,
    env: process.env,
    random: Math.random,
  })
  const report = async (): Promise<void> => {
    try {
      for (const each of authorize.reports()) await enforcers.take(each.source, [each.report])
      const reports = feeds.reports()
      if (reports.length > 0) await enforcers.take(SERVER_SOURCE, reports)
    } catch (error) {
      log.warn({ err: error }, 'forward-auth and feeds could not say what they hold')
    }
  }
  let timer: NodeJS.Timeout | undefined
  return {
    services: { authorize, feeds },
    start: async () => {
      await held.start()
      feeds.start()
      timer = setInterval(() => void report(), REPORT_MS)
      timer.unref()
    },
    stop: async () => {
      clearInterval(timer)
      await feeds.stop()
      await authorize.stop()
      held.stop()
    },
  }
}
