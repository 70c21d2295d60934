import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, type Decision, type DecisionSet, isRecord, LOCKDOWN_MODES } from '@parapet/core'
import { backoffMs, type Chance } from './backoff.js'
import type { Endpoint, Fetch } from './endpoint.js'
import { createSseParser, type SseMessage } from './sse-parser.js'

/** `live`: decisions arrive. `away`: the set stands as it was, and nobody knows what is new. */
export type FollowState = { readonly kind: 'live' } | { readonly kind: 'away'; readonly reason: string }

/** What a follower of decisions is told. */
export type FollowListener = {
  readonly state?: (state: FollowState) => void
  /** the set has changed: by one decision, or by a snapshot (`undefined`) */
  readonly change?: (decision: Decision | undefined) => void
}

/** Silence after which a connection counts as dead, ms; the control plane sends a heartbeat every 15 s. */
const SILENCE_MS = 45_000
const CONNECT_MS = 10_000
/** Longest wait between two tries, ms: a block that was lifted holds for as long as nobody hears of it. */
const MOST_WAIT_MS = 5_000
const SWEEP_MS = 60_000
/** A stream that lived this long was a good one, ms: one that breaks sooner counts as one more failure. */
const SETTLED_MS = 10_000
/** One part of a snapshot is about half a megabyte. */
const MOST_MESSAGE = 67_108_864
/** Decisions of all parts of one snapshot. */
const MOST_DECISIONS = 1_000_000

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= 4_096

const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.length <= 10_000 && value.every(isText)

/** Whoever keeps to a lockdown reads its mode and ranges: without them it would shut out those who run it. */
const isLockdown = (value: unknown): boolean =>
  isRecord(value) && LOCKDOWN_MODES.some((known) => known === value['mode']) && isTexts(value['allow'])

const isDecision = (value: unknown): value is Decision => {
  if (typeof value !== 'object' || value === null) return false
  const { id, revision, target, action, scope, mode, startsAt, expiresAt, enforcers, lockdown } = value as Partial<
    Record<keyof Decision, unknown>
  >
  if (typeof target !== 'object' || target === null) return false
  if (enforcers !== undefined && !isTexts(enforcers)) return false
  if (action === 'lockdown' ? !isLockdown(lockdown) : lockdown !== undefined) return false
  const { kind, value: name } = target as { kind?: unknown; value?: unknown }
  return (
    [id, action, scope, mode, kind, name].every(isText) && [revision, startsAt, expiresAt].every((number) => typeof number === 'number')
  )
}

/** Keeps a set of decisions equal to the control plane's: a snapshot, then every change, resumed where it broke off. */
export const followDecisions = (
  set: DecisionSet,
  listener: FollowListener,
  deps: { readonly endpoint: Endpoint; readonly fetch: Fetch; readonly clock: Clock; readonly chance: Chance; readonly silenceMs?: number },
): { stop: () => void } => {
  const silenceMs = deps.silenceMs ?? SILENCE_MS
  const stopped = new AbortController()
  let current: AbortController | undefined
  let cursor: string | undefined
  let failures = 0
  let state: FollowState['kind'] | undefined
  /** the parts of a snapshot that is not complete: what was held before stays in force until it is */
  let parts: Decision[] = []

  const tell = (next: FollowState): void => {
    if (state === next.kind || stopped.signal.aborted) return
    state = next.kind
    try {
      listener.state?.(next)
    } catch {
      // whoever listens must not stop the decisions
    }
  }
  const changed = (decision: Decision | undefined): void => {
    try {
      listener.change?.(decision)
    } catch {
      // as above
    }
  }

  /** False: a part of something that is not complete. */
  const take = (message: SseMessage): boolean => {
    if (message.event !== 'snapshot' && message.event !== 'decision') return true
    const data: unknown = JSON.parse(message.data)
    if (message.event === 'snapshot') {
      const list = typeof data === 'object' && data !== null && 'decisions' in data ? data.decisions : undefined
      if (!Array.isArray(list) || !list.every(isDecision)) throw new Error('the snapshot is not one')
      if (parts.length + list.length > MOST_DECISIONS) throw new Error('the snapshot is not one')
      for (const decision of list) parts.push(decision)
      if ((data as { more?: unknown }).more === true) return false
      const whole = parts
      parts = []
      set.reset(whole)
      changed(undefined)
    } else {
      if (!isDecision(data)) throw new Error('the decision is not one')
      set.apply(data)
      changed(data)
    }
    // only what was taken in moves the cursor
    if (message.id !== undefined && /^[\w.:-]{1,64}$/.test(message.id)) cursor = message.id
    return true
  }

  const connect = async (): Promise<void> => {
    current = new AbortController()
    const broken = current
    let watch: NodeJS.Timeout | undefined
    let settled: NodeJS.Timeout | undefined
    const expect = (ms: number): void => {
      clearTimeout(watch)
      watch = setTimeout(() => broken.abort(new Error('silence')), ms)
      watch.unref()
    }
    expect(CONNECT_MS)
    try {
      const response = await deps.fetch(deps.endpoint.at('/v1/decisions/stream'), {
        headers: { ...deps.endpoint.headers, accept: 'text/event-stream', ...(cursor === undefined ? {} : { 'last-event-id': cursor }) },
        redirect: 'error',
        signal: broken.signal,
      })
      if (!response.ok || response.body === null || !(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
        await response.body?.cancel()
        throw new Error(`HTTP ${response.status}`)
      }
      // without a cursor nothing is known before the snapshot is in
      if (cursor !== undefined) tell({ kind: 'live' })
      const parser = createSseParser(MOST_MESSAGE)
      const decoder = new TextDecoder()
      parts = []
      expect(silenceMs)
      // not with the first message: a server that answers with a snapshot and dies would be asked for it four times a second
      settled = setTimeout(() => {
        failures = 0
      }, SETTLED_MS)
      settled.unref()
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        expect(silenceMs)
        for (const message of parser.push(decoder.decode(chunk, { stream: true }))) {
          if (!take(message)) continue
          tell({ kind: 'live' })
        }
      }
      throw new Error('the control plane closed the stream')
    } catch (error) {
      if (broken.signal.aborted && !stopped.signal.aborted) throw new Error('no sign of life from the control plane', { cause: error })
      throw error
    } finally {
      clearTimeout(watch)
      clearTimeout(settled)
      broken.abort()
    }
  }

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false, signal: stopped.signal }).catch(() => undefined)

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await connect()
      } catch (error) {
        // a stream that could not be read from its cursor is read from the start
        if (error instanceof SyntaxError || (error instanceof Error && error.message.endsWith('is not one'))) cursor = undefined
        const cause = error instanceof Error && error.cause instanceof Error && error.message === 'fetch failed' ? error.cause : error
        tell({ kind: 'away', reason: cause instanceof Error ? cause.message.slice(0, 200) : 'no answer' })
      }
      if (!stopped.signal.aborted) await pause(backoffMs(++failures, deps.chance, MOST_WAIT_MS))
    }
  }

  const sweeper = setInterval(() => set.sweep(deps.clock()), SWEEP_MS)
  sweeper.unref()
  void run()
  return {
    stop: () => {
      clearInterval(sweeper)
      stopped.abort()
      current?.abort()
    },
  }
}
