import { describe, expect, it } from 'vitest'
import { assertPassword, createPasswordHasher } from './passwords.js'

const hasher = createPasswordHasher()
const assert = (password: string, name = 'ann', previous?: string) => assertPassword(hasher, password, name, previous)

describe('assertPassword', () => {
  it('takes any long phrase without rules of composition [ASVS 6.2.5]', async () => {
    for (const password of ['eight ch', 'correct horse battery staple', 'ひらがなのながいことば', '🔒🔑🗝️🛡️⚔️🏰🐉🧙', ' spaces count '])
      await expect(assert(password)).resolves.toBeUndefined()
  })

  it('refuses what is too short or too long, counted in characters and not in bytes [ASVS 6.2.1]', async () => {
    for (const password of ['', 'seven77', '🔒🔑🗝']) await expect(assert(password)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(assert(`${'ab c'.repeat(256)}d`)).rejects.toThrow('at most 1024')
  })

  it('refuses the most used ones in any case and width [ASVS 6.2.4]', async () => {
    for (const password of ['password', 'Password1', 'QWERTYUIOP', '１２３４５６７８', 'changeme123', 'trustno1'])
      await expect(assert(password)).rejects.toThrow('password:')
  })

  it('refuses what is made of the name or of ours, and the old one again [ASVS 6.2.11]', async () => {
    await expect(assert('Annabella', 'annabella')).rejects.toThrow('made of your name')
    await expect(assert('parapet1', 'ann')).rejects.toThrow('password:')
    await expect(assert('the same again', 'ann', await hasher.hash('the same again'))).rejects.toThrow('old password')
  })

  it('never says the password', async () => {
    await expect(assert('qwertyuiop')).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining('qwertyuiop') }))
  })
})

describe('the hasher', () => {
  it('opens what earlier versions stored: argon2id in PHC form, 19 MiB, two passes', async () => {
    const earlier = '$argon2id$v=19$m=19456,t=2,p=1$54MSxvbiWsI/AuJr34Fz6w$q+GTETewSDdOYS4pYHHyXdoXDYYA0pqKxYyWF2cvemc'
    expect(await hasher.verify(earlier, 'a phrase of an earlier version')).toBe(true)
    expect(await hasher.verify(earlier, 'another one')).toBe(false)
    expect(hasher.needsRehash(earlier)).toBe(false)
  })

  it('opens with the same password in any Unicode form', async () => {
    const stored = await hasher.hash('schlüsselwort')
    expect(await hasher.verify(stored, 'schlu\u0308sselwort')).toBe(true)
    expect(await hasher.verify(stored, 'schlusselwort')).toBe(false)
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
