import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Clock, type EnforcerReport, HOUR, ParapetError, SECOND } from '@parapet/core'
import type { ProtectedTargets } from '@parapet/respond'
import type { Logger } from 'pino'
import type { Pool } from 'pg'
import type { Config } from '../../config/index.js'
import type { Outbound } from '../../http/outbound/index.js'
import type { HeldDecisions } from '../authorize/index.js'
import { webhookKey } from '../notifications/standard-webhooks.js'
import { createFeedLists, type FeedLists } from './lists.js'
import { createPushFeeds, type FeedReceiver } from './push-feed.js'
import { createReceivers } from './receivers.js'

/** Lists and webhooks for what stands outside: firewalls, clouds, other proxies. */
export type Feeds = {
  readonly lists: FeedLists
  /** notes that somebody has fetched a list */
  readonly noteFetch: (name: string) => void
  /** Everybody who is pushed this list gets all of it next; answers how many. Errors: `PPT_DATABASE_UNAVAILABLE`. */
  readonly askSnapshot: (name: string) => Promise<number>
  readonly reports: () => readonly EnforcerReport[]
  readonly start: () => void
  readonly stop: () => Promise<void>
}

const LOOK_MS = SECOND

/** Reads a secret from where the configuration says it is. Throws `PPT_CONFIG_INVALID`, without what it found. */
const readSecret = (uri: string, env: Readonly<Record<string, string | undefined>>): string => {
  const [kind, place] = [uri.slice(0, uri.indexOf(':')), uri.slice(uri.indexOf(':') + 1)]
  let text: string | undefined
  try {
    text = kind === 'env' ? env[place] : readFileSync(place, 'utf8')
  } catch (cause) {
    throw new ParapetError('PPT_CONFIG_INVALID', `feeds.webhooks.secret: ${uri} cannot be read`, { cause })
  }
  const secret = text?.trim()
  if (secret === undefined || webhookKey(secret) === undefined)
    throw new ParapetError(
      'PPT_CONFIG_INVALID',
      `feeds.webhooks.secret: ${uri} holds no secret; write whsec_ and base64 of 24 to 64 random bytes`,
    )
  return secret
}

const receiversOf = (feeds: Config['feeds'], env: Readonly<Record<string, string | undefined>>): FeedReceiver[] =>
  feeds.flatMap(({ name, webhooks }) =>
    webhooks.map(({ url, secret }) => ({
      id: createHash('sha256').update(`${name}\n${url}`).digest('base64url'),
      feed: name,
      url,
      secret: readSecret(secret, env),
    })),
  )

/** Creates the feeds. Throws `PPT_CONFIG_INVALID`. */
export const createFeeds = (deps: {
  readonly config: Pick<Config, 'feeds'>
  readonly held: HeldDecisions
  readonly protectedTargets: Pick<ProtectedTargets, 'reasonFor'>
  readonly outbound: Outbound
  readonly pool: Pool
  readonly instance: string
  /** this process alone */
  readonly owner: string
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly random: () => number
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}): Feeds => {
  const { config, held, clock, log } = deps
  const lists = createFeedLists({ feeds: config.feeds, held, protectedTargets: deps.protectedTargets, clock })
  const receivers = receiversOf(config.feeds, deps.env)
  const store = createReceivers({ pool: deps.pool, owner: deps.owner })
  const push = createPushFeeds({ receivers, store, lists, outbound: deps.outbound, random: deps.random, clock, log })
  const fetched = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let unsubscribe: (() => void) | undefined

  const common = (name: string, now: number): Omit<EnforcerReport, 'instance' | 'held' | 'trouble'> => {
    const list = lists.read(name)
    const made = list === undefined || list === 'not_ready' ? undefined : list
    const { at, repairs } = held.checked()
    return {
      kind: 'feed',
      version: deps.version,
      mode: 'enforce',
      now,
      revision: made?.revision ?? 0,
      wanted: made?.ranges.length ?? 0,
      checkedAt: at,
      repairs,
      refused: made?.denied.refused.slice(0, 50) ?? [],
      cannot: ['throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions', 'lockdown'],
      latencyMs: null,
    }
  }

  const pushed = (now: number): EnforcerReport[] =>
    receivers.flatMap((receiver) => {
      const state = push.states().get(receiver.id)
      if (state === undefined) return []
      const instance = `${receiver.feed} to ${new URL(receiver.url).host}`.slice(0, 100)
      return [
        {
          ...common(receiver.feed, now),
          instance,
          revision: state.revision,
          held: state.held ?? 0,
          checkedAt: state.takenAt,
          trouble: state.trouble,
        },
      ]
    })

  const offer = (name: string, at: number, now: number): EnforcerReport => ({
    ...common(name, now),
    instance: `list ${name}`,
    // who fetches a list does not say what he makes of it
    held: null,
    trouble: now - at > HOUR ? 'nobody has fetched this list for an hour' : null,
  })

  return {
    lists,
    noteFetch: (name) => void fetched.set(name, clock()),
    askSnapshot: async (name) => {
      const count = await store.forget(name)
      void push.run()
      return count
    },
    reports: () => {
      const now = clock()
      return [...Array.from(fetched, ([name, at]) => offer(name, at, now)), ...pushed(now)]
    },
    start: () => {
      if (receivers.length === 0) return
      unsubscribe = held.onChange(() => void push.run())
      // ends of decisions, retries, and what another server has left
      timer = setInterval(() => void push.run(), LOOK_MS)
      timer.unref()
      void push.run()
    },
    stop: async () => {
      clearInterval(timer)
      unsubscribe?.()
      await push.run()
      for (const { id } of receivers) await store.release(id).catch(() => undefined)
    },
  }
}
