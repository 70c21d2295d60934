import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERRORS } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { referencePages } from '../../scripts/reference.js'
import { filesBelow, root } from './imports.js'

describe('the generated reference', async () => {
  const pages = [...(await referencePages())]

  it.each(pages)('%s says what the data says (npm run reference)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text)
  })
})

describe('the error registry', () => {
  const sources = filesBelow(join(root, 'packages'), /(?<!\.test)\.tsx?$/)
    .filter((path) => !path.endsWith('error-registry.ts'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
  const used = new Set([...sources.matchAll(/\bPPT_[A-Z_]*[A-Z]\b/g)].map(([code]) => code))

  it('knows every code that the sources use', () => {
    expect([...used].filter((code) => !(code in ERRORS))).toEqual([])
  })

  it('lists no code that nobody uses', () => {
    expect(Object.keys(ERRORS).filter((code) => !used.has(code))).toEqual([])
  })

  it('has one sentence and a next step for each, with nothing to interpolate', () => {
    for (const [code, entry] of Object.entries(ERRORS)) {
      expect(entry.message, code).toMatch(/^[A-Z][^{}$]*[^.]$/)
      expect(entry.fix.length, code).toBeGreaterThan(10)
    }
  })
})
