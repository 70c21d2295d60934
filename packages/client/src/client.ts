import {
  abortableFetch,
  type Clock,
  type DecisionSet,
  ParapetError,
  type RandomSource,
  type SecurityEvent,
  systemClock,
  systemRandom,
} from '@parapet/core'
import type { Chance } from './backoff.js'
import { type Fetch, readEndpoint } from './endpoint.js'
import { followDecisions, type FollowListener } from './follower.js'
import { type Importable, importSubjects } from './import-subjects.js'
import { createSender, type SenderProblem, type SenderStats } from './sender.js'
import { type ReadReports, reportEnforcers } from './report.js'
import { memorySpool, type Spool } from './spool.js'

/** What {@link createClient} takes. */
export type ClientOptions = {
  /** `http://localhost:8700` */
  readonly url: string
  /** a token with `events.write`, and `decisions.read` to follow decisions */
  readonly token: string
  readonly spool?: Spool
  /** told when the control plane goes away and comes back, and of every event that was rejected or dropped */
  readonly onProblem?: (problem: SenderProblem) => void
  /** how long `close` waits for the last batch, ms; 3,000 */
  readonly closeMs?: number
  /** silence after which the stream of decisions counts as dead, ms; 45,000 */
  readonly silenceMs?: number
  readonly fetch?: Fetch
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly chance?: Chance
}

/** The connection of one guard or agent to the control plane. */
export type Client = {
  /** Queues an event; it goes with a batch within 200 ms. Never throws, never waits. */
  send: (event: SecurityEvent) => void
  /** sends what waits now; resolves when it is taken or the first attempt has failed */
  flush: () => Promise<void>
  /** stops following and sends what waits; what cannot be sent in time is counted as dropped */
  close: () => Promise<void>
  stats: () => SenderStats & {
    /** the token travels in clear to another machine */
    readonly cleartext: boolean
  }
  /** keeps a set of decisions up to date until it is stopped */
  followDecisions: (set: DecisionSet, on?: FollowListener) => { stop: () => void }
  /**
   * Tells the control plane what enforcers here really hold: at once, every 15 s, and when `now` is called, as after a repair. `read` is
   * asked each time; nothing of it throws, and what could not be told is told with the next.
   */
  reportEnforcers: (read: ReadReports) => { readonly now: () => void; readonly stop: () => void }
  /**
   * Tells the control plane who the users of this application are, in bounded batches; what is told again changes nothing. Answers how many
   * were taken. Errors: `PPT_CONTROL_PLANE`.
   */
  importSubjects: (subjects: Importable) => Promise<{ readonly taken: number }>
}

const KNOWN = ['url', 'token', 'spool', 'onProblem', 'closeMs', 'silenceMs', 'fetch', 'clock', 'random', 'chance']

/** Connects to a control plane. Nothing is sent yet. Throws `PPT_CONFIG_INVALID`. */
export const createClient = (options: ClientOptions): Client => {
  for (const key of Object.keys(options)) {
    if (!KNOWN.includes(key))
      throw new ParapetError(
        'PPT_CONFIG_INVALID',
        `controlPlane has no option ${JSON.stringify(key.slice(0, 60))}; it takes ${KNOWN.join(', ')}`,
      )
  }
  const endpoint = readEndpoint(options.url, options.token)
  const clock = options.clock ?? systemClock
  const chance = options.chance ?? Math.random
  const fetch: Fetch = abortableFetch(options.fetch ?? ((...call) => globalThis.fetch(...call)))
  const sender = createSender({
    endpoint,
    fetch,
    clock,
    chance,
    spool: options.spool ?? memorySpool(),
    random: options.random ?? systemRandom,
    onProblem: options.onProblem ?? (() => undefined),
  })
  const followers = new Set<{ stop: () => void }>()
  const closed = new AbortController()
  const kept = <T extends { readonly stop: () => void }>(follower: T): T => {
    const held = {
      ...follower,
      stop: () => {
        followers.delete(held)
        follower.stop()
      },
    }
    followers.add(held)
    return held
  }
  return {
    send: sender.send,
    flush: sender.flush,
    close: async () => {
      for (const follower of followers) follower.stop()
      followers.clear()
      closed.abort()
      await sender.close(options.closeMs ?? 3_000)
    },
    stats: () => ({ ...sender.stats(), cleartext: endpoint.cleartext }),
    followDecisions: (set, on = {}) =>
      kept(
        followDecisions(set, on, {
          endpoint,
          fetch,
          clock,
          chance,
          ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
        }),
      ),
    reportEnforcers: (read) => kept(reportEnforcers(read, { endpoint, fetch })),
    importSubjects: (subjects) => importSubjects(subjects, { endpoint, fetch, clock, chance, signal: closed.signal }),
  }
}
