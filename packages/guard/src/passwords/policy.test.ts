import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPasswords } from './passwords.js'
import { isPredictable } from './predictable.js'
import type { PasswordContext, PasswordReason, PasswordsOptions } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

/** The reason of a refusal, or `accepted`. */
const outcome = async (
  password: unknown,
  context: PasswordContext = {},
  options: PasswordsOptions = {},
): Promise<PasswordReason | 'accepted'> => {
  const verdict = await createPasswords(options).judge(password as string, context)
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}
/** Characters that no list, row or date holds. */
const text = (length: number): string => Array.from({ length }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7_919) % 20_000))).join('')

describe('the length of a password', () => {
  it.each<[PasswordsOptions, number, string]>([
    [{}, 7, 'too_short'],
    [{}, 8, 'accepted'],
    [{}, 256, 'accepted'],
    [{}, 257, 'too_long'],
    [{ minLength: 15 }, 14, 'too_short'],
    [{ minLength: 15 }, 15, 'accepted'],
    [{ maxLength: 64 }, 64, 'accepted'],
    [{ maxLength: 64 }, 65, 'too_long'],
    [{ maxLength: 1_024 }, 1_024, 'accepted'],
    [{ maxLength: 1_024 }, 1_025, 'too_long'],
  ])('under %j: %i characters are %s [ASVS 6.2.1, 6.2.9]', async (options, length, expected) => {
    expect(await outcome(text(length), {}, options)).toBe(expected)
  })

  it('is that of the text as it is kept: signs that fold to several or to one count as what they fold to', async () => {
    // one sign of 18 characters, and eight bytes of accents on two letters
    expect(await outcome('\ufdfa')).toBe('accepted')
    expect(await outcome('a\u0301e\u0301i\u0301o\u0301')).toBe('too_short')
    expect(await outcome(text(8).normalize('NFKD'))).toBe('accepted')
    // fifteen of them are 270, and no error
    expect(await outcome('\ufdfa'.repeat(15))).toBe('too_long')
  })

  it('in bytes is bounded at 4,096, whatever is counted, before anything is folded', async () => {
    const wide = Array.from({ length: 1_024 }, (_, i) => String.fromCodePoint(0x20000 + i)).join('')
    expect([Buffer.byteLength(wide), await outcome(wide, {}, { maxLength: 1_024 })]).toEqual([4_096, 'accepted'])
    expect(await outcome(text(1_365), {}, { maxLength: 1_024 })).toBe('too_long')
    const began = performance.now()
    expect(await outcome('\ufdfa'.repeat(2_000_000))).toBe('too_long')
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('a password of odd text', () => {
  it.each<[string, string, string]>([
    ['half a character', 'good words \ud800 here', 'malformed'],
    ['the other half', 'good words here \udc00', 'malformed'],
    ['two halves in the wrong order', '\udc00\ud800 good words', 'malformed'],
    ['a whole character of two halves', 'good words \ud83d\udd11', 'accepted'],
    ['NUL', 'good\u0000words\u0000here', 'accepted'],
    ['line breaks', 'good\r\nwords\r\nhere', 'accepted'],
    ['a BOM', '\ufeffgood words here', 'accepted'],
    ['spaces at both ends', '  good words  ', 'accepted'],
    ['the name of a key of objects', '__proto__.constructor', 'accepted'],
    ['what a template would fill in', '{{7*7}}${x}%s', 'accepted'],
    ['SQL', "' OR '1'='1' --", 'accepted'],
  ])('holds %s: %j is %s [ASVS 6.2.5]', async (_what, password, expected) => {
    expect(await outcome(password)).toBe(expected)
  })

  it('with NUL inside is hashed whole: what stands behind it counts [ASVS 6.2.8]', async () => {
    const passwords = createPasswords()
    const stored = await passwords.hash('good\u0000words')
    expect(await passwords.verify(stored, 'good\u0000words')).toBe(true)
    for (const other of ['good', 'good\u0000', 'good\u0000wordz', 'goodwords', 'good\\0words'])
      expect(await passwords.verify(stored, other)).toBe(false)
  })

  it('that is no text at all is refused everywhere, with no error in signing in', async () => {
    const passwords = createPasswords()
    const stored = await passwords.hash('good words here')
    for (const odd of [null, undefined, 7, true, ['good words here'], { length: 12 }, new String('good words here')]) {
      expect(await outcome(odd)).toBe('malformed')
      expect(await passwords.verify(stored, odd as string)).toBe(false)
      await expect(passwords.hash(odd as string)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    }
  })

  it('is judged the same in any form of Unicode, and hashes to one', async () => {
    const passwords = createPasswords({ contextWords: ['Caf\u00e9'] })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 6, maxLength: 20 }), async (password) => {
        const reasons = await Promise.all(
          (['NFC', 'NFD', 'NFKC', 'NFKD'] as const).map(async (form) => JSON.stringify(await passwords.judge(password.normalize(form)))),
        )
        expect(new Set(reasons).size).toBe(1)
      }),
    )
    const stored = await passwords.hash('\ufb01ne caf\u00e9 table')
    for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const)
      expect(await passwords.verify(stored, '\ufb01ne caf\u00e9 table'.normalize(form))).toBe(true)
  })
})

