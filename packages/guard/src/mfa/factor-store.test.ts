import { systemRandom } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { factorStoreChecks } from './fixtures/factor-store-checks.js'
import { slow } from './fixtures/setup.js'
import { type FactorRecord, memoryFactors } from './factor-store.js'
import { changeRecord, emptyRecord, factorName, withoutOrphans } from './record.js'

const record = (handle = 'h'): FactorRecord => ({ handle, totp: [], recovery: undefined, passkeys: [] })

describe('memoryFactors does what every place for factors must do', () => {
  const factors = slow(memoryFactors())
  factorStoreChecks(() => ({ factors, others: [factors] }))

  it('and hands out copies: what a caller changes is not what is kept', async () => {
    await factors.write('anna', record(), null)
    const held = (await factors.read('anna'))!.record as { handle: string }
    held.handle = 'changed'
    expect((await factors.read('anna'))?.record.handle).toBe('h')
  })
})

describe('changing a record', () => {
  it('writes nothing when nothing changed', async () => {
    const factors = memoryFactors()
    expect(await changeRecord(factors, 'anna', systemRandom, (held) => ({ record: held, result: 'same' }))).toBe('same')
    expect(await factors.read('anna')).toBeUndefined()
  })

  it('gives up on a store that never lets it be first, instead of going round for ever', async () => {
    const factors = { ...memoryFactors(), write: async () => false }
    await expect(changeRecord(factors, 'anna', systemRandom, (held) => ({ record: { ...held }, result: 1 }))).rejects.toThrow(
      'too many writers',
    )
  })

  it('passes on that the store is down', async () => {
    const factors = { ...memoryFactors(), read: () => Promise.reject(new Error('down')) }
    await expect(changeRecord(factors, 'anna', systemRandom, (held) => ({ record: held, result: 1 }))).rejects.toThrow('down')
  })
})

describe('a record', () => {
  it('begins with a handle of 256 bits that says nothing of the subject', () => {
    const [one, two] = [emptyRecord(systemRandom), emptyRecord(systemRandom)]
    expect(one.handle).toMatch(/^[\w-]{43}$/)
    expect(one.handle).not.toBe(two.handle)
  })

  it('without its last factor keeps no recovery codes, with one it does', () => {
    const recovery = { hashes: ['a'], createdAt: 1 }
    expect(withoutOrphans({ ...record(), recovery }).recovery).toBeUndefined()
    const passkey = { id: 'k', name: 'K', publicKey: '', counter: 0, transports: [], backedUp: false, createdAt: 1, usedAt: undefined }
    expect(withoutOrphans({ ...record(), recovery, passkeys: [passkey] }).recovery).toEqual(recovery)
  })

  it('has names without what could bend a page or a log line', () => {
    expect(factorName('My\tphone\u001b[31m', 'x')).toBe('My phone [31m')
    expect(factorName('a\u202eb\u2028c', 'x')).toBe('a b c')
    for (const none of ['', '   ', '\u0000\u200b', undefined, null, 7, {}]) expect(factorName(none, 'Passkey')).toBe('Passkey')
    expect(Array.from(factorName('😀'.repeat(500), 'x'))).toHaveLength(64)
    expect(factorName('\ud800x', 'y')).toBe('\ufffdx')
  })
})
