import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes what was renamed or created in a folder survive a loss of power. */
export const syncFolder = (folder: string): void => {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes all bytes; the kernel may take fewer at once. */
export const writeAll = (fd: number, bytes: Uint8Array, position: number): void => {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at)
}

/** Replaces a file by an atomic rename, durably: whoever reads it sees the old text or the new one, whole. Mode 0600 unless said. */
export const replaceFile = (path: string, text: string, mode = 0o600): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.new`
  const fd = openSync(temporary, 'w', mode)
  try {
    writeAll(fd, Buffer.from(text), 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, path)
  syncFolder(dirname(path))
}

/** The text of a file; `undefined` when it is not there. */
export const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
