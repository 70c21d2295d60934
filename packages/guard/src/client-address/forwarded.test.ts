import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { walkFromRight } from './forwarded.js'

type Kind = 'x-forwarded-for' | 'forwarded'
const walk = (header: string, kind: Kind, most = Infinity): string[] => {
  const seen: string[] = []
  walkFromRight(header, kind, (node) => {
    seen.push(node.kind === 'node' ? node.text : '?')
    return seen.length < most
  })
  return seen
}

describe('X-Forwarded-For from the right', () => {
  it('gives the nearest hop first and takes spaces off', () => {
    expect(walk('a, b ,c', 'x-forwarded-for')).toEqual(['c', 'b', 'a'])
    expect(walk('a', 'x-forwarded-for')).toEqual(['a'])
  })

  it('gives empty places as empty, so that they are junk and not skipped', () => {
    expect(walk(',', 'x-forwarded-for')).toEqual(['', ''])
    expect(walk('a,', 'x-forwarded-for')).toEqual(['', 'a'])
    expect(walk(',a', 'x-forwarded-for')).toEqual(['a', ''])
    expect(walk('', 'x-forwarded-for')).toEqual([''])
  })

  it('stops where it is told: what a client put before is never looked at', () => {
    expect(walk('x,'.repeat(100_000), 'x-forwarded-for', 2)).toEqual(['', 'x'])
  })

  it('sees exactly what splitting sees', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        expect(walk(text, 'x-forwarded-for')).toEqual(
          text
            .split(',')
            .map((part) => part.trim())
            .toReversed(),
        )
      }),
    )
  })
})

describe('Forwarded from the right', () => {
  it('gives the for of each element', () => {
    expect(walk('for=a;proto=http, proto=https;for=b', 'forwarded')).toEqual(['b', 'a'])
    expect(walk('For="[2001:db8::1]:80"', 'forwarded')).toEqual(['[2001:db8::1]:80'])
  })

  it('reads commas and semicolons inside quotes as text', () => {
    expect(walk('for=a, for=b;host="x, for=z; for=y"', 'forwarded')).toEqual(['b', 'a'])
    expect(walk('for=a;host="\\"", for=b', 'forwarded')).toEqual(['b', 'a'])
  })

  it('reads a backslash that is itself escaped as the end of an escape', () => {
    expect(walk(String.raw`for=a, for=b;host="x\\"`, 'forwarded')).toEqual(['b', 'a'])
    expect(walk(String.raw`for=a, for=b;host="x\", for=z"`, 'forwarded')).toEqual(['b', 'a'])
  })

  it('calls an element without for, with two, or with an open quote unreadable', () => {
    expect(walk('proto=http', 'forwarded')).toEqual(['?'])
    expect(walk('for=a;FOR=b', 'forwarded')).toEqual(['?'])
    expect(walk('for=a;host="', 'forwarded')).toEqual(['?'])
    expect(walk('', 'forwarded')).toEqual(['?'])
    expect(walk('forx=a; xfor=b', 'forwarded')).toEqual(['?'])
  })

  it('gives elements of honest proxies back whatever hosts they quote', () => {
    const quoted = fc.string({ maxLength: 12 }).map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`)
    const hop = fc.tuple(fc.ipV4(), quoted)
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1, maxLength: 5 }), (hops) => {
        const header = hops.map(([address, host]) => `for=${address};host=${host}`).join(', ')
        expect(walk(header, 'forwarded')).toEqual(hops.map(([address]) => address).toReversed())
      }),
    )
  })

  it('reads the nearest element of an honest proxy the same after any forged text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.ipV4(), (forged, address) => {
        expect(walk(`${forged}, for=${address};proto=https`, 'forwarded', 1)).toEqual([address])
      }),
    )
  })

  it('takes time in proportion to its length, also for a header of quotes and backslashes', () => {
    for (const hostile of ['"'.repeat(16_000), '\\'.repeat(16_000), '",'.repeat(8_000), '\\"'.repeat(8_000), 'for="'.repeat(3_000)]) {
      const began = process.cpuUsage()
      walk(hostile, 'forwarded', 32)
      const { user } = process.cpuUsage(began)
      expect(user).toBeLessThan(1_000_000)
    }
  })
})
