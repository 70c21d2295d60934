import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMatcher, fitsMatcher, MATCHER_LIMITS, type MatchInput } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

type Hit = readonly [literal: number, end: number]

const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())

/** What a person would write: every literal tried at every place. */
const naive = (literals: readonly string[], text: string, caseInsensitive: boolean): Hit[] => {
  const hits: Hit[] = []
  const seek = caseInsensitive ? lower(text) : text
  for (let end = 1; end <= text.length; end++) {
    for (const [index, literal] of literals.entries()) {
      const wanted = caseInsensitive ? lower(literal) : literal
      if (wanted.length <= end && seek.slice(end - wanted.length, end) === wanted) hits.push([index, end])
    }
  }
  return hits
}

const visited = (literals: readonly string[], input: MatchInput, caseInsensitive = false): Hit[] => {
  const hits: Hit[] = []
  createMatcher(literals, { caseInsensitive }).visit(input, (literal, end) => {
    hits.push([literal, end])
  })
  return hits
}

const ordered = (hits: readonly Hit[]): Hit[] => hits.toSorted((a, b) => a[1] - b[1] || a[0] - b[0])

/** A small alphabet makes overlaps, shared prefixes and suffixes likely. */
const dense = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'é', '/', '.'), maxLength: 60 })
const denseLiteral = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'é', '/', '.'), minLength: 1, maxLength: 6 })
const anyText = fc.string({ unit: 'binary', maxLength: 80 })
const anyLiteral = fc.string({ unit: 'binary', minLength: 1, maxLength: 5 })

describe('a matcher agrees with trying every literal at every place', () => {
  it('on text full of overlaps', () => {
    fc.assert(
      fc.property(fc.array(denseLiteral, { maxLength: 12 }), dense, fc.boolean(), (literals, text, fold) => {
        expect(ordered(visited(literals, text, fold))).toEqual(ordered(naive(literals, text, fold)))
      }),
      { numRuns: 300 },
    )
  })

  it('on any text, control characters, lone surrogates and emoji included', () => {
    fc.assert(
      fc.property(fc.array(anyLiteral, { maxLength: 8 }), anyText, fc.boolean(), (literals, text, fold) => {
        const everything = literals.join('') + text
        expect(ordered(visited(literals, everything, fold))).toEqual(ordered(naive(literals, everything, fold)))
      }),
    )
  })

  it('in `some` and `find`, which only say whether and which', () => {
    fc.assert(
      fc.property(fc.array(denseLiteral, { maxLength: 12 }), dense, fc.boolean(), (literals, text, fold) => {
        const matcher = createMatcher(literals, { caseInsensitive: fold })
        const expected = [...new Set(naive(literals, text, fold).map(([literal]) => literal))].toSorted((a, b) => a - b)
        expect(matcher.find(text)).toEqual(expected)
        expect(matcher.some(text)).toBe(expected.length > 0)
        expect(matcher.size).toBe(literals.length)
      }),
      { numRuns: 300 },
    )
  })

  it('on bytes as it does on the text that they hold', () => {
    fc.assert(
      fc.property(fc.array(denseLiteral, { maxLength: 12 }), dense, fc.boolean(), (literals, text, fold) => {
        const matcher = createMatcher(literals, { caseInsensitive: fold })
        const bytes = Buffer.from(text)
        expect(matcher.find(bytes)).toEqual(matcher.find(text))
        expect(matcher.some(bytes)).toBe(matcher.some(text))
        const ends = naive(literals, text, fold).map(([literal, end]) => [literal, Buffer.byteLength(text.slice(0, end))] as const)
        expect(ordered(visited(literals, bytes, fold))).toEqual(ordered(ends))
      }),
    )
  })
})

describe('case', () => {
  it('is exact unless asked', () => {
    expect(createMatcher(['Union']).some('union UNION')).toBe(false)
    expect(createMatcher(['Union'], { caseInsensitive: true }).some('1 uNIOn')).toBe(true)
  })

  it('folds ASCII letters only, so that no letter of another alphabet passes for one', () => {
    const matcher = createMatcher(['k', 'é', 'ſ'], { caseInsensitive: true })
    expect(matcher.find('\u212A')).toEqual([]) // the Kelvin sign lowers to k in full Unicode
    expect(matcher.find('É')).toEqual([])
    expect(matcher.find('s')).toEqual([])
    expect(matcher.find('Ké')).toEqual([0, 1])
  })

  it('does not fold the characters beside the letters', () => {
    const matcher = createMatcher(['[', '`', '{', '@'], { caseInsensitive: true })
    expect(matcher.find('[')).toEqual([0])
    expect(matcher.find('`')).toEqual([1])
    expect(matcher.find('{')).toEqual([2])
    expect(matcher.find('@')).toEqual([3])
  })
})

describe('letters that share a low byte are told apart', () => {
  it.each([
    ['\u0161', 'a'],
    ['\u4E61', 'a'],
    ['\uFF41', 'a'],
    ['a', '\u0161'],
    ['\u0161', '\u4E61'],
  ])('%j is not found in %j', (literal, text) => {
    expect(createMatcher([literal]).some(text)).toBe(false)
    expect(createMatcher([literal]).some(Buffer.from(text))).toBe(false)
    expect(createMatcher([literal]).some(literal)).toBe(true)
  })
})

