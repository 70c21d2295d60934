import type { Keyset, KeysetKey, KeyStatus } from '@parapet/privacy/encryption'
import { describe, expect, it } from 'vitest'
import { demandOf, isSameDemand } from './reseal-demand.js'

const keysetOf = (...keys: readonly (readonly [number, KeyStatus, number])[]): Keyset => ({
  version: 1,
  id: '0190f1c2-aaaa-7bbb-8ccc-0123456789ab',
  dev: false,
  kek: 'env:TEST',
  keys: keys.map(([id, status, since]): KeysetKey => ({ id, status, since, created: 1, alg: 'AES-256-GCM-HMAC-SHA512-COMMIT', kcv: '' })),
})

describe('what a keyset asks of the tables', () => {
  it('is nothing while there was only one key, also when the next one is on its way', () => {
    expect(demandOf(keysetOf([1, 'primary', 5]))).toBeUndefined()
    expect(demandOf(keysetOf([1, 'primary', 5], [2, 'pending', 9]))).toBeUndefined()
  })

  it('is asked once for each promotion, and stays when the key before is disabled and destroyed', () => {
    const promoted = demandOf(keysetOf([1, 'enabled', 9], [2, 'primary', 9]))
    expect(promoted).toEqual({ keyId: 2, at: 9 })
    for (const status of ['disabled', 'destroyed'] as const)
      expect(isSameDemand(demandOf(keysetOf([1, status, 20], [2, 'primary', 9])), promoted)).toBe(true)
    expect(isSameDemand(demandOf(keysetOf([1, 'enabled', 9], [2, 'primary', 9], [3, 'pending', 30])), promoted)).toBe(true)
  })

  it('is asked anew when a key is promoted back, and when one is enabled again whose values a scan has found', () => {
    const before = demandOf(keysetOf([1, 'enabled', 9], [2, 'primary', 9]))
    expect(demandOf(keysetOf([1, 'primary', 30], [2, 'enabled', 30]))).toEqual({ keyId: 1, at: 30 })
    expect(isSameDemand(demandOf(keysetOf([1, 'enabled', 40], [2, 'primary', 9])), before)).toBe(false)
    expect(isSameDemand(undefined, before)).toBe(false)
  })
})
