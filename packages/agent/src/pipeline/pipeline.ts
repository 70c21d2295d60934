import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@parapet/client'
import type { Alert, Clock, SecurityEvent } from '@parapet/core'
import type { Engine } from '@parapet/detect'
import type { DiskSpool, SpoolMark } from '../spool/disk-spool.js'
import { type Channel, openChannel, type TakeEvent } from './channel.js'
import { eventId } from './event-id.js'

/** An alert that waits until the control plane has its events. */
export type WaitingAlert = { readonly alert: Alert; readonly mark: SpoolMark }

/** What {@link createPipeline} needs. */
export type PipelineDeps = {
  readonly engine: Pick<Engine, 'process'> | undefined
  readonly send: Client['send']
  readonly spool: Pick<DiskSpool, 'mark' | 'stats'>
  readonly mask: (event: SecurityEvent) => SecurityEvent
  readonly clock: Clock
  readonly host: string
  /** datasets that are kept; all when empty */
  readonly datasets: readonly string[]
  readonly utcOffsetMinutes: number
  readonly onAlert: (waiting: WaitingAlert) => void
}

/** From lines to events, alerts and the spool, in one step: whatever is taken in is in the spool's hands when the call returns. */
export type Pipeline = {
  open: (name: string, format: string) => Channel
  close: (channel: Channel) => void
  channels: () => readonly Channel[]
  /** waits while the disk takes nothing; lines stay in their files meanwhile */
  room: () => Promise<void>
  /** false while nothing can be taken: who cannot wait has to drop, and to count */
  hasRoom: () => boolean
  /** events so far, and rules that threw */
  counts: () => { readonly events: number; readonly alerts: number; readonly failures: number }
}

const STUCK_MS = 250
/** lets the timers and sockets of the agent have their turn */
const BREATH_EVENTS = 2_000

/** Builds the pipeline. */
export const createPipeline = (deps: PipelineDeps): Pipeline => {
  const { engine, spool, clock, host } = deps
  const datasets = new Set(deps.datasets)
  const channels = new Set<Channel>()
  const counts = { events: 0, alerts: 0, failures: 0 }
  let sinceBreath = 0

  const take: TakeEvent = (event, origin, offset, text, nth) => {
    if (datasets.size > 0 && !datasets.has(event['event.dataset'] ?? '')) return
    const id = eventId(origin, offset, text, nth)
    counts.events++
    sinceBreath++
    // parsers make an event for every line: it is ours to complete
    event['host.name'] ??= host
    event['event.id'] = id
    deps.send(deps.mask(event))
    if (engine === undefined) return
    try {
      for (const { alert } of engine.process(event, id)) {
        counts.alerts++
        deps.onAlert({ alert, mark: spool.mark() })
      }
    } catch {
      // a rule that throws must not stop the events; it is counted and reported
      counts.failures++
    }
  }

  return {
    open: (name, format) => {
      const channel = openChannel(name, { format, utcOffsetMinutes: deps.utcOffsetMinutes, clock, take })
      channels.add(channel)
      return channel
    },
    close: (channel) => {
      channels.delete(channel)
    },
    channels: () => [...channels],
    room: async () => {
      if (sinceBreath >= BREATH_EVENTS) {
        sinceBreath = 0
        await new Promise((resolve) => setImmediate(resolve))
      }
      while (spool.stats().stuck !== null) await sleep(STUCK_MS)
    },
    hasRoom: () => spool.stats().stuck === null,
    counts: () => ({ ...counts }),
  }
}