describe('what is reported', () => {
  it('gives every literal that ends at one place, the longer first', () => {
    expect(visited(['c', 'bc', 'abc', 'bc'], 'abc')).toEqual([
      [2, 3],
      [1, 3],
      [3, 3],
      [0, 3],
    ])
  })

  it('gives equal literals an index each, also when only case sets them apart', () => {
    expect(createMatcher(['x', 'x']).find('x')).toEqual([0, 1])
    expect(createMatcher(['Ab', 'aB'], { caseInsensitive: true }).find('ab')).toEqual([0, 1])
  })

  it('finds a short literal inside a longer one that fails at its last letter', () => {
    expect(visited(['/etc/passwd', 'etc/', 'pass'], '/etc/passwX')).toEqual([
      [1, 5],
      [2, 9],
    ])
  })

  it('stops where the visitor says so', () => {
    let calls = 0
    createMatcher(['a']).visit('aaaa', () => ++calls === 2)
    expect(calls).toBe(2)
    calls = 0
    createMatcher(['a']).visit(Buffer.from('aaaa'), () => ++calls === 3)
    expect(calls).toBe(3)
  })

  it('gives a list of its own at every call, and may be asked again from inside a visit', () => {
    const matcher = createMatcher(['a', 'b'])
    const first = matcher.find('ab')
    expect(matcher.find('xb')).toEqual([1])
    expect(matcher.find('x')).toEqual([])
    expect(first).toEqual([0, 1])
    expect(Object.isFrozen(matcher.find('x'))).toBe(true)
    const inner: (readonly number[])[] = []
    matcher.visit('ab', () => {
      inner.push(matcher.find('b'))
    })
    expect(inner).toEqual([[1], [1]])
  })

  it('holds one literal a letter of a wide alphabet, beyond 256 classes', () => {
    const literals = Array.from({ length: 600 }, (_, i) => String.fromCharCode(0x4e00 + i))
    const matcher = createMatcher(literals)
    expect(matcher.find(`${literals[599]}${literals[300]}x`)).toEqual([300, 599])
    expect(matcher.find(Buffer.from(literals[257]!))).toEqual([257])
  })
})

describe('nothing and too much', () => {
  it('finds nothing with no literals, and nothing in no text', () => {
    const none = createMatcher([])
    expect([none.size, none.some('abc'), none.find('abc'), none.some(Buffer.from('abc')), none.find(Buffer.from('a'))]).toEqual([
      0,
      false,
      [],
      false,
      [],
    ])
    const calls: number[] = []
    none.visit('abc', (literal) => {
      calls.push(literal)
    })
    expect(calls).toEqual([])
    expect(createMatcher(['a']).find('')).toEqual([])
    expect(createMatcher(['a']).some(new Uint8Array(0))).toBe(false)
  })

  it('refuses an empty literal, which would match everywhere', () => {
    expect(() => createMatcher(['a', ''])).toThrow(
      expect.objectContaining({ code: 'PPT_INVALID', detail: expect.stringContaining('literal 1') }),
    )
  })

  it('refuses sets beyond its limits instead of eating the memory', () => {
    const long = ['x'.repeat(MATCHER_LIMITS.symbols)]
    const many = Array.from({ length: MATCHER_LIMITS.literals + 1 }, () => 'x')
    for (const set of [long, many]) expect(() => createMatcher(set)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
    // every letter its own class and every literal its own branch: the table would be 40,000 x 20,000 cells
    const wide = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(0x3400 + i, 0x3400 + ((i * 7) % 20_000)))
    expect(() => createMatcher(wide)).toThrow(expect.objectContaining({ code: 'PPT_INVALID', detail: expect.stringContaining('split it') }))
    expect([long, many, wide].map(fitsMatcher)).toEqual([false, false, false])
  })

  it('tells beforehand of a set that keeps the limits', () => {
    expect([[], ['select', 'union'], Array.from({ length: 5_000 }, (_, i) => `/path-${i}`)].map(fitsMatcher)).toEqual([true, true, true])
    // it may err on one side alone: this set is small once it is compiled, since its literals share their states
    const shared = Array.from({ length: 200 }, (_, i) => String.fromCharCode(...Array.from({ length: 3_000 + i }, (__, at) => 0x3400 + at)))
    expect(fitsMatcher(shared)).toBe(false)
    expect(createMatcher(shared).size).toBe(200)
  })
})

describe('time does not depend on how the text was built', () => {
  /** Steps of the automaton are one a unit; what can grow is only the reporting, so that is what is counted. */
  it('reports each literal once in `find`, however often it occurs', () => {
    const literals = Array.from({ length: 200 }, (_, i) => 'a'.repeat(i + 1))
    const matcher = createMatcher(literals)
    const text = 'a'.repeat(1_000_000)
    const start = process.cpuUsage()
    expect(matcher.find(text)).toHaveLength(200)
    const { user } = process.cpuUsage(start)
    // visiting all 200 suffixes at each of a million places would take seconds
    expect(user / 1000).toBeLessThan(500)
  })

  it('reads 8 KiB of almost-matches about as fast as 8 KiB of letters that occur nowhere', () => {
    const literals = ['../../../../etc/passwd', 'union select', '<script', "' or '1'='1", '${jndi:'].flatMap((base) =>
      Array.from({ length: 20 }, (_, i) => `${base}${i}`),
    )
    const matcher = createMatcher(literals, { caseInsensitive: true })
    const hostile = '../../../../etc/passw'.repeat(400).slice(0, 8192)
    const harmless = 'q'.repeat(8192)
    const cost = (text: string): number => {
      let best = Infinity
      for (let round = 0; round < 30; round++) {
        const start = process.hrtime.bigint()
        for (let i = 0; i < 20; i++) if (matcher.some(text)) throw new Error('nothing here may match')
        best = Math.min(best, Number(process.hrtime.bigint() - start))
      }
      return best
    }
    cost(hostile)
    expect(cost(hostile) / cost(harmless)).toBeLessThan(10)
  })
})
