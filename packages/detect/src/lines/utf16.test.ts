import { describe, expect, it } from 'vitest'
import { decodeUtf16 } from './utf16.js'

const inPieces = async function* (bytes: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve()
    yield bytes.subarray(at, at + size)
  }
}
const decode = async (bytes: Buffer, size = 1_000): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of decodeUtf16(inPieces(bytes, size), 'x.log')) parts.push(part)
  return Buffer.concat(parts)
}
const TEXT = 'mail ann@example.org\nü 漢字 😀\n'
const little = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(TEXT, 'utf16le')])
const big = Buffer.from(little).swap16()

describe('text in UTF-16', () => {
  it.each([1, 2, 3, 7, 1_000])('is read in pieces of %i bytes, from either end', async (size) => {
    for (const bytes of [little, big]) expect((await decode(bytes, size)).toString()).toBe(TEXT)
  })

  it('is told by its mark: everything else stays as it is, byte by byte', async () => {
    for (const bytes of [
      Buffer.from(TEXT),
      Buffer.from([0xff]),
      Buffer.from([0xff, 0xff, 0xfe, 0]),
      Buffer.from('\u0000a\u0000b'),
      Buffer.alloc(0),
    ])
      expect((await decode(bytes, 1)).equals(bytes)).toBe(true)
  })

  it('may hold nothing, or half a character at its end', async () => {
    expect(await decode(little.subarray(0, 2))).toHaveLength(0)
    expect((await decode(little.subarray(0, 5))).toString()).toBe('m\ufffd')
  })

  it('in UTF-32 is refused with what to do, not read as something else', async () => {
    for (const mark of [
      [0xff, 0xfe, 0, 0],
      [0, 0, 0xfe, 0xff],
    ])
      await expect(decode(Buffer.from([...mark, 0x61, 0, 0, 0]))).rejects.toMatchObject({
        code: 'PPT_FILE_UNREADABLE',
        detail: 'x.log is text in UTF-32; convert it first, as with iconv -t utf-8',
      })
  })
})
