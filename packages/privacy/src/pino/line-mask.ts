import { StringDecoder } from 'node:string_decoder'
import { Transform } from 'node:stream'
import { unscanned } from '../masking/actions/actions.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'

/** UTF-16 code units of one line of a log. */
const MOST_LINE = 16_777_216

/** A Transform over lines of JSON: each is masked as a whole; one that is too long or cannot be masked is replaced by a line with its size. */
export const createLineMask = (masker: SurfaceMasker): Transform => {
  const decoder = new StringDecoder('utf8')
  let parts: string[] = []
  let length = 0
  const hold = (text: string): void => {
    length += text.length
    if (length <= MOST_LINE) parts.push(text)
    else parts = []
  }
  const finish = (): string => {
    const line = parts.join('')
    const size = length
    parts = []
    length = 0
    try {
      if (size <= MOST_LINE) return masker.json(line)
    } catch {
      // shown as too long: what went wrong may hold a part of the line
    }
    return JSON.stringify({ level: 50, msg: unscanned(size) })
  }
  const take = (text: string): string => {
    let out = ''
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      hold(text.slice(from, end))
      out += `${finish()}\n`
      from = end + 1
    }
    hold(text.slice(from))
    return out
  }
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, take(decoder.write(chunk))),
    flush: (done) => {
      const out = take(decoder.end())
      done(null, length > 0 ? `${out}${finish()}\n` : out)
    },
  })
}
