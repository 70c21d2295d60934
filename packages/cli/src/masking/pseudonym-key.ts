import { open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { ParapetError } from '@parapet/core'
import { usageError } from '../errors.js'

const LEAST = 16
const MOST = 4_096

const check = (key: Buffer, place: string): Buffer => {
  if (key.length >= LEAST && key.length <= MOST) return key
  throw new ParapetError('PPT_CONFIG_INVALID', `${place} holds ${key.length} bytes; a pseudonym key has ${LEAST} to ${MOST}`)
}

const readPrivateKey = async (path: string, place: string): Promise<Buffer> => {
  let handle
  try {
    handle = await open(path, 'r')
    const facts = await handle.stat()
    if (!facts.isFile()) throw new ParapetError('PPT_CONFIG_INVALID', `${place} is no file`)
    if ((facts.mode & 0o077) !== 0) throw new ParapetError('PPT_CONFIG_INVALID', `${place} is open to others: run chmod 600 on it`)
    const buffer = Buffer.alloc(MOST + 2)
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    const end = buffer
      .subarray(0, bytesRead)
      .toString('latin1')
      .replace(/\r?\n$/, '').length
    return check(buffer.subarray(0, end), place)
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause
    throw new ParapetError('PPT_FILE_UNREADABLE', `${place} (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause })
  } finally {
    await handle?.close()
  }
}

/**
 * Reads the key of pseudonyms from `env:NAME` or `file:/path` (a last line end is taken off). It says nothing of what it read. Throws
 * `PPT_USAGE`, `PPT_CONFIG_INVALID`, `PPT_FILE_UNREADABLE`.
 */
export const readPseudonymKey = async (place: string, env: Readonly<Record<string, string | undefined>>): Promise<Buffer> => {
  const [, scheme, rest = ''] = /^(env|file):(.*)$/s.exec(place) ?? []
  // shorter than any key, so that a key pasted here is not taken for a name and repeated
  if (scheme === 'env' && /^[A-Za-z_][A-Za-z0-9_]{0,39}$/.test(rest)) {
    const value = env[rest] ?? ''
    if (value === '') throw new ParapetError('PPT_CONFIG_INVALID', `${place} is not set`)
    return check(Buffer.from(value), place)
  }
  if (scheme === 'file' && isAbsolute(rest)) return readPrivateKey(rest, place)
  throw usageError('--pseudonym-key takes env:NAME or file:/path, never the key itself')
}
