import { isParapetError, type StoredEvent } from '@parapet/core'
import { logChannel } from '../../db/append-log/index.js'
import { isUnavailable } from '../../db/errors.js'
import { createConceal } from '../../vault/index.js'
import { createAlertLog } from '../alerts/alert-log.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { readEventsAfter } from '../events/read-events.js'
import { reasonOf } from './collect.js'
import { commitBatch, type DetectionLogs, type PassedOver } from './commit-batch.js'
import { tryLead } from './leadership.js'
import { readPosition, restoreRun, sealState } from './state.js'
import type { DetectionDeps, DetectionWorker, RunState } from './types.js'
import { createWaker } from './waker.js'

/** How long to wait after trouble, and how often a standby tries to take over, ms. */
const RETRY_MS = 250
const STANDBY_MS = 1_000

const codeOrPlace = (error: unknown): string => (isParapetError(error) ? error.code : reasonOf(error))

/**
 * Creates the worker: it reads events by cursor and commits alerts, decisions, the engine's state and the cursor in one
 * transaction, so that every acknowledged event is detected exactly once, whatever is killed when.
 */
export const createDetectionWorker = (deps: DetectionDeps): DetectionWorker => {
  const { database, vault, clock, log, batchSize = 500, pollMs = 500 } = deps
  const logs: DetectionLogs = { alerts: createAlertLog(database, vault), decisions: createDecisionLog(database, vault) }
  const reader = { database, vault, conceal: createConceal(vault) }
  const waker = createWaker()
  let active = false
  let failures = 0
  let head = 0
  let position = 0
  let trippedAt: number | null = null
  let oldestWaiting: number | undefined
  let loop: Promise<void> | undefined
  let unlisten: (() => void) | undefined

  /** After an error that is not the connection's: event by event, until the one that cannot be written shows itself. */
  const isolate = async (run: RunState, events: readonly StoredEvent[], closed: ReadonlyMap<number, PassedOver>): Promise<void> => {
    let current = run
    for (const event of events) {
      if (waker.stopped()) return
      try {
        await process(current, [event], closed)
      } catch (error) {
        if (isUnavailable(error) || isConflict(error)) throw error
        log.error({ sequence: event.sequence, reason: reasonOf(error) }, 'detection passes an event over')
        current = await restoreRun(database, deps)
        await process(current, [event], new Map([[event.sequence, { stage: 'commit', reason: reasonOf(error) }]]))
      }
    }
  }
  const isConflict = (error: unknown): boolean =>
    isParapetError(error) && error.code === 'PPT_CONFLICT' && error.detail === 'another worker detects'

  const process = async (run: RunState, events: readonly StoredEvent[], skip: ReadonlyMap<number, PassedOver>): Promise<void> => {
    oldestWaiting = events[0]?.receivedAt
    const report = await commitBatch(deps, logs, run, events, skip)
    position = run.position
    trippedAt = run.budget.trippedAt
    head = Math.max(head, position)
    failures += report.failures
    deps.metrics?.onBatch(report)
  }

  /** Detects for as long as this process leads and nothing fails. */
  const lead = async (isHeld: () => boolean): Promise<void> => {
    await sealState(database, vault)
    let run = await restoreRun(database, deps)
    position = run.position
    trippedAt = run.budget.trippedAt
    active = true
    log.info({ position }, 'detection runs here')
    while (!waker.stopped() && isHeld()) {
      waker.arm()
      // an event whose seal is broken is passed over and told of: waiting for it would end all detection
      const closed = new Map<number, PassedOver>()
      const events = await readEventsAfter(reader, run.position, batchSize, (sequence, error) => {
        closed.set(sequence, { stage: 'open', reason: codeOrPlace(error) })
        log.error({ sequence, reason: codeOrPlace(error) }, 'detection passes an event over that does not open')
      })
      if (events.length === 0) {
        oldestWaiting = undefined
        head = run.position
        await waker.wait(pollMs)
        continue
      }
      try {
        await process(run, events, closed)
      } catch (error) {
        if (isUnavailable(error) || isConflict(error)) throw error
        log.error({ events: events.length, reason: reasonOf(error) }, 'a batch could not be committed; trying event by event')
        await isolate(await restoreRun(database, deps), events, closed)
        run = await restoreRun(database, deps)
      }
    }
  }

  const run = async (): Promise<void> => {
    while (!waker.stopped()) {
      try {
        unlisten ??= await database.listen(logChannel('events'), (payload) => {
          const told = Number(payload)
          if (Number.isSafeInteger(told)) head = Math.max(head, told)
          waker.wake()
        })
        const leadership = await tryLead(database)
        if (leadership === undefined) {
          // without it the lag of one who only stands by would grow for ever, and senders would be turned away for it
          position = await readPosition(database)
          oldestWaiting = undefined
          await waker.sleep(STANDBY_MS)
          continue
        }
        try {
          await lead(leadership.isHeld)
        } finally {
          active = false
          await leadership.release()
        }
      } catch (error) {
        log.warn({ unavailable: isUnavailable(error), reason: reasonOf(error) }, 'detection is interrupted; it goes on from its cursor')
        await waker.sleep(RETRY_MS)
      }
    }
  }

  return {
    start: async () => {
      loop ??= run()
      await Promise.resolve()
    },
    stop: async () => {
      waker.stop()
      await loop
      unlisten?.()
      await Promise.all([logs.alerts.close(), logs.decisions.close()])
    },
    lag: () => {
      const events = Math.max(0, head - position)
      return { events, ms: events === 0 || oldestWaiting === undefined ? 0 : Math.max(0, clock() - oldestWaiting) }
    },
    isActive: () => active,
    budgetTrippedAt: () => trippedAt,
    failures: () => failures,
  }
}