describe('a password made of what is known of somebody', () => {
  const words = ['xanthe.müller@shop.example', 'Xanthe', 'Müller-Lüdenscheidt']

  it.each([
    ['xanthe12', 'context'],
    ['XANTHE2024!', 'context'],
    ['xanthemüller', 'context'],
    ['mu\u0308ller12', 'context'],
    ['müllerxanthemüller', 'context'],
    ['!!xanthe!!', 'context'],
    ['lüdenscheidt', 'context'],
    ['shop-example', 'context'],
    // a name in a phrase is no name with a little around it
    ['xanthe likes green tea', 'accepted'],
    ['the müller of dee', 'accepted'],
    // and what only looks like one is none
    ['hannover-zoo', 'accepted'],
  ])('%s is %s [ASVS 6.2.11]', async (password, expected) => {
    expect(await outcome(password, { words })).toBe(expected)
  })

  it('counts parts of three characters and more, and 32 words of 256 characters', async () => {
    expect(await outcome('xy-kettle', { words: ['xy', 'k'] })).toBe('accepted')
    expect(await outcome('xyz-1!k', { words: ['xyz'] })).toBe('too_short')
    expect(await outcome('xyz-1!kq', { words: ['xyz'] })).toBe('context')
    const many = Array.from({ length: 40 }, (_, i) => `filler${i}`)
    expect(await outcome('zebrafish', { words: [...many.slice(0, 31), 'zebra'] })).toBe('context')
    expect(await outcome('zebrafish', { words: [...many.slice(0, 32), 'zebra'] })).toBe('accepted')
    expect(await outcome('zebrafish', { words: [`${' '.repeat(256)}zebra`] })).toBe('accepted')
  })

  it('takes words for what they are: no patterns, no keys of objects, no texts that are none', async () => {
    for (const word of ['.*', '$&', '(a+)+$', '[', '\\', '__proto__', 'toString', ''])
      expect(await outcome('teal kettle drums', { words: [word] })).toBe('accepted')
    const odd = [null, 7, {}, ['kettle']] as unknown as string[]
    expect(await outcome('kettle12', { words: odd })).toBe('accepted')
    expect(await outcome('$& $1 kettle', { words: ['kettle'] })).toBe('context')
  })

  it('names of the application count as well, also for who has no words', async () => {
    const options = { contextWords: ['Vorwerk Shop'] }
    expect(await outcome('vorwerk1', {}, options)).toBe('context')
    expect(await outcome('shopvorwerk', {}, options)).toBe('context')
    expect(await outcome('a vorwerk of old stone', {}, options)).toBe('accepted')
  })

  it('is refused with any ending shorter than a password, and with none that is one by itself', async () => {
    const passwords = createPasswords()
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[g-m]{9,12}$/), fc.stringMatching(/^[n-z]{1,7}$/), async (word, rest) => {
        fc.pre(!isPredictable(word + rest))
        expect(await passwords.judge(word + rest, { words: [word] })).toMatchObject({ kind: 'refused' })
      }),
    )
  })
})

describe('a password that is one idea', () => {
  it.each([
    '\u{1F600}'.repeat(8),
    '\u{1F600}\u{1F601}'.repeat(4),
    '\u{1F600}\u{1F601}\u{1F602}'.repeat(3),
    '\u{1F600}\u{1F601}\u{1F602}\u{1F603}'.repeat(2),
    'äöüä'.repeat(3),
    '        ',
    '1-1-2000',
    '31.12.1999',
    '2000/01/01',
    '19991231',
    'ZYXWVUTS',
    'qwertyuiopasdf',
  ])('%s is refused', (password) => {
    expect(isPredictable(password)).toBe(true)
  })

  it.each([
    // five signs, a date that is none, one break in a row
    '\u{1F600}\u{1F601}\u{1F602}\u{1F603}\u{1F604}'.repeat(2),
    '32.13.2000',
    '31.12.1899',
    '31.12.2036',
    '31-12.1999',
    '2000-01-01x',
    'qwerxtyuiop',
    'abcd-abce',
  ])('%s is not', (password) => {
    expect(isPredictable(password)).toBe(false)
  })

  it('of one to four signs over and over is found in any script, and five are enough to be none', () => {
    const signs = fc.array(fc.constantFrom('k', 'ж', '鍵', '\u{1F511}', '7', 'ß'), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(signs, fc.integer({ min: 2, max: 8 }), (piece, times) => {
        expect(isPredictable(piece.join('').repeat(Math.max(times, Math.ceil(8 / piece.length))))).toBe(true)
      }),
    )
  })
})

