import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** True while a process of this id runs; one that has ended but was not waited for counts as gone. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  try {
    // the state follows the name, which may itself hold parentheses and spaces
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch {
    return !existsSync('/proc/self/stat')
  }
}

/** The first line of `postmaster.pid`, or `undefined` without one. Source: PostgreSQL, `miscadmin.h`. */
export const readPostmasterPid = (pgdata: string): number | undefined => {
  try {
    const pid = Number.parseInt(readFileSync(join(pgdata, 'postmaster.pid'), 'utf8'), 10)
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

const workingDirectory = (pid: number | string): string | undefined => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

/**
 * Whether a process is the postmaster of this cluster. Process ids are reused, and every PostgreSQL process works in its data
 * directory: where `/proc` shows that, it decides; elsewhere `unknown`, and only a connection tells.
 */
export const belongsTo = (pid: number, pgdata: string): 'yes' | 'no' | 'unknown' => {
  if (!isAlive(pid)) return 'no'
  if (!existsSync('/proc/self/cwd')) return 'unknown'
  const cwd = workingDirectory(pid)
  return cwd === undefined ? 'unknown' : cwd === realpathSync(pgdata) ? 'yes' : 'no'
}

/** Processes that still work in the cluster's directory, such as backends that outlive a killed postmaster for a moment. */
export const processesIn = (pgdata: string): readonly number[] => {
  if (!existsSync('/proc/self/cwd')) return []
  const real = realpathSync(pgdata)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingDirectory(name) === real)
    .map(Number)
    .filter(isAlive)
}
