import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseColumnName, quoteName, quoteTable, quoteText, withSuffix } from './identifiers.js'

fc.configureGlobal({ seed: 20_261_121 })

describe('names in SQL', () => {
  it('cannot leave their quotes', () => {
    expect(quoteName('a"; drop table b; --')).toBe('"a""; drop table b; --"')
    expect(quoteTable('we"ird', 'x')).toBe('"we""ird"."x"')
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 20 }), (name) => {
        fc.pre(!name.includes('\0') && Buffer.byteLength(name) <= 63)
        const quoted = quoteName(name)
        expect([quoted[0], quoted.at(-1)]).toEqual(['"', '"'])
        expect(quoted.slice(1, -1).replaceAll('""', '')).not.toContain('"')
        expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name)
      }),
    )
  })

  it.each(['', 'a\0b', 'x'.repeat(64), 'ü'.repeat(32)])('are refused where PostgreSQL would cut or break them: %j', (name) => {
    expect(() => quoteName(name)).toThrow(/1 to 63 bytes/)
  })

  it('keep a suffix within the length that PostgreSQL keeps', () => {
    expect(withSuffix('phone', '_sealed')).toBe('phone_sealed')
    expect(Buffer.byteLength(withSuffix('ü'.repeat(31), '_sealed'))).toBeLessThanOrEqual(63)
    expect(withSuffix('x'.repeat(63), '_sealed')).toBe(`${'x'.repeat(56)}_sealed`)
  })

  it('are read from TABLE.COLUMN', () => {
    expect(parseColumnName('users.phone')).toEqual({ schema: 'public', table: 'users', column: 'phone' })
    expect(parseColumnName('app.users.phone')).toEqual({ schema: 'app', table: 'users', column: 'phone' })
    for (const text of ['phone', '', 'a.b.c.d', '.phone', 'users.', 'a..b', `x.${'y'.repeat(64)}`])
      expect(() => parseColumnName(text)).toThrow(/PPT|name/)
  })

  it('quote text of ours, and refuse what could mean two things', () => {
    expect(quoteText("it's")).toBe("'it''s'")
    expect(() => quoteText('a\\b')).toThrow(/backslash/)
  })
})
