import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMailAddress, readSender } from './sender.js'

describe('a mail address', () => {
  it.each(['ann@example.org', 'ann+parapet@mail.example.org', 'a.b-c_d@localhost', "o'neil@example.org", 'x@1.example'])(
    '%s is one',
    (text) => {
      expect(isMailAddress(text)).toBe(true)
    },
  )

  it.each([
    '',
    'ann',
    '@example.org',
    'ann@',
    'ann@@example.org',
    'ann@example..org',
    '.ann@example.org',
    'ann.@example.org',
    'ann@-example.org',
    'ann@example.org ',
    '"ann b"@example.org',
    'ann@[127.0.0.1]',
    'ann@example.org,ben@example.org',
    'ann@example.org\r\nRCPT TO:<x@y.example>',
    'ann@example.org\u0000',
    '<ann@example.org>',
    `${'a'.repeat(300)}@example.org`,
  ])('%j is none: another mail server could read it differently', (text) => {
    expect(isMailAddress(text)).toBe(false)
  })

  it('holds nothing that ends a line or a header, whatever the text, and long ones are judged quickly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        expect(isMailAddress(text) && /[\s<>,;:"\\()[\]\0]/.test(text)).toBe(false)
      }),
      { seed: 2, numRuns: 300 },
    )
    const began = process.cpuUsage().user
    for (let n = 0; n < 200; n++) isMailAddress(`${'a.'.repeat(120)}@${'b-'.repeat(5_000)}`)
    expect(process.cpuUsage().user - began).toBeLessThan(500_000)
  })
})

describe('who a mail is from', () => {
  it('is an address, with or without a name', () => {
    expect(readSender('parapet@example.org')).toEqual({ name: '', address: 'parapet@example.org' })
    expect(readSender('Parapet Ünï <parapet@example.org>')).toEqual({ name: 'Parapet Ünï', address: 'parapet@example.org' })
  })

  it.each([
    'Parapet',
    '<>',
    'A <a@b.example> x',
    'A, B <a@b.example>',
    'A\r\nBcc: x <a@b.example>',
    '"A" <a@b.example>',
    `${'n'.repeat(101)} <a@b.example>`,
  ])('%j is nobody', (text) => {
    expect(readSender(text)).toBeUndefined()
  })
})
