import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, ParapetError, type SubjectImport } from '@parapet/core'
import { backoffMs, type Chance, retryAfterMs } from './backoff.js'
import type { Endpoint, Fetch } from './endpoint.js'

/** One user of the application. */
export type ImportedSubject = SubjectImport['subjects'][number]

/** Users as an application can give them: a list, or page by page out of its database. */
export type Importable = Iterable<ImportedSubject> | AsyncIterable<ImportedSubject>

/** Users of one request, far below what the control plane takes; and tries of one request. */
const [BATCH, MOST_TRIES] = [1_000, 6] as const
const TIMEOUT_MS = 30_000

type Posted = { readonly kind: 'taken' | 'refused' | 'again'; readonly status: string; readonly afterMs?: number | undefined }

/**
 * Tells the control plane who the users of this application are, in bounded batches, one after the other; what is told again changes nothing
 * there, so that it can be begun anew after anything. Answers how many were taken. Errors: `PPT_CONTROL_PLANE`.
 */
export const importSubjects = async (
  subjects: Importable,
  deps: {
    readonly endpoint: Endpoint
    readonly fetch: Fetch
    readonly clock: Clock
    readonly chance: Chance
    readonly signal: AbortSignal
  },
): Promise<{ readonly taken: number }> => {
  const post = async (batch: readonly ImportedSubject[]): Promise<Posted> => {
    try {
      const response = await deps.fetch(deps.endpoint.at('/v1/subjects/import'), {
        method: 'POST',
        headers: { ...deps.endpoint.headers, 'content-type': 'application/json' },
        body: JSON.stringify({ subjects: batch } satisfies SubjectImport),
        // a redirect would carry the token, and everybody's mail address, to another place
        redirect: 'error',
        signal: AbortSignal.any([deps.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      await response.body?.cancel()
      const status = `HTTP ${response.status}`
      if (response.ok) return { kind: 'taken', status }
      if (response.status !== 429 && response.status < 500) return { kind: 'refused', status }
      return { kind: 'again', status, afterMs: retryAfterMs(response.headers.get('retry-after'), deps.clock()) }
    } catch {
      return { kind: 'again', status: 'no answer' }
    }
  }
  const send = async (batch: readonly ImportedSubject[]): Promise<void> => {
    let last = ''
    for (let tried = 1; tried <= MOST_TRIES && !deps.signal.aborted; tried++) {
      const posted = await post(batch)
      if (posted.kind === 'taken') return
      last = posted.status
      if (posted.kind === 'refused') break
      if (tried < MOST_TRIES)
        await sleep(posted.afterMs ?? backoffMs(tried, deps.chance), undefined, { ref: false, signal: deps.signal }).catch(() => undefined)
    }
    throw new ParapetError(
      'PPT_CONTROL_PLANE',
      `the users of this application were not taken: ${deps.signal.aborted ? 'it was stopped' : last}`,
    )
  }

  let taken = 0
  let batch: ImportedSubject[] = []
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return
    await send(batch)
    taken += batch.length
    batch = []
  }
  for await (const subject of subjects) {
    batch.push(subject)
    if (batch.length >= BATCH) await flush()
  }
  await flush()
  return { taken }
}
