import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '@parapet/core'
import { retryAfterMs } from './backoff.js'
import type { Endpoint, Fetch } from './endpoint.js'
import type { SpoolItem } from './spool.js'

/** What became of one batch. */
export type Delivery =
  | { readonly kind: 'taken'; readonly accepted: number; readonly duplicates: number; readonly rejected: readonly RejectedItem[] }
  /** send the same batch again, after `afterMs` when the server said when */
  | { readonly kind: 'again'; readonly reason: string; readonly afterMs: number | undefined }
  /** the token is refused: the same batch again, but only after somebody has looked */
  | { readonly kind: 'refused'; readonly reason: string }
  /** the batch itself is what the server cannot take */
  | { readonly kind: 'unfit'; readonly reason: string }

/** An event that the server did not take, and why. */
export type RejectedItem = { readonly id: string; readonly code: string; readonly detail: string }

const compress = promisify(gzip)
/** Batches smaller than this go as they are, bytes. */
const GZIP_FROM = 8_192
const TIMEOUT_MS = 10_000
/** A code of ours; anything else in its place, such as the token sent back, is not repeated in logs. */
const CODE = /^PPT_[A-Z_]{1,60}$/

type Answer = { accepted?: unknown; duplicates?: unknown; rejected?: unknown; code?: unknown }

const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)

const readRejected = (value: unknown, items: readonly SpoolItem[]): RejectedItem[] => {
  if (!Array.isArray(value)) return []
  return (value as readonly { index?: unknown; code?: unknown; detail?: unknown }[]).flatMap((entry) => {
    const item = typeof entry?.index === 'number' ? items[entry.index] : undefined
    return item === undefined ? [] : [{ id: item.id, code: String(entry.code).slice(0, 64), detail: String(entry.detail).slice(0, 256) }]
  })
}

/** Sends one batch as NDJSON and reads the answer. Never rejects. */
export const deliver = async (
  items: readonly SpoolItem[],
  deps: { readonly endpoint: Endpoint; readonly fetch: Fetch; readonly clock: Clock; readonly abort: AbortController },
): Promise<Delivery> => {
  const { endpoint, clock } = deps
  const late = setTimeout(() => deps.abort.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
  late.unref()
  try {
    const text = items.map(({ json }) => json).join('\n')
    const large = text.length >= GZIP_FROM
    const response = await deps.fetch(endpoint.at('/v1/events'), {
      method: 'POST',
      headers: { ...endpoint.headers, 'content-type': 'application/x-ndjson', ...(large ? { 'content-encoding': 'gzip' } : {}) },
      body: large ? await compress(text) : text,
      // a redirect would carry the token to another place
      redirect: 'error',
      signal: deps.abort.signal,
    })
    const answer = ((await response.json().catch(() => null)) ?? {}) as Answer
    if (response.ok) {
      return {
        kind: 'taken',
        accepted: count(answer.accepted),
        duplicates: count(answer.duplicates),
        rejected: readRejected(answer.rejected, items),
      }
    }
    const reason = `HTTP ${response.status}${typeof answer.code === 'string' && CODE.test(answer.code) ? ` ${answer.code}` : ''}`
    if (response.status === 401 || response.status === 403) return { kind: 'refused', reason }
    if (response.status === 400 || response.status === 413 || response.status === 415 || response.status === 422)
      return { kind: 'unfit', reason }
    return { kind: 'again', reason, afterMs: retryAfterMs(response.headers.get('retry-after'), clock()) }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return { kind: 'again', reason: cause instanceof Error ? cause.message.slice(0, 200) : 'no answer', afterMs: undefined }
  } finally {
    clearTimeout(late)
  }
}
