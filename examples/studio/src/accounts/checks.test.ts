import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isEmail, isName, isPhone } from './checks.js'
import { proofOf } from './proof.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('an e-mail address', () => {
  it.each(['ann@example.org', 'ann.lee+studio@mail.example.co.uk', "o'neil@example.org", 'Ann@EXAMPLE.org', 'ä@example.org'])(
    'may be %s',
    (text) => {
      expect(isEmail(text)).toBe(true)
    },
  )

  it.each([
    '', 'ann', '@example.org', 'ann@', 'ann@localhost', 'a b@example.org', 'ann@example.org, eve@evil.example', '<ann@example.org>', 'ann@@example.org',
    'ann@example.org\nBcc: eve@evil.example', 'ann@example.org;', `${'a'.repeat(65)}@example.org`, `ann@${'a.'.repeat(200)}org`, 'ann@ex_ample.org',
  ])('is not %j', (text) => {
    expect(isEmail(text)).toBe(false)
  }) // prettier-ignore

  it('is read in linear time', () => {
    const began = performance.now()
    for (const text of [`ann@${'a-'.repeat(50_000)}`, `${'a.'.repeat(50_000)}@x`, 'a@'.repeat(50_000)]) isEmail(text)
    expect(performance.now() - began).toBeLessThan(200)
  })
})

it('a name is one line, of any script', () => {
  for (const name of ['Ann', 'Ann-Sofie Ø', '王芳', 'x'.repeat(80)]) expect([name, isName(name)]).toEqual([name, true])
  for (const name of ['', 'x'.repeat(81), 'Ann\nLee', 'Ann\u001b[2J']) expect([name, isName(name)]).toEqual([name, false])
})

it('a telephone number has its country, or is none', () => {
  for (const phone of ['', '+49 30 90182012', '+44 (0)20-7946.0958']) expect([phone, isPhone(phone)]).toEqual([phone, true])
  for (const phone of ['030 90182012', '+', '+49', 'call me', `+${'1'.repeat(40)}`, '+49 30\n1'])
    expect([phone, isPhone(phone)]).toEqual([phone, false])
})

it('what is typed at the second step is a code or a recovery code, and never both', () => {
  expect(proofOf('123456')).toEqual({ code: '123456' })
  expect(proofOf('123 456')).toEqual({ code: '123 456' })
  fc.assert(fc.property(fc.string(), (text) => Object.keys(proofOf(text)).length === 1 && Object.values(proofOf(text))[0] === text))
  for (const text of ['12345', '1234567', 'abcd-efgh', '']) expect(proofOf(text)).toEqual({ recoveryCode: text })
})
