import { createHash } from 'node:crypto'
import { readSync } from 'node:fs'
import { readBytes } from '@parapet/detect'

/** The first bytes of a file, by which it is known again under another name, inode or compression. */
export type Head = { readonly length: number; readonly hash: string }

/** How many bytes a head is at most. */
export const HEAD_BYTES = 1_024

/** The head of a file of which nothing is known yet. */
export const NO_HEAD: Head = { length: 0, hash: '' }

/** The head that these first bytes make. */
export const headOf = (bytes: Uint8Array): Head =>
  bytes.length === 0 ? NO_HEAD : { length: bytes.length, hash: createHash('sha256').update(bytes).digest('hex').slice(0, 24) }

/** True when a file that begins with `bytes` can be the one with this head. Nothing is like an empty file. */
export const isHead = (head: Head, bytes: Uint8Array): boolean =>
  head.length > 0 && bytes.length >= head.length && headOf(bytes.subarray(0, head.length)).hash === head.hash

/** The first bytes of an open file. */
export const readHead = (fd: number): Buffer => {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES)
  let got = 0
  for (let n = 1; got < HEAD_BYTES && n > 0; got += n) n = readSync(fd, bytes, got, HEAD_BYTES - got, got)
  return bytes.subarray(0, got)
}

/** The name of an open file, whatever becomes of the one that it was opened by. */
export const descriptorPath = (fd: number): string => `/proc/self/fd/${fd}`

/** The first bytes of what an open gzip file holds, as far as they can be read. */
export const readGzipHead = async (fd: number): Promise<Buffer> => {
  let bytes: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of readBytes(descriptorPath(fd))) {
      bytes = Buffer.concat([bytes, chunk.subarray(0, HEAD_BYTES - bytes.length)])
      if (bytes.length >= HEAD_BYTES) break
    }
  } catch {
    // gzip is still writing it, or it is damaged: what came before is what is known
  }
  return bytes
}
