import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOneAddress, type OneAddress } from './one-address.js'

const from = (watch: OneAddress, address: string, count = 1): string[] => {
  const told: string[] = []
  for (let i = 0; i < count; i++) {
    const news = watch.note({ kind: 'known', address, key: address })
    if (news !== undefined) told.push(news)
  }
  return told
}

describe('the watch for a proxy that nobody has named', () => {
  it('tells of it once, and again only after it was gone or is another', () => {
    const watch = createOneAddress({ development: false })
    expect(from(watch, '10.0.0.5', 999)).toEqual([])
    expect(from(watch, '10.0.0.5', 4_001)).toEqual(['10.0.0.5'])
    expect(from(watch, '10.0.0.6', 1_000)).toEqual(['10.0.0.6'])
    for (let i = 0; i < 500; i++) from(watch, `203.0.113.${i % 250}`, 2)
    expect(from(watch, '10.0.0.6', 1_000)).toEqual(['10.0.0.6'])
  })

  it('finds it among a few others, wherever in the sample they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 999 }), { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (others, kinds) => {
        const watch = createOneAddress({ development: false })
        const told: string[] = []
        for (let i = 0; i < 1_000; i++) told.push(...from(watch, others.includes(i) ? `203.0.113.${i % kinds}` : '10.0.0.5'))
        expect(told).toEqual(['10.0.0.5'])
      }),
      {
        numRuns: 50,
        examples: [
          [Array.from({ length: 30 }, (_, i) => i), 1],
          [Array.from({ length: 30 }, (_, i) => i), 7],
        ],
      },
    )
  })

  it('is silent for an office, a crawler and a crowd: up to 93 % from one address', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 939 }), fc.boolean(), (share, first) => {
        const watch = createOneAddress({ development: false })
        const told: string[] = []
        for (let i = 0; i < 1_000; i++) {
          const his = first ? i < share : i >= 1_000 - share
          told.push(...from(watch, his ? '198.51.100.9' : `203.0.113.${i % 200}`))
        }
        expect(told).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('takes loopback for a developer where only this machine is a public origin, and for a proxy elsewhere', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1']) {
      expect(from(createOneAddress({ development: true }), address, 2_000)).toEqual([])
      expect(from(createOneAddress({ development: false }), address, 2_000)).toEqual([address])
    }
    expect(from(createOneAddress({ development: true }), '172.17.0.1', 1_000)).toEqual(['172.17.0.1'])
  })

  it('does not count what is unknown: that is told by itself', () => {
    const watch = createOneAddress({ development: false })
    for (let i = 0; i < 5_000; i++) expect(watch.note({ kind: 'unknown', reason: 'no_peer' })).toBeUndefined()
    expect(from(watch, '10.0.0.5', 999)).toEqual([])
  })
})
