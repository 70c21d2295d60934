import { hash as argon2, verify as argonVerify } from '@node-rs/argon2'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPasswords } from './passwords.js'
import type { PasswordContext, PasswordsOptions } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const passwords = createPasswords()
/** The library's number; its enum does not exist at run time. */
const ARGON2I: number = 1
const GOOD = 'tk4-lamp-orbit'
const reason = async (password: unknown, context?: PasswordContext, options?: PasswordsOptions): Promise<string> => {
  const verdict = await (options === undefined ? passwords : createPasswords(options)).judge(password as string, context)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

describe('a new password', () => {
  it('needs eight characters, and may have 256 [ASVS 6.2.1, 6.2.9]', async () => {
    expect(await reason('x7-lamp')).toBe('too_short')
    expect(await reason('x7-lamps')).toBe('accepted')
    const phrase = 'a long phrase of many words that somebody keeps in a manager '
    expect(await reason(phrase.repeat(5).slice(0, 256))).toBe('accepted')
    expect(await reason(phrase.repeat(5).slice(0, 257))).toBe('too_long')
    expect(await reason(phrase.repeat(20).slice(0, 1_024), undefined, { maxLength: 1_024 })).toBe('accepted')
    expect(await reason('x'.repeat(100_000))).toBe('too_long')
  })

  it('is counted in characters, not in bytes or halves of them', async () => {
    expect(await reason('🦊🐢🦉🐙🦀🐝🐌')).toBe('too_short')
    expect(await reason('🦊🐢🦉🐙🦀🐝🐌🦄')).toBe('accepted')
    expect(await reason('🦊🐢🦉🐙'.repeat(64), undefined, { minLength: 8 })).not.toBe('too_long')
  })

  it('needs no kinds of characters: any mix or none will do [ASVS 6.2.5]', async () => {
    for (const password of [
      'nocapitalshere',
      'NOSMALLONESATALL',
      '739518264055',
      'only letters and spaces',
      '§§$%&/)(=',
      'пароль-лампа-орбита',
      '密码安全很重要吗呢',
    ])
      expect([password, await reason(password)]).toEqual([password, 'accepted'])
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('a', 'e', 'k', 'm', 'n', 'o', 'r', 's', 't'), minLength: 14, maxLength: 40 }),
        async (password) => {
          expect(['accepted', 'predictable', 'most_used']).toContain(await reason(password))
        },
      ),
    )
  })

  it('is none of the most used, and no pattern [ASVS 6.2.4]', async () => {
    for (const password of ['password', 'Password1!', 'iloveyou', 'qwerty123', 'Summer2026!', 'ｐａｓｓｗｏｒｄ'])
      expect(await reason(password)).toBe('most_used')
    for (const password of ['aaaaaaaa', 'yxcvbnmlkj', '01.01.1990']) expect(await reason(password)).toBe('predictable')
    expect(await reason('acme-rocks-99', undefined, { blocked: ['ACME-rocks-99'] })).toBe('most_used')
  })

  it('is not made of the name, the address or the application [ASVS 6.2.11]', async () => {
    const context = { words: ['anna.kowalczyk@posteo.example', 'Anna Kowalczyk', 'akowalc'] }
    for (const password of ['annakowalczyk', 'Kowalczyk1985', 'KOWALCZYK!!', 'posteoanna12', 'akowalc-77'])
      expect([password, await reason(password, context)]).toEqual([password, 'context'])
    expect(await reason('Fabrikam2026!', undefined, { contextWords: ['Fabrikam'] })).toBe('context')
    // a name within a long phrase is no guess
    expect(await reason('anna walks under four bridges', context)).toBe('accepted')
    // parts of one or two letters are nobody's name
    expect(await reason('tk4-lamp-orbit', { words: ['t.k@x.yz', 'la', ''] })).toBe('accepted')
    expect(
      await reason(GOOD, { words: ['x'.repeat(1_000_000), 7 as unknown as string, ...Array.from({ length: 1_000 }, () => 'lamp')] }),
    ).toBe('accepted')
  })

  it('differs from the old one where a reset was required', async () => {
    const previous = await passwords.hash(GOOD)
    expect(await reason(GOOD, { previous })).toBe('same')
    expect(await reason('another-lamp-orbit', { previous })).toBe('accepted')
    expect(await passwords.isSame(previous, GOOD)).toBe(true)
    expect(await passwords.isSame(previous, `${GOOD}!`)).toBe(false)
  })

  it('that is no text is refused with a sentence for the user, never with an error', async () => {
    for (const odd of [undefined, null, 7, {}, ['tk4-lamp-orbit'], '\ud800tk4-lamp-orbit']) expect(await reason(odd)).toBe('malformed')
    const verdict = await passwords.judge('short')
    expect(verdict).toEqual({ kind: 'refused', reason: 'too_short', message: 'Use at least 8 characters.' })
  })

  it('is never in the sentence that refuses it', async () => {
    for (const password of ['trustno1', 'aaaaaaaa', 'kurz', 'Anna-1985']) {
      const verdict = await passwords.judge(password, { words: ['anna'] })
      expect(verdict.kind === 'refused' && verdict.message).not.toContain(password)
    }
  })
})

