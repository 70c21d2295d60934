import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { readRuleFiles } from './rule-files.js'

const files = readRuleFiles()

describe.each(files)('$file', ({ rules }) => {
  it.each(rules)('$id finds its examples and leaves the look-alikes', (rule) => {
    const masker = createMasker({ builtIn: false, rules: [rule], on: [rule.id], keysInText: false })
    const ids = (text: string): readonly string[] => masker.explain(text).map((finding) => finding.rule)
    for (const text of rule.match) expect(ids(text), text).toContain(rule.id)
    for (const text of rule.noMatch) expect(ids(text), text).not.toContain(rule.id)
  })
})

describe('all rules together', () => {
  const rules = files.flatMap((file) => file.rules)
  const all = createMasker({ builtIn: false, rules, on: rules.map(({ id }) => id), keysInText: false })

  it.each(rules)('hide what $id finds', (rule) => {
    const alone = createMasker({ builtIn: false, rules: [rule], on: [rule.id], keysInText: false })
    for (const text of rule.match) {
      const hidden = all.explain(text)
      for (const { start, end } of alone.explain(text)) {
        const covers = hidden.some((other) => other.start <= start && other.end >= end)
        expect(covers, `${text} ${start}-${end} in ${JSON.stringify(hidden)}`).toBe(true)
      }
    }
  })
})
