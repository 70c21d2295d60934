import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { asvsPage, collectTags, readTags } from '../../scripts/asvs-reference.js'
import { CHAPTERS, REQUIREMENTS } from '../../scripts/asvs-requirements.js'
import { filesBelow, root } from './imports.js'
import { TRAPS } from './traps.js'

describe('requirements of OWASP ASVS 5.0', () => {
  const tags = collectTags(root)

  it('are named in titles that can be read, and exist', () => {
    expect(tags.faults).toEqual([])
  })

  it('are shown by tests, 60 of them or more', () => {
    expect(tags.byId.size).toBeGreaterThanOrEqual(60)
  })

  it('have a sentence of our own and a chapter', () => {
    for (const [id, { asks }] of REQUIREMENTS) {
      expect(asks, id).toMatch(/^[A-Z].{10,140}\.$/)
      expect(CHAPTERS.has(Number(id.split('.', 1)[0])), id).toBe(true)
    }
  })

  it('are read at the end of a title, in any quotes, several at once', () => {
    const source = [
      "it('ends a session [ASVS 7.4.1]', () => {})",
      'describe("it\'s rotated [ASVS 7.2.3, 7.2.4]", () => {})',
      "it.each([1])('of %s isn\\'t cut [ASVS 6.2.8]', () => {})",
    ].join('\n')
    expect(readTags(source, 'x').found.map(({ title, ids }) => [title, ids])).toEqual([
      ['ends a session', ['7.4.1']],
      ["it's rotated", ['7.2.3', '7.2.4']],
      ["of %s isn't cut", ['6.2.8']],
    ])
    expect(readTags(source, 'x').faults).toEqual([])
  })

  it('that do not exist, or stand elsewhere than at the end, are faults', () => {
    expect(readTags("it('x [ASVS 99.1.1]', () => {})", 'f').faults).toEqual(['f: there is no requirement 99.1.1'])
    for (const odd of ["it('x [ASVS 7.2.4] y')", "it('x [ASVS V7.2.4]')", "it('x [ASVS 7.2]')", '// [ASVS 7.2.4]', "it('x[ASVS 7.2.4]')"])
      expect(readTags(odd, 'f').faults).toHaveLength(1)
  })

  it('are listed with their tests, without markup from a title', () => {
    const page = asvsPage({ byId: new Map([['7.2.4', [{ title: 'a *bold* | <title>', file: 'a.test.ts' }]]]), faults: [] })
    expect(page).toContain('### 7.2.4\n\nLevel 1. ')
    expect(page).toContain('- `a.test.ts`: a \\*bold\\* \\| \\<title\\>')
  })
})

describe('every known trap', () => {
  const plain = (text: string): string => text.replaceAll(/[`\\]/g, '').toLowerCase()
  const titles = [join(root, 'packages/guard/src'), join(root, 'tests')]
    .flatMap((folder) => filesBelow(folder, /\.test\.tsx?$/))
    .filter((path) => !relative(root, path).startsWith('tests/house/'))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/\b(?:it|describe|test)[^\n]*?\(\s*(['"`])trap: ([^\n]+)/g)].map(([, , title = '']) =>
        plain(title),
      ),
    )

  it.each(TRAPS)('%s: has a test', (words) => {
    expect(titles.some((title) => title.startsWith(plain(words)))).toBe(true)
  })
})