describe('a stored password', () => {
  it('is argon2id at the cost that OWASP asks for, with a salt of its own [ASVS 11.4.2]', async () => {
    const [one, two] = [await passwords.hash(GOOD), await passwords.hash(GOOD)]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(one).not.toBe(two)
    // as any other program checks it
    expect(await argonVerify(one, GOOD)).toBe(true)
  })

  it('is checked whole: nothing is cut, not at 72 bytes and not at any other place [ASVS 6.2.8]', async () => {
    const long = 'lamp orbit '.repeat(23)
    const stored = await passwords.hash(long)
    expect(await passwords.verify(stored, long)).toBe(true)
    for (const other of [long.slice(0, -1), long.slice(0, 72), `${long}x`, long.toUpperCase(), ` ${long}`])
      expect(await passwords.verify(stored, other)).toBe(false)
  })

  it('is the same text however a keyboard composes it', async () => {
    const stored = await passwords.hash('Bücher-Ångström-７')
    expect(await passwords.verify(stored, 'Bücher-Ångström-７'.normalize('NFD'))).toBe(true)
    expect(await passwords.verify(stored, 'Bücher-Ångström-7')).toBe(true)
    expect(await passwords.verify(stored, 'Bucher-Angstrom-7')).toBe(false)
  })

  it('over 4 KiB is refused before anything is computed, and never cut', async () => {
    const stored = await passwords.hash('x'.repeat(4_096))
    expect(await passwords.verify(stored, 'x'.repeat(4_096))).toBe(true)
    expect(await passwords.verify(stored, 'x'.repeat(4_097))).toBe(false)
    expect(await passwords.verify(stored, 'ü'.repeat(2_049))).toBe(false)
    await expect(passwords.hash('x'.repeat(4_097))).rejects.toThrow('password: takes up to 4096 bytes')
    await expect(passwords.hash(undefined as unknown as string)).rejects.toThrow('password')
    const before = process.cpuUsage()
    for (let i = 0; i < 100; i++) await passwords.verify(stored, 'x'.repeat(1_000_000))
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(500)
    for (const odd of [undefined, null, 7, {}] as unknown as string[]) expect(await passwords.verify(stored, odd)).toBe(false)
  })

  it('that is damaged is trouble, and no wrong password', async () => {
    for (const damaged of ['', 'plain', '$argon2id$v=19$m=19456,t=2,p=1$x', '$2b$10$abcdefghijklmnopqrstuv'])
      await expect(passwords.verify(damaged, GOOD)).rejects.toThrow('a stored password is no hash of argon2')
  })

  it('is hashed again after a change of cost, kind or version, and not before', async () => {
    const stored = await passwords.hash(GOOD)
    expect(passwords.needsRehash(stored)).toBe(false)
    const dearer = createPasswords({ cost: { memoryKib: 32_768, passes: 3, lanes: 2 } })
    expect(dearer.needsRehash(stored)).toBe(true)
    const again = await dearer.hash(GOOD)
    expect(again).toContain('$m=32768,t=3,p=2$')
    expect(dearer.needsRehash(again)).toBe(false)
    expect(await passwords.verify(again, GOOD)).toBe(true)
    expect(
      passwords.needsRehash(await argon2(GOOD, { algorithm: ARGON2I as never, memoryCost: 19_456, timeCost: 2, parallelism: 1 })),
    ).toBe(true)
    for (const odd of ['', 'plain', '$2b$10$abcdefghijklmnopqrstuv']) expect(passwords.needsRehash(odd)).toBe(true)
  })
})

