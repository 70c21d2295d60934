import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { createKeyMaker, joinKey, type KeyPart, routePart } from './key.js'

const keyring = createKeyring({ keys: [Buffer.alloc(32, 7)] })

describe('routePart', () => {
  it('gives one part for every spelling of a path that some framework takes for the same', () => {
    const spellings = [
      '/api/orders', '/API/Orders', '/api//orders', '/api/orders/', '/api%2forders', '/api%2Forders', '/api/./orders', '/api/x/../orders',
      '/api/orders;v=1', '/%61pi/orders', '/api/orders?page=2', '/api/orders#top', '/api\\orders', '/api%252forders', 'http://host/api/orders',
    ] // prettier-ignore
    expect(new Set(spellings.map((url) => routePart(url)))).toEqual(new Set(['/api/orders']))
  })

  it('keeps routes and methods apart, and HEAD with GET', () => {
    expect(routePart('/a')).not.toBe(routePart('/b'))
    expect(routePart('/a', 'POST')).not.toBe(routePart('/a', 'GET'))
    expect(routePart('/a', 'HEAD')).toBe(routePart('/a', 'GET'))
  })

  it('takes any text without failing', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (url) => {
        expect(routePart(url).startsWith('/')).toBe(true)
      }),
    )
  })
})

describe('keys in a store', () => {
  const parts = fc.array(
    fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('', ':', 's1:a', '\u0000', '__proto__'), fc.integer({ min: 0, max: 12 })),
    { minLength: 1, maxLength: 3 },
  )

  it('trap: key collisions by concatenation: two lists of parts, or two policies, never share a key', () => {
    const makers = { ab: createKeyMaker('ab', keyring), a: createKeyMaker('a', keyring), plain: createKeyMaker('a', undefined) }
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const same = joinKey(one) === joinKey(other)
        expect(one.length === other.length && one.every((part, i) => part === other[i])).toBe(same)
        expect(makers.a(one) === makers.a(other)).toBe(same)
        expect(makers.plain(one) === makers.plain(other)).toBe(same)
        expect(makers.ab(one)).not.toBe(makers.a(other))
      }),
      { numRuns: 1_000 },
    )
    // the classic: address and path glued together
    expect(makers.a(['10.0.0.1', '1/x'])).not.toBe(makers.a(['10.0.0.11', '/x']))
    expect(makers.a(['b', 'c'])).not.toBe(makers.ab(['c']))
    expect(makers.a([1])).not.toBe(makers.a(['1']))
  })

  it('say nothing about addresses and names, and fit the store', () => {
    const keyOf = createKeyMaker('sign-in', keyring)
    const secrets: readonly KeyPart[] = ['203.0.113.77', 'alice@example.org', 'x'.repeat(10_000)]
    for (const part of secrets) {
      const key = keyOf([part])
      expect(key).toMatch(/^sign-in:[\w-]{24}$/)
      expect(key).not.toContain(String(part).slice(0, 8))
    }
    expect(new Set(secrets.map((part) => keyOf([part]))).size).toBe(3)
  })

  it('are the same in every process of a keyring, and others under another key', () => {
    const other = createKeyring({ keys: [Buffer.alloc(32, 8)] })
    const rotated = createKeyring({ keys: [Buffer.alloc(32, 7), Buffer.alloc(32, 8)] })
    expect(createKeyMaker('p', rotated)(['a', 1])).toBe(createKeyMaker('p', keyring)(['a', 1]))
    expect(createKeyMaker('p', other)(['a', 1])).not.toBe(createKeyMaker('p', keyring)(['a', 1]))
  })

  it('stay the same when more keys were seen than are remembered', () => {
    const keyOf = createKeyMaker('p', undefined)
    const first = keyOf(['first'])
    for (let i = 0; i < 40_000; i++) keyOf([`k${i}`])
    expect(keyOf(['first'])).toBe(first)
    expect(keyOf(['k39999'])).toBe('p:k39999')
  })
})
