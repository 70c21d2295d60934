import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtinRules } from './builtin.js'
import { compileRules } from './compile.js'
import { withoutExamples } from './late-examples.js'
import { readAheadText } from './read-ahead.js'

const sources = await builtinRules()

describe('built-in rules, read ahead', () => {
  it('holds what the files say: after a change of a rule, npm run reference', () => {
    expect(readFileSync(new URL('../../rules/read-ahead', import.meta.url), 'utf8')).toBe(readAheadText(sources))
  })

  it('is used for every file', () => {
    expect(sources.filter((source) => source.readAhead === undefined).map((source) => source.file)).toEqual([])
  })

  it('gives the same rules and the same examples as the text alone', () => {
    const plain = compileRules(sources.map(({ file, text }) => ({ file, text })))
    const ahead = compileRules(sources)
    expect(ahead.problems).toEqual([])
    expect(ahead.rules.rules).toEqual(plain.rules.rules)
    expect(ahead.rules.program.map((rule) => rule.examples())).toEqual(plain.rules.program.map((rule) => rule.examples()))
    for (const rule of ahead.rules.program) expect(rule.examples().length).toBeGreaterThan(0)
  })
})

describe('withoutExamples', () => {
  it('leaves an empty line for each line of the examples, and nothing else out', () => {
    const text = 'title: a\nx-tests:\n  - name: b\n\n# c\n- name: d\nlevel: low\n---\ntitle: e\nx-tests: []\n'
    expect(withoutExamples(text)).toBe('title: a\n\n\n\n\n\nlevel: low\n---\ntitle: e\n\n')
  })

  it('knows the block only at the start of a line, so that text in a value stays', () => {
    const text = 'description: |\n  x-tests:\n    kept\nnot-x-tests: 1\n'
    expect(withoutExamples(text)).toBe(text)
  })
})
