import type { DatabaseLog } from '../types.js'
import { lockDataDir, type DataDirLock } from './lock.js'
import { rotateLog } from './log-file.js'
import { belongsTo } from './process.js'
import { type ClusterPlace, ensurePostmaster, stopPostmaster } from './postmaster.js'

/** Keeps the bundled PostgreSQL running for as long as the server runs. */
export type Supervisor = { pid: () => number; stop: () => Promise<void> }

const CHECK_MS = 500

/**
 * Watches a running postmaster: starts it again when it dies, takes the lock of the data directory again when that was lost
 * with it, and keeps its log bounded. `onTakenOver` is called when another server has taken the directory meanwhile.
 */
export const supervise = (
  place: ClusterPlace,
  dataDir: string,
  started: { pid: number; lock: DataDirLock },
  onTakenOver: (error: unknown) => void,
  log: DatabaseLog,
): Supervisor => {
  let { pid, lock } = started
  let stopping = false
  let lockLost = false
  let busy: Promise<void> = Promise.resolve()
  const watch = async (held: DataDirLock): Promise<void> => {
    await held.lost
    if (lock === held) lockLost = true
  }
  void watch(lock)

  const check = async (): Promise<void> => {
    rotateLog(place.logFile)
    if (stopping || (!lockLost && belongsTo(pid, place.pgdata) !== 'no')) return
    try {
      if (belongsTo(pid, place.pgdata) === 'no') log.error({ pid }, 'PostgreSQL ended; starting it again')
      ;({ pid } = await ensurePostmaster(place))
      // stop() runs after this check; it must find the new process and nothing must be taken for a server that is ending
      lock = await lockDataDir(place.socketDir, dataDir)
      lockLost = false
      void watch(lock)
      log.info({ pid }, 'PostgreSQL answers again')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'PPT_DATA_DIR_LOCKED') onTakenOver(error)
      else log.error({ error: String(error) }, 'PostgreSQL could not be started again; trying on')
    }
  }

  let timer: NodeJS.Timeout | undefined
  const schedule = (): void => {
    timer = setTimeout(() => {
      busy = check().finally(() => {
        if (!stopping) schedule()
      })
    }, CHECK_MS)
    timer.unref()
  }
  schedule()

  return {
    pid: () => pid,
    stop: async () => {
      stopping = true
      clearTimeout(timer)
      await busy
      // the lock goes with PostgreSQL itself, so that no other server comes in between
      await stopPostmaster(pid, place.pgdata)
      await lock.release()
    },
  }
}
