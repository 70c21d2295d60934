import { describe, expect, it } from 'vitest'
import { findValidator } from '../registry.js'
import { entropyOf } from './common.js'
import { lettersAndDigits, upperLowerDigit } from './tokens.js'

/** A small generator with a fixed seed: the tests judge the same tokens in every run. */
const tokensOf = (alphabet: string, length: number, count: number): string[] => {
  let state = 20_261_121
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, () => Array.from({ length }, () => alphabet[Math.floor(draw() * alphabet.length)]).join(''))
}

const HEX = '0123456789abcdef'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

describe('validators of tokens', () => {
  it('lets no placeholder through as a token of the same length', () => {
    const isToken = findValidator('entropy-2')
    for (const prefix of ['ghp_', 'glpat-', 'sk_live_', 'dop_v1_', 'hf_'])
      for (const filling of ['x', 'X', '0', '*', '.', '1'])
        expect(isToken?.(prefix + filling.repeat(36), prefix + filling.repeat(36)), `${prefix}${filling}...`).toBe(false)
  })

  it('drops no random token as a placeholder: not one of 20,000 of the shortest and poorest formats', () => {
    for (const token of tokensOf(HEX, 32, 20_000)) expect(entropyOf(token), token).toBeGreaterThan(2.5)
    for (const token of tokensOf(BASE62, 20, 20_000)) expect(entropyOf(token), token).toBeGreaterThan(3)
    for (const token of tokensOf('234567ABCDEFGHIJKLMNOPQRSTUVWXYZ', 16, 20_000))
      expect(entropyOf(`AKIA${token}`), token).toBeGreaterThan(2)
  })

  it('tells a token from the words and identifiers that begin like one', () => {
    for (const word of ['retool_environments', 'ciocoverage', 'pina_colada', 'AKCpConfiguration', 'XMLHttpRequest']) {
      expect(lettersAndDigits(word, word), word).toBe(false)
      expect(upperLowerDigit(word, word), word).toBe(false)
    }
    expect(lettersAndDigits('4111111111111111', '')).toBe(false)
    expect(lettersAndDigits('cio7Hq', '')).toBe(true)
  })

  it('tells a token of all letters and digits from a digest, which has one case only', () => {
    for (const digest of tokensOf(HEX, 42, 2000)) expect(upperLowerDigit(digest, digest)).toBe(false)
    expect(upperLowerDigit('ABCDEF0123456789', '')).toBe(false)
    expect(tokensOf(BASE62, 42, 2000).filter((token) => upperLowerDigit(token, token) !== true).length).toBeLessThan(10)
  })

  it('offers each validator to the rules by its name', () => {
    for (const name of ['entropy-2', 'letters-and-digits', 'upper-lower-digit']) expect(findValidator(name), name).toBeTypeOf('function')
    expect(findValidator('no-such-validator')).toBeUndefined()
  })
})
