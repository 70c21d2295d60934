import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'

fc.configureGlobal({ seed: 20_261_121 })

const masker = createMasker({ on: ['ipv4'] })

const KEY = `-----BEGIN RSA PRIVATE KEY-----\n${'MIIEpAIBAAKCAQEAx3v9Zr1qYt0sWm8fK2nBcD4eGhJkLpQrStUvWxYz0123456\n'.repeat(5)}abcd==\n-----END RSA PRIVATE KEY-----`

/** What rules look for, whole and cut, and what looks like it. */
const PIECES = [
  'joe@example.com',
  'jörg@müller.de',
  '4111 1111 1111 1111',
  '4242424242424242',
  '+49 151 23456789',
  'DE89370400440532013000',
  '078-05-1120',
  'AKIAIOSFODNN7EXAMPLQ',
  'password=hunter2hunter',
  '"password":"a\\"b\\\\c"',
  '"api_key": 12345',
  'token: abc',
  'Authorization: Bearer mF_9.B5f-4.1JqM8kLx2Zt',
  'Cookie: a=b; c=d',
  'postgres://u:p4ss@db/x',
  'joe%40example.com',
  'joe\\u0040example.com',
  'https:\\/\\/u:p\\/w@h',
  'eyJlbWFpbCI6ImpvZUBleGFtcGxlLmNvbSIsIm4iOjF9',
  KEY,
  KEY.replaceAll('\n', '\\n'),
  KEY.slice(0, 200),
  '-----END RSA PRIVATE KEY-----',
  '10.1.2.3',
  '2026-11-22T00:04:38.123Z',
  '{"a":4242424242424242,"b":[1,5555555555554444]}',
  '"',
  '\\',
  '\n',
  '\r\n',
  ' ',
  ',',
  ':',
  'é',
  '😀',
  '\0',
  'n',
  '7',
  '-',
]
const text = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 }), fc.string({ unit: 'binary', maxLength: 4 })), {
  maxLength: 25,
})

const concat = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('latin1')

/** Feeds bytes in pieces whose sizes come from `cuts`, again and again. */
const inPieces = (whole: Uint8Array, cuts: readonly number[]): string => {
  const scan = masker.scan()
  const parts: Uint8Array[] = []
  let at = 0
  for (let i = 0; at < whole.length; i++) {
    const size = cuts[i % cuts.length] ?? 1
    parts.push(scan.write(whole.subarray(at, at + size)))
    at += size
  }
  parts.push(scan.end())
  return concat(parts)
}
const atOnce = (whole: Uint8Array): string => Buffer.from(masker.bytes(whole)).toString('latin1')

describe('a text in pieces', () => {
  it('is masked like the whole, however it is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }), (pieces, cuts) => {
        const whole = Buffer.from(pieces.join(''))
        expect(inPieces(whole, cuts)).toBe(atOnce(whole))
      }),
      { numRuns: 400 },
    )
  })

  it('is masked like the whole, one byte at a time', () => {
    fc.assert(
      fc.property(text, (pieces) => {
        const whole = Buffer.from(pieces.join(''))
        expect(inPieces(whole, [1])).toBe(atOnce(whole))
      }),
      { numRuns: 200 },
    )
  })

  it('is masked like the whole when it is long, without line ends, and no piece stands alone', () => {
    const long = fc.array(fc.constantFrom(...PIECES.filter((piece) => !/[\n]/.test(piece)), 'x'.repeat(700), 'lorem ipsum '.repeat(90)), {
      minLength: 60,
      maxLength: 160,
    })
    fc.assert(
      fc.property(long, fc.integer({ min: 500, max: 30_000 }), (pieces, cut) => {
        const whole = Buffer.from(pieces.join(' '))
        expect(inPieces(whole, [cut])).toBe(atOnce(whole))
      }),
      { numRuns: 60 },
    )
  })

  it('leaves bytes that are not UTF-8 as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uint8Array({ maxLength: 12 }), fc.constant(Buffer.from('joe@example.com ')))), (pieces) => {
        const whole = Buffer.concat(pieces)
        expect(inPieces(whole, [7])).toBe(atOnce(whole))
      }),
    )
    const broken = Buffer.from([0xff, 0xfe, 0x20, ...Buffer.from('joe@example.com'), 0x20, 0xc3])
    expect(atOnce(broken)).toBe('\xff\xfe [REDACTED:email] \xc3')
  })

  it('may come as strings, also when a surrogate pair is cut in two', () => {
    fc.assert(
      fc.property(text, (pieces) => {
        const whole = pieces.join('').replace(/\p{Surrogate}/gu, '\uFFFD')
        const scan = masker.scan()
        const parts = [...Array.from({ length: whole.length }, (_, i) => scan.write(whole[i] ?? '')), scan.end()]
        expect(Buffer.concat(parts).toString()).toBe(masker.text(whole))
      }),
      { numRuns: 200 },
    )
  })
})

describe('a value that is longer than what is kept in view', () => {
  it.each([
    [
      'a quoted value',
      'x "password":"',
      'a'.repeat(50_000),
      '" y joe@example.com',
      'x "password":"[REDACTED:password]" y [REDACTED:email]',
    ],
    ['a bare value', 'password=', 'Ab1'.repeat(9000), ' y', 'password=[REDACTED:password] y'],
    [
      'a private key',
      '-----BEGIN PRIVATE KEY-----\n',
      'MIIEvQIBADANBgkq'.repeat(3000),
      '\n-----END PRIVATE KEY----- z',
      '[REDACTED:private-key] z',
    ],
    ['a key without its end', '-----BEGIN PRIVATE KEY-----', `\\n${'MIIEvQIBADANBgkq'.repeat(3000)}`, '"} z', '[REDACTED:private-key]"} z'],
  ])('%s is hidden to its end', (_, head, body, tail, expected) => {
    const whole = Buffer.from(head + body + tail)
    expect(atOnce(whole)).toBe(expected)
    for (const cut of [1, 1000, 4096, 65_536]) expect(inPieces(whole, [cut])).toBe(expected)
  })
})

describe('50 MB on one line', () => {
  it('pass in bounded memory', () => {
    const scan = masker.scan()
    const piece = Buffer.from('lorem ipsum dolor joe@example.com '.repeat(2000))
    let most = 0
    let size = 0
    const before = process.memoryUsage().arrayBuffers
    for (let sent = 0; sent < 50_000_000; sent += piece.length) {
      size += scan.write(piece).length
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      if (sent % 5_000_000 < piece.length) globalThis.gc?.()
    }
    size += scan.end().length
    expect(size).toBeGreaterThan(45_000_000)
    expect(most).toBeLessThan(40_000_000)
  })
})
