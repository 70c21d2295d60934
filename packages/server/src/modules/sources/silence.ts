import { type Alert, type Clock, formatDuration, MINUTE } from '@parapet/core'
import type { Pool } from 'pg'
import { AGENT_SILENT_MS } from '../agents/index.js'
import type { AlertIntake } from '../detection/index.js'
import type { SourceState } from './health.js'
import { SILENT_RULE } from './silent-rule.js'

/** What is silent of a source: since when, ms UTC, for how long it may be, ms, and in words. */
type Silence = { readonly what: 'agent' | 'source'; readonly since: number; readonly allowed: number; readonly words: string }

const ago = (ms: number): string => formatDuration(Math.max(MINUTE, Math.floor(ms / MINUTE) * MINUTE))

const silenceOf = (source: SourceState, now: number): Silence | undefined => {
  if (source.state !== 'silent' || source.demo) return undefined
  const { agent, lastEventAt, silentAfterMs, name } = source
  if (agent !== null) {
    const words = `The agent of ${name} has sent no heartbeat for ${ago(now - agent.receivedAt)}; every 15 seconds is usual`
    return { what: 'agent', since: agent.receivedAt, allowed: AGENT_SILENT_MS, words }
  }
  if (lastEventAt === null || silentAfterMs === null) return undefined
  return { what: 'source', since: lastEventAt, allowed: silentAfterMs, words: `${name} has sent no event for ${ago(now - lastEventAt)}` }
}

/**
 * The alert of one silence: the same silence is the same alert, however often it is looked at and by how many servers. Nobody is silent before
 * somebody has listened, since `listening` (ms UTC), for as long as is allowed.
 */
export const silentAlert = (source: SourceState, now: number, listening: number): Alert | undefined => {
  const silence = silenceOf(source, now)
  if (silence === undefined || now - Math.max(silence.since, listening) <= silence.allowed) return undefined
  return {
    id: `silent-${silence.what}-${source.id}-${silence.since}`,
    rule: SILENT_RULE.rule,
    group: { 'parapet.source': source.name },
    scope: { kind: 'endpoint', value: source.name },
    first: silence.since,
    last: now,
    count: 1,
    targets: [],
    events: [],
    why: `${silence.words}, ${formatDuration(silence.allowed)} is allowed.`,
  }
}

/** Creates the watch: each call tells of the sources that have fallen silent since, once for each silence. Answers how many. */
export const createSilenceWatch = (deps: {
  pool: Pool
  clock: Clock
  health: () => Promise<readonly SourceState[]>
  takeAlerts: AlertIntake['takeAlerts']
}): (() => Promise<number>) => {
  const listening = deps.clock()
  return async () => {
    const now = deps.clock()
    const alerts = new Map<Alert, SourceState>()
    for (const source of await deps.health()) {
      const alert = silentAlert(source, now, listening)
      if (alert !== undefined) alerts.set(alert, source)
    }
    if (alerts.size === 0) return 0
    const ids = Array.from(alerts.keys(), ({ id }) => id)
    const { rows } = await deps.pool.query<{ id: string }>('SELECT id FROM alerts WHERE id = ANY ($1)', [ids])
    const told = new Set(rows.map((row) => row.id))
    let count = 0
    for (const [alert, { id, name }] of alerts) {
      if (told.has(alert.id)) continue
      await deps.takeAlerts({ id, name }, [{ alert, demo: false }])
      count++
    }
    return count
  }
}
