import { Transform } from 'node:stream'
import type { TextMasker } from '../masker.js'

/** A Transform that masks what passes through: bytes or strings in, bytes out, the same for any chunking. */
export const createMaskStream = (masker: Pick<TextMasker, 'scan'>): Transform => {
  const scan = masker.scan()
  return new Transform({
    decodeStrings: false,
    transform: (chunk: Uint8Array | string, encoding, done) => {
      try {
        const isText = typeof chunk === 'string' && (encoding === 'utf8' || encoding === 'utf-8')
        const out = scan.write(typeof chunk !== 'string' || isText ? chunk : Buffer.from(chunk, encoding))
        done(null, out.length > 0 ? out : undefined)
      } catch (error) {
        done(error as Error)
      }
    },
    flush: (done) => {
      try {
        const out = scan.end()
        done(null, out.length > 0 ? out : undefined)
      } catch (error) {
        done(error as Error)
      }
    },
  })
}
