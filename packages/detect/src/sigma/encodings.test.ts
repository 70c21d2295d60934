import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base64Offsets, encodeText, windashForms } from './encodings.js'

describe('encodings of values', () => {
  it('gives the three forms that Sigma documents for a word', () => {
    expect(base64Offsets(Buffer.from('/bin/bash'))).toEqual(['L2Jpbi9iYXNo', '9iaW4vYmFza', 'vYmluL2Jhc2'])
  })

  it('finds the bytes at every offset of longer text', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 4, maxLength: 20 }),
        fc.string({ maxLength: 9 }),
        fc.string({ maxLength: 9 }),
        (value, before, after) => {
          const encoded = Buffer.from(before + value + after).toString('base64')
          expect(base64Offsets(Buffer.from(value)).some((form) => encoded.includes(form))).toBe(true)
        },
      ),
    )
  })

  it('writes UTF-16 in both orders, with a mark where asked', () => {
    expect([...encodeText('A', 'utf16le')]).toEqual([0x41, 0])
    expect([...encodeText('A', 'utf16be')]).toEqual([0, 0x41])
    expect([...encodeText('A', 'utf16')]).toEqual([0xff, 0xfe, 0x41, 0])
    expect([...encodeText('é', 'utf8')]).toEqual([0xc3, 0xa9])
  })

  it('writes the dash of a parameter in every way, but not one inside a word', () => {
    expect(windashForms('cmd -param a-b')).toEqual([
      'cmd -param a-b',
      'cmd /param a-b',
      'cmd –param a-b',
      'cmd —param a-b',
      'cmd ―param a-b',
    ])
    expect(windashForms('a-b')).toEqual(['a-b'])
    expect(windashForms('/x')).toContain('-x')
    expect(windashForms('🙂 -x')).toContain('🙂 /x')
  })
})
