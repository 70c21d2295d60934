import { execFileSync } from 'node:child_process'
import { needs } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase32 } from './base32.js'
import {
  matchTotp,
  otpauthUri,
  readCode,
  secretBytes,
  STEP_MS,
  stepAt,
  totpCode,
  type TotpAlgorithm,
  type TotpDigits,
  totpDrift,
  type TotpShape,
} from './totp.js'

fc.configureGlobal({ seed: 20_261_122 })

const NOW = 1_800_000_000_000
const SIX: TotpShape = { algorithm: 'SHA1', digits: 6 }
const SECRET = Buffer.from('12345678901234567890')

describe('codes', () => {
  it('are those of RFC 4226, appendix D', () => {
    const expected = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']
    expect(expected.map((_code, counter) => totpCode(SECRET, counter, SIX))).toEqual(expected)
  })

  /** RFC 6238, appendix B: eight digits; the secret is as long as the hash. */
  const VECTORS = [
    [59, '94287082', '46119246', '90693936'],
    [1_111_111_109, '07081804', '68084774', '25091201'],
    [1_111_111_111, '14050471', '67062674', '99943326'],
    [1_234_567_890, '89005924', '91819424', '93441116'],
    [2_000_000_000, '69279037', '90698825', '38618901'],
    [20_000_000_000, '65353130', '77737706', '47863826'],
  ] as const
  const long = (bytes: number): Buffer => Buffer.from('1234567890'.repeat(7).slice(0, bytes))

  it.each(VECTORS)('at second %i are those of RFC 6238 with each hash', (seconds, ...codes) => {
    const made = (['SHA1', 'SHA256', 'SHA512'] as const).map((algorithm) =>
      totpCode(long(secretBytes(algorithm)), stepAt(seconds * 1_000), { algorithm, digits: 8 }),
    )
    expect(made).toEqual([...codes])
  })

  const tool = needs('oathtool')
  it.skipIf(!tool.ok)(`agree with oathtool for any secret, moment, hash and length${tool.note}`, () => {
    const algorithms: readonly TotpAlgorithm[] = ['SHA1', 'SHA256', 'SHA512']
    const lengths: readonly TotpDigits[] = [6, 8]
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.constantFrom(...algorithms),
        fc.constantFrom(...lengths),
        (secret, seconds, algorithm, digits) => {
          const hex = Buffer.from(secret).toString('hex')
          const at = `@${seconds}`
          const theirs = execFileSync('oathtool', [`--totp=${algorithm.toLowerCase()}`, '-d', String(digits), '-N', at, hex], {
            encoding: 'utf8',
          })
          expect(totpCode(secret, stepAt(seconds * 1_000), { algorithm, digits })).toBe(theirs.trim())
        },
      ),
      { numRuns: 40 },
    )
  })

  it('count beyond 32 bits as one number of 64', () => {
    // 2^32 and 0 differ only above the low word
    expect(totpCode(SECRET, 2 ** 32, SIX)).not.toBe(totpCode(SECRET, 0, SIX))
    const tool = needs('oathtool')
    if (!tool.ok) return
    const theirs = execFileSync('oathtool', ['-c', String(2 ** 40 + 7), SECRET.toString('hex')], { encoding: 'utf8' })
    expect(totpCode(SECRET, 2 ** 40 + 7, SIX)).toBe(theirs.trim())
  })

  it('have secrets of 160 bits, more with longer hashes', () => {
    expect((['SHA1', 'SHA256', 'SHA512'] as const).map(secretBytes)).toEqual([20, 32, 64])
  })
})

describe('reading what was typed', () => {
  it('takes exactly the digits, with or without spaces', () => {
    expect(readCode('012345', 6)).toBe(12_345)
    expect(readCode(' 012 345 ', 6)).toBe(12_345)
    expect(readCode('99999999', 8)).toBe(99_999_999)
  })

  it('takes nothing else: other lengths, signs, digits of other scripts, numbers, objects', () => {
    for (const odd of [
      '',
      '12345',
      '1234567',
      '-12345',
      '+12345',
      '12345.',
      '1e5',
      '0x1234',
      '１２３４５６',
      '٣٤٥٦٧٨',
      '12345\u0000',
      '12\t3456',
      ' '.repeat(11) + '123456',
    ])
      expect(readCode(odd, 6)).toBeUndefined()
    for (const odd of [123_456, null, undefined, {}, ['123456'], true]) expect(readCode(odd, 6)).toBeUndefined()
    expect(readCode('123456', 8)).toBeUndefined()
  })

  it('reads every code back that it writes', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.constantFrom<TotpDigits>(6, 8), (step, digits) => {
        const shape: TotpShape = { algorithm: 'SHA1', digits }
        const code = totpCode(SECRET, step, shape)
        expect(code).toHaveLength(digits)
        expect(matchTotp({ secret: SECRET, code: readCode(code, digits)!, lastStep: -1, shape, skew: 0 }, step * STEP_MS)).toEqual({
          kind: 'match',
          step,
        })
      }),
    )
  })
})

