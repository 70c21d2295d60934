import { createHash } from 'node:crypto'
import { parseRange } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { beforeSeconds, geoInclude } from './geo-include.js'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const rangesOf = (...texts: readonly string[]) => texts.flatMap((text) => parseRange(text) ?? [])
const DENIED = { all: rangesOf('203.0.113.0/24', '2001:db8::/64'), signIn: rangesOf('198.51.100.1'), onlyAllowed: undefined }

describe('the include', () => {
  it('names what is denied everywhere, and at sign-in besides', () => {
    const { text } = geoInclude(DENIED, [], digest)
    expect(text).toContain('geo $parapet_denied {\n\tdefault 0;\n\t203.0.113.0/24 1;\n\t2001:db8::/64 1;\n}')
    expect(text).toContain('geo $parapet_denied_sign_in {\n\tdefault 0;\n\t198.51.100.1 1;\n\t203.0.113.0/24 1;\n\t2001:db8::/64 1;\n}')
    expect(text).not.toContain('parapet_locked')
  })

  it('lets the allowed pass within a denied range', () => {
    expect(geoInclude(DENIED, rangesOf('203.0.113.9'), digest).text).toContain('\t203.0.113.9 0;\n}')
  })

  it('has a generation that changes with what it says and with nothing else', () => {
    const one = geoInclude(DENIED, [], digest)
    expect(one.generation).toMatch(/^[\da-f]{32}$/)
    expect(geoInclude({ ...DENIED }, [], digest)).toEqual(one)
    const others = [
      geoInclude({ ...DENIED, all: [] }, [], digest),
      geoInclude({ ...DENIED, signIn: [] }, [], digest),
      geoInclude(DENIED, rangesOf('203.0.113.9'), digest),
      geoInclude({ ...DENIED, onlyAllowed: { ranges: [], until: 1_795_000_000_000 } }, [], digest),
    ]
    expect(new Set([one, ...others].map(({ generation }) => generation)).size).toBe(5)
    expect(one.text).toContain(`default "${one.generation}"`)
  })

  it('of a lockdown keeps the decisions beneath it, for when it ends', () => {
    const { text } = geoInclude(
      { ...DENIED, onlyAllowed: { ranges: rangesOf('192.0.2.0/24'), until: 1_795_000_000_000 } },
      rangesOf('10.0.0.1'),
      digest,
    )
    expect(text).toContain('geo $parapet_outside {\n\tdefault 1;\n\t10.0.0.1 0;\n\t192.0.2.0/24 0;\n}')
    expect(text).toContain('geo $parapet_denied_range {\n\tdefault 0;\n\t203.0.113.0/24 1;')
    expect(text.match(/^map /gm)).toHaveLength(4)
  })
})

describe('the end of a lockdown as nginx can read it', () => {
  /** What nginx does with `$msec`: seconds, a dot, three digits. */
  const isBefore = (pattern: string, ms: number): boolean => new RegExp(pattern.slice(1)).test((ms / 1_000).toFixed(3))

  it('matches every moment before it and none after', () => {
    const end = 1_795_000_000_000
    const pattern = beforeSeconds(end)
    for (const before of [1, 1_000, 60_000, 86_400_000, 500_000_000_000])
      expect([before, isBefore(pattern, end - before)]).toEqual([before, true])
    for (const after of [0, 1, 1_000, 60_000, 86_400_000, 500_000_000_000])
      expect([after, isBefore(pattern, end + after)]).toEqual([after, false])
  })

  it('holds for any end and any moment, to the second', () => {
    const time = fc.integer({ min: 1_000_000_010_000, max: 9_999_999_990_000 })
    fc.assert(
      fc.property(time, time, fc.integer({ min: -5_000, max: 5_000 }), (end, other, near) => {
        const pattern = beforeSeconds(end)
        expect(pattern).toMatch(/^[~^(?:)|[\]\d\-{}\\.]+$/)
        const edge = Math.ceil(end / 1_000)
        for (const at of [other, end + near]) expect(isBefore(pattern, at)).toBe(Math.floor(at / 1_000) < edge)
      }),
      { seed: 11, numRuns: 500 },
    )
  })

  it('out of its bounds is the bound', () => {
    expect(beforeSeconds(Number.MAX_SAFE_INTEGER)).toBe(beforeSeconds(9_999_999_999_000))
    expect(() => beforeSeconds(0)).not.toThrow()
  })
})