describe('what a refusal says', () => {
  it('is one sentence for each reason, and never the password, a word of its owner or the old hash', async () => {
    const passwords = createPasswords()
    const previous = await passwords.hash('zqx teal kettle zqx')
    const seen = new Set<string>()
    for (const password of ['zqx', `zqx${text(300)}`, 'zqx\ud800zqxzqx', 'password1', 'zqxzqxzqx', 'zqxanna1', 'zqx teal kettle zqx']) {
      const verdict = await passwords.judge(password, { words: ['zqxanna'], previous })
      if (verdict.kind !== 'refused') throw new Error(password)
      seen.add(verdict.reason)
      expect(verdict.message).toMatch(/^[A-Z][\w ,.-]+\.$/)
      expect(verdict.message).not.toMatch(/zqx|argon2|password1/)
    }
    expect([...seen]).toEqual(['too_short', 'too_long', 'malformed', 'most_used', 'predictable', 'context', 'same'])
  })

  it('names the length that was configured', async () => {
    const passwords = createPasswords({ minLength: 12, maxLength: 100 })
    expect(await passwords.judge('short')).toMatchObject({ message: 'Use at least 12 characters.' })
    expect(await passwords.judge(text(101))).toMatchObject({ message: 'Use at most 100 characters.' })
  })

  it('comes of the old password in any form of it, and of no other', async () => {
    const passwords = createPasswords()
    const previous = await passwords.hash('teal kettl\u00e9 drums')
    expect(await passwords.judge('teal kettle\u0301 drums', { previous })).toMatchObject({ reason: 'same' })
    expect(await passwords.judge('Teal kettl\u00e9 drums', { previous })).toMatchObject({ kind: 'accepted' })
    expect(await passwords.judge('teal kettl\u00e9 drums ', { previous })).toMatchObject({ kind: 'accepted' })
    expect(await passwords.judge('teal kettl\u00e9 drums', { previous: undefined })).toMatchObject({ kind: 'accepted' })
  })
})

describe('the bounds of the options', () => {
  it.each<[PasswordsOptions, string]>([
    [{ minLength: 7 }, 'passwords.minLength is 7'],
    [{ minLength: 65 }, 'passwords.minLength is 65'],
    [{ maxLength: 63 }, 'passwords.maxLength is 63'],
    [{ maxLength: 1_025 }, 'passwords.maxLength is 1025'],
    [{ maxHashing: 0 }, 'passwords.maxHashing is 0'],
    [{ maxHashing: 129 }, 'passwords.maxHashing is 129'],
    [{ maxWaiting: -1 }, 'passwords.maxWaiting is -1'],
    [{ cost: { passes: 0 } }, 'passwords.cost.passes is 0'],
    [{ cost: { passes: 65 } }, 'passwords.cost.passes is 65'],
    [{ cost: { lanes: 17 } }, 'passwords.cost.lanes is 17'],
    [{ cost: { memoryKib: 1_048_577 } }, 'passwords.cost.memoryKib is 1048577'],
    [{ cost: { memoryKib: 19_455 } }, 'give 19456 or more with 2 passes'],
    [{ cost: { passes: 1, memoryKib: 47_103 } }, 'give 47104 or more with 1 passes'],
    [{ cost: { passes: 3, memoryKib: 12_287 } }, 'give 12288 or more with 3 passes'],
    [{ cost: { passes: 64, memoryKib: 7_167 } }, 'give 7168 or more with 64 passes'],
  ])('one beyond is refused: %j [ASVS 11.4.2]', (options, message) => {
    expect(() => createPasswords(options)).toThrow(message)
  })

  it.each<PasswordsOptions>([
    { minLength: 64, maxLength: 64 },
    { maxHashing: 128, maxWaiting: 10_000 },
    { maxHashing: 1, maxWaiting: 0 },
    { cost: { passes: 1, memoryKib: 47_104 } },
    { cost: { passes: 4, memoryKib: 9_216 } },
    { cost: { passes: 64, memoryKib: 7_168, lanes: 16 } },
  ])('the last one is taken: %j', (options) => {
    expect(() => createPasswords(options)).not.toThrow()
  })
})
