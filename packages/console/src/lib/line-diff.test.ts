import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changedPart, countChanges, diffLines, foldSame, pairLines } from './line-diff.js'

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
const few = fc.array(fc.constantFrom('a', 'b', 'c', '  d', ''), { maxLength: 14 })

describe('diffLines', () => {
  it('says what was removed and added, and keeps the rest, with the numbers of both sides', () => {
    expect(diffLines('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual([
      { kind: 'same', text: 'a', before: 1, after: 1 },
      { kind: 'removed', text: 'b', before: 2, after: null },
      { kind: 'added', text: 'x', before: null, after: 2 },
      { kind: 'same', text: 'c', before: 3, after: 3 },
      { kind: 'added', text: 'd', before: null, after: 4 },
    ])
  })

  it('finds the smallest change in the middle, not a replacement of everything after it', () => {
    expect(countChanges(diffLines('a\nb\nc\nd\ne\n', 'a\nc\nd\ne\n'))).toEqual({ added: 0, removed: 1 })
    expect(countChanges(diffLines('a\nb\nc\n', 'b\nc\na\n'))).toEqual({ added: 1, removed: 1 })
  })

  it('takes line ends of another system, and a missing last one, for no change', () => {
    expect(countChanges(diffLines('a\r\nb\r\n', 'a\nb'))).toEqual({ added: 0, removed: 0 })
    expect(diffLines('', '')).toEqual([])
  })

  it('gives both texts back: one without what was added, the other without what was removed', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        const lines = diffLines(text(a), text(b))
        expect(lines.filter(({ kind }) => kind !== 'added').map((line) => line.text)).toEqual(a)
        expect(lines.filter(({ kind }) => kind !== 'removed').map((line) => line.text)).toEqual(b)
        expect(lines.flatMap(({ before }) => before ?? [])).toEqual(a.map((_, at) => at + 1))
        expect(lines.flatMap(({ after }) => after ?? [])).toEqual(b.map((_, at) => at + 1))
      }),
    )
  })

  it('never keeps fewer lines than both have in the same place', () => {
    fc.assert(
      fc.property(few, (a) => {
        expect(countChanges(diffLines(text(a), text(a)))).toEqual({ added: 0, removed: 0 })
        expect(countChanges(diffLines(text(a), text(['new', ...a])))).toEqual({ added: 1, removed: 0 })
      }),
    )
  })

  it('shows two files that are too large to compare as a replacement, and does not hang on them', () => {
    const from = process.cpuUsage()
    const lines = diffLines(
      text(Array.from({ length: 4_000 }, (_, at) => `old ${at}`)),
      text(Array.from({ length: 4_000 }, (_, at) => `new ${at}`)),
    )
    expect(countChanges(lines)).toEqual({ added: 4_000, removed: 4_000 })
    expect(process.cpuUsage(from).user).toBeLessThan(2_000_000)
  })

  it('reads no more than a policy can be', () => {
    expect(diffLines('x\n'.repeat(150_000), '').length).toBe(5_000)
  })
})

describe('foldSame', () => {
  const lines = diffLines(
    text(['1', '2', '3', '4', '5', '6', '7', '8', 'x', '9']),
    text(['1', '2', '3', '4', '5', '6', '7', '8', 'y', '9']),
  )

  it('keeps some lines around a change and says how many it leaves out', () => {
    const parts = foldSame(lines, 2)
    expect(parts[0]).toEqual({ kind: 'gap', count: 6 })
    expect(parts[1]?.kind === 'lines' ? parts[1].lines.map(({ text: line }) => line) : []).toEqual(['7', '8', 'x', 'y', '9'])
    expect(parts).toHaveLength(2)
  })

  it('folds no single line: the gap would take as much room', () => {
    expect(foldSame(lines, 7)).toEqual([
      { kind: 'lines', lines: lines.slice(0, 1) },
      { kind: 'lines', lines: lines.slice(1) },
    ])
  })

  it('loses no line, whatever the texts', () => {
    fc.assert(
      fc.property(few, few, fc.integer({ min: 0, max: 4 }), (a, b, context) => {
        const all = diffLines(text(a), text(b))
        const parts = foldSame(all, context)
        expect(parts.reduce((sum, part) => sum + (part.kind === 'gap' ? part.count : part.lines.length), 0)).toBe(all.length)
        const shown = parts.flatMap((part) => (part.kind === 'lines' ? part.lines : []))
        expect(shown.filter(({ kind }) => kind !== 'same')).toEqual(all.filter(({ kind }) => kind !== 'same'))
      }),
    )
  })
})

describe('pairLines', () => {
  it('puts what took the place of a line beside it, and nothing beside the rest', () => {
    const pairs = pairLines(diffLines('a\nb\nc\n', 'a\nx\ny\nc\n'))
    expect(pairs.map(({ left, right }) => [left?.text ?? null, right?.text ?? null])).toEqual([
      ['a', 'a'],
      ['b', 'x'],
      [null, 'y'],
      ['c', 'c'],
    ])
  })

  it('leaves both sides in their order', () => {
    fc.assert(
      fc.property(few, few, (a, b) => {
        const pairs = pairLines(diffLines(text(a), text(b)))
        expect(pairs.flatMap(({ left }) => left?.text ?? [])).toEqual(a)
        expect(pairs.flatMap(({ right }) => right?.text ?? [])).toEqual(b)
      }),
    )
  })
})

describe('changedPart', () => {
  it('cuts a line where it differs', () => {
    expect(changedPart('- { scope: login, duration: 15m }', '- { scope: login, duration: 30m }')).toEqual({
      before: '- { scope: login, duration: ',
      changed: '15',
      after: 'm }',
    })
  })

  it('says nothing about lines that have next to nothing in common, however deep they stand', () => {
    expect(changedPart('          action: deny', '          notify: security')).toBeUndefined()
  })

  it('never cuts a character in two, and gives the line back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }), (a, b) => {
        const part = changedPart(a, b)
        if (part === undefined) return
        expect(part.before + part.changed + part.after).toBe(a)
        expect(b.startsWith(part.before) && b.endsWith(part.after)).toBe(true)
      }),
    )
  })
})
