import { describe, expect, it } from 'vitest'
import { MOST_USED_PASSWORDS } from './blocklist.js'
import { assertPassword, createPasswordHasher, PASSWORD_MAX } from './passwords.js'

describe('assertPassword', () => {
  it('takes any long phrase without rules of composition', () => {
    for (const password of [
      'eight ch',
      'correct horse battery staple',
      'ひらがなのながいことば',
      '🔒🔑🗝️🛡️⚔️🏰🐉🧙',
      ' spaces count ',
      'x'.repeat(1_000) + 'yz',
    ]) {
      expect(() => assertPassword(password, 'ann')).not.toThrow()
    }
  })

  it('refuses what is too short or too long, counted in characters and not in bytes', () => {
    for (const password of ['', 'seven77', '🔒🔑🗝', `${'ab'.repeat(PASSWORD_MAX)}c`])
      expect(() => assertPassword(password, 'ann')).toThrow('takes 8 to 1024')
  })

  it('refuses the most used ones in any case and width', () => {
    for (const password of ['password', 'Password1', 'QWERTYUIOP', '１２３４５６７８', 'changeme123', 'trustno1']) {
      expect(() => assertPassword(password, 'ann')).toThrow(/most used|repeats/)
    }
  })

  it('knows at least a hundred of them', () => {
    expect(MOST_USED_PASSWORDS.size).toBeGreaterThan(100)
    for (const word of MOST_USED_PASSWORDS) expect(word).toBe(word.toLowerCase())
  })

  it('refuses one character over and over, and the name itself', () => {
    expect(() => assertPassword('aaaaaaaaaaaa', 'ann')).toThrow('repeats')
    expect(() => assertPassword('abababababab', 'ann')).toThrow('repeats')
    expect(() => assertPassword('Annabella', 'annabella')).toThrow('is the name')
  })

  it('never says the password', () => {
    expect(() => assertPassword('qwertyuiop', 'ann')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('qwertyuiop') }),
    )
  })
})

describe('createPasswordHasher', () => {
  const hasher = createPasswordHasher()

  it('opens with the same password in any Unicode form', async () => {
    const stored = await hasher.hash('schlüsselwort')
    expect(await hasher.verify(stored, 'schlu\u0308sselwort')).toBe(true)
    expect(await hasher.verify(stored, 'schlusselwort')).toBe(false)
  })

  it('salts: the same password never gives the same hash', async () => {
    expect(await hasher.hash('the same one')).not.toBe(await hasher.hash('the same one'))
  })

  it('is never right without a stored hash, not even for the decoy', async () => {
    expect(await hasher.verify(undefined, 'a password that nobody has')).toBe(false)
  })

  it('turns a flood away instead of hashing it', async () => {
    const narrow = createPasswordHasher({ concurrent: 1, waiting: 2 })
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => narrow.hash('some password')))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
    expect(refused).toEqual(Array.from({ length: 5 }, () => expect.objectContaining({ code: 'PPT_RATE_LIMITED', retryAfterSeconds: 2 })))
    // and takes new ones again afterwards
    await expect(narrow.hash('some password')).resolves.toMatch(/^\$argon2id/)
  })
})