describe('the window', () => {
  const judge = (offset: number, skew: 0 | 1, lastStep = -1, now = NOW): ReturnType<typeof matchTotp> => {
    const code = readCode(totpCode(SECRET, stepAt(now) + offset, SIX), 6)!
    return matchTotp({ secret: SECRET, code, lastStep, shape: SIX, skew }, now)
  }

  it('is one step of 30 s without skew: a code lives no longer than it is shown [ASVS 6.5.5]', () => {
    expect([-2, -1, 0, 1, 2].map((offset) => judge(offset, 0).kind)).toEqual(['wrong', 'wrong', 'match', 'wrong', 'wrong'])
    const code = readCode(totpCode(SECRET, stepAt(NOW), SIX), 6)!
    const input = { secret: SECRET, code, lastStep: -1, shape: SIX, skew: 0 } as const
    const start = stepAt(NOW) * STEP_MS
    expect(matchTotp(input, start - 1).kind).toBe('wrong')
    expect(matchTotp(input, start).kind).toBe('match')
    expect(matchTotp(input, start + STEP_MS - 1).kind).toBe('match')
    expect(matchTotp(input, start + STEP_MS).kind).toBe('wrong')
  })

  it('is one more on either side with skew, and never wider', () => {
    expect([-2, -1, 0, 1, 2].map((offset) => judge(offset, 1).kind)).toEqual(['wrong', 'match', 'match', 'match', 'wrong'])
  })

  it('holds no step at or before the last one that was used, in any order of use', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1, max: 1 }), fc.integer({ min: -3, max: 3 }), (offset, last) => {
        const lastStep = stepAt(NOW) + last
        expect(judge(offset, 1, lastStep).kind).toBe(offset > last ? 'match' : 'spent')
      }),
    )
  })

  it('accepts each code at most once, however time goes on and whatever is tried', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ wait: fc.integer({ min: 0, max: 45_000 }), offset: fc.integer({ min: -2, max: 2 }) }), { maxLength: 40 }),
        (tries) => {
          let [now, lastStep] = [NOW, -1]
          const accepted: number[] = []
          for (const { wait, offset } of tries) {
            now += wait
            const found = judge(offset, 1, lastStep, now)
            if (found.kind !== 'match') continue
            expect(Math.abs(found.step - stepAt(now))).toBeLessThanOrEqual(1)
            accepted.push(found.step)
            lastStep = found.step
          }
          expect(new Set(accepted).size).toBe(accepted.length)
          expect(accepted).toEqual(accepted.toSorted((a, b) => a - b))
        },
      ),
    )
  })

  it('refuses the code of another secret, and one with a wrong digit', () => {
    const code = totpCode(SECRET, stepAt(NOW), SIX)
    const other = Buffer.from('12345678901234567891')
    expect(matchTotp({ secret: other, code: Number(code), lastStep: -1, shape: SIX, skew: 1 }, NOW).kind).toBe('wrong')
    for (let at = 0; at < 6; at++) {
      const wrong = code.slice(0, at) + String((Number(code[at]) + 1) % 10) + code.slice(at + 1)
      expect(matchTotp({ secret: SECRET, code: Number(wrong), lastStep: -1, shape: SIX, skew: 0 }, NOW).kind).toBe('wrong')
    }
  })

  it('begins with 1970: no step before it is looked at', () => {
    const code = Number(totpCode(SECRET, 0, SIX))
    expect(matchTotp({ secret: SECRET, code, lastStep: -1, shape: SIX, skew: 1 }, 0)).toEqual({ kind: 'match', step: 0 })
  })
})

describe('the clock check', () => {
  it('says by how much a device is late or early, within five minutes', () => {
    for (const offset of [-10, -3, -2, 2, 5, 10]) {
      const code = Number(totpCode(SECRET, stepAt(NOW) + offset, SIX))
      expect(totpDrift(SECRET, code, SIX, NOW)).toBe(offset * 30)
    }
  })

  it('says nothing of a code that is simply wrong, or further off', () => {
    const near = new Set(Array.from({ length: 21 }, (_, i) => Number(totpCode(SECRET, stepAt(NOW) - 10 + i, SIX))))
    const wrong = Array.from({ length: 100 }, (_, i) => i).find((code) => !near.has(code))!
    expect(totpDrift(SECRET, wrong, SIX, NOW)).toBeUndefined()
    const far = Number(totpCode(SECRET, stepAt(NOW) + 11, SIX))
    expect(near.has(far) ? undefined : totpDrift(SECRET, far, SIX, NOW)).toBeUndefined()
  })
})

describe('the address for authenticator apps', () => {
  it('names issuer, account and how codes are made', () => {
    const uri = otpauthUri(SECRET, { algorithm: 'SHA256', digits: 8 }, 'Acme Shop', 'anna@example.org')
    expect(uri).toBe(
      'otpauth://totp/Acme%20Shop:anna%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20Shop&algorithm=SHA256&digits=8&period=30',
    )
  })

  it('cannot be bent by a name: what came in stays within the label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (account) => {
        const uri = new URL(otpauthUri(SECRET, SIX, 'Acme', account))
        expect(Buffer.from(fromBase32(uri.searchParams.get('secret') ?? '') ?? [])).toEqual(SECRET)
        expect([...uri.searchParams.keys()]).toEqual(['secret', 'issuer', 'algorithm', 'digits', 'period'])
        expect(uri.hash).toBe('')
      }),
    )
    expect(otpauthUri(SECRET, SIX, 'Acme', 'x?secret=AAAA&issuer=Bank#')).toContain(
      'Acme:x%3Fsecret%3DAAAA%26issuer%3DBank%23?secret=GEZDG',
    )
    expect(() => otpauthUri(SECRET, SIX, 'Acme', '\ud800')).not.toThrow()
  })
})
