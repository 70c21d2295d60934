import { isParapetError, ParapetError, type SecurityEvent, type StoredEvent } from '@parapet/core'
import { logChannel } from '../../db/append-log/index.js'
import { isUnavailable } from '../../db/errors.js'
import { withClient } from '../../db/pools.js'
import { createConceal } from '../../vault/index.js'
import { createAlertLog } from '../alerts/alert-log.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { readEventsAfter } from '../events/read-events.js'
import type { DetectionLogs } from './answer-alerts.js'
import { reasonOf } from './collect.js'
import { type Batch, commitBatch, isTaken, OTHER_HANDS, type PassedOver, type Work } from './commit-batch.js'
import { readPosition, type Seat, SHARD_CHANNEL, takeSeat } from './leases.js'
import { nextRun, regroup } from './runs.js'
import { readBudget, readHeld } from './state.js'
import type { DetectionDeps, DetectionWorker, Run } from './types.js'
import { createWaker } from './waker.js'

/** How long to wait after trouble, how often one without a part looks for some, and how often the shares are looked at, ms. */
const RETRY_MS = 250
const STANDBY_MS = 1_000
const LOOK_MS = 1_000
/** Events before its place that a worker looks at when it begins. */
const RECALLED = 20_000

const same = (event: SecurityEvent): SecurityEvent => event
const codeOrPlace = (error: unknown): string => (isParapetError(error) ? error.code : reasonOf(error))

/**
 * Creates the worker. It takes its share of the 64 parts of detection, reads all events by cursor, and commits the alerts and decisions of
 * its parts, their state and their place in one transaction under a fence, so that every acknowledged event is detected exactly once,
 * whatever is killed when and however many servers share the work.
 */
