import { ParapetError } from '@parapet/core'
import { constants, createGunzip } from 'node:zlib'

/** True for the first bytes of a gzip file. Source: RFC 1952, 2.3.1. */
export const isGzip = (bytes: Uint8Array): boolean => bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b

/** What is decompressed at once: bounds what one small input can make of itself in memory. Bytes. */
const OUTPUT_CHUNK = 131_072
/** What is fed at once: before damage inside a piece, what the piece's earlier part gave is kept only where pieces are small. Bytes. */
const INPUT_CHUNK = 4_096

/**
 * Decompresses gzip, members in a row too. Everything before damage is delivered first; then PPT_FILE_TRUNCATED
 * is thrown, for an early end as for bytes that cannot be decompressed.
 */
export const gunzip = async function* (input: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip({ chunkSize: OUTPUT_CHUNK, finishFlush: constants.Z_FINISH })
  let ready: Buffer[] = []
  let failure: Error | undefined
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
  const broken = (): boolean => failure !== undefined
  let finished = false
  stream.on('end', () => {
    finished = true
    changed()
  })

  /** Delivers until `settled` holds, the stream failed or it came to its end. */
  const drain = async function* (settled: () => boolean): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const chunks = ready
      ready = []
      yield* chunks
      if (ready.length > 0) continue
      if (failure !== undefined || finished || settled()) return
      stream.resume()
      await new Promise<void>((resolve) => {
        if (ready.length > 0 || failure !== undefined || finished || settled()) resolve()
        else wake = resolve
      })
    }
  }

  try {
    for await (const chunk of input) {
      for (let at = 0; at < chunk.length && !broken(); at += INPUT_CHUNK) {
        let written = false
        stream.write(chunk.subarray(at, at + INPUT_CHUNK), () => {
          written = true
          changed()
        })
        yield* drain(() => written)
      }
      if (broken()) break
    }
    if (!broken()) {
      stream.end()
      yield* drain(() => false)
    }
    yield* ready
    if (failure !== undefined) throw new ParapetError('PPT_FILE_TRUNCATED', name, { cause: failure })
  } finally {
    stream.destroy()
  }
}
