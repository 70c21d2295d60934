import { execFileSync } from 'node:child_process'
import { ParapetError } from '@parapet/core'

/** The operating-system user that PostgreSQL runs as when the server is root. */
export type SystemUser = { readonly name: string; readonly uid: number; readonly gid: number }

/** Users tried in this order: the dedicated one that a package or an operator created, then the one every system has. */
export const CANDIDATES = ['parapet', 'nobody'] as const

const idOf = (name: string, flag: '-u' | '-g'): number | undefined => {
  try {
    const id = Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim())
    return Number.isInteger(id) && id > 0 ? id : undefined
  } catch {
    return undefined
  }
}

/**
 * Chooses the user for PostgreSQL: `undefined` (the same user) unless this process is root, which PostgreSQL refuses.
 * Errors: `PPT_DATABASE_RUNTIME` when no candidate has a passwd entry.
 */
export const chooseSystemUser = (processUid: number, candidates: readonly string[] = CANDIDATES): SystemUser | undefined => {
  if (processUid !== 0) return undefined
  for (const name of candidates) {
    const uid = idOf(name, '-u')
    const gid = idOf(name, '-g')
    if (uid !== undefined && gid !== undefined) return { name, uid, gid }
  }
  throw new ParapetError(
    'PPT_DATABASE_RUNTIME',
    `PostgreSQL refuses root and none of the users ${candidates.join(', ')} exists; create one: useradd --system parapet`,
  )
}
