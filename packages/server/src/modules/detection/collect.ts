import { type Alert, ASSESSMENT_FIELD, DEMO_TAG, type StoredEvent } from '@parapet/core'
import { dayOf } from '../events/event-row.js'
import type { DetectionEngine } from './types.js'

/** Events of one batch that made or changed one alert, and the alert as the last of them left it. */
export type CollectedAlert = {
  alert: Alert
  fired: boolean
  demo: boolean
  /** the run of an assessment that all of its events in this batch belong to; false when they do not */
  assessment: string | false
  readonly sources: Map<string, string>
  readonly events: { readonly sequence: number; readonly day: number; readonly id: string }[]
}

/** An event that detection passed over. `reason` holds no content of the event. */
export type Failure = { readonly sequence: number; readonly eventId: string; readonly stage: 'process'; readonly reason: string }

/** What the engine said about a batch. */
export type Collected = { readonly alerts: readonly CollectedAlert[]; readonly failures: readonly Failure[] }

/** The name and place of an error, without its message, which may repeat what an attacker sent. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'an error without a name'
  const place = /\/([\w.-]+:\d+):\d+\)?$/m.exec(error.stack ?? '')?.[1]
  return place === undefined ? error.name : `${error.name} at ${place}`
}

/**
 * Runs a batch through the engine. Changes of one alert become one; an event on which the engine throws is recorded and the
 * others go on. `skip` names events that made a transaction fail before.
 */
export const collectAlerts = (
  engine: Pick<DetectionEngine, 'process'>,
  events: readonly StoredEvent[],
  skip: ReadonlySet<number>,
): Collected => {
  const alerts = new Map<string, CollectedAlert>()
  const failures: Failure[] = []
  for (const stored of events) {
    if (skip.has(stored.sequence)) continue
    try {
      for (const { kind, alert } of engine.process(stored.event, stored.id)) {
        const demo = stored.event.tags?.includes(DEMO_TAG) === true
        const marked = stored.event[ASSESSMENT_FIELD]
        const assessment = typeof marked === 'string' && marked !== '' ? marked : false
        const held = alerts.get(alert.id)
        const entry = held ?? { alert, fired: false, demo, assessment, sources: new Map<string, string>(), events: [] }
        entry.alert = alert
        entry.fired ||= kind === 'fired'
        // one real event makes it a real alert, which must not vanish with the demo
        entry.demo &&= demo
        // nor may one real attacker hide behind the kit
        entry.assessment &&= assessment
        entry.sources.set(stored.source.id, stored.source.name)
        entry.events.push({ sequence: stored.sequence, day: dayOf(stored.receivedAt), id: stored.id })
        if (held === undefined) alerts.set(alert.id, entry)
      }
    } catch (error) {
      failures.push({ sequence: stored.sequence, eventId: stored.id, stage: 'process', reason: reasonOf(error) })
    }
  }
  return { alerts: [...alerts.values()], failures }
}
