import type { Services } from '../app/services.js'
import type { Database } from '../db/types.js'
import type { Notifications } from '../modules/notifications/index.js'
import { type CampaignRunner, createResetCampaigns, runCampaigns } from '../modules/resets/index.js'
import { createSubjects, followEvents } from '../modules/subjects/index.js'
import { createConceal, type Vault } from '../vault/index.js'
import type { Engines } from './engines.js'

/** Users of protected applications and their resets, as services, and what the lifecycle starts and stops of them. */
export type People = {
  readonly services: Pick<Services, 'subjects' | 'resetCampaigns'>
  readonly start: () => void
  /** resolves when the step and the mails at hand are done */
  readonly stop: () => Promise<void>
}

/** Builds subjects, which follow the events, and the campaigns of resets, whose worker sends mails. */
export const createPeople = (
  deps: Pick<Services, 'decisions' | 'alerts' | 'events' | 'incidents' | 'clock' | 'log'> & {
    readonly database: Pick<Database, 'pool'>
    readonly vault: Vault
    readonly engines: Pick<Engines, 'enrich'>
    readonly mailer: Pick<Notifications, 'canMail' | 'sendMail'>
  },
): People => {
  const { database, vault, mailer, clock, log } = deps
  let runner: CampaignRunner | undefined
  const campaigns = createResetCampaigns({ database, vault, clock, canMail: () => mailer.canMail, wake: () => runner?.wake() })
  const stops: (() => Promise<void>)[] = []
  return {
    services: { subjects: createSubjects(deps), resetCampaigns: campaigns },
    start: () => {
      const following = followEvents({ database, vault, conceal: createConceal(vault), enrich: deps.engines.enrich, clock, log })
      runner = runCampaigns({
        database,
        vault,
        clock,
        log: campaigns.log,
        send: mailer.sendMail,
        warn: (fields, text) => log.warn(fields, text),
      })
      stops.push(following.stop, runner.stop)
    },
    stop: async () => {
      await Promise.all(stops.map((stop) => stop()))
      await campaigns.close()
    },
  }
}
