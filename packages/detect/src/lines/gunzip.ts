import { ParapetError } from '@parapet/core'
import { constants, crc32, createInflateRaw } from 'node:zlib'
import { createGzipInput, type GzipInput, takeHeader } from './gzip-input.js'

/** True for the first bytes of a gzip file. Source: RFC 1952, 2.3.1. */
export const isGzip = (bytes: Uint8Array): boolean => bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b

/** What is decompressed at once: bounds what one small input can make of itself in memory. Bytes. */
const OUTPUT_CHUNK = 131_072

/** Decompresses one member behind its header, and takes its end from the input. Answers what is wrong with it, if anything is. */
const inflateMember = async function* (input: GzipInput): AsyncGenerator<Buffer, Error | undefined, undefined> {
  const stream = createInflateRaw({ chunkSize: OUTPUT_CHUNK, finishFlush: constants.Z_FINISH })
  let ready: Buffer[] = []
  let failure: Error | undefined
  let finished = false
  let wake: (() => void) | undefined
  const changed = (): void => {
    wake?.()
    wake = undefined
  }
  stream.on('data', (chunk: Buffer) => {
    ready.push(chunk)
    // back-pressure: one small input may hold gigabytes
    stream.pause()
    changed()
  })
  stream.on('error', (error) => {
    failure = error
    changed()
  })
  stream.on('end', () => {
    finished = true
    changed()
  })
  const isOver = (): boolean => finished || failure !== undefined
  let checksum = 0
  let size = 0

  /** Delivers until `settled` holds, the stream failed or it came to its end. */
  const drain = async function* (settled: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const chunks = ready
      ready = []
      for (const chunk of chunks) {
        checksum = crc32(chunk, checksum)
        size += chunk.length
        yield chunk
      }
      if (ready.length > 0) continue
      if (isOver() || settled()) return
      stream.resume()
      await new Promise<void>((resolve) => {
        if (ready.length > 0 || isOver() || settled()) resolve()
        else wake = resolve
      })
    }
  }

  try {
    for (;;) {
      const piece = await input.peek()
      if (piece.length === 0) {
        stream.end()
        yield* drain(() => false)
        break
      }
      const before = stream.bytesWritten
      let written = false
      stream.write(piece, () => {
        written = true
        changed()
      })
      yield* drain(() => written)
      // a member that ended within the piece leaves the rest of it alone
      const taken = stream.bytesWritten - before
      if (failure !== undefined) break
      input.skip(taken)
      if (taken < piece.length) {
        yield* drain(() => false)
        break
      }
    }
  } finally {
    stream.destroy()
  }
  if (failure !== undefined) return failure
  const end = await input.take(8)
  return end.length === 8 && end.readUInt32LE(0) === checksum && end.readUInt32LE(4) === size % 2 ** 32
    ? undefined
    : new Error('the checksum or the length is not right')
}

/** Takes the zeros with which tapes fill up behind a member. */
const skipPadding = async (input: GzipInput): Promise<void> => {
  for (let piece = await input.peek(); piece[0] === 0; piece = await input.peek()) {
    const end = piece.findIndex((byte) => byte !== 0)
    input.skip(end < 0 ? piece.length : end)
  }
}

/**
 * Decompresses gzip, members in a row too. Everything before damage is delivered first; then PPT_FILE_TRUNCATED
 * is thrown, for an early end as for bytes that cannot be decompressed. What follows the last member and is no gzip takes nothing from what
 * came before it: it is left out, as gzip does, and `onTrailing` is called.
 */
export const gunzip = async function* (
  chunks: AsyncIterable<Buffer>,
  name: string,
  onTrailing?: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  const input = createGzipInput(chunks)
  try {
    for (let members = 0; ; members++) {
      if (members > 0) await skipPadding(input)
      const head = await input.take(2)
      if (members > 0 && !isGzip(head)) {
        if (head.length > 0) onTrailing?.()
        return
      }
      const damage = isGzip(head) && (await takeHeader(input)) ? yield* inflateMember(input) : new Error('the header is not right')
      if (damage !== undefined) throw new ParapetError('PPT_FILE_TRUNCATED', name, { cause: damage })
    }
  } finally {
    await input.close()
  }
}
