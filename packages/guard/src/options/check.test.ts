import { describe, expect, it } from 'vitest'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError, secretOptionError, textListOption } from './check.js'

describe('optionError', () => {
  it('names the option, the value and the fix under the code of configuration', () => {
    const error = optionError('limits.anonymous', -1, 'give more than 0')
    expect(error.code).toBe('PPT_CONFIG_INVALID')
    expect(error.detail).toBe('limits.anonymous is -1; give more than 0')
  })

  it('cuts a huge value and survives one that cannot be written', () => {
    expect(optionError('a', 'x'.repeat(10_000), 'f').detail?.length).toBeLessThan(100)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(optionError('a', circle, 'f').detail).toBe('a is object; f')
    expect(optionError('a', undefined, 'f').detail).toBe('a is undefined; f')
    expect(optionError('a', () => 1, 'f').detail).toBe('a is a function; f')
  })

  it('never shows a secret', () => {
    const text = secretOptionError('secret', 'hunter2', 'give 32 or more').message
    expect(text).not.toContain('hunter2')
    expect(text).toContain('a text of 7 characters')
    expect(secretOptionError('secret', 7, 'f').detail).toBe('secret is of type number; f')
  })
})

describe('checked options', () => {
  it('takes defaults only for what was left out', () => {
    expect(integerOption('n', undefined, 5, 1, 9)).toBe(5)
    expect(booleanOption('b', undefined, true)).toBe(true)
    expect(choiceOption('c', undefined, 'a', ['a', 'b'])).toBe('a')
    for (const bad of [null, '5', 5.5, Number.NaN, 0, 10, Infinity]) expect(() => integerOption('n', bad, 5, 1, 9)).toThrow('n is')
    for (const bad of [null, 'true', 1]) expect(() => booleanOption('b', bad, true)).toThrow('b is')
    for (const bad of [null, 'A', 'toString', 1]) expect(() => choiceOption('c', bad, 'a', ['a', 'b'])).toThrow("give 'a' or 'b'")
  })

  it('passes good values through', () => {
    expect(integerOption('n', 9, 5, 1, 9)).toBe(9)
    expect(booleanOption('b', false, true)).toBe(false)
    expect(choiceOption('c', 'b', 'a', ['a', 'b'])).toBe('b')
    expect(textListOption('t', ['x'], 'f')).toEqual(['x'])
  })

  it('refuses lists that hold anything but texts', () => {
    for (const bad of ['x', undefined, {}, [1], [''], ['a', null]])
      expect(() => textListOption('t', bad, 'give texts')).toThrow('give texts')
  })

  it('refuses a misspelt option and says which there are', () => {
    expect(() => knownOptions('session', { idelMs: 1 }, ['idleMs', 'absoluteMs'])).toThrow(
      'session has no option "idelMs"; it takes idleMs, absoluteMs',
    )
    expect(() => knownOptions('session', { idleMs: 1 }, ['idleMs'])).not.toThrow()
  })
})
