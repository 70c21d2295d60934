import { createHash, randomUUID } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { ParapetError } from '@parapet/core'
import { formatKeyset, parseKeyset } from '../keyset/parse-keyset.js'
import type { Keyset, KeysetStore } from '../types.js'

/** How long a writer waits for the lock of another, ms. */
const LOCK_WAIT_MS = 5000

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown'

const unreadable = (path: string, cause: unknown): ParapetError =>
  new ParapetError('PPT_FILE_UNREADABLE', `${path} (${codeOf(cause)})`, { cause })

const readText = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw unreadable(path, cause)
  }
}

const versionOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Written beside, synced, renamed: a reader sees the old file or the new one, whole. */
const replaceFile = async (path: string, text: string): Promise<void> => {
  const beside = `${path}.${randomUUID()}`
  try {
    const handle = await open(beside, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
    await syncFolder(path)
  } finally {
    await rm(beside, { force: true })
  }
}

/** Takes `path.lock`, which says who holds it. It is never taken from anybody: a lock left by a crash is for a person to judge. */
const withLock = async <T>(path: string, act: () => Promise<T>): Promise<T> => {
  const lock = `${path}.lock`
  const until = performance.now() + LOCK_WAIT_MS
  for (;;) {
    try {
      const handle = await open(lock, 'wx', 0o600)
      await handle.writeFile(`${process.pid}\n`)
      await handle.close()
      break
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw new ParapetError('PPT_DATA_DIR', `${lock} (${codeOf(cause)})`, { cause })
      if (performance.now() > until) {
        const holder = ((await readText(lock)) ?? '').trim().slice(0, 20)
        throw new ParapetError(
          'PPT_CONFLICT',
          `${lock} is held by process ${/^\d+$/.test(holder) ? holder : '?'}; remove it if that process is gone`,
        )
      }
      await sleep(20 + Math.random() * 30)
    }
  }
  try {
    return await act()
  } finally {
    await rm(lock, { force: true })
  }
}

/**
 * A keyset in a file, 0600, in JSON. Its version is the digest of the text, so an edit by hand counts as one. A damaged file
 * throws PPT_KEYSET_INVALID on reading and is never written over.
 */
export const createFileKeysetStore = (path: string): KeysetStore => {
  const read = async (): Promise<{ keyset: Keyset; version: string } | undefined> => {
    const text = await readText(path)
    if (text === undefined) return undefined
    try {
      return { keyset: parseKeyset(text), version: versionOf(text) }
    } catch (cause) {
      const why = cause instanceof ParapetError ? cause.detail : 'it is damaged'
      throw new ParapetError('PPT_KEYSET_INVALID', `${path}: ${why}`, { cause })
    }
  }
  return {
    where: path,
    read,
    write: (keyset, ifVersion) =>
      withLock(path, async () => {
        if (((await read())?.version ?? null) !== ifVersion) return false
        // what cannot be read back is not written
        parseKeyset(formatKeyset(keyset))
        try {
          await replaceFile(path, formatKeyset(keyset))
        } catch (cause) {
          throw new ParapetError('PPT_DATA_DIR', `${path} (${codeOf(cause)})`, { cause })
        }
        return true
      }),
  }
}
