import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type CutCounts, cutLines, type FileLine } from './cut-lines.js'
import { type Head, headOf, HEAD_BYTES, isHead, readHead } from './file-head.js'

/** What is kept of one file with one content: from its creation (or truncation) to its end, under whatever name. */
export type SavedGeneration = {
  readonly id: string
  /** ms UTC at which it was first seen */
  readonly born: number
  /** device and inode when last seen */
  readonly inode: string
  readonly head: Head
  /** bytes that are done with */
  readonly offset: number
  /** what stands at the offset belongs to a line that was cut */
  readonly skipping: boolean
}

/** What reading came to: `again` there is more; `end` nothing new; `truncated` the content is not the one that was read any more. */
export type ReadOutcome = 'again' | 'end' | 'truncated'

/** One open file with one content. */
export type Generation = {
  readonly id: string
  readonly born: number
  readonly inode: string
  readonly fd: number
  head: Head
  offset: number
  skipping: boolean
  /** the largest size it was seen with */
  size: number
  /** ms UTC of the last growth */
  grewAt: number
  /** of the file, at the last look */
  modifiedAt: number
  /** its identity is kept: lines of it may be given */
  kept: boolean
}

/** Device and inode. */
export const inodeOf = (stat: { readonly dev: number; readonly ino: number }): string => `${stat.dev}:${stat.ino}`

const CHUNK = 262_144
const buffer = Buffer.allocUnsafe(CHUNK)

/** An id that the same content of the same file gets again. */
export const generationId = (path: string, inode: string, born: number): string =>
  createHash('sha256')
    .update(JSON.stringify([path, inode, born]))
    .digest('hex')
    .slice(0, 24)

/** Opens a file as a generation, at its start or where an earlier run left it; only one with the `expected` inode. Throws what `open` throws. */
export const openGeneration = (path: string, logical: string, now: number, saved?: SavedGeneration, expected?: string): Generation => {
  const fd = openSync(path, 'r')
  const stat = fstatSync(fd)
  if (!stat.isFile()) {
    closeSync(fd)
    throw Object.assign(new Error('no regular file'), { code: 'EISDIR' })
  }
  const inode = inodeOf(stat)
  if (expected !== undefined && inode !== expected) {
    closeSync(fd)
    throw new Error('another file has taken its name')
  }
  const born = saved?.born ?? now
  const offset = saved?.offset ?? 0
  return {
    id: saved?.id ?? generationId(logical, inode, born),
    born,
    inode,
    fd,
    head: saved?.head ?? headOf(readHead(fd)),
    offset,
    skipping: saved?.skipping ?? false,
    size: stat.size,
    grewAt: now,
    modifiedAt: stat.mtimeMs,
    kept: saved !== undefined,
  }
}

/** What to keep of a generation. */
export const saveGeneration = ({ id, born, inode, head, offset, skipping }: Generation): SavedGeneration => ({
  id,
  born,
  inode,
  head,
  offset,
  skipping,
})

/**
 * Reads one chunk and gives its lines. The head and the size are looked at after the bytes were read: when they are those of the content
 * that is followed, so are the bytes. `flushAfter` ms without growth make a line of what has no line end; `last` does so at once.
 */
export const readGeneration = (
  generation: Generation,
  counts: CutCounts,
  now: number,
  options: { readonly flushAfter: number; readonly last: boolean },
): { readonly outcome: ReadOutcome; readonly lines: readonly FileLine[]; readonly suspicious: boolean } => {
  const { fd } = generation
  const none: readonly FileLine[] = []
  const got = readSync(fd, buffer, 0, CHUNK, generation.offset)
  const { size, mtimeMs } = fstatSync(fd)
  const first = readHead(fd)
  if (size < generation.offset + got || size < generation.head.length || (generation.head.length > 0 && !isHead(generation.head, first)))
    return { outcome: 'truncated', lines: none, suspicious: false }
  if (size > generation.size) {
    generation.size = size
    generation.grewAt = now
  }
  // written to and nothing to show for it: another content may have come and gone
  const suspicious = got === 0 && mtimeMs !== generation.modifiedAt
  generation.modifiedAt = mtimeMs
  if (generation.head.length < HEAD_BYTES && first.length > generation.head.length) generation.head = headOf(first)
  if (got === 0) return { outcome: 'end', lines: none, suspicious }
  const atEnd = generation.offset + got >= size
  const last = atEnd && (options.last || now - generation.grewAt >= options.flushAfter)
  const { lines, consumed, skipping } = cutLines(buffer.subarray(0, got), generation.offset, generation.skipping, counts, last)
  generation.offset += consumed
  generation.skipping = skipping
  return { outcome: consumed > 0 && !atEnd ? 'again' : 'end', lines, suspicious }
}
