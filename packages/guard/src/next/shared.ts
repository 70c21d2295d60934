import type { Passage } from '../app/types.js'
import { type EdgeGuard, finish } from '../node/edge.js'

/** A request that the proxy has let pass, until its handler takes it over. */
type Pending = { readonly guard: EdgeGuard; readonly passage: Passage; readonly at: number }

/** Ms after which nobody comes for it any more: a page answered it, and Next does not say how. */
const PATIENCE = 10_000
const MOST = 20_000
/** The status of an answer that nobody told of. */
const NOT_TOLD = 0

const KEY: unique symbol = Symbol.for('parapet.next.pending')

/** Proxy and handlers are bundled apart and share a process: what is theirs together hangs on the global object. */
const pending = (): Map<string, Pending> => {
  const shared = globalThis as { [KEY]?: Map<string, Pending> }
  return (shared[KEY] ??= new Map())
}

const sweep = (now: number): void => {
  const map = pending()
  // oldest first, by the order of insertion
  for (const [token, { guard, passage, at }] of map) {
    if (now - at < PATIENCE && map.size <= MOST) return
    map.delete(token)
    finish(guard, passage, NOT_TOLD)
  }
}

/** Keeps a passage under a token of 128 random bits that no client can know. */
export const leave = (token: string, guard: EdgeGuard, passage: Passage): void => {
  const now = Date.now()
  sweep(now)
  pending().set(token, { guard, passage, at: now })
  setTimeout(() => sweep(Date.now()), PATIENCE + 10).unref()
}

/** The passage of a token, for whoever looks without answering. */
export const look = (token: string | null): Passage | undefined => (token === null ? undefined : pending().get(token)?.passage)

/** Takes a passage over: whoever has it tells how the request ended. */
export const take = (token: string | null): Passage | undefined => {
  const passage = look(token)
  if (token !== null) pending().delete(token)
  return passage
}
