import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from './keyring.js'

describe('createKeyring', () => {
  const keyring = createKeyring(Buffer.alloc(32, 7))

  it('opens what it signed and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (data, other) => {
        const signature = keyring.sign('test', data)
        expect(keyring.verify('test', data, signature)).toBe(true)
        expect(keyring.verify('test', other, signature)).toBe(other === data)
      }),
    )
  })

  it('keeps purposes apart: a signature for one is none for another', () => {
    expect(keyring.verify('b', 'data', keyring.sign('a', 'data'))).toBe(false)
    expect(keyring.sign('a', 'data')).not.toBe(keyring.sign('b', 'data'))
  })

  it('refuses signatures that are cut, longer, empty or no base64', () => {
    const signature = keyring.sign('a', 'data')
    for (const bad of ['', signature.slice(0, -2), `${signature}AAAA`, '!!!', '\0', 'é'.repeat(43)])
      expect(keyring.verify('a', 'data', bad)).toBe(false)
  })

  it('is decided by the key', () => {
    const other = createKeyring(randomBytes(32))
    expect(other.verify('a', 'data', keyring.sign('a', 'data'))).toBe(false)
    expect(createKeyring(Buffer.alloc(32, 7)).sign('a', 'data')).toBe(keyring.sign('a', 'data'))
  })

  it('refuses a key of another length', () => {
    expect(() => createKeyring(Buffer.alloc(16))).toThrow(RangeError)
  })
})
