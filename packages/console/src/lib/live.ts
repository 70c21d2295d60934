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
  let next = state
  switch (input.kind) {
    case 'opened':
      if (!asleep && state.kind !== 'live') next = { kind: 'live', since: now, resumed: state.attempt > 0 }
      break
    case 'broken':
      if (!asleep && state.kind !== 'reconnecting') {
        const attempt = state.kind === 'live' ? 1 : state.attempt + 1
        next = { kind: 'reconnecting', attempt, since: now, retryAt: now + retryDelay(attempt, random) }
      }
      break
    case 'retry':
      if (state.kind === 'reconnecting') next = { kind: 'connecting', attempt: state.attempt, since: now }
      break
    case 'offline':
      if (state.kind !== 'offline') next = { kind: 'offline', since: now }
      break
    case 'online':
      if (state.kind === 'offline') next = { kind: 'connecting', attempt: 1, since: now }
      break
    case 'hidden':
      if (!asleep) next = { kind: 'paused', since: now }
      break
    case 'visible':
      if (state.kind === 'paused') next = { kind: 'connecting', attempt: 1, since: now }
      break
  }
  return next
}

/** True while the state needs an open EventSource. */
export const wantsStream = (state: LiveState): boolean => state.kind === 'connecting' || state.kind === 'live'

const WORDS = { live: 'Live', connecting: 'Connecting', reconnecting: 'Reconnecting', offline: 'Offline', paused: 'Paused' } as const

/** The state in words, for the corner of the page. */
export const liveWords = (state: LiveState): string =>
  state.kind === 'connecting' && state.attempt > 0 ? WORDS.reconnecting : WORDS[state.kind]
