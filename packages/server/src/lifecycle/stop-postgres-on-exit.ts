import { clusterDir } from '../db/bundled/cluster.js'
import { belongsTo, readPostmasterPid } from '../db/bundled/process.js'

/** Asks the bundled PostgreSQL of a data directory to stop, without waiting: in fast mode it ends by itself and loses nothing. */
export const askPostgresToStop = (dataDir: string): void => {
  try {
    const pgdata = clusterDir(dataDir)
    const pid = readPostmasterPid(pgdata)
    if (pid !== undefined && belongsTo(pid, pgdata) === 'yes') process.kill(pid, 'SIGINT')
  } catch {
    // it ended by itself in between, or is not ours to end
  }
}

/**
 * Somebody who ends the server at once, or a fault that does, must not leave its PostgreSQL running: it has a process group of its own.
 * Only for who holds the lock of the data directory. Answers what takes the watch away again.
 */
export const stopPostgresOnExit = (dataDir: string): (() => void) => {
  const onExit = (): void => askPostgresToStop(dataDir)
  process.once('exit', onExit)
  return () => process.off('exit', onExit)
}
