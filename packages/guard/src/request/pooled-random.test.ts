import { systemRandom } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { pooledRandom } from './pooled-random.js'

describe('pooledRandom', () => {
  it('gives every byte of its source out once, in order, across pages', () => {
    let next = 0
    const random = pooledRandom((bytes) => Uint8Array.from({ length: bytes }, () => next++ % 251))
    const first = [...random(4_000), ...random(96)]
    expect(first).toEqual(Array.from({ length: 4_096 }, (_, i) => i % 251))
    expect(random(1)[0]).toBe(4_096 % 251)
  })

  it('never repeats a value, and what it gave out does not change', () => {
    const random = pooledRandom(systemRandom)
    const given = Array.from({ length: 2_000 }, () => random(16))
    const texts = given.map((bytes) => Buffer.from(bytes).toString('hex'))
    expect(new Set(texts).size).toBe(2_000)
    expect(given.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(texts)
    expect(texts).not.toContain('0'.repeat(32))
  })

  it('serves more than a page, and nothing at all', () => {
    const random = pooledRandom(systemRandom)
    expect(random(10_000)).toHaveLength(10_000)
    expect(random(0)).toHaveLength(0)
  })
})
