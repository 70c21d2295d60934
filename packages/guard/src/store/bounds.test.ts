import { isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { checkKey, checkWrite } from './bounds.js'

/** The detail of the error that a check throws, `undefined` when it takes what it was given. */
const refusal = (check: () => void): string | undefined => {
  try {
    check()
    return undefined
  } catch (error) {
    return isParapetError(error) && error.code === 'PPT_INVALID' ? error.detail : 'an error of another kind'
  }
}

describe('the bounds of the Store port', () => {
  it.each(['k', ' ', '\u0000', '__proto__', 'ä'.repeat(512), 'k'.repeat(512)])('take any text of 1 to 512 characters for a key', (key) => {
    expect(refusal(() => checkKey('key', key))).toBeUndefined()
  })

  it.each(['', 'k'.repeat(513), 5, null, undefined, ['k']])('refuse %j, and say what a key is without saying what came', (key) => {
    expect(refusal(() => checkKey('key', key as string))).toBe('store key: 1 to 512 characters')
    expect(refusal(() => checkKey('group', key as string))).toBe('store group: 1 to 512 characters')
  })

  it('take values of 64 KiB characters and no more, and only texts', () => {
    expect(refusal(() => checkWrite('k', 'x'.repeat(65_536), { ttlMs: 1 }))).toBeUndefined()
    expect(refusal(() => checkWrite('k', '', { ttlMs: 0.5 }))).toBeUndefined()
    for (const value of ['x'.repeat(65_537), 5, null, Buffer.from('x')])
      expect(refusal(() => checkWrite('k', value as string, { ttlMs: 1 }))).toBe('store value: at most 65536 characters')
  })

  it.each([0, -1, Number.NaN, Infinity, 1e19, '5', undefined])('refuse a life of %s: what never ends fills a store', (ttlMs) => {
    expect(refusal(() => checkWrite('k', 'v', { ttlMs: ttlMs as number }))).toBe('store ttlMs: more than 0, at most 10 years')
  })

  it('look at the group of a write as well', () => {
    expect(refusal(() => checkWrite('k', 'v', { ttlMs: 1, group: '' }))).toBe('store group: 1 to 512 characters')
    expect(refusal(() => checkWrite('k', 'v', { ttlMs: 1, group: 'g' }))).toBeUndefined()
  })
})
