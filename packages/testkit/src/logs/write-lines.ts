import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** Writes lines to a file, each with its line end, in pieces. Gives the number of lines. */
export const writeLines = async (path: string, lines: Iterable<string>): Promise<number> => {
  const file = createWriteStream(path)
  let count = 0
  let piece = ''
  const flush = async (): Promise<void> => {
    if (!file.write(piece)) await once(file, 'drain')
    piece = ''
  }
  for (const line of lines) {
    piece += `${line}\n`
    count++
    if (piece.length > 262_144) await flush()
  }
  await flush()
  file.end()
  await once(file, 'close')
  return count
}
