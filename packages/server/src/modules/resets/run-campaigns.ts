import { type Author, MINUTE, SECOND } from '@parapet/core'
import type { DatabaseLog } from '../../db/types.js'
import { createWaker } from '../detection/waker.js'
import type { Sealing } from '../sealing/background.js'
import { claimMail, finish, keepAlive, liftAll, makeDecisions, noteMail, type StepDeps } from './campaign-steps.js'
import type { SendMail } from './types.js'

/** Between two looks, and between two looks at what has to be kept in force, ms. */
const [LOOK_MS, KEEP_MS] = [SECOND, MINUTE] as const
/** Mails on their way at a time: a slow mail server holds up nothing but mails. */
const MOST_MAILS = 4

const SELF: Author = { kind: 'policy', id: 'reset-campaigns', name: 'Parapet' }

/** The worker of campaigns. */
export type CampaignRunner = Sealing & { readonly wake: () => void }

/**
 * Carries campaigns on: makes their decisions, keeps them in force, sends their mails at their pace and ends them when everybody has come back.
 * Everything it does is one transaction a step, so that any number of servers may run it and any may be killed.
 */
export const runCampaigns = (deps: StepDeps & { readonly send: SendMail; readonly warn: DatabaseLog['warn'] }): CampaignRunner => {
  const { pool } = deps.database
  const waker = createWaker()
  const keptAt = new Map<string, number>()
  const underWay = new Set<Promise<void>>()

  const deliver = async (claimed: NonNullable<Awaited<ReturnType<typeof claimMail>>>): Promise<void> => {
    try {
      const result = await deps.send(claimed.mail)
      if (!result.ok) deps.warn({ campaign: claimed.campaign, detail: result.detail }, 'a mail about a reset could not be sent')
      await noteMail(deps, claimed, result)
    } catch (error) {
      // it stays as being sent, and goes out again when it has been in doubt for long enough
      deps.warn({ err: error, campaign: claimed.campaign }, 'what became of a mail about a reset could not be noted')
    }
  }
  const sendMails = async (id: string): Promise<boolean> => {
    while (underWay.size < MOST_MAILS && !waker.stopped()) {
      const claimed = await claimMail(deps, id)
      if (claimed === undefined) return false
      const delivery = deliver(claimed).finally(() => {
        underWay.delete(delivery)
        waker.wake()
      })
      underWay.add(delivery)
    }
    return true
  }

  const carryOn = async (id: string): Promise<void> => {
    while (!waker.stopped() && (await makeDecisions(deps, id)) > 0);
    const now = deps.clock()
    if (now - (keptAt.get(id) ?? -Infinity) >= KEEP_MS) {
      while (!waker.stopped() && (await keepAlive(deps, id)) > 0);
      keptAt.set(id, now)
    }
    await sendMails(id)
    if (await finish(deps, id)) keptAt.delete(id)
  }

  const look = async (): Promise<void> => {
    const { rows } = await pool.query<{ id: string; state: string }>(
      'SELECT id, state FROM reset_campaigns WHERE NOT lifted ORDER BY id LIMIT 100',
    )
    for (const { id, state } of rows) {
      if (waker.stopped()) return
      if (state === 'running') await carryOn(id)
      else await liftAll(deps, id, SELF, state === 'done' ? 'everybody has set a new password' : 'the campaign was cancelled')
    }
  }

  const run = async (): Promise<void> => {
    while (!waker.stopped()) {
      waker.arm()
      try {
        await look()
      } catch (error) {
        deps.warn({ err: error }, 'campaigns of resets could not be carried on; it is tried again')
      }
      await waker.wait(LOOK_MS)
    }
    await Promise.all(underWay)
  }
  const done = run()
  return {
    done,
    wake: waker.wake,
    stop: async () => {
      waker.stop()
      await done
    },
  }
}
