import { describe, expect, it } from 'vitest'
import { maskSentence } from './mask-sentence.js'

/** Hides whatever follows a name, as rules of keys do, and an address of mail. */
const mask = (text: string): string =>
  text.replaceAll(/\b(password|token|pin)(: ?| )("[^"]*"|\S+)/g, '$1$2[hidden]').replaceAll(/\S+@\S+/g, '[mail]')

describe('maskSentence', () => {
  it.each([
    ['password: This is one of the passwords that are tried first.'],
    ['body: password: too short; name: is missing'],
    ['--server and --token go together, as the console shows them'],
    ["token: it's of another server"],
  ])('leaves a sentence of ours readable: %s', (sentence) => {
    expect(maskSentence(sentence, mask)).toBe(sentence)
  })

  it.each([
    ['password: hunter2 is no good', 'password: [hidden] is no good'],
    ['password: hunter', 'password: [hidden]'],
    ['password: "correct horse battery"', 'password: [hidden]'],
    ['--token ppt_abc does not work', '--token [hidden] does not work'],
    ['the token abc', 'the token [hidden]'],
    ['name: the mail a@example.org is taken', 'name: the mail [mail] is taken'],
  ])('hides what is a value there, or a secret by itself: %s', (sentence, masked) => {
    expect(maskSentence(sentence, mask)).toBe(masked)
  })

  it('gives the masker nothing but the sentence, whole where it holds no such place', () => {
    const seen: string[] = []
    const keep = (text: string): string => {
      seen.push(text)
      return text
    }
    expect(maskSentence('--token go together: PARAPET_TOKEN is no token', keep)).toBe('--token go together: PARAPET_TOKEN is no token')
    expect(seen.join('')).toBe('--token go together: PARAPET_TOKEN is no token')
    maskSentence('-----BEGIN RSA PRIVATE KEY----- abc', keep)
    expect(seen.at(-1)).toBe('-----BEGIN RSA PRIVATE KEY----- abc')
  })
})
