import process from 'node:process'
import { LINE_BYTES } from '../parsers/line-parser.js'
import { fromStream, openFile, type ByteSource } from './byte-source.js'
import { gunzip, isGzip } from './gunzip.js'
import { lookAtHead } from './head.js'
import { createLineSplitter, type LineCounts, type LineSplitter } from './line-splitter.js'
import { decodeUtf16 } from './utf16.js'

/** Some lines in a row. `lines[0]` is line `firstNumber` of the input, counted from 1. */
export type LineBlock = { readonly firstNumber: number; readonly lines: readonly string[] }

/** How far reading is: bytes of the file as it lies there (compressed, for gzip); `total` is unknown for a pipe. */
export type ReadProgress = { readonly bytes: number; readonly total: number | undefined }

/** Options of {@link readLines}. */
export type ReadLinesOptions = {
  /** called after every read of up to 256 KiB, and once at the end */
  readonly onProgress?: (progress: ReadProgress) => void
  /** the longest line, in bytes; 8 KiB when left out. Longer ones are cut and counted */
  readonly maxLineBytes?: number
  /** called when bytes follow a gzip file that are none of it: they are left out */
  readonly onTrailing?: () => void
  /** what `-` reads; standard input when left out */
  readonly stdin?: AsyncIterable<Uint8Array | string>
}

/** Lines in blocks, read as they are asked for, and what was done to them so far. Read it once. */
export type LineReader = AsyncIterable<LineBlock> & { readonly counts: () => Readonly<LineCounts> }

/**
 * Reads the lines of a file, or of standard input for `-`, plain or gzip, UTF-8 or UTF-16 (told by its first bytes). Lines come without
 * their ends; bytes that are neither become U+FFFD. Memory stays at a block, whatever the file.
 *
 * Throws PPT_FILE_UNREADABLE when the file cannot be opened or read, and PPT_FILE_TRUNCATED when a gzip file ends
 * early or is damaged: after every line before the damage was delivered, an unfinished one too.
 */
export const readLines = (path: string, options: ReadLinesOptions = {}): LineReader => {
  const splitter = createLineSplitter(options.maxLineBytes ?? LINE_BYTES)
  return {
    counts: () => ({ ...splitter.counts }),
    [Symbol.asyncIterator]: () => blocks(path, options, splitter),
  }
}

/**
 * The bytes of a file, or of standard input for `-`, with gzip taken off and, with `asText`, UTF-16 turned into UTF-8. Chunks are valid
 * until the next one is asked for. Throws as {@link readLines} does.
 */
export const readBytes = async function* (
  path: string,
  options: Pick<ReadLinesOptions, 'onProgress' | 'onTrailing' | 'stdin'> & { readonly asText?: boolean } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const bytes = decompressed(counted(await openSource(path, options.stdin), options.onProgress), path, options.onTrailing)
  yield* options.asText === true ? decodeUtf16(bytes, path) : bytes
}

const openSource = (path: string, stdin: ReadLinesOptions['stdin']): ByteSource | Promise<ByteSource> =>
  path === '-' ? fromStream(stdin ?? process.stdin, 'standard input') : openFile(path)

const blocks = async function* (
  path: string,
  options: ReadLinesOptions,
  splitter: LineSplitter,
): AsyncGenerator<LineBlock, void, undefined> {
  const source = await openSource(path, options.stdin)
  let next = 1
  const block = (lines: string[]): LineBlock => {
    const firstNumber = next
    next += lines.length
    return { firstNumber, lines }
  }
  let failure: { error: unknown } | undefined
  try {
    for await (const chunk of decodeUtf16(decompressed(counted(source, options.onProgress), path, options.onTrailing), path)) {
      const lines = splitter.push(chunk)
      if (lines.length > 0) yield block(lines)
    }
  } catch (error) {
    failure = { error }
  }
  const last = splitter.end()
  if (last.length > 0) yield block(last)
  if (failure !== undefined) throw failure.error
}

const counted = async function* (
  { chunks, total }: ByteSource,
  onProgress: ReadLinesOptions['onProgress'],
): AsyncGenerator<Buffer, void, undefined> {
  let bytes = 0
  for await (const chunk of chunks) {
    yield chunk
    bytes += chunk.length
    onProgress?.({ bytes, total })
  }
  onProgress?.({ bytes, total })
}

/** The bytes themselves, or what they hold when they begin like gzip. */
const decompressed = async function* (
  chunks: AsyncGenerator<Buffer, void, undefined>,
  name: string,
  onTrailing: ReadLinesOptions['onTrailing'],
): AsyncGenerator<Buffer, void, undefined> {
  const { head, all } = await lookAtHead(chunks, 2)
  yield* isGzip(head) ? gunzip(all, name, onTrailing) : all
}
