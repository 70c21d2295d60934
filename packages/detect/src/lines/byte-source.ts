import { ParapetError } from '@parapet/core'
import { open, type FileHandle } from 'node:fs/promises'

/** Bytes in order, and how many there are in all where that is known. Chunks are valid until the next one is asked for. */
export type ByteSource = { readonly total: number | undefined; readonly chunks: AsyncIterable<Buffer> }

/** One read; large enough that a read costs little beside its lines, small enough to stay in the cache. */
const CHUNK = 262_144

const unreadable = (path: string, cause: unknown): ParapetError => {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new ParapetError('PPT_FILE_UNREADABLE', `${path}${reason}`, { cause })
}

/** Opens a file for reading from its start. Throws PPT_FILE_UNREADABLE when it is absent, a folder, or not ours to read. */
export const openFile = async (path: string): Promise<ByteSource> => {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    const stat = await handle.stat()
    if (stat.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' })
    return { total: stat.isFile() ? stat.size : undefined, chunks: readChunks(handle, path) }
  } catch (error) {
    await handle?.close()
    throw unreadable(path, error)
  }
}

const readChunks = async function* (handle: FileHandle, path: string): AsyncGenerator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafe(CHUNK)
  try {
    for (;;) {
      let bytesRead: number
      try {
        ;({ bytesRead } = await handle.read(buffer, 0, CHUNK))
      } catch (error) {
        throw unreadable(path, error)
      }
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** Bytes that come in by themselves, such as standard input. Throws PPT_FILE_UNREADABLE when they break off. */
export const fromStream = (stream: AsyncIterable<Uint8Array | string>, name: string): ByteSource => ({
  total: undefined,
  chunks: readStream(stream, name),
})

const readStream = async function* (stream: AsyncIterable<Uint8Array | string>, name: string): AsyncGenerator<Buffer, void, undefined> {
  try {
    for await (const chunk of stream) {
      if (typeof chunk === 'string') yield Buffer.from(chunk)
      else yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
  } catch (error) {
    throw unreadable(name, error)
  }
}
