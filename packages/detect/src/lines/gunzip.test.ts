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
