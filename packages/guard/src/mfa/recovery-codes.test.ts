import { createHash } from 'node:crypto'
import { systemRandom } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { findRecoveryCode, makeRecoveryCodes, readRecoveryCode } from './recovery-codes.js'

fc.configureGlobal({ seed: 20_261_122 })

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const keyring = createKeyring({ keys: [OLD] })

describe('recovery codes', () => {
  it('are ten, all different, of 120 random bits, in groups that can be read aloud [ASVS 6.5.3, 6.5.4]', () => {
    let asked = 0
    const { shown, hashes } = makeRecoveryCodes(keyring, 'anna', (bytes) => {
      asked += bytes
      return systemRandom(bytes)
    })
    expect(shown).toHaveLength(10)
    expect(new Set(shown).size).toBe(10)
    expect(new Set(hashes).size).toBe(10)
    expect(asked * 8).toBe(10 * 120)
    for (const code of shown) expect(code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{4}-){5}[0-9a-hjkmnp-tv-z]{4}$/)
  })

  it('use every bit that they were given', () => {
    const made = (bit: number): string | undefined => {
      const bytes = new Uint8Array(15)
      if (bit >= 0) bytes[bit >> 3] = 0x80 >> (bit & 7)
      return makeRecoveryCodes(keyring, 'anna', () => bytes).shown[0]
    }
    expect(new Set(Array.from({ length: 121 }, (_, i) => made(i - 1))).size).toBe(121)
  })

  it('trap: recovery codes reversible at rest: hashes hold nothing of the code, and nobody without the key can check one [ASVS 6.5.2]', () => {
    const { shown, hashes } = makeRecoveryCodes(keyring, 'anna', systemRandom)
    const stored = JSON.stringify(hashes)
    for (const code of shown) {
      const bare = code.replaceAll('-', '')
      for (const text of [code, bare, bare.slice(0, 6), Buffer.from(bare).toString('base64'), Buffer.from(bare).toString('hex')])
        expect(stored).not.toContain(text)
      // what a thief of the table can compute from a guess is not what is there
      for (const text of [bare, code, `4:anna:${bare}`])
        for (const form of ['base64url', 'hex'] as const) expect(stored).not.toContain(createHash('sha256').update(text).digest(form))
      const thief = createKeyring({ keys: [NEW] })
      expect(findRecoveryCode(thief, 'anna', bare, hashes)).toBe(-1)
    }
  })

  it('are found by what was typed, each in its place, and only for their subject', () => {
    const { shown, hashes } = makeRecoveryCodes(keyring, 'anna', systemRandom)
    for (const [i, code] of shown.entries()) {
      const read = readRecoveryCode(code)!
      expect(findRecoveryCode(keyring, 'anna', read, hashes)).toBe(i)
      expect(findRecoveryCode(keyring, 'bert', read, hashes)).toBe(-1)
    }
    expect(findRecoveryCode(keyring, 'anna', '0'.repeat(24), hashes)).toBe(-1)
    expect(findRecoveryCode(keyring, 'anna', readRecoveryCode(shown[0])!, [])).toBe(-1)
  })

  it('keep subject and code apart whatever the subject is called', () => {
    const { shown, hashes } = makeRecoveryCodes(keyring, 'anna:', systemRandom)
    const code = readRecoveryCode(shown[0])!
    expect(findRecoveryCode(keyring, 'anna', `:${code}`, hashes)).toBe(-1)
  })

  it('stay good after a rotation of the keys', () => {
    const { shown, hashes } = makeRecoveryCodes(keyring, 'anna', systemRandom)
    const rotated = createKeyring({ keys: [NEW, OLD] })
    expect(findRecoveryCode(rotated, 'anna', readRecoveryCode(shown[3])!, hashes)).toBe(3)
  })
})

describe('what was typed', () => {
  it('may be in capitals, without or with other groups, with letters that look like digits', () => {
    const code = '0123456789abcdefghjkmnpq'
    for (const typed of [
      code,
      code.toUpperCase(),
      code.replaceAll(/(.{3})/g, '$1 '),
      `  ${code}-`,
      code.replace('01', 'oI'),
      code.replace('01', 'OL'),
    ])
      expect(readRecoveryCode(typed)).toBe(code)
  })

  it('is nothing when it is anything else', () => {
    for (const odd of [
      '',
      '0'.repeat(23),
      '0'.repeat(25),
      `${'0'.repeat(23)}u`,
      `${'0'.repeat(23)}\n`,
      `${'0'.repeat(22)}é`,
      '0'.repeat(100_000),
      7,
      null,
      undefined,
      {},
    ])
      expect(readRecoveryCode(odd)).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readRecoveryCode(text)
        expect(read === undefined || /^[0-9a-hjkmnp-tv-z]{24}$/.test(read)).toBe(true)
      }),
    )
  })
})
