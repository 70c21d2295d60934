import { generateKeyPairSync, sign } from 'node:crypto'
import { MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkSignature, readPublicKey } from './signature.js'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const PUBLIC = publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
const NOW = 1_795_200_000_000
const body = Buffer.from('{"a":1}')
const header = (at: number, signed = body): string =>
  `t=${at}, v1=${sign(null, Buffer.concat([Buffer.from(`${at}.`), signed]), privateKey).toString('base64url')}`
const code = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('a signature', () => {
  it('holds for this body at this time, five minutes about', () => {
    for (const at of [NOW, NOW - 5 * MINUTE, NOW + 5 * MINUTE]) expect(checkSignature(header(at), body, PUBLIC, NOW)).toBe(at)
    for (const at of [NOW - 5 * MINUTE - 1, NOW + 5 * MINUTE + 1])
      expect(code(() => checkSignature(header(at), body, PUBLIC, NOW))).toBe('PPT_SIGNATURE_INVALID')
  })

  it('holds no more when one bit of body, time or signature is another', () => {
    const good = header(NOW)
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), fc.nat({ max: 7 }), (at, bit) => {
        const other = Buffer.from(body)
        other[at] = (other[at] ?? 0) ^ (1 << bit)
        expect(code(() => checkSignature(good, other, PUBLIC, NOW))).toBe('PPT_SIGNATURE_INVALID')
      }),
      { seed: 20_261_122 },
    )
    expect(code(() => checkSignature(good.replace(`t=${NOW}`, `t=${NOW + 1}`), body, PUBLIC, NOW))).toBe('PPT_SIGNATURE_INVALID')
    // what was signed cannot be cut at another dot
    expect(code(() => checkSignature(header(NOW, Buffer.from('1.x')), Buffer.from('x'), PUBLIC, NOW))).toBe('PPT_SIGNATURE_INVALID')
  })

  it('of any other text is refused, never a crash', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.constant(undefined),
          fc.string().map((text) => `t=1, v1=${text}`),
        ),
        (text) => {
          expect(code(() => checkSignature(text, body, PUBLIC, NOW))).toBe('PPT_SIGNATURE_INVALID')
        },
      ),
      { seed: 20_261_122 },
    )
  })
})

describe('a public key', () => {
  it('is Ed25519 as SPKI in base64url, written in the one way', () => {
    expect(readPublicKey(PUBLIC).asymmetricKeyType).toBe('ed25519')
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64url')
    for (const text of ['', PUBLIC.slice(1), `${PUBLIC}A`, `${PUBLIC}=`, `${PUBLIC.slice(0, -1)}+`, x25519, ec, `${PUBLIC}\n`])
      expect(code(() => readPublicKey(text))).toBe('PPT_INVALID')
  })
})
