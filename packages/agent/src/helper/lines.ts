import type { Readable } from 'node:stream'
import { MOST_LINE } from './protocol.js'

/** Calls `take` with every line of a stream; a line over the bound ends it by `tooLong`. */
export const readLines = (stream: Readable, take: (line: string) => void, tooLong: () => void): void => {
  let parts: Buffer[] = []
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8')
      parts = []
      size = 0
      from = end + 1
      take(line)
    }
    if (from === chunk.length) return
    parts.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > MOST_LINE) tooLong()
  })
}
