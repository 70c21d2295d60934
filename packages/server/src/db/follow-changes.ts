import { SECOND } from '@parapet/core'
import type { Database } from './types.js'

/** How often to look without being told: a notification may be lost, and what is kept in files or ends by itself sends none. */
const LOOK_MS = 15 * SECOND

/** Calls `look` when a trigger of the database notifies `channel`, and from time to time; gives what ends it. */
export const followChanges = async (database: Pick<Database, 'listen'>, channel: string, look: () => void): Promise<() => void> => {
  const unlisten = await database.listen(channel, look)
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    unlisten()
  }
}
