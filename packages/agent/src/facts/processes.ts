import type { SecurityEvent } from '@parapet/core'
import { commandOf, executableOf, processIds, readProcess, readUsers } from './proc.js'

/** Looks for new processes of some users; each call tells those that came since the last one, none at the first. */
export type ProcessWatch = { look: () => readonly { readonly event: SecurityEvent; readonly key: string }[] }

/** Most that one look tells; a fork bomb of a web user is told by the first of them. */
const MOST_TOLD = 200

/**
 * Watches processes of web users through /proc. What starts and ends between two looks is not seen, nor what a process becomes by a further exec
 * unless it is a new process: for certainty there is auditd. Command lines are bounded and may hold anything.
 */
export const createProcessWatch = (root: string, users: readonly string[], clock: () => number): ProcessWatch => {
  let known: ReadonlySet<string> | undefined
  return {
    look: () => {
      const table = readUsers(root)
      const watched = new Set(users.flatMap((name) => table.uidOf(name) ?? []))
      const events: { readonly event: SecurityEvent; readonly key: string }[] = []
      const alive = new Set<string>()
      for (const pid of watched.size === 0 ? [] : processIds(root)) {
        const process = readProcess(root, pid)
        if (process === undefined || !watched.has(process.uid)) continue
        const executable = executableOf(root, pid)
        // a number may be given again, and a process may become another program
        const key = `${pid} ${process.started} ${executable ?? process.name}`
        alive.add(key)
        if (known === undefined || known.has(key) || events.length >= MOST_TOLD) continue
        const parent = readProcess(root, process.parent)
        events.push({
          key,
          event: {
            '@timestamp': clock(),
            'event.category': 'process',
            'event.action': 'process-started',
            'event.outcome': 'success',
            'event.dataset': 'host.process',
            message: `${table.nameOf(process.uid)} runs ${process.name}`,
            'user.name': table.nameOf(process.uid),
            'process.name': process.name,
            'process.pid': pid,
            'process.command_line': commandOf(root, pid),
            ...(executable === undefined ? {} : { 'process.executable': executable }),
            ...(parent === undefined ? {} : { 'process.parent.name': parent.name, 'process.parent.pid': parent.pid }),
          },
        })
      }
      known = alive
      return events
    },
  }
}
