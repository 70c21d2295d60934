import { describe, expect, it } from 'vitest'
import { createMemo } from './memo.js'

describe('a memo', () => {
  it('holds no more than twice its size, and keeps what is asked for', () => {
    const memo = createMemo<number>(10)
    memo.set('kept', 0)
    for (let n = 1; n <= 1_000; n++) {
      memo.set(`n${n}`, n)
      expect(memo.get('kept')).toBe(0)
    }
    const held = Array.from({ length: 1_000 }, (_, n) => memo.get(`n${n + 1}`)).filter((value) => value !== undefined)
    expect(held.length).toBeLessThanOrEqual(20)
    expect(memo.get('n1000')).toBe(1_000)
    expect(memo.get('n1')).toBeUndefined()
  })

  it('takes no key that is too long: a flood of them cannot fill the memory', () => {
    const memo = createMemo<number>(10, 8)
    memo.set('far too long', 1)
    expect(memo.get('far too long')).toBeUndefined()
    memo.set('12345678', 1)
    expect(memo.get('12345678')).toBe(1)
  })
})
