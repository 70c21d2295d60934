import { type Clock, MINUTE, SECOND } from '@parapet/core'
import { type OpenKeyset, SETTLE_MS } from '@parapet/privacy/encryption'
import { isUnavailable } from '../../db/errors.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { reasonOf } from '../detection/collect.js'
import { createBackground, type Sealing } from './background.js'
import { type Demand, demandOf, isSameDemand } from './reseal-demand.js'
import { beginResealing, resealBatch, type ResealDeps, tablesLeft, type TableProgress } from './reseal-progress.js'
import { RESEAL_TABLES, type ResealTable } from './reseal-tables.js'

/** Beside the time for which a copy of the keyset may be old: for clocks that differ, and rows that are sealed and on their way. */
const MARGIN_MS = MINUTE
/** How often the keyset in memory is looked at, and how long to wait when there is nothing to do at the moment, ms. */
const CHECK_MS = 2 * SECOND
/** How often the log says how far a table is, ms. */
const TELL_MS = 30 * SECOND

/**
 * Brings everything that the tables hold under the primary key of the keyset, whenever another key became primary: a batch at a time
 * beside the work of the day. It goes on where it was when the server ends, and of several servers each batch is done by one. Once it
 * is through, the keys before have no use left. `done` resolves only when it is stopped.
 */
export const resealStored = (deps: {
  readonly database: Pick<Database, 'pool'>
  /** the keyset that `vault` seals with; whoever refreshes it starts the work */
  readonly keyset: Pick<OpenKeyset, 'keyset' | 'cipher'>
  readonly vault: Vault
  readonly clock: Clock
  readonly log: DatabaseLog
  /** rows in one transaction; 500 by default */
  readonly size?: number
  /** ms after a change of the keyset until no server seals with the key before; 11 minutes by default */
  readonly settleMs?: number
  readonly checkMs?: number
}): Sealing => {
  const { keyset, log, checkMs = CHECK_MS } = deps
  const work: ResealDeps = {
    pool: deps.database.pool,
    vault: deps.vault,
    cipher: keyset.cipher,
    clock: deps.clock,
    size: deps.size ?? 500,
    settleMs: deps.settleMs ?? SETTLE_MS + MARGIN_MS,
  }
  const { signal, pause, handle } = createBackground()
  const isWanted = (demand: Demand): boolean => !signal.aborted && isSameDemand(demandOf(keyset.keyset), demand)

  const tell = ({ finished, refused, ...progress }: TableProgress): void => {
    if (!finished) log.info(progress, 'a table is being brought under the new key')
    else if (refused === 0) log.info(progress, 'a table is under the new key')
    else
      log.error(
        { ...progress, refused },
        'rows of a table do not open and stay as they are; enable their key if it was disabled, or bring them back from a backup',
      )
  }
  /** True when this server did something of it. */
  const walk = async (demand: Demand, table: ResealTable): Promise<boolean> => {
    let told = performance.now()
    for (let batches = 0; ; batches++) {
      if (!isWanted(demand)) return batches > 0
      const began = performance.now()
      const progress = await resealBatch(work, demand, table)
      if (progress === undefined) return batches > 0
      if (progress.finished || performance.now() - told >= TELL_MS) {
        tell(progress)
        told = performance.now()
      }
      if (progress.finished) return true
      // as long as the batch took: half of a connection at most, whatever the machine
      await pause(performance.now() - began)
    }
  }
  /** True when nothing is left to do for what the keyset asks. */
  const bring = async (demand: Demand, again: boolean): Promise<boolean> => {
    if (await beginResealing(work, demand, again))
      log.info({ keyId: demand.keyId }, 'the keyset has another primary key: what the tables hold is being brought under it')
    let worked = false
    while (isWanted(demand)) {
      const left = await tablesLeft(work, demand)
      if (left.size === 0) {
        if (worked)
          log.info({ keyId: demand.keyId }, 'everything that opens is under the primary key; a scan shows what is left of the keys before')
        return true
      }
      let moved = false
      for (const table of RESEAL_TABLES) if (left.has(table.name)) moved = (await walk(demand, table)) || moved
      worked ||= moved
      // the last pass waits until every server has read the keyset, or another server is at it
      if (!moved) await pause(checkMs)
    }
    return false
  }
  const run = async (): Promise<void> => {
    let satisfied: Demand | undefined
    let again = true
    while (!signal.aborted) {
      const demand = demandOf(keyset.keyset)
      if (demand !== undefined && !isSameDemand(demand, satisfied)) {
        try {
          if (await bring(demand, again)) satisfied = demand
          again = false
        } catch (error) {
          if (!signal.aborted)
            log.warn(
              { unavailable: isUnavailable(error), reason: reasonOf(error) },
              'bringing tables under the new key is interrupted; it goes on from its place',
            )
        }
      }
      await pause(checkMs)
    }
  }

  return handle(run())
}