describe('somebody whom nobody knows', () => {
  it('trap: enumeration by status, body, time or mail: a name that does not exist costs as much as one that does [ASVS 6.3.8]', async () => {
    const stored = await passwords.hash(GOOD)
    const cost = async (against: string | undefined): Promise<number> => {
      const before = process.cpuUsage()
      expect(await passwords.verify(against, 'wrong-lamp-orbit')).toBe(false)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    const [known, unknown]: [number[], number[]] = [[], []]
    for (let i = 0; i < 11; i++) {
      known.push(await cost(stored))
      unknown.push(await cost(undefined))
    }
    const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[5] ?? Number.NaN
    const ratio = middle(unknown) / middle(known)
    expect(ratio).toBeGreaterThan(0.6)
    expect(ratio).toBeLessThan(1.7)
  })

  it('is never signed in, whatever is typed', async () => {
    for (const password of ['', GOOD, 'a password that nobody has']) expect(await passwords.verify(undefined, password)).toBe(false)
  })
})

describe('hashing', () => {
  it('runs a few at a time, lets some wait and turns the rest away, so that a flood does not use up the machine [ASVS 15.2.2]', async () => {
    const gated = createPasswords({ maxHashing: 1, maxWaiting: 3 })
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => gated.hash(GOOD)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
    const refused = tries.find((one) => one.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'PPT_RATE_LIMITED', retryAfterSeconds: 2 })
    expect(gated.status()).toEqual({ hashing: 0, waiting: 0 })
    expect(await gated.verify(undefined, GOOD)).toBe(false)
  })

  it('gives its place back when it fails', async () => {
    const gated = createPasswords({ maxHashing: 1, maxWaiting: 0 })
    await expect(gated.verify('damaged', GOOD)).rejects.toThrow('a stored password is no hash of argon2')
    expect(gated.status()).toEqual({ hashing: 0, waiting: 0 })
    expect(await gated.hash(GOOD)).toContain('$argon2id$')
  })
})

describe('options', () => {
  it('are refused by name, value and fix', () => {
    for (const [options, message] of [
      [{ minLength: 6 }, 'passwords.minLength is 6; give a whole number from 8 to 64'],
      [{ maxLength: 32 }, 'passwords.maxLength is 32; give a whole number from 64 to 1024'],
      [{ maxLength: 4_096 }, 'passwords.maxLength is 4096'],
      [{ cost: { memoryKib: 1_024 } }, 'passwords.cost.memoryKib is 1024; give 19456 or more with 2 passes'],
      [{ cost: { passes: 1 } }, 'passwords.cost.memoryKib is 19456; give 47104 or more with 1 passes'],
      [{ cost: { passes: 0 } }, 'passwords.cost.passes is 0'],
      [{ cost: { memory: 1 } }, 'passwords.cost has no option "memory"'],
      [{ contextWords: 'acme' }, 'passwords.contextWords is "acme"; give words'],
      [{ blocked: [7] }, 'passwords.blocked is 7'],
      [{ maxHashing: 0 }, 'passwords.maxHashing is 0'],
      [{ maxWaiting: -1 }, 'passwords.maxWaiting is -1'],
      [{ requireDigit: true }, 'passwords has no option "requireDigit"'],
    ] as const)
      expect(() => createPasswords(options as unknown as PasswordsOptions)).toThrow(message)
    expect(() => createPasswords({ cost: { memoryKib: 7_168, passes: 5 } })).not.toThrow()
  })
})
