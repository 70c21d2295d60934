import { createHash } from 'node:crypto'
import { type Clock, SECOND, uuidv7 } from '@parapet/core'
import { rangeLines } from '@parapet/respond/enforcers'
import type { Logger } from 'pino'
import type { Outbound } from '../../http/outbound/index.js'
import { signWebhook } from '../notifications/standard-webhooks.js'
import type { FeedLists } from './lists.js'
import { backOffMs, nextMessage } from './message.js'
import type { Receiver, Receivers } from './receivers.js'

/** One receiver as the configuration names it; `id` is a digest of feed and URL. */
export type FeedReceiver = { readonly id: string; readonly feed: string; readonly url: string; readonly secret: string }

/** How a receiver stands, for its report. Times in ms UTC. */
export type PushState = {
  readonly revision: number
  readonly held: number | null
  readonly takenAt: number | null
  readonly trouble: string | null
}

/** Brings changes of lists to receivers, in order, until they are taken. */
export type PushFeeds = {
  /** looks at every receiver once; resolves when none has anything to send now. Never rejects. */
  readonly run: () => Promise<void>
  readonly states: () => ReadonlyMap<string, PushState>
}

/** Longer than a request may take: who holds the lease and dies is followed within this time. */
const LEASE_MS = 30 * SECOND
const TIMEOUT_MS = 10 * SECOND
/** Messages that one run sends to one receiver. */
const MOST_AT_ONCE = 8
/** A receiver that has missed something asks for everything. */
const OUT_OF_STEP = 409

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const stateOf = (stored: Receiver): PushState => ({
  revision: stored.deliveredRevision,
  held: stored.delivered?.length ?? null,
  takenAt: stored.takenAt,
  trouble: stored.trouble,
})

/** Creates the pushing half of the feeds. */
export const createPushFeeds = (deps: {
  readonly receivers: readonly FeedReceiver[]
  readonly store: Receivers
  readonly lists: FeedLists
  readonly outbound: Outbound
  readonly random: () => number
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}): PushFeeds => {
  const { store, lists, outbound, clock, log } = deps
  const states = new Map<string, PushState>()

  /** What is to be sent now: the message under way, or the next one, written down before it goes. */
  const due = async (receiver: FeedReceiver, stored: Receiver): Promise<NonNullable<Receiver['message']> | undefined> => {
    if (stored.message !== null) return stored.message
    const list = lists.read(receiver.feed)
    if (list === undefined || list === 'not_ready') return undefined
    const ranges = rangeLines(list.ranges)
    const next = nextMessage({ ...stored, feed: receiver.feed }, { ...list, ranges }, sha256)
    if (next === undefined) {
      states.set(receiver.id, { ...stateOf(stored), revision: list.revision })
      return undefined
    }
    const message = { id: `msg_${uuidv7(clock())}`, body: JSON.stringify(next), ranges: ranges.join('\n'), revision: list.revision }
    await store.begin(receiver.id, message)
    return message
  }

  /** True: there may be more. */
  const step = async (receiver: FeedReceiver): Promise<boolean> => {
    const { id, feed, url, secret } = receiver
    const now = clock()
    const stored = await store.lease(id, feed, now, LEASE_MS)
    if (stored === undefined) return false
    states.set(id, stateOf(stored))
    if (stored.nextAt > now) return false
    const message = await due(receiver, stored)
    if (message === undefined) return false
    const headers = signWebhook({ id: message.id, at: clock(), body: message.body, secrets: [secret] })
    const result = await outbound.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      body: message.body,
      timeoutMs: TIMEOUT_MS,
    })
    if (result.kind === 'answer' && result.status >= 200 && result.status < 300) {
      await store.taken(id, clock())
      return true
    }
    if (result.kind === 'answer' && result.status === OUT_OF_STEP && !message.body.startsWith('{"type":"feed.snapshot"')) {
      await store.forget(feed, id)
      return true
    }
    const wait = Math.max(backOffMs(stored.attempts, deps.random()), result.kind === 'answer' ? (result.retryAfterMs ?? 0) : 0)
    const trouble = result.kind === 'answer' ? `the receiver answered ${result.status}` : result.detail
    await store.failed(id, clock() + wait, trouble)
    states.set(id, { ...stateOf(stored), trouble })
    return false
  }

  const serve = async (receiver: FeedReceiver): Promise<void> => {
    try {
      for (let sent = 0; sent < MOST_AT_ONCE; sent++) if (!(await step(receiver))) return
    } catch (error) {
      log.warn({ err: error, feed: receiver.feed }, 'a feed could not be pushed; it is tried again')
    }
  }

  let running: Promise<void> | undefined
  let again = false
  return {
    run: () => {
      if (running !== undefined) {
        again = true
        return running
      }
      running = (async () => {
        do {
          again = false
          await Promise.all(deps.receivers.map(serve))
        } while (again)
      })().finally(() => {
        running = undefined
      })
      return running
    },
    states: () => states,
  }
}
