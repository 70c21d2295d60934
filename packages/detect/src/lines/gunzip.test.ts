import { randomBytes } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gunzip, isGzip } from './gunzip.js'

const inPieces = async function* (bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve()
    yield bytes.subarray(at, at + size)
  }
}

/** What comes out, and the error that ended it. */
const unpack = async (bytes: Buffer, size = 1000): Promise<{ out: Buffer; error: unknown }> => {
  const parts: Buffer[] = []
  try {
    for await (const part of gunzip(inPieces(bytes, size), 'test.gz')) parts.push(Buffer.from(part))
  } catch (error) {
    return { out: Buffer.concat(parts), error }
  }
  return { out: Buffer.concat(parts), error: undefined }
}

// bytes that hardly compress: what is lost of the input is seen in the output at once
const content = randomBytes(300_000)

describe('gzip', () => {
  it('is known by two bytes', () => {
    expect(isGzip(gzipSync(''))).toBe(true)
    expect([Buffer.alloc(0), Buffer.from([0x1f]), Buffer.from([0x8b, 0x1f]), deflateSync('x'), Buffer.from('plain')].map(isGzip)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it.each([1, 7, 1000, 4096, 4097, 100_000, 1_000_000])('is unpacked in pieces of %i bytes', async (size) => {
    const bytes = size === 1 ? content.subarray(0, 3000) : content
    const { out, error } = await unpack(gzipSync(bytes), size)
    expect(error).toBeUndefined()
    expect(out.equals(bytes)).toBe(true)
  })

  it('may hold nothing', async () => {
    expect(await unpack(gzipSync(''))).toEqual({ out: Buffer.alloc(0), error: undefined })
  })

  it('may come in members, also when one begins a piece', async () => {
    const first = gzipSync(content.subarray(0, 5000))
    const { out, error } = await unpack(Buffer.concat([first, gzipSync(content.subarray(5000))]), first.length)
    expect(error).toBeUndefined()
    expect(out.equals(content)).toBe(true)
  })

  it('loses nothing to what follows it and is no gzip, and says so', async () => {
    for (const [tail, told] of [
      ['garbage\n', 1],
      ['\u001f', 1],
      ['\0\0\0', 0],
      [`${'\0'.repeat(10_000)}x`, 1],
    ] as const)
      for (const size of [1, 4096, 1_000_000]) {
        let notes = 0
        const packed = Buffer.concat([gzipSync('one\n'), gzipSync('two\n'), Buffer.from(tail)])
        const parts: Buffer[] = []
        for await (const part of gunzip(inPieces(packed, size), 'x', () => notes++)) parts.push(part)
        expect([tail.length, size, Buffer.concat(parts).toString(), notes]).toEqual([tail.length, size, 'one\ntwo\n', told])
      }
  })

  it('may have a name, a comment, more fields and a checksum in its header, wherever that is cut into pieces', async () => {
    const packed = gzipSync('named\n')
    const header = Buffer.concat([packed.subarray(0, 10), Buffer.from('\u0003\0abcname\0comment\0\u0001\u0002', 'latin1')])
    header[3] = 2 | 4 | 8 | 16
    for (const size of [1, 3, 1000]) {
      const { out, error } = await unpack(Buffer.concat([header, packed.subarray(10)]), size)
      expect([out.toString(), error]).toEqual(['named\n', undefined])
    }
    for (let cut = 2; cut < header.length; cut++)
      expect((await unpack(header.subarray(0, cut))).error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
  })

  it('with an end that is cut is not whole', async () => {
    const packed = gzipSync('all of it\n')
    for (let cut = 1; cut <= 8; cut++) {
      const { out, error } = await unpack(packed.subarray(0, packed.length - cut))
      expect([out.toString(), error]).toMatchObject(['all of it\n', { code: 'PPT_FILE_TRUNCATED' }])
    }
  })

  it('gives nearly all of what was there, wherever it ends early', async () => {
    const packed = gzipSync(content)
    for (const share of [0.05, 0.25, 0.5, 0.75, 0.95]) {
      const kept = Math.floor(packed.length * share)
      const { out, error } = await unpack(packed.subarray(0, kept))
      expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED', detail: 'test.gz' })
      expect(content.subarray(0, out.length).equals(out)).toBe(true)
      // a block of deflate is decoded as far as its bytes go: stored blocks of random bytes to within one of them
      expect(out.length).toBeGreaterThan(kept - 66_000)
    }
  })

  it('gives what was before damage, and says that there was some', async () => {
    const packed = gzipSync(content)
    const at = Math.floor(packed.length / 2)
    packed.fill(0xee, at, at + 100_000)
    const { out, error } = await unpack(packed)
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
    expect(content.subarray(0, Math.min(out.length, at - 100)).equals(out.subarray(0, at - 100))).toBe(true)
    expect(out.length).toBeGreaterThan(at - 70_000)
  })

  it('with a wrong checksum is not passed off as whole, though all of it is given', async () => {
    const packed = gzipSync(content)
    packed[packed.length - 6] = (packed[packed.length - 6] ?? 0) ^ 0xff
    const { out, error } = await unpack(packed)
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
    expect(out.length).toBeGreaterThan(content.length - 140_000)
  })

  it('that is none is an error, not an endless wait', async () => {
    const { out, error } = await unpack(Buffer.from([0x1f, 0x8b, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 2, 3]))
    expect(out).toHaveLength(0)
    expect(error).toMatchObject({ code: 'PPT_FILE_TRUNCATED' })
  })

  it('passes on an error of its input, after what came before it', async () => {
    const packed = gzipSync('x'.repeat(1000))
    const failing = async function* (): AsyncGenerator<Buffer> {
      await Promise.resolve()
      yield packed.subarray(0, packed.length - 4)
      throw new Error('disk')
    }
    let got = ''
    const reading = (async () => {
      for await (const part of gunzip(failing(), 'x')) got += part.toString()
    })()
    await expect(reading).rejects.toThrow('disk')
    expect(got).toBe('x'.repeat(1000))
  })
})
