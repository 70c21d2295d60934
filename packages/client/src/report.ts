import type { EnforcerReport } from '@parapet/core'
import type { Endpoint, Fetch } from './endpoint.js'

/** What enforcers hold now; asked for each time that it is told. */
export type ReadReports = () => readonly EnforcerReport[] | Promise<readonly EnforcerReport[]>

/** How often to tell, ms: the control plane calls an enforcer silent after three that did not come. */
const EVERY_MS = 15_000
const TIMEOUT_MS = 10_000
/** Reports of one request, as many as the control plane takes. */
const MOST = 20

/**
 * Tells the control plane what enforcers hold: at once, every 15 s and whenever `now` is called. One request at a time; a wish that comes
 * meanwhile is told right after it. Never throws.
 */
export const reportEnforcers = (
  read: ReadReports,
  deps: { readonly endpoint: Endpoint; readonly fetch: Fetch },
): { readonly now: () => void; readonly stop: () => void } => {
  const stopped = new AbortController()
  let running = false
  let wanted = false

  const post = async (): Promise<void> => {
    const reports = (await read()).slice(0, MOST)
    if (reports.length === 0) return
    const response = await deps.fetch(deps.endpoint.at('/v1/enforcers/reports'), {
      method: 'POST',
      headers: { ...deps.endpoint.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ reports }),
      // a redirect would carry the token to another place
      redirect: 'error',
      signal: AbortSignal.any([stopped.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    await response.body?.cancel()
  }
  const run = async (): Promise<void> => {
    if (running) return
    running = true
    while (wanted && !stopped.signal.aborted) {
      wanted = false
      // an older control plane, or one that is away: the next report says more than this one
      await post().catch(() => undefined)
    }
    running = false
  }
  const now = (): void => {
    wanted = true
    void run()
  }

  const timer = setInterval(now, EVERY_MS)
  timer.unref()
  now()
  return {
    now,
    stop: () => {
      clearInterval(timer)
      stopped.abort()
    },
  }
}
