/** What the line to the control plane is doing. `since` in ms UTC: when this began. */
export type LiveState =
  | { readonly kind: 'connecting'; readonly attempt: number; readonly since: number }
  | { readonly kind: 'live'; readonly since: number; readonly resumed: boolean }
  | { readonly kind: 'reconnecting'; readonly attempt: number; readonly since: number; readonly retryAt: number }
  | { readonly kind: 'offline'; readonly since: number }
  | { readonly kind: 'paused'; readonly since: number }

/** What can happen to the line. `broken`: the browser gave the stream up; `hidden`: nobody has looked at the page for a while. */
export type LiveInput =
  | { readonly kind: 'opened' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'offline' }
  | { readonly kind: 'online' }
  | { readonly kind: 'hidden' }
  | { readonly kind: 'visible' }

/** How the first try starts. */
export const liveStart = (now: number): LiveState => ({ kind: 'connecting', attempt: 0, since: now })

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000

/** The wait before try number `attempt` (from 1), ms: doubling, capped, with up to a quarter of jitter. `random` is in [0, 1). */
export const retryDelay = (attempt: number, random: number): number => {
  const base = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10))
  return Math.round(base * (0.75 + random * 0.25))
}

/**
 * One step of the line; pure. A line that is `offline` or `paused` holds no connection: six of them are all that a
 * browser gives one HTTP/1.1 server, so tabs in the background must not keep theirs.
 */
export const liveStep = (state: LiveState, input: LiveInput, now: number, random: number): LiveState => {
  const asleep = state.kind === 'offline' || state.kind === 'paused'
  switch (input.kind) {
    case 'opened': {
      if (asleep || state.kind === 'live') return state
      return { kind: 'live', since: now, resumed: state.kind === 'reconnecting' || state.attempt > 0 }
    }
    case 'broken': {
      if (asleep || state.kind === 'reconnecting') return state
      const attempt = state.kind === 'live' ? 1 : state.attempt + 1
      return { kind: 'reconnecting', attempt, since: now, retryAt: now + retryDelay(attempt, random) }
    }
    case 'retry':
      return state.kind === 'reconnecting' ? { kind: 'connecting', attempt: state.attempt, since: now } : state
    case 'offline':
      return state.kind === 'offline' ? state : { kind: 'offline', since: now }
    case 'online':
      return state.kind === 'offline' ? { kind: 'connecting', attempt: 1, since: now } : state
    case 'hidden':
      return asleep ? state : { kind: 'paused', since: now }
    case 'visible':
      return state.kind === 'paused' ? { kind: 'connecting', attempt: 1, since: now } : state
  }
}

/** True while the state needs an open EventSource. */
export const wantsStream = (state: LiveState): boolean => state.kind === 'connecting' || state.kind === 'live'

/** The state in words, for the corner of the page. */
export const liveWords = (state: LiveState): string => {
  switch (state.kind) {
    case 'live':
      return 'Live'
    case 'connecting':
      return state.attempt === 0 ? 'Connecting' : 'Reconnecting'
    case 'reconnecting':
      return 'Reconnecting'
    case 'offline':
      return 'Offline'
    case 'paused':
      return 'Paused'
  }
}
