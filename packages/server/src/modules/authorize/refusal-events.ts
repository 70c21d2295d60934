import { type Clock, MINUTE, type PersonRef, SECOND, type SecurityEvent } from '@parapet/core'
import { visibleText } from '@parapet/guard'
import type { Logger } from 'pino'
import type { EventStore } from '../events/index.js'

/** One refused request, as it is told. */
export type RefusedRequest = {
  readonly at: number
  readonly method: string
  readonly path: string
  readonly status: number
  readonly reason: string
  readonly decisionId: string
  readonly address: string | undefined
  readonly user: string | undefined
  readonly agent: string | undefined
}

/** Makes events of refused requests, so that refusals are seen: one a minute for each client and decision, and bounded in all. */
export type RefusalEvents = {
  readonly take: (source: PersonRef, refused: RefusedRequest) => void
  readonly stop: () => Promise<void>
}

const FLUSH_MS = SECOND
/** Events of one source within a minute; those beyond are counted in the next one. */
const MOST_A_MINUTE = 120
const MOST_KEYS = 10_000

type Minute = { readonly from: number; events: number; readonly seen: Set<string> }

const toEvent = (refused: RefusedRequest, suppressed: number): SecurityEvent => ({
  '@timestamp': refused.at,
  'event.category': 'web',
  'event.action': 'http-request',
  'event.outcome': 'failure',
  'event.dataset': 'parapet.forward_auth',
  'event.reason': refused.reason,
  'http.request.method': visibleText(refused.method, 32),
  'http.response.status_code': refused.status,
  'url.path': visibleText(refused.path, 2_048),
  'parapet.decision': visibleText(refused.decisionId, 64),
  ...(suppressed === 0 ? {} : { 'parapet.suppressed': suppressed }),
  ...(refused.address === undefined ? {} : { 'source.ip': refused.address }),
  ...(refused.user === undefined ? {} : { 'user.id': visibleText(refused.user, 256) }),
  ...(refused.agent === undefined ? {} : { 'user_agent.original': visibleText(refused.agent, 512) }),
})

/** Creates it; events are written in the background, and lost while the database is away: the request was refused all the same. */
export const createRefusalEvents = (deps: {
  readonly events: Pick<EventStore, 'append'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
}): RefusalEvents => {
  const { events, clock, log } = deps
  const minutes = new Map<string, Minute>()
  const suppressed = new Map<string, number>()
  const waiting = new Map<string, { readonly source: PersonRef; readonly events: SecurityEvent[] }>()
  let running: Promise<void> | undefined

  const flush = async (): Promise<void> => {
    for (const [id, { source, events: list }] of waiting) {
      waiting.delete(id)
      await events.append(source, list, clock()).catch((error: unknown) => log.warn({ err: error }, 'refused requests could not be told'))
    }
  }
  const timer = setInterval(() => {
    if (waiting.size === 0 || running !== undefined) return
    running = flush().finally(() => {
      running = undefined
    })
  }, FLUSH_MS)
  timer.unref()

  return {
    take: (source, refused) => {
      let minute = minutes.get(source.id)
      if (minute === undefined || refused.at - minute.from >= MINUTE) {
        minute = { from: refused.at, events: 0, seen: new Set() }
        minutes.set(source.id, minute)
      }
      const key = `${refused.decisionId}\n${refused.user ?? refused.address ?? ''}`
      if (minute.seen.has(key) || minute.events >= MOST_A_MINUTE) {
        suppressed.set(source.id, (suppressed.get(source.id) ?? 0) + 1)
        return
      }
      if (minute.seen.size < MOST_KEYS) minute.seen.add(key)
      minute.events++
      const held = waiting.get(source.id) ?? { source, events: [] }
      held.events.push(toEvent(refused, suppressed.get(source.id) ?? 0))
      suppressed.delete(source.id)
      waiting.set(source.id, held)
    },
    stop: async () => {
      clearInterval(timer)
      await running
      await flush()
    },
  }
}
