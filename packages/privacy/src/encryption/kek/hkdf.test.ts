import { describe, expect, it } from 'vitest'
import { hkdfSha256 } from './hkdf.js'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const range = (from: number, to: number): Buffer => Buffer.from(Array.from({ length: to - from + 1 }, (_, i) => from + i))

describe('hkdfSha256', () => {
  // RFC 5869, appendix A.1 to A.3
  it.each([
    [
      1,
      hex('0b'.repeat(22)),
      range(0x00, 0x0c),
      range(0xf0, 0xf9),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      2,
      range(0x00, 0x4f),
      range(0x60, 0xaf),
      range(0xb0, 0xff),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    [
      3,
      hex('0b'.repeat(22)),
      Buffer.alloc(0),
      Buffer.alloc(0),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ])('gives the published key of test case %i', (_case, key, salt, info, expected) => {
    expect(hkdfSha256(key, { salt, info, bytes: expected.length / 2 }).toString('hex')).toBe(expected)
  })
})
