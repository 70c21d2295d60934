import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ParapetError } from '@parapet/core'
import { describeJsonFault } from './json-fault.js'

const tooLarge = (limit: number): ParapetError =>
  new ParapetError('PPT_BODY_TOO_LARGE', `the limit is ${limit} bytes, counted after decompression`)

const collect = async (stream: AsyncIterable<Buffer>, limit: number): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    size += chunk.length
    // a bomb is left while it inflates: memory never holds more than the limit and one chunk
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/**
 * Reads a request body, plain or gzip, holding at most `limit` bytes of what it inflates to. Throws `PPT_BODY_TOO_LARGE`,
 * `PPT_MEDIA_TYPE` for another encoding, `PPT_BODY_MALFORMED` for gzip that is damaged or cut.
 */
export const readBody = async (
  stream: Readable,
  options: { limit: number; encoding?: string | undefined; length?: string | undefined },
): Promise<Buffer> => {
  const encoding = (options.encoding ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip') throw new ParapetError('PPT_MEDIA_TYPE', 'content-encoding may be gzip or left out')
  if (options.length !== undefined && Number(options.length) > options.limit) throw tooLarge(options.limit)
  if (encoding === 'identity') return collect(stream, options.limit)
  const gunzip = createGunzip()
  stream.on('error', (error) => gunzip.destroy(error))
  stream.pipe(gunzip)
  try {
    return await collect(gunzip, options.limit)
  } catch (cause) {
    stream.unpipe(gunzip)
    gunzip.destroy()
    if (cause instanceof ParapetError) throw cause
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== undefined && code.startsWith('Z_'))
      throw new ParapetError('PPT_BODY_MALFORMED', code === 'Z_BUF_ERROR' ? 'the gzip data ends too early' : 'the gzip data is damaged', {
        cause,
      })
    throw cause
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes UTF-8; throws `PPT_BODY_MALFORMED` for anything else, so that no byte is silently replaced. */
export const decodeText = (body: Uint8Array): string => {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new ParapetError('PPT_BODY_MALFORMED', 'the body is not UTF-8', { cause })
  }
}

/** Deepest nesting of a body that is read at all. */
const MAX_DEPTH = 32

/** Throws `PPT_BODY_MALFORMED` when brackets nest deeper than any body of ours: JSON.parse would recurse as deep as the sender likes. */
export const assertDepth = (text: string, limit: number = MAX_DEPTH): void => {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 92) i++
      else if (c === 34) inString = false
    } else if (c === 34) inString = true
    else if (c === 91 || c === 123) {
      if (++depth > limit) throw new ParapetError('PPT_BODY_MALFORMED', `nested deeper than ${limit} at position ${i}`)
    } else if (c === 93 || c === 125) depth--
  }
}

/** Parses JSON; throws `PPT_BODY_MALFORMED` with the position. */
export const parseJson = (text: string): unknown => {
  assertDepth(text)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ParapetError('PPT_BODY_MALFORMED', describeJsonFault(text), { cause })
  }
}
