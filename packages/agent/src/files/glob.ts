import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** True when a name fits a pattern of `*` (any text) and `?` (one character). Linear in the name for each star; no regular expression. */
export const fitsName = (pattern: string, name: string): boolean => {
  let p = 0
  let n = 0
  let star = -1
  let mark = 0
  while (n < name.length) {
    const c = pattern[p]
    if (c === '*') {
      star = p++
      mark = n
    } else if (c === '?' || c === name[n]) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++mark
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

const isPattern = (part: string): boolean => part.includes('*') || part.includes('?')

/** Most paths of one pattern. */
const MOST = 2_000

/** Is told of a path at which we may not look; one that is not there is no news. */
export type OnUnread = (path: string) => void

/** True for an error that hides what is there, unlike one that says that nothing is. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')

/** Whether something is at a path; no where we may not look. Never throws. */
export const isThere = (path: string, onUnread?: OnUnread): boolean => {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    if (isRefusal(error)) onUnread?.(path)
    return false
  }
}

/**
 * The paths that a pattern stands for now, in order: `*` and `?` within a part of the path, never across `/`, and no hidden file unless the
 * part begins with a dot. A path without a pattern is given as it is, whether it is there or not. Never throws.
 */
export const expandGlob = (pattern: string, onUnread?: OnUnread): readonly string[] => {
  if (!isPattern(pattern)) return [pattern]
  let places: string[] = [pattern.startsWith('/') ? '/' : '.']
  const parts = pattern.split('/').filter((part) => part !== '')
  for (const part of parts) {
    places = places.flatMap((place) => {
      if (!isPattern(part)) {
        const next = join(place, part)
        return isThere(next, onUnread) ? [next] : []
      }
      try {
        return readdirSync(place)
          .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && fitsName(part, name))
          .toSorted()
          .map((name) => join(place, name))
      } catch (error) {
        if (isRefusal(error)) onUnread?.(place)
        return []
      }
    })
    if (places.length > MOST) places = places.slice(0, MOST)
  }
  return places
}
