import { createMasker } from '@parapet/privacy'
import { describe, expect, it } from 'vitest'
import { readRuleFiles } from '../../packages/privacy/src/masking/rules/rule-files.js'
import { maskingPage } from '../../scripts/masking-reference.js'

describe('the page of what masking finds', () => {
  const page = maskingPage()
  const rows = page.split('\n').filter((line) => line.startsWith('| '))

  it('lists every rule once, with what it does', () => {
    const rules = readRuleFiles().flatMap((file) => file.rules)
    expect(rules.length).toBeGreaterThan(200)
    for (const { id, action } of rules) {
      const found = rows.filter((row) => row.includes(` | \`${id}\` | ${action}`))
      expect(found.length, id).toBe(1)
    }
  })

  it('keeps its tables whole whatever a title holds', () => {
    const columns = (row: string): number => row.replaceAll('\\|', '').split('|').length
    expect(new Set(rows.map(columns))).toEqual(new Set([7, 8]))
  })

  it('holds nothing that a scanner for secrets could take for one', () => {
    expect(createMasker({ keysInText: false }).explain(page)).toEqual([])
  })
})
