import { isParapetError } from '@parapet/core'
import type { PlacedFinding, TextMasker } from '@parapet/privacy'

/** What became of one file. */
export type MaskedFile = {
  readonly path: string
  readonly bytes: number
  readonly lines: number
  /** it could not be read, or not to its end; what came before was masked */
  readonly error?: unknown
}

/** What {@link maskFile} needs. */
export type MaskFileDeps = {
  readonly masker: Pick<TextMasker, 'scan'>
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** gets the masked bytes; waits while the reader is slow */
  readonly write?: (bytes: Uint8Array) => Promise<void>
  /** gets what was found since it was last called */
  readonly report?: (findings: readonly PlacedFinding[]) => Promise<void>
  /** called when bytes follow a gzip file that are none of it */
  readonly onTrailing?: () => void
  readonly onProgress?: (progress: { bytes: number; total: number | undefined; lines: number }) => void
}

const NEWLINE = 10

const countLines = (chunk: Uint8Array): number => {
  let lines = 0
  for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++
  return lines
}

/**
 * Masks a file, or standard input for `-`, in pieces; gzip is taken off and UTF-16 becomes UTF-8. Bytes that are nothing sensitive stay as they are. A file that
 * cannot be read to its end is not thrown: its error is in the result.
 */
export const maskFile = async (path: string, deps: MaskFileDeps): Promise<MaskedFile> => {
  const { readBytes } = await import('@parapet/detect')
  const { masker, write, report } = deps
  let found: PlacedFinding[] = []
  const scan = masker.scan(report === undefined ? undefined : (finding) => found.push(finding))
  let bytes = 0
  let lines = 0
  let last = NEWLINE
  let error: unknown
  const pass = async (masked: Uint8Array): Promise<void> => {
    if (masked.length > 0) await write?.(masked)
    if (found.length === 0) return
    const findings = found
    found = []
    await report?.(findings)
  }
  const source = readBytes(path, {
    stdin: deps.stdin,
    asText: true,
    ...(deps.onTrailing === undefined ? {} : { onTrailing: deps.onTrailing }),
    onProgress: (progress) => deps.onProgress?.({ ...progress, lines }),
  })
  for (;;) {
    let chunk: Buffer
    try {
      const next = await source.next()
      if (next.done === true) break
      chunk = next.value
    } catch (caught) {
      if (!isParapetError(caught)) throw caught
      error = caught
      break
    }
    bytes += chunk.length
    lines += countLines(chunk)
    last = chunk.at(-1) ?? last
    try {
      await pass(scan.write(chunk))
    } catch (caught) {
      // nobody reads on: the file is closed
      await source.return()
      throw caught
    }
  }
  await pass(scan.end())
  return { path, bytes, lines: last === NEWLINE ? lines : lines + 1, ...(error === undefined ? {} : { error }) }
}
