import { createKeyring } from '@parapet/guard'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPasses, type Pass } from './passes.js'

const passes = createPasses(createKeyring({ keys: ['a-secret-of-the-test-0123456789abcdef'] }))
const others = createPasses(createKeyring({ keys: ['another-secret-of-the-test-0123456789'] }))
const PASS: Pass = { source: 's-1', user: 'ünïcode ~ user.', signedInAt: 1, factorAt: 2, expiresAt: 1_000 }

describe('a pass', () => {
  it('says what was put into it, to its source, until it ends', () => {
    const text = passes.issue(PASS)
    expect(text).toMatch(/^[\w.~-]+$/)
    expect(passes.read(text, 's-1', 999)).toEqual(PASS)
    expect(passes.read(text, 's-1', 1_000)).toBeUndefined()
    expect(passes.read(text, 's-2', 1)).toBeUndefined()
    expect(others.read(text, 's-1', 1)).toBeUndefined()
  })

  it('with any one character changed, or any other text, is none and never throws', () => {
    const text = passes.issue(PASS)
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.string({ minLength: 1, maxLength: 1 }), fc.string(), (at, letter, any) => {
        const changed = text.slice(0, at) + letter + text.slice(at + 1)
        expect(changed === text ? undefined : passes.read(changed, 's-1', 1)).toBeUndefined()
        expect(passes.read(any, 's-1', 1)).toBeUndefined()
        expect(passes.read(`${any}~${text}`, 's-1', 1)).toBeUndefined()
      }),
      { seed: 5, numRuns: 300 },
    )
    expect(passes.read(`${'a'.repeat(3_000)}~b`, 's-1', 1)).toBeUndefined()
  })
})
