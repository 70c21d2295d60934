import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLineSplitter, type LineCounts } from './line-splitter.js'

fc.configureGlobal({ seed: 20_261_121 })

/** Feeds bytes in pieces of these sizes, over and over. */
const split = (bytes: Buffer, sizes: readonly number[], maxBytes = 8192): { lines: string[]; counts: LineCounts } => {
  const splitter = createLineSplitter(maxBytes)
  const lines: string[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1)
    // one buffer reused for every piece, as a file reader does
    const piece = Buffer.from(bytes.subarray(at, at + size))
    lines.push(...splitter.push(piece))
    piece.fill(0x21)
    at += size
  }
  lines.push(...splitter.end())
  return { lines, counts: { ...splitter.counts } }
}

describe('lines', () => {
  it('are those of the text, however the bytes were cut into pieces', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', '日', '😀', ' ', '\t', '\0', '\u001b'), maxLength: 40 })
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (lines, sizes, crlf) => {
          const text = lines.map((one) => one + (crlf ? '\r\n' : '\n')).join('')
          const result = split(Buffer.from(text), sizes)
          expect(result.lines).toEqual(lines)
          expect(result.counts).toEqual({ lines: lines.length, cut: 0, invalidUtf8: 0 })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('are the same for any bytes in one piece and in many', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 60 }),
        (bytes, size, most) => {
          const whole = split(Buffer.from(bytes), [bytes.length || 1], most)
          expect(split(Buffer.from(bytes), [size], most)).toEqual(whole)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('include empty ones, so that numbers are those of an editor', () => {
    expect(split(Buffer.from('\n\na\n\n'), [3]).lines).toEqual(['', '', 'a', ''])
  })

  it('include a last one without a line end, and none for no bytes', () => {
    expect(split(Buffer.from('a\nb'), [1]).lines).toEqual(['a', 'b'])
    expect(split(Buffer.alloc(0), [1])).toEqual({ lines: [], counts: { lines: 0, cut: 0, invalidUtf8: 0 } })
    expect(createLineSplitter(10).end()).toEqual([])
  })

  it('lose one carriage return at their end and none inside', () => {
    expect(split(Buffer.from('a\rb\r\r\nc\r'), [100]).lines).toEqual(['a\rb\r', 'c'])
  })

  it('begin after a byte order mark, which only the first can have', () => {
    expect(split(Buffer.from('\uFEFFa\n\uFEFFb\n'), [2]).lines).toEqual(['a', '\uFEFFb'])
  })
})

describe('a line that is too long', () => {
  it('is cut and counted, and the next one is whole', () => {
    const text = `${'x'.repeat(20)}\n${'y'.repeat(10)}\n${'z'.repeat(11)}`
    for (const sizes of [[1], [7], [1000]]) {
      expect(split(Buffer.from(text), sizes, 10)).toEqual({
        lines: ['x'.repeat(10), 'y'.repeat(10), 'z'.repeat(10)],
        counts: { lines: 3, cut: 2, invalidUtf8: 0 },
      })
    }
  })

  it('may be as long as the limit without its line end', () => {
    expect(split(Buffer.from(`${'y'.repeat(10)}\r\n`), [4], 10).counts.cut).toBe(0)
  })

  it('is not cut inside a character, and the cut makes no invalid bytes', () => {
    for (const character of ['é', '日', '😀']) {
      for (let lead = 0; lead < 5; lead++) {
        const text = 'a'.repeat(lead) + character.repeat(10)
        const { lines, counts } = split(Buffer.from(`${text}\n`), [3], 10)
        expect(text.startsWith(lines[0] ?? '?')).toBe(true)
        expect(Buffer.byteLength(lines[0] ?? '')).toBeGreaterThan(6)
        expect(counts).toEqual({ lines: 1, cut: 1, invalidUtf8: 0 })
      }
    }
  })

  it('of many megabytes takes no memory beyond the limit', () => {
    const splitter = createLineSplitter(8192)
    const piece = Buffer.alloc(1_000_000, 'x')
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 64; i++) expect(splitter.push(piece)).toEqual([])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
    expect(splitter.push(Buffer.from('x\nnext\n'))).toEqual(['x'.repeat(8192), 'next'])
    expect(splitter.counts).toEqual({ lines: 2, cut: 1, invalidUtf8: 0 })
  })
})

describe('bytes that are no UTF-8', () => {
  it('become U+FFFD and are counted by line', () => {
    const bytes = Buffer.concat([
      Buffer.from('a'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('b\né\n'),
      Buffer.from([0xc3]),
      Buffer.from('\n'),
    ])
    for (const sizes of [[1], [100]]) {
      expect(split(bytes, sizes)).toEqual({ lines: ['a\uFFFD\uFFFDb', 'é', '\uFFFD'], counts: { lines: 3, cut: 0, invalidUtf8: 2 } })
    }
  })

  it('do not hide what stands around them', () => {
    const line = Buffer.concat([Buffer.from('GET /../../etc/passwd'), Buffer.from([0xc0, 0xaf]), Buffer.from(' x\n')])
    expect(split(line, [5]).lines[0]).toContain('/../../etc/passwd')
  })
})
