import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { isParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertDepth, decodeText, parseJson, readBody } from './body.js'

const stream = (body: Buffer, size = 1_000): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size)
    })(),
  )

const outcomeOf = (work: () => unknown, fine: string): string => {
  try {
    work()
    return fine
  } catch (error) {
    return isParapetError(error) ? error.code : String(error)
  }
}

describe('readBody', () => {
  it('gives back what was sent, plain or packed, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 1, max: 700 }), async (bytes, size) => {
        const body = Buffer.from(bytes)
        expect((await readBody(stream(body, size), { limit: 10_000 })).equals(body)).toBe(true)
        expect((await readBody(stream(gzipSync(body), size), { limit: 10_000, encoding: 'gzip' })).equals(body)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('counts bytes as they come: a length that lies does not help', async () => {
    await expect(readBody(stream(Buffer.alloc(101)), { limit: 100, length: '1' })).rejects.toMatchObject({ code: 'PPT_BODY_TOO_LARGE' })
    await expect(readBody(stream(Buffer.alloc(10)), { limit: 100, length: '101' })).rejects.toMatchObject({ code: 'PPT_BODY_TOO_LARGE' })
    await expect(readBody(stream(Buffer.alloc(100)), { limit: 100, length: '100' })).resolves.toHaveLength(100)
  })

  it('stops inflating at the limit and stops reading', async () => {
    let read = 0
    const packed = gzipSync(Buffer.alloc(50_000_000))
    const source = Readable.from(
      (function* () {
        for (let at = 0; at < packed.length; at += 500) {
          read++
          yield packed.subarray(at, at + 500)
        }
      })(),
    )
    await expect(readBody(source, { limit: 1_000, encoding: 'gzip' })).rejects.toMatchObject({ code: 'PPT_BODY_TOO_LARGE' })
    expect(read).toBeLessThan(packed.length / 500)
  })

  it('knows gzip and nothing, in any case', async () => {
    await expect(readBody(stream(gzipSync('x')), { limit: 10, encoding: ' GZIP ' })).resolves.toHaveLength(1)
    await expect(readBody(stream(Buffer.from('x')), { limit: 10, encoding: 'identity' })).resolves.toHaveLength(1)
    for (const encoding of ['br', 'deflate', 'gzip, gzip', 'x'])
      await expect(readBody(stream(Buffer.from('x')), { limit: 10, encoding })).rejects.toMatchObject({ code: 'PPT_MEDIA_TYPE' })
  })

  it('passes on that the sender went away', async () => {
    const broken = new Readable({
      read() {
        this.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
      },
    })
    await expect(readBody(broken, { limit: 10, encoding: 'gzip' })).rejects.toThrow('aborted')
  })
})

describe('decodeText', () => {
  it('takes UTF-8 with a byte order mark and refuses everything else', () => {
    expect(decodeText(Buffer.from('\uFEFF{}'))).toBe('{}')
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82]])
      expect(() => decodeText(Buffer.from(bytes))).toThrow('UTF-8')
  })
})

describe('assertDepth', () => {
  it('agrees with the real depth of any JSON', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 8 }), (value, limit) => {
        const outcome = outcomeOf(() => assertDepth(JSON.stringify(value), limit), 'shallow')
        expect(outcome).toBe(depthOf(value) > limit ? 'PPT_BODY_MALFORMED' : 'shallow')
      }),
    )
  })

  it('is not fooled by brackets and quotes within text', () => {
    expect(() => assertDepth(JSON.stringify(['"[[[[', '\\', '\\"[[[', '[{'.repeat(100)]), 1)).not.toThrow()
  })
})

describe('parseJson', () => {
  it('reads what JSON.parse reads', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('never lets anything but our own error out, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(['parsed', 'PPT_BODY_MALFORMED']).toContain(outcomeOf(() => parseJson(text), 'parsed'))
      }),
    )
  })
})
