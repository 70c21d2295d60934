import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readYaml, YAML_LIMITS } from './yaml-tree.js'

describe('rule files', () => {
  it('keeps the line of every key and value', () => {
    const { documents } = readYaml('a: 1\nb:\n  - x\n  - {c: true}\n')
    expect(documents).toMatchObject([
      {
        kind: 'map',
        entries: [
          { key: 'a', line: 1, value: { value: 1, line: 1 } },
          {
            key: 'b',
            line: 2,
            value: {
              kind: 'list',
              items: [
                { value: 'x', line: 3 },
                { kind: 'map', line: 4 },
              ],
            },
          },
        ],
      },
    ])
  })

  it('counts lines across documents and leaves empty ones out', () => {
    const { documents } = readYaml('a: 1\n---\n---\nb: 2\n')
    expect(documents.map((document) => document.line)).toEqual([1, 4])
  })

  it('keeps how a value was written', () => {
    const { documents } = readYaml('version: 1.10')
    expect(documents).toMatchObject([{ entries: [{ value: { value: 1.1, source: '1.10' } }] }])
  })

  it('reads the good documents of a file with a bad one', () => {
    const { documents, faults } = readYaml('a: 1\n---\nb: [\n---\nc: 3\n')
    expect(faults.length).toBeGreaterThan(0)
    expect(faults[0]?.reason).toMatch(/not YAML/)
    expect(documents.some((document) => document.kind === 'map' && document.entries[0]?.key === 'a')).toBe(true)
  })

  it('refuses a key that stands twice', () => {
    expect(readYaml('a: 1\na: 2\n').faults).toMatchObject([{ line: 2 }])
  })

  it('stops an alias bomb', () => {
    let text = 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n'
    for (let i = 1; i < 9; i++) text += `a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(', ')}]\n`
    const before = performance.now()
    expect(readYaml(text).faults[0]?.reason).toMatch(/values|deeper|alias/i)
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  it('stops nesting and size', () => {
    expect(readYaml('['.repeat(50_000)).faults[0]?.reason).toMatch(/deep/)
    expect(readYaml('- '.repeat(50_000)).faults[0]?.reason).toMatch(/deep/)
    expect(readYaml(`a: ${'{a: '.repeat(40)}1${'}'.repeat(40)}`).faults[0]?.reason).toMatch(/deeper/)
    expect(readYaml('x'.repeat(YAML_LIMITS.text + 1)).faults[0]?.reason).toMatch(/characters/)
    expect(readYaml('a: 1\n---\n'.repeat(YAML_LIMITS.documents + 5)).faults[0]?.reason).toMatch(/documents/)
  })

  it('refuses a key that is no plain text', () => {
    expect(readYaml('? [a, b]\n: 1\n').faults[0]?.reason).toMatch(/key/)
  })

  it('never throws, whatever the text', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc
        .array(
          fc.constantFrom(
            'a:',
            '- ',
            '\n',
            '  ',
            '[',
            ']',
            '{',
            '}',
            '&x ',
            '*x',
            '!!binary ',
            '---\n',
            '"',
            "'",
            '|',
            '>',
            '? ',
            ': ',
            '#',
            '%YAML 1.1\n',
            '\t',
            '\0',
          ),
          { maxLength: 40 },
        )
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (value) => {
        const { documents, faults } = readYaml(value)
        expect(Array.isArray(documents) && Array.isArray(faults)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
