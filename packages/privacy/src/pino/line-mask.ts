import { StringDecoder } from 'node:string_decoder'
import { Transform } from 'node:stream'
import { unscanned } from '../masking/actions/actions.js'
import { createLineSplitter } from '../masking/surfaces/line-splitter.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'

/** UTF-16 code units of one line of a log. */
const MOST_LINE = 16_777_216

/** A Transform over lines of JSON: each is masked as a whole; one that is too long or cannot be masked is replaced by a line with its size. */
export const createLineMask = (masker: SurfaceMasker): Transform => {
  const decoder = new StringDecoder('utf8')
  const lines = createLineSplitter(MOST_LINE, (line, length) => {
    try {
      if (line !== undefined) return masker.json(line)
    } catch {
      // shown as too long: what went wrong may hold a part of the line
    }
    return JSON.stringify({ level: 50, msg: unscanned(length) })
  })
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, lines.write(decoder.write(chunk))),
    flush: (done) => {
      const out = lines.write(decoder.end())
      const last = lines.end()
      done(null, last === '' ? out : `${out}${last}\n`)
    },
  })
}
