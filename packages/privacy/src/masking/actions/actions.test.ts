import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import type { Found } from '../scan/candidate.js'
import type { MaskAction } from '../types.js'
import { createReplace } from './actions.js'

const EMAIL: Found = { id: 'email', kind: 'personal', action: 'redact', keepLast: 4 }
const doing = (action: MaskAction | 'show', keepLast = 4, deps: object = {}): ((value: string) => string | null) => {
  const replace = createReplace({ decide: () => ({ action, keepLast }), ...deps })
  return (value) => replace(EMAIL, value)
}
const KEY = 'a key of the period, 32 bytes long'

describe('what replaces a value', () => {
  it('says nothing of it when redacted, its length neither', () => {
    expect(doing('redact')('a')).toBe('[REDACTED:email]')
    expect(doing('redact')('a'.repeat(5000))).toBe('[REDACTED:email]')
  })

  it('keeps the end when masked, never more than a third, and always four stars [ASVS 14.2.6]', () => {
    expect(doing('mask')('4111111111111111')).toBe('****1111')
    expect(doing('mask')('secret')).toBe('****et')
    expect(doing('mask')('ab')).toBe('[REDACTED:email]')
    expect(doing('mask', 0)('4111111111111111')).toBe('[REDACTED:email]')
    expect(doing('mask')('some text"]}')).toBe('[REDACTED:email]')
  })

  it('is shown or dropped', () => {
    expect(doing('show')('x')).toBe('x')
    expect(doing('drop')('x')).toBeNull()
  })

  it('is a stable pseudonym of the period and the rule, however the value is spelled', () => {
    const first = doing('pseudonymize', 4, { pseudonymKey: () => KEY })
    expect(first('joe@example.com')).toMatch(/^em_[0-9a-f]{16}$/)
    expect(first('Joe@Example.com')).toBe(first('joe@example.com'))
    expect(first('+49 151 23456789')).toBe(first('+4915123456789'))
    expect(first('jane@example.com')).not.toBe(first('joe@example.com'))
    expect(doing('pseudonymize', 4, { pseudonymKey: () => `${KEY}!` })('joe@example.com')).not.toBe(first('joe@example.com'))
    const replace = createReplace({ decide: () => ({ action: 'pseudonymize', keepLast: 4 }), pseudonymKey: () => KEY })
    expect(replace({ ...EMAIL, id: 'phone' }, 'joe@example.com')).not.toBe(first('joe@example.com'))
  })

  it('is never the value when something goes wrong', () => {
    expect(doing('pseudonymize', 4, { pseudonymKey: () => 'short' })('joe@example.com')).toBe('[REDACTED:email]')
    expect(doing('pseudonymize')('joe@example.com')).toBe('[REDACTED:email]')
    expect(doing('tokenize')('joe@example.com')).toBe('[REDACTED:email]')
    const failing = (): string => {
      throw new Error('store is down')
    }
    expect(doing('tokenize', 4, { tokenize: failing })('joe@example.com')).toBe('[REDACTED:email]')
    expect(doing('tokenize', 4, { tokenize: () => 'a "quoted" token' })('joe@example.com')).toBe('[REDACTED:email]')
    expect(doing('tokenize', 4, { tokenize: () => '' })('joe@example.com')).toBe('[REDACTED:email]')
  })

  it('is a token where there is a tokenizer, and only for a value known as a whole', () => {
    const tokenize = (value: string, rule: string): string => `tok_${rule}_${value.length}`
    expect(doing('tokenize', 4, { tokenize })('joe@example.com')).toBe('tok_email_15')
    const replace = createReplace({ decide: () => ({ action: 'tokenize', keepLast: 4 }), tokenize })
    expect(replace(EMAIL, '', true)).toBe('[REDACTED:email]')
  })
})

describe('a policy', () => {
  it.each([
    [{ actions: { email: 'tokenize' } }, 'give tokenize'],
    [{ actions: { '*': 'pseudonymize' } }, 'give pseudonymKey'],
    [{ actions: { email: 'pseudonymize' }, pseudonymKey: () => 'short' }, 'at least 16 bytes'],
    [{ actions: { emial: 'redact' } }, '"emial"'],
    [{ on: ['nothing'] }, '"nothing"'],
    [{ view: { '*': 'hide' } }, 'is one of'],
    [{ actions: { '*': 'show' } }, 'is one of'],
    [{ actions: { email: { action: 'mask', keepLast: 99 } } }, 'keepLast'],
  ])('that cannot work is refused when it is built: %o', (options, why) => {
    expect(() => createMasker(options as object)).toThrow(
      expect.objectContaining({ code: 'PPT_MASK_RULE', detail: expect.stringContaining(why) }),
    )
  })

  const text = 'joe@example.com 203.0.113.9 AKIAIOSFODNN7EXAMPLQ'

  it('turns rules on and off by id and by kind', () => {
    expect(createMasker().text(text)).toBe('[REDACTED:email] 203.0.113.9 [REDACTED:aws-access-key-id]')
    expect(createMasker({ on: ['ipv4'] }).text(text)).toContain('[REDACTED:ipv4]')
    expect(createMasker({ off: ['personal'] }).text(text)).toBe('joe@example.com 203.0.113.9 [REDACTED:aws-access-key-id]')
    expect(createMasker({ off: ['personal'], on: ['email'] }).text(text)).toBe('[REDACTED:email] 203.0.113.9 [REDACTED:aws-access-key-id]')
    expect(createMasker({ off: ['*'] }).text(text)).toBe(text)
  })

  it('takes the most particular action, and a view before all', () => {
    const actions = { '*': 'redact', personal: { action: 'mask', keepLast: 3 }, email: 'drop' } as const
    expect(createMasker({ actions }).text(text)).toBe(' 203.0.113.9 [REDACTED:aws-access-key-id]')
    expect(createMasker({ actions, view: { personal: 'redact' } }).text(text)).toBe(
      '[REDACTED:email] 203.0.113.9 [REDACTED:aws-access-key-id]',
    )
    expect(createMasker({ actions, view: { email: 'show' } }).text(text)).toBe('joe@example.com 203.0.113.9 [REDACTED:aws-access-key-id]')
  })

  it('lets named values through, in any case', () => {
    expect(createMasker({ allow: ['Joe@example.com'] }).text('joe@example.com jane@example.com')).toBe('joe@example.com [REDACTED:email]')
  })

  it('that shows one thing does not show the secret inside of it', () => {
    expect(createMasker({ view: { email: 'show' } }).text('postgres://u:pw@db.example.com/x')).not.toContain('pw@')
  })
})