export const createDetectionWorker = (deps: DetectionDeps): DetectionWorker => {
  const { database, vault, clock, log, batchSize = 500, pollMs = 500, revision = (): number => 0, enrich = same } = deps
  const logs: DetectionLogs = { alerts: createAlertLog(database, vault), decisions: createDecisionLog(database, vault) }
  const reader = { database, vault, conceal: createConceal(vault) }
  const waker = createWaker()
  let parts = 0
  let failures = 0
  let head = 0
  let position = 0
  let trippedAt: number | null = null
  let oldestWaiting: number | undefined
  /** runs that stand apart read the same events again: each counts once */
  let noted = 0
  let loop: Promise<void> | undefined
  const unlisten: (() => void)[] = []
  /** the others have made room, or want some */
  let called = true
  const call = (): void => {
    called = true
    waker.wake()
  }

  const process = async (work: Work, run: Run, batch: Batch): Promise<void> => {
    oldestWaiting = batch.events[0]?.receivedAt
    const report = await commitBatch(deps, work, run, batch)
    position = run.position
    trippedAt = report.trippedAt ?? trippedAt
    head = Math.max(head, position)
    failures += report.failures
    if (report.events > 0) deps.metrics?.onBatch(report)
  }

  const enriched = (stored: StoredEvent): StoredEvent => ({ ...stored, event: enrich(stored.event) })

  /** What comes after the place of a run, at most up to `until`; an event whose seal is broken is passed over and told of: waiting for it would end all detection. */
  const read = async (run: Run, until: number | undefined): Promise<Batch> => {
    const skip = new Map<number, PassedOver>()
    const events = await readEventsAfter(reader, run.position, batchSize, (sequence, error) => {
      skip.set(sequence, { stage: 'open', reason: codeOrPlace(error) })
      log.error({ sequence, reason: codeOrPlace(error) }, 'detection passes an event over that does not open')
    })
    for (const stored of events)
      if (stored.sequence > noted) {
        noted = stored.sequence
        deps.traffic.note(stored.event)
      }
    const inReach = until === undefined ? events : events.filter(({ sequence }) => sequence <= until)
    const to = until !== undefined && inReach.length < batchSize ? until : (inReach.at(-1)?.sequence ?? run.position)
    return { events: inReach.map(enriched), to, skip }
  }

  /** After an error that is not the connection's: event by event, until the one that cannot be written shows itself. */
  const isolate = async (seat: Seat, failed: Run, batch: Batch): Promise<void> => {
    let [work, run] = [await anew(seat), await again(failed)]
    for (const event of batch.events) {
      if (waker.stopped()) return
      const one = { events: [event], to: event.sequence, skip: batch.skip }
      try {
        await process(work, run, one)
      } catch (error) {
        if (isUnavailable(error) || isTaken(error)) throw error
        log.error({ sequence: event.sequence, reason: reasonOf(error) }, 'detection passes an event over')
        ;[work, run] = [await anew(seat), await again(run)]
        const reason = reasonOf(error)
        await process(work, run, { ...one, skip: new Map(batch.skip).set(event.sequence, { stage: 'commit', reason }) })
      }
    }
  }
  const anew = async (seat: Seat): Promise<Work> => ({
    worker: seat.worker,
    logs,
    held: { decisions: await readHeld(database, deps), sweptAt: clock() },
  })
  const again = async (run: Run): Promise<Run> => {
    const [fresh] = await regroup(
      database,
      deps,
      [],
      run.leases.map((lease) => ({ ...lease, position: run.position })),
    )
    if (fresh === undefined) throw new ParapetError('PPT_CONFLICT', OTHER_HANDS)
    return fresh
  }

  /** What came in lately, before this process did: without it an address that half of the people come from looks like any other. */
  const recall = async (): Promise<void> => {
    const last = await readPosition(database)
    for (let from = Math.max(0, last - RECALLED); from < last;) {
      const page = await readEventsAfter(reader, from, 1_000, () => undefined)
      const until = page.at(-1)?.sequence
      if (until === undefined || waker.stopped()) break
      for (const stored of page) if (stored.sequence <= last) deps.traffic.note(stored.event)
      from = until
    }
    noted = last
  }

  /** Detects its parts for as long as this process has its seat and nothing fails. */
  const detect = async (seat: Seat): Promise<void> => {
    let runs: Run[] = []
    let built = revision()
    let looked = Number.NEGATIVE_INFINITY
    let work = await anew(seat)
    trippedAt = (await withClient(database.pool, (client) => readBudget(client, deps, false))).trippedAt
    if (noted === 0) await recall()
    while (!waker.stopped() && seat.isHeld()) {
      waker.arm()
      const now = performance.now()
      const meet = new Set(runs.map((run) => run.position)).size < runs.length
      if (called || meet || now - looked >= LOOK_MS || revision() !== built) {
        called = false
        looked = now
        if (revision() !== built) runs = []
        built = revision()
        runs = await regroup(database, deps, runs, await seat.balance())
        const held = runs.reduce((sum, run) => sum + run.leases.length, 0)
        if (held !== parts) log.info({ parts: held, position: runs[0]?.position }, 'detection runs here')
        parts = held
      }
      const next = nextRun(runs)
      if (next === undefined) {
        // without it the lag of one who only stands by would grow for ever, and senders would be turned away for it
        position = await readPosition(database)
        oldestWaiting = undefined
        await waker.wait(STANDBY_MS)
        continue
      }
      const { run, until } = next
      const batch = await read(run, until)
      if (batch.to === run.position) {
        oldestWaiting = undefined
        position = run.position
        head = position
        await waker.wait(Math.min(pollMs, LOOK_MS))
        continue
      }
      try {
        await process(work, run, batch)
      } catch (error) {
        if (isUnavailable(error)) throw error
        // what the engines know is ahead of the database now
        runs = []
        called = true
        if (!isTaken(error)) {
          log.error({ events: batch.events.length, reason: reasonOf(error) }, 'a batch could not be committed; trying event by event')
          await isolate(seat, run, batch)
        }
        work = await anew(seat)
      }
    }
  }

  const run = async (): Promise<void> => {
    while (!waker.stopped()) {
      try {
        if (unlisten.length === 0) {
          unlisten.push(
            await database.listen(logChannel('events'), (payload) => {
              const told = Number(payload)
              if (Number.isSafeInteger(told)) head = Math.max(head, told)
              waker.wake()
            }),
            await database.listen(SHARD_CHANNEL, call),
            deps.onChange?.(call) ?? ((): void => undefined),
          )
        }
        const seat = await takeSeat(database)
        try {
          await detect(seat)
        } finally {
          parts = 0
          await seat.leave()
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
      for (const end of unlisten) end()
      await Promise.all([logs.alerts.close(), logs.decisions.close()])
    },
    lag: () => {
      const events = Math.max(0, head - position)
      return { events, ms: events === 0 || oldestWaiting === undefined ? 0 : Math.max(0, clock() - oldestWaiting) }
    },
    isActive: () => parts > 0,
    budgetTrippedAt: () => trippedAt,
    failures: () => failures,
  }
}
