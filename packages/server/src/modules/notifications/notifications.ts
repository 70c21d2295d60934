import { setTimeout as timeout } from 'node:timers/promises'
import { type Clock, DAY, type Keyring, ParapetError, SECOND, uuidv7 } from '@parapet/core'
import type { Config } from '../../config/index.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Outbound } from '../../http/outbound/index.js'
import type { Vault } from '../../vault/index.js'
import { createAcknowledgeLinks } from './acknowledge-links.js'
import { createChannelStore } from './channel-store.js'
import { createDeliveries } from './deliveries.js'
import { createMailer } from './mailer.js'
import { createOutbox } from './outbox.js'
import { readRoutes, replaceRoutes } from './route-store.js'
import { createSender } from './sender.js'
import type { Notifications } from './types.js'
import { createNotificationWorker, type NotificationWorker } from './worker.js'

/** Notifications are kept so long, ms. */
const KEPT_MS = 90 * DAY
/** Somebody waits for the result of a test so long, ms: less than commands and browsers wait for us. */
const TEST_MS = 12 * SECOND

/** What telling people takes. */
export type NotificationDeps = {
  readonly database: Pick<Database, 'pool' | 'listen'>
  readonly vault: Vault
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  readonly outbound: Outbound
  readonly config: Pick<Config, 'publicUrl' | 'notifications'>
  readonly clock: Clock
  readonly log: DatabaseLog
  /** for tests: PEM that mail servers are trusted by, and how long a delivery is in one server's hands, ms */
  readonly ca?: string
  readonly leaseMs?: number
}

/** The module, and the worker that the lifecycle starts and stops. Errors: `PPT_CONFIG_INVALID` for what is wrong with the mail server. */
export const createNotifications = async (
  deps: NotificationDeps,
): Promise<{ readonly notifications: Notifications; readonly worker: NotificationWorker }> => {
  const { database, vault, keyring, outbound, clock, log } = deps
  const { publicUrl, notifications: settings } = deps.config
  const { pool } = database
  const mailer = settings.smtp === undefined ? undefined : await createMailer(settings.smtp, deps.ca === undefined ? {} : { ca: deps.ca })
  const channels = createChannelStore({ pool, vault, clock, canMail: mailer !== undefined })
  const outbox = createOutbox({ pool, vault, clock })
  const links = createAcknowledgeLinks({ keyring, publicUrl, clock })
  const deliveries = createDeliveries({ pool, clock, ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }) })
  const sender = createSender({ channels, vault, outbound, mailer, links, publicUrl, clock })

  const readLink = async (token: string): Promise<{ readonly id: string; readonly channelId: string }> => {
    const found = links.read(token)
    if (found === undefined) throw new ParapetError('PPT_ACKNOWLEDGE_LINK')
    return { id: found.notificationId, channelId: found.channelId }
  }
  const find = async (id: string) => {
    try {
      return await outbox.get(id)
    } catch (cause) {
      throw new ParapetError('PPT_ACKNOWLEDGE_LINK', undefined, { cause })
    }
  }

  const notifications: Notifications = {
    enqueueIn: outbox.enqueueIn,
    enqueue: outbox.enqueue,
    list: outbox.list,
    acknowledge: outbox.acknowledge,
    canMail: mailer !== undefined,
    sendMail: async (mail) =>
      mailer === undefined
        ? { ok: false, retry: false, detail: 'there is no mail server: set notifications.smtp in parapet.yml and restart', afterMs: null }
        : mailer.sendMail(mail),
    readLink: async (token) => find((await readLink(token)).id),
    acknowledgeByLink: async (token) => {
      const { id, channelId } = await readLink(token)
      const before = await find(id)
      if (before.acknowledged !== null) throw new ParapetError('PPT_ACKNOWLEDGE_LINK', 'somebody has acknowledged it already')
      const name = before.receipts.find(({ channel }) => channel.id === channelId)?.channel.name ?? 'a channel'
      return outbox.acknowledge(id, `link in ${name}`)
    },
    channels: {
      list: channels.list,
      create: channels.create,
      change: channels.change,
      remove: channels.remove,
      test: async (id) => {
        const began = performance.now()
        const late = timeout(
          TEST_MS,
          { ok: false, detail: `no answer within ${TEST_MS / SECOND}s; look at the channel again in a minute` },
          { ref: false },
        )
        const { ok, detail } = await Promise.race([sender.test(id, uuidv7(clock())), late])
        await (ok ? channels.noteSent(id) : channels.noteFailed(id, detail))
        return { ok, detail, ms: Math.round(performance.now() - began) }
      },
    },
    routes: { list: () => readRoutes(pool), replace: (routes) => replaceRoutes(pool, routes) },
    sweep: async () => (await pool.query('DELETE FROM notifications WHERE at < $1', [clock() - KEPT_MS])).rowCount ?? 0,
  }
  const worker = createNotificationWorker({ database, vault, clock, deliveries, sender, channels, enqueueIn: outbox.enqueueIn, log })
  return { notifications, worker }
}
