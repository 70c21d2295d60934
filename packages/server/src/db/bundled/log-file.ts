import { copyFileSync, statSync, truncateSync } from 'node:fs'

/** PostgreSQL's log is cut at this size, bytes; one older part is kept beside it. */
export const LOG_BYTES = 10_485_760

/**
 * Keeps a log file bounded: over the limit it is copied to `<path>.1` and emptied in place, since PostgreSQL keeps it open
 * for appending. Answers whether it did.
 */
export const rotateLog = (path: string, limit = LOG_BYTES): boolean => {
  try {
    if (statSync(path).size <= limit) return false
    copyFileSync(path, `${path}.1`)
    truncateSync(path)
    return true
  } catch {
    // no file yet, or no space to copy it: a log is not worth stopping for
    return false
  }
}
