import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBlocklist } from './blocklist.js'
import { PASSWORD_WORDS, WHOLE_PASSWORDS } from './most-used.js'
import { isPredictable } from './predictable.js'

fc.configureGlobal({ seed: 20_261_122 })

const blocklist = createBlocklist()
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '')

describe('the most used passwords', () => {
  it('are at least 3,000 of eight characters and more [ASVS 6.2.4]', () => {
    expect(blocklist.size).toBeGreaterThan(3_000)
    // the count is of passwords that are really refused: each tenth word with each tenth ending
    const endings = ['1', '12', '123', '2024', '1999', '!', '123!', '@123', '007', '99']
    let refused = 0
    for (const word of words(PASSWORD_WORDS))
      for (const ending of endings) if (word.length + ending.length >= 8 && blocklist.has(word + ending)) refused++
    for (const password of words(WHOLE_PASSWORDS)) if (password.length >= 8 && blocklist.has(password)) refused++
    expect(refused).toBeGreaterThan(3_000)
  })

  /** From lists that were published after breaches, those of eight characters and more that stand at the top of nearly all of them. */
  const TOP = [
    'password', '12345678', '123456789', '1234567890', 'baseball', 'football', 'superman', 'trustno1', 'jennifer', 'sunshine', 'iloveyou', 'starwars', 'computer',
    'michelle', '11111111', 'princess', '987654321', 'corvette', 'access14', 'mercedes', 'maverick', '88888888', 'samantha', 'elephant', 'whatever', 'dolphins',
    'password1', 'qwertyuiop', '1qaz2wsx', 'asdfghjkl', '123123123', 'q1w2e3r4', 'qwerty123', 'abcd1234', '1q2w3e4r', 'zaq12wsx', 'passw0rd', 'p@ssw0rd', 'liverpool',
    'charlie1', 'michael1', 'jordan23', 'jessica1', 'ashley12', 'monkey123', 'dragon123', 'shadow123', 'letmein1', 'welcome1', 'welcome123', 'admin123', 'changeme',
    'abc12345', 'a1b2c3d4', 'aa123456', 'qwer1234', 'pokemon1', 'chocolate', 'butterfly', 'babygirl1', 'lovelove', 'fuckyou1', 'iloveyou2', 'tinkerbell', 'metallica',
    'blink182', 'slipknot', 'spongebob', 'scorpion', 'midnight', 'november', 'barcelona', 'chelsea1', 'arsenal1', 'juventus', 'manchester', 'realmadrid', 'alexander',
    'christian', 'nicholas', 'jonathan', 'victoria', 'danielle', 'elizabeth', 'stephanie', 'veronica', 'isabella', 'benjamin', 'patricia', 'password123', 'Password1',
    'Password1!', 'P@ssw0rd!', 'Welcome1!', 'Summer2024', 'Winter2025!', 'Spring2026', 'Autumn2023', 'Admin@123', 'India@123', 'Abc@1234', 'Passw0rd1', 'Qwerty123!',
  ] // prettier-ignore
  it('are refused in any case: each of a hundred that lead published lists', () => {
    const isRefused = (password: string): boolean => blocklist.has(password) || isPredictable(password)
    const taken = TOP.filter((password) => !isRefused(password) || !isRefused(password.toUpperCase()))
    expect(taken).toEqual([])
  })

  it('are refused behind signs for letters, doubled, and with the usual beginnings and endings', () => {
    for (const password of [
      'm0nk3y123',
      'P4$$w0rd',
      'dr@g0n2019',
      'sup3rm4n!',
      'footba11',
      'monkeymonkey',
      'PASSWORDpassword',
      'mypassword',
      '123dragon!',
      'thehunter1',
      'charlie2020!',
      'l1verpool99',
    ])
      expect([password, blocklist.has(password)]).toEqual([password, true])
  })

  it('do not stand in the way of phrases, of random ones, and of passwords that only begin like one', () => {
    for (const password of [
      'correct horse battery staple',
      'dragonfruit under the bridge',
      'kx8#mQpL2v',
      'passwordless is the way',
      'monkey-wrench-7-teapot',
      'Wq7zLm2kP0',
      'my cat sleeps at noon',
      'zebra umbrella 41',
      'tk4-lamp-orbit',
      'sunshine on my shoulders',
      '密码安全很重要吗',
      'пароль-не-скажу',
      'ünïcödë-sträße',
      '🦊🐢🦉🐙🦀🐝🐌🦄',
    ])
      // prettier-ignore
      expect([password, blocklist.has(password)]).toEqual([password, false])
  })

  it('take what the application adds, in any case', () => {
    const own = createBlocklist(['AcmeRocks99', 'Straße-1234'])
    expect(own.has('acmerocks99')).toBe(true)
    expect(own.has('STRAßE-1234')).toBe(true)
    expect(blocklist.has('acmerocks99')).toBe(false)
  })

  it('are looked up in bounded time, whatever comes', () => {
    const began = process.cpuUsage()
    for (const text of ['1'.repeat(1_000_000), 'password'.repeat(100_000), '!@#$'.repeat(250_000), 'a'.repeat(40)])
      for (let i = 0; i < 50; i++) blocklist.has(text)
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 1_000).toBeLessThan(1_000)
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => typeof blocklist.has(text) === 'boolean'))
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) expect(blocklist.has(name)).toBe(false)
  })

  it('hold each word once, in lower case', () => {
    for (const list of [PASSWORD_WORDS, WHOLE_PASSWORDS]) expect(list).toBe(list.toLowerCase())
    expect(words(WHOLE_PASSWORDS).filter((password) => password.length < 7)).toEqual([])
  })

  it('are refused however somebody dresses a word up: capitals, signs for letters, a year or a number behind', () => {
    const list = words(PASSWORD_WORDS).filter((word) => word.length >= 6)
    const signs: Readonly<Record<string, readonly string[]>> = {
      a: ['@', '4'],
      e: ['3'],
      i: ['1', '!'],
      l: ['1', '|'],
      o: ['0'],
      s: ['$', '5'],
      t: ['7'],
    }
    fc.assert(
      fc.property(
        fc.constantFrom(...list),
        fc.constantFrom('', '1', '12', '123', '!', '1999', '2026', '2026!', '@2025', '007', '99', '_1'),
        fc.array(fc.nat(3), { minLength: 20, maxLength: 20 }),
        (word, ending, dress) => {
          // one sign for one letter throughout: what a person remembers
          const dressed = word
            .split('')
            .map((letter, i) =>
              dress[i] === 0 ? letter.toUpperCase() : dress[0] === 1 && letter !== 'i' ? (signs[letter]?.[0] ?? letter) : letter,
            )
            .join('')
          expect([dressed + ending, blocklist.has(dressed + ending)]).toEqual([dressed + ending, true])
        },
      ),
      { numRuns: 400 },
    )
  })

  it('do not take four of their own words in a row for one: that is a phrase', () => {
    const word = fc.constantFrom(...words(PASSWORD_WORDS).filter((one) => one.length >= 4))
    fc.assert(
      fc.property(fc.uniqueArray(word, { minLength: 4, maxLength: 6 }), fc.constantFrom(' ', '-', '.', ''), (phrase, between) => {
        expect(blocklist.has(phrase.join(between))).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('do not catch what a generator makes', () => {
    let caught = 0
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...words('a b c d e f g h j k m n p q r s t u v w x y z 2 3 4 5 6 7 8 9')),
          minLength: 10,
          maxLength: 20,
        }),
        (text) => {
          if (blocklist.has(text)) caught++
        },
      ),
      { numRuns: 2_000 },
    )
    expect(caught).toBeLessThan(5)
  })

  it('count each word once: the size is no larger than what is listed', () => {
    const list = words(PASSWORD_WORDS)
    const endings = blocklist.size / new Set(list).size
    expect(endings).toBeLessThan(400)
    expect(createBlocklist(['one-of-our-own-1']).size).toBe(blocklist.size + 1)
    // one that is listed already, and one that is too short to count
    expect(createBlocklist(['trustno1', 'short']).size).toBe(blocklist.size)
  })
})
