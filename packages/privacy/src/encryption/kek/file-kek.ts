import { open } from 'node:fs/promises'
import { ParapetError } from '@parapet/core'
import type { KekProvider } from '../types.js'
import { kekFromMaster, readMaster } from './local-kek.js'

/** Reads at most a few KiB: a path to a device or a log must not fill the memory. */
const READ_AT_MOST = 8192

/** The content of a file that nobody but its owner may read; mode and content are of one and the same file. */
const readPrivate = async (path: string, uri: string): Promise<Buffer> => {
  const handle = await open(path, 'r')
  try {
    const facts = await handle.stat()
    if (!facts.isFile()) throw new ParapetError('PPT_KEK', `${uri} is no file`)
    if ((facts.mode & 0o077) !== 0)
      throw new ParapetError('PPT_KEK', `${uri} is open to others (mode ${(facts.mode & 0o777).toString(8)}): run chmod 600 on it`)
    const buffer = Buffer.alloc(READ_AT_MOST)
    const { bytesRead } = await handle.read(buffer, 0, READ_AT_MOST, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/**
 * A KEK in a file that only its owner may read. The file is read when the KEK is first used and not kept in JavaScript's
 * memory afterwards. Every method throws PPT_KEK.
 */
export const createFileKek = (path: string): KekProvider => {
  const uri = `file:${path}`
  let opened: Promise<KekProvider> | undefined
  const load = async (): Promise<KekProvider> => {
    try {
      const content = await readPrivate(path, uri)
      const master = readMaster(content, uri)
      const kek = kekFromMaster(master, uri)
      content.fill(0)
      master.fill(0)
      return kek
    } catch (cause) {
      opened = undefined
      if (cause instanceof ParapetError) throw cause
      throw new ParapetError('PPT_KEK', `${uri} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause })
    }
  }
  const ready = (): Promise<KekProvider> => (opened ??= load())
  return {
    uri,
    wrap: async (key, context) => (await ready()).wrap(key, context),
    unwrap: async (wrapped, context) => (await ready()).unwrap(wrapped, context),
  }
}
