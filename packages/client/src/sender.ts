import { type Clock, EVENT_LIMITS, type RandomSource, type SecurityEvent, uuidv7 } from '@parapet/core'
import { backoffMs, type Chance } from './backoff.js'
import { deliver, type RejectedItem } from './deliver.js'
import type { Endpoint, Fetch } from './endpoint.js'
import type { Spool, SpoolItem } from './spool.js'

/** Trouble on the way up, and its end. `count` is events. */
export type SenderProblem =
  | { readonly kind: 'away' | 'refused'; readonly detail: string }
  | { readonly kind: 'back' }
  | { readonly kind: 'dropped'; readonly count: number; readonly detail: string }
  | { readonly kind: 'rejected'; readonly count: number; readonly items: readonly RejectedItem[] }

/** Counts of events since the start. */
export type SenderStats = {
  readonly sent: number
  readonly duplicates: number
  readonly rejected: number
  readonly dropped: number
  readonly waiting: number
  readonly state: 'ok' | 'away' | 'refused'
  readonly lastError: string | undefined
}

/** Sends events up, in order of urgency, each at least once. */
export type Sender = {
  send: (event: SecurityEvent) => void
  flush: () => Promise<void>
  close: (graceMs: number) => Promise<void>
  stats: () => SenderStats
}

/** Time from the first waiting event to its batch, ms. */
const LINGER_MS = 200
const MOST_EVENTS = 500
const MOST_BYTES = 1_048_576
/** Time between attempts with a token that is refused, ms. */
const REFUSED_MS = 30_000

export const createSender = (deps: {
  readonly endpoint: Endpoint
  readonly fetch: Fetch
  readonly spool: Spool
  readonly clock: Clock
  readonly random: RandomSource
  readonly chance: Chance
  readonly onProblem: (problem: SenderProblem) => void
}): Sender => {
  const { spool, clock } = deps
  let abort = new AbortController()
  let expired = false
  /** batches taken out of the spool, sent again until the server has them; a batch that does not fit is halved here */
  const batches: (readonly SpoolItem[])[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let closed = false
  let failures = 0
  let state: SenderStats['state'] = 'ok'
  let lastError: string | undefined
  let unreported = 0
  const counts = { sent: 0, duplicates: 0, rejected: 0, dropped: 0 }

  const tell = (problem: SenderProblem): void => {
    try {
      deps.onProblem(problem)
    } catch {
      // whoever listens must not stop the events
    }
  }
  const drop = (count: number, detail: string): void => {
    if (count === 0) return
    counts.dropped += count
    unreported += count
    tell({ kind: 'dropped', count, detail })
  }
  const push = (event: SecurityEvent): void => {
    const id = event['event.id'] ?? uuidv7(clock(), deps.random)
    let json: string
    try {
      json = JSON.stringify({ ...event, 'event.id': id })
    } catch {
      // a circle or a bigint among the fields: whoever reports must not fail for it
      drop(1, 'an event cannot be written as JSON')
      return
    }
    if (Buffer.byteLength(json) > EVENT_LIMITS.bytes) drop(1, 'an event is over 64 KiB')
    else drop(spool.push({ id, json, urgent: event['event.category'] !== 'web' }), 'the spool is full')
  }

  const schedule = (ms: number): void => {
    if (closed || timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      void pump()
    }, ms)
    // events must not keep a program alive that has nothing else to do; close() sends the rest
    timer.unref()
  }
  const unschedule = (): void => {
    clearTimeout(timer)
    timer = undefined
  }

  const recovered = (): void => {
    failures = 0
    lastError = undefined
    if (state !== 'ok') tell({ kind: 'back' })
    state = 'ok'
  }

  /** Once all else is sent, so that the report itself pushes nothing out. */
  const reportDrops = (): boolean => {
    if (unreported === 0 || closed) return false
    const dropped = unreported
    unreported = 0
    push({
      '@timestamp': clock(),
      'event.category': 'configuration',
      'event.action': 'events-dropped',
      'event.outcome': 'failure',
      'event.dataset': 'client',
      'parapet.dropped': dropped,
      message: `${dropped} events could not be kept while the control plane was away`,
    })
    return true
  }

  /** Sends the oldest batch; false when it has to wait. */
  const sendOne = async (batch: readonly SpoolItem[]): Promise<boolean> => {
    abort = new AbortController()
    const delivery = await deliver(batch, { endpoint: deps.endpoint, fetch: deps.fetch, clock, abort })
    if (delivery.kind === 'taken') {
      batches.shift()
      spool.settle?.(batch)
      counts.sent += delivery.accepted
      counts.duplicates += delivery.duplicates
      counts.rejected += delivery.rejected.length
      if (delivery.rejected.length > 0) tell({ kind: 'rejected', count: delivery.rejected.length, items: delivery.rejected.slice(0, 20) })
      recovered()
      return true
    }
    lastError = delivery.reason
    if (delivery.kind === 'unfit') {
      batches.shift()
      const half = batch.length >> 1
      if (half > 0) batches.unshift(batch.slice(0, half), batch.slice(half))
      else {
        counts.rejected++
        spool.settle?.(batch)
        tell({
          kind: 'rejected',
          count: 1,
          items: batch.map(({ id }) => ({ id, code: delivery.reason, detail: 'the event alone is not taken' })),
        })
      }
      return true
    }
    failures++
    const next = delivery.kind === 'refused' ? 'refused' : 'away'
    if (state !== next) tell({ kind: next, detail: delivery.reason })
    state = next
    // never sooner than our own time: `Retry-After: 0` must not make a thousand guards a storm
    schedule(delivery.kind === 'refused' ? REFUSED_MS : Math.max(delivery.afterMs ?? 0, backoffMs(failures, deps.chance)))
    return false
  }

  const run = async (): Promise<void> => {
    for (;;) {
      if (batches.length === 0) {
        const taken = spool.take(MOST_EVENTS, MOST_BYTES)
        if (taken.length === 0 && reportDrops()) continue
        if (taken.length === 0) return
        batches.push(taken)
      }
      const [batch] = batches
      if (batch === undefined || expired || !(await sendOne(batch))) return
    }
  }

  const pump = (): Promise<void> => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }

  const waiting = (): number => spool.size + batches.reduce((sum, batch) => sum + batch.length, 0)

  return {
    send: (event) => {
      if (closed) {
        drop(1, 'the client is closed')
        return
      }
      push(event)
      if (state !== 'ok' || running !== undefined) {
        if (timer === undefined && running === undefined) schedule(LINGER_MS)
        return
      }
      if (spool.size < MOST_EVENTS) schedule(LINGER_MS)
      else {
        unschedule()
        void pump()
      }
    },
    flush: async () => {
      unschedule()
      await running
      // closed meanwhile: what is left belongs to the next process
      if (closed) return
      unschedule()
      await pump()
    },
    close: async (graceMs) => {
      closed = true
      unschedule()
      const late = setTimeout(() => {
        expired = true
        abort.abort(new Error('closed'))
      }, graceMs)
      await running
      await pump()
      clearTimeout(late)
      unschedule()
      // what a spool keeps beyond the end of the process goes next time
      if (spool.settle !== undefined) return
      drop(waiting(), 'the client was closed before the control plane took them')
      while (spool.take(MOST_EVENTS, MOST_BYTES).length > 0);
      batches.length = 0
    },
    stats: () => ({ ...counts, waiting: waiting(), state, lastError }),
  }
}
