import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseAnswer } from './normalise.js'

describe('an answer without what changes by itself', () => {
  const typed = ['anna@example.org', 'q1f2a3@example.org', 'Wrong-abcdefgh-1']
  const same: readonly (readonly [string, string, string])[] = [
    ['the name that was typed', '<p>No luck, anna@example.org</p>', '<p>No luck, q1f2a3@example.org</p>'],
    ['a name escaped for HTML', '<input value="a&quot;b">', '<input value="anna@example.org">'],
    ['a name in a URL', '<a href="/reset?for=anna%40example.org">', '<a href="/reset?for=q1f2a3%40example.org">'],
    ['a name in lower case', 'Hello anna@example.org', 'Hello q1f2a3@example.org'],
    ['a nonce', '<script nonce="Zk9xQ2w7VbT0pLm4">', '<script nonce="aB3dE5fG7hJ9kL1m">'],
    ['a token of hex', '<input value="9f8e7d6c5b4a39281706f5e4d3c2b1a0">', '<input value="00112233445566778899aabbccddeeff">'],
    ['a UUID', 'urn:uuid:0b9c1f3e-5a77-4f6e-9d2b-1c2d3e4f5a6b', 'urn:uuid:7e1d2c3b-aaaa-4bbb-8ccc-0123456789ab'],
    ['the time', 'It is 12:01:33', 'It is 12:01:34'],
    ['a date with its time', '{"time":"2026-11-22T07:01:02.123Z"}', '{"time":"2026-11-22T07:01:03Z"}'],
    ['white space', 'a \n  b', 'a b'],
  ]
  it.each(same)('does not see %s', (_what, one, other) => {
    const list = [...typed, 'a"b']
    expect(normaliseAnswer(one, list)).toBe(normaliseAnswer(other, list))
  })

  const different: readonly (readonly [string, string, string])[] = [
    ['another word', 'The password is wrong', 'The name or the password is wrong'],
    ['tries that are left', '4 tries left', '5 tries left'],
    ['another class of a message', '<p class="error-unknown-user">', '<p class="error-wrong-password">'],
    ['a link that is there for one of them', '<p>x</p>', '<p>x</p><a href="/unlock">unlock</a>'],
    ['an error code in words', 'ERR_USER_NOT_FOUND_IN_STORE', 'ERR_PASSWORD_MISMATCH_FOUND'],
  ]
  it.each(different)('sees %s', (_what, one, other) => {
    expect(normaliseAnswer(one, typed)).not.toBe(normaliseAnswer(other, typed))
  })

  it('keeps short typed text, which stands in any page', () => {
    expect(normaliseAnswer('an ant', ['an'])).toBe('an ant')
  })

  it('throws on no text, and is quick on long ones', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }), (text, names) => {
        expect(typeof normaliseAnswer(text, names)).toBe('string')
      }),
      { seed: 5, numRuns: 200 },
    )
    const began = performance.now()
    for (const piece of ['a1', '1:', '2026-', 'aA1 ', '<', 'T0']) normaliseAnswer(piece.repeat(500_000), ['x'.repeat(50)])
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})
