import { describe, expect, it } from 'vitest'
import { createMasker } from './masker.js'
import { builtInRuleSet } from './rules/built-in.js'

const { rules, keys } = builtInRuleSet()
const BORN = 'born 1990-01-02'
const CALL = 'call +49 151 23456789'

describe('a key group and the rules that it covers', () => {
  it('name rules that are there, each rule in one group at most, of the same kind', () => {
    const covered = keys.groups.flatMap((group) => group.covers.map((id) => ({ id, kind: group.kind })))
    const known = new Map(rules.map((rule) => [rule.id, rule.kind]))
    expect(covered.filter(({ id, kind }) => known.get(id) !== kind)).toEqual([])
    expect(new Set(covered.map(({ id }) => id)).size).toBe(covered.length)
  })

  it('are switched off together', () => {
    expect(createMasker().text(BORN)).not.toBe(BORN)
    const off = createMasker({ off: ['date-of-birth'] })
    expect(off.text(BORN)).toBe(BORN)
    expect(off.value({ dob: '1990-01-02' })).toEqual({ dob: '1990-01-02' })
  })

  it('are switched on together, where they are off unless named', () => {
    expect(createMasker().text('from 203.0.113.7')).toBe('from 203.0.113.7')
    expect(createMasker({ on: ['ip-address'] }).text('from 203.0.113.7')).not.toContain('203.0.113.7')
  })

  it('do the same, and a rule named by itself goes before its group', () => {
    expect(createMasker({ actions: { phone: 'redact' } }).text(CALL)).toMatch(/\[REDACTED:phone/)
    expect(createMasker({ actions: { phone: 'redact', 'phone-international': { action: 'mask', keepLast: 4 } } }).text(CALL)).toBe(
      'call ****6789',
    )
    expect(createMasker({ view: { personal: 'redact', phone: 'show' } }).text(CALL)).toBe(CALL)
  })

  it('hide the same much by default, under a key and in text', () => {
    const masker = createMasker()
    expect(masker.value({ phone: '+49 151 23456789' })).toEqual({ phone: '****89' })
    expect(masker.text(CALL)).toBe('call ****89')
    const mail = 'anna@example.org'
    expect(masker.value({ email: mail })).toEqual({ email: masker.text(mail) })
  })
})

describe('a policy', () => {
  it.each<[string, Parameters<typeof createMasker>[0]]>([
    ['a rule that is not there', { off: ['e-mial'] }],
    ['an action that is none', { actions: { email: 'hide' as never } }],
    ['show as an action', { actions: { email: 'show' as never } }],
    ['more left than allowed', { actions: { email: { action: 'mask', keepLast: 9 } } }],
    ['a tokenizer that was not given', { actions: { email: 'tokenize' } }],
    ['a key for pseudonyms that was not given', { actions: { '*': 'pseudonymize' } }],
  ])('with %s is refused when it is built', (_what, options) => {
    expect(() => createMasker(options)).toThrow(expect.objectContaining({ code: 'PPT_MASK_RULE' }))
  })

  it('lets through the values it allows, compared without case', () => {
    const masker = createMasker({ allow: ['Support@Example.com'] })
    expect(masker.text('support@example.com or anna@example.com')).toBe('support@example.com or [REDACTED:email]')
  })
})
