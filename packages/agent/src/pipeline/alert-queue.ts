import type { Alert } from '@parapet/core'
import type { DiskSpool } from '../spool/disk-spool.js'
import type { WaitingAlert } from './pipeline.js'

/** Alerts on their way: the newest state of each, sent once the control plane has their events. */
export type AlertQueue = {
  push: (waiting: WaitingAlert) => void
  /** sends what is ready; never rejects */
  pump: () => Promise<void>
  /** what has not been taken yet, for the next start */
  save: () => readonly Alert[]
  stats: () => { readonly made: number; readonly dropped: number }
}

const MOST = 2_000
const BATCH = 200

/** Builds the queue; `kept` are alerts of an earlier run. */
export const createAlertQueue = (
  send: (alerts: readonly Alert[]) => Promise<void>,
  spool: Pick<DiskSpool, 'isPast' | 'mark'>,
  kept: readonly Alert[],
): AlertQueue => {
  // the events of an earlier run stand before everything of this one
  const waiting = new Map<string, WaitingAlert>(kept.map((alert) => [alert.id, { alert, mark: spool.mark() }]))
  let made = 0
  let dropped = 0
  let sending: Promise<void> | undefined
  const sendReady = async (): Promise<void> => {
    const ready = [...waiting.values()].filter(({ mark }) => spool.isPast(mark)).slice(0, BATCH)
    if (ready.length === 0) return
    try {
      await send(ready.map(({ alert }) => alert))
    } catch {
      // the heartbeat tells of a server that does not answer; the next pump tries again
      return
    }
    // one that grew meanwhile goes again
    for (const one of ready) if (waiting.get(one.alert.id) === one) waiting.delete(one.alert.id)
  }
  return {
    push: (one) => {
      if (!waiting.has(one.alert.id)) made++
      waiting.set(one.alert.id, one)
      if (waiting.size <= MOST) return
      const [oldest] = waiting.keys()
      if (oldest !== undefined) waiting.delete(oldest)
      dropped++
    },
    pump: () => {
      sending ??= sendReady().finally(() => {
        sending = undefined
      })
      return sending
    },
    save: () => [...waiting.values()].map(({ alert }) => alert),
    stats: () => ({ made, dropped }),
  }
}
