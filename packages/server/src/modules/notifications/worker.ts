import { type Clock, SECOND } from '@parapet/core'
import type { Pool } from 'pg'
import { logChannel } from '../../db/append-log/index.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { createWaker } from '../detection/waker.js'
import type { ChannelStore } from './channel-store.js'
import type { Deliveries, Leased } from './deliveries.js'
import { followAlerts } from './follow-alerts.js'
import { OUTBOX_CHANNEL } from './outbox.js'
import { planDue } from './planner.js'
import { nextTry } from './retry.js'
import type { Sender } from './sender.js'
import type { Notifications } from './types.js'

/** The longest time between two looks, ms: whatever was not heard is found then. */
const LOOK_MS = 15 * SECOND
const SHORTEST_MS = 50
const RETRY_MS = 2 * SECOND

/** What the worker works with. */
export type WorkerDeps = {
  readonly database: { readonly pool: Pool; readonly listen: Database['listen'] }
  readonly vault: Pick<Vault, 'open' | 'keyed'>
  readonly clock: Clock
  readonly deliveries: Deliveries
  readonly sender: Pick<Sender, 'deliver'>
  readonly channels: Pick<ChannelStore, 'noteSent' | 'noteFailed'>
  readonly enqueueIn: Notifications['enqueueIn']
  readonly log: DatabaseLog
  /** 0 to 1; by chance by default */
  readonly chance?: () => number
}

/** What tells people, on this server. Any number of them share the work. */
export type NotificationWorker = {
  readonly start: () => Promise<void>
  /** Waits for what is on its way. */
  readonly stop: () => Promise<void>
}

/** Creates the worker. */
export const createNotificationWorker = (deps: WorkerDeps): NotificationWorker => {
  const { database, clock, deliveries, sender, channels, log, chance = Math.random } = deps
  const waker = createWaker()
  /** one message at a time for each channel */
  const under = new Map<string, Promise<void>>()
  const stops: (() => void)[] = []
  let running: Promise<void> | undefined

  const deliver = async (leased: Leased): Promise<void> => {
    const result = await sender.deliver(leased)
    if (result.ok) {
      await deliveries.sent(leased, result.id ?? result.detail)
      await channels.noteSent(leased.channelId)
      return
    }
    const now = clock()
    const next = nextTry(result, leased, now, chance())
    await channels.noteFailed(leased.channelId, result.detail)
    if (next.kind === 'give_up') {
      await deliveries.failed(leased, next.detail)
      log.warn({ notification: leased.notificationId, channel: leased.channelId, reason: next.detail }, 'a notification could not be sent')
      return
    }
    await deliveries.later(leased, next.at, result.detail, result.afterMs !== null)
  }

  const dispatch = async (): Promise<number> => {
    const leased = await deliveries.lease([...under.keys()])
    for (const each of leased)
      under.set(
        each.channelId,
        deliver(each)
          // the receipt could not be written: the lease runs out, and it is sent again under the same id
          .catch((error: unknown) =>
            log.error({ error: String(error), notification: each.notificationId }, 'a receipt could not be written'),
          )
          .finally(() => {
            under.delete(each.channelId)
            waker.wake()
          }),
      )
    return leased.length
  }

  const look = async (): Promise<number> => {
    waker.arm()
    let found = 0
    while (!waker.stopped() && (await followAlerts({ ...deps, pool: database.pool })) > 0);
    while (!waker.stopped() && (await planDue({ pool: database.pool, clock })) > 0);
    if (!waker.stopped()) found = await dispatch()
    if (found > 0) return 0
    const due = await deliveries.nextDue()
    // what is due and was not taken belongs to a channel that is busy here, or to another server
    return due === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(due <= clock() ? SECOND : SHORTEST_MS, due - clock()))
  }

  const run = async (): Promise<void> => {
    while (!waker.stopped()) {
      try {
        const pause = await look()
        if (pause > 0) await waker.wait(pause)
      } catch (error) {
        log.warn({ error: String(error) }, 'notifications wait: the database did not answer')
        await waker.sleep(RETRY_MS)
      }
    }
    await Promise.all(under.values())
  }

  return {
    start: async () => {
      for (const channel of [OUTBOX_CHANNEL, logChannel('alerts')]) stops.push(await database.listen(channel, waker.wake))
      running = run()
    },
    stop: async () => {
      for (const stop of stops) stop()
      waker.stop()
      await running
    },
  }
}
