import { ParapetError } from '@parapet/core'
import { lookAtHead } from './head.js'

/** What a byte order mark says. Source: RFC 2781, 3.2; the Unicode Standard, 23.8. */
const encodingOf = (head: Buffer): 'utf-16le' | 'utf-16be' | 'utf-32' | undefined => {
  const [a, b, c, d] = head
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) return 'utf-32'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  return a === 0xfe && b === 0xff ? 'utf-16be' : undefined
}

/**
 * Text in UTF-16, as some systems write logs, in UTF-8; everything else as it is. To rules a text with a zero in every second byte is
 * nothing, and must not pass for harmless. Throws PPT_FILE_UNREADABLE for UTF-32.
 */
export const decodeUtf16 = async function* (
  chunks: AsyncGenerator<Buffer, void, undefined>,
  name: string,
): AsyncGenerator<Buffer, void, undefined> {
  const { head, all } = await lookAtHead(chunks, 4)
  const encoding = encodingOf(head)
  if (encoding === undefined) {
    yield* all
    return
  }
  if (encoding === 'utf-32') {
    await all.return()
    await chunks.return()
    throw new ParapetError('PPT_FILE_UNREADABLE', `${name} is text in UTF-32; convert it first, as with iconv -t utf-8`)
  }
  const decoder = new TextDecoder(encoding)
  for await (const chunk of all) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield Buffer.from(text)
  }
  const last = decoder.decode()
  if (last !== '') yield Buffer.from(last)
}
