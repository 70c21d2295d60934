import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ParapetError } from '@parapet/core'

const unusable = (path: string, cause: unknown): ParapetError => {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown'
  return new ParapetError('PPT_DATA_DIR', `${path} (${code})`, { cause })
}

const makeOne = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST' || !(await stat(path)).isDirectory()) throw cause
  }
}

/**
 * Makes a directory and those above it. Not by `recursive`: where the system answers ENOENT below a directory that is there, as it does in
 * /proc, Node 20 tries for ever.
 */
const makeDirectory = async (path: string): Promise<void> => {
  try {
    await makeOne(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw cause
    await makeDirectory(dirname(path))
    await makeOne(path)
  }
}

/** Creates the data directory, for its owner only. Throws `PPT_DATA_DIR` when that cannot be. */
export const ensureDirectory = async (path: string): Promise<void> => {
  try {
    await makeDirectory(resolve(path))
  } catch (cause) {
    throw unusable(path, cause)
  }
}

/** The text of a file in the data directory, or `undefined` when there is none. Throws `PPT_DATA_DIR` when it cannot be read. */
export const readPrivateFile = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, cause)
  }
}

/**
 * Writes a file that only its owner may read, all or nothing: written beside, synced, renamed. With `exclusive` an existing
 * file stays as it is; returns false then.
 */
export const writePrivateFile = async (path: string, text: string, options: { exclusive?: boolean } = {}): Promise<boolean> => {
  const beside = `${path}.${randomUUID()}`
  try {
    const handle = await open(beside, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (options.exclusive === true) await link(beside, path)
    else await rename(beside, path)
    const directory = await open(dirname(path), 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
    return true
  } catch (cause) {
    if (options.exclusive === true && (cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw unusable(path, cause)
  } finally {
    await rm(beside, { force: true })
  }
}

/** True when nobody but the owner may read or write the file. */
export const isPrivate = async (path: string): Promise<boolean> => ((await stat(path)).mode & 0o077) === 0
