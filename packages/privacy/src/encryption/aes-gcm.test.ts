import { describe, expect, it } from 'vitest'
import { decryptGcm, encryptGcm } from './aes-gcm.js'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const KEY = 'feffe9928665731c6d6a8f9467308308'.repeat(2)
const PLAIN =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
const ENCRYPTED =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad'

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13 to 16
describe.each([
  [13, '00'.repeat(32), '00'.repeat(12), '', '', '', '530f8afbc74536b9a963b4f1c4cb738b'],
  [14, '00'.repeat(32), '00'.repeat(12), '', '00'.repeat(16), 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
  [15, KEY, 'cafebabefacedbaddecaf888', '', PLAIN, ENCRYPTED, 'b094dac5d93471bdec1a502270e3cc6c'],
  [
    16,
    KEY,
    'cafebabefacedbaddecaf888',
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    PLAIN.slice(0, 120),
    ENCRYPTED.slice(0, 120),
    '76fc6ece0f4e1768cddf8853bb2d551b',
  ],
])('AES-256-GCM, test case %i', (_case, key, iv, additional, plain, encrypted, tag) => {
  it('encrypts as published', () => {
    const sealed = encryptGcm(hex(key), hex(iv), hex(additional), hex(plain))
    expect(sealed.encrypted.toString('hex')).toBe(encrypted)
    expect(sealed.tag.toString('hex')).toBe(tag)
  })

  it('decrypts as published, and nothing with one bit of it changed [ASVS 11.3.2, 11.3.3]', () => {
    expect(decryptGcm(hex(key), hex(iv), hex(additional), hex(encrypted), hex(tag))?.toString('hex')).toBe(plain)
    const flip = (bytes: Buffer, bit: number): Buffer => {
      const copy = Buffer.from(bytes)
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return copy
    }
    for (let bit = 0; bit < tag.length * 4; bit++)
      expect(decryptGcm(hex(key), hex(iv), hex(additional), hex(encrypted), flip(hex(tag), bit))).toBeUndefined()
    for (let bit = 0; bit < encrypted.length * 4; bit++)
      expect(decryptGcm(hex(key), hex(iv), hex(additional), flip(hex(encrypted), bit), hex(tag))).toBeUndefined()
    for (let bit = 0; bit < additional.length * 4; bit++)
      expect(decryptGcm(hex(key), hex(iv), flip(hex(additional), bit), hex(encrypted), hex(tag))).toBeUndefined()
  })

  it('takes no shortened tag, which would be guessed sooner', () => {
    for (const length of [0, 4, 8, 12, 15])
      expect(decryptGcm(hex(key), hex(iv), hex(additional), hex(encrypted), hex(tag).subarray(0, length))).toBeUndefined()
  })
})
