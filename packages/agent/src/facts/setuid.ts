import { opendirSync, type Dirent } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { join, relative } from 'node:path'
import type { Collector, FactFields } from './fact.js'
import { isRefusal, type OnUnread } from '../files/glob.js'
import { fileFields, linkStat } from './files.js'
import { readUsers } from './proc.js'

const MOST_ENTRIES = 2_000_000
const MOST_DEPTH = 40
/** entries between two pauses, ms: the walk must not hold up the lines, nor take a processor */
const STEP = 100
const PAUSE_MS = 10

/** Files with the setuid or setgid bit below some folders. Walks in small steps, follows no link and stays on the file system of each. */
export const createSetuidCollector = (
  root: string,
  paths: readonly string[],
  everyMs: number,
  pauseMs: number = PAUSE_MS,
  onUnread?: OnUnread,
): Collector => ({
  name: 'setuid',
  dataset: 'host.setuid',
  category: 'file',
  actions: { added: 'added', changed: 'changed', removed: 'removed' },
  everyMs,
  collect: async (stopping) => {
    const users = readUsers(root)
    const facts = new Map<string, FactFields>()
    let seen = 0
    const walk = async (folder: string, device: number, depth: number): Promise<void> => {
      let entries
      try {
        entries = opendirSync(folder)
      } catch (error) {
        if (isRefusal(error)) onUnread?.(folder)
        return
      }
      try {
        for (let entry: Dirent | null = entries.readSync(); entry !== null; entry = entries.readSync()) {
          if (++seen > MOST_ENTRIES || stopping?.aborted === true) return
          if (seen % STEP === 0) await sleep(pauseMs)
          const path = join(folder, entry.name)
          if (entry.isDirectory() && depth < MOST_DEPTH) {
            if (linkStat(path)?.dev === device) await walk(path, device, depth + 1)
            continue
          }
          if (!entry.isFile()) continue
          const stat = linkStat(path)
          if (stat !== undefined && (stat.mode & 0o6000) !== 0)
            facts.set(`/${relative(root, path)}`, fileFields(root, path, stat, undefined, users))
        }
      } catch {
        // the folder went while it was read
      } finally {
        entries.closeSync()
      }
    }
    for (const path of paths) {
      const place = join(root, path)
      // where /bin is a link to /usr/bin it is walked there
      const stat = linkStat(place)
      if (stat?.isDirectory() !== true) continue
      await walk(place, stat.dev, 0)
    }
    return facts
  },
})
