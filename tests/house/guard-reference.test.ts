import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { guardOptions, guardPage } from '../../scripts/guard-reference.js'
import { readOptionFields } from '../../scripts/read-options.js'
import { filesBelow, root } from './imports.js'

/** Names of options that a source checks for with `knownOptions`, listed there or in a constant of the file; by where they stand. */
const checked = filesBelow(join(root, 'packages/guard/src'), /(?<!\.test)\.ts$/)
  .filter((path) => !path.endsWith('options/check.ts'))
  .flatMap((path) => {
    const source = readFileSync(path, 'utf8')
    return [...source.matchAll(/\bknownOptions\(\s*['`]([^'`]+)['`],\s*[\s\S]*?,\s*(\[[^\]]*\]|[A-Z_]+)[\s,]*\)/g)].map(
      ([, where = '', list = '']) => {
        const names = list.startsWith('[') ? list : (new RegExp(`const ${list}\\b[^=]*=\\s*(\\[[\\s\\S]*?\\])`).exec(source)?.[1] ?? '')
        return { where, file: relative(root, path), names: [...names.matchAll(/'([^']+)'/g)].map(([, name = '']) => name) }
      },
    )
  })

describe('the reference of the guard', () => {
  const page = guardPage(root)

  it('finds what the sources check', () => {
    expect(checked.length).toBeGreaterThan(20)
    expect(checked.find(({ where }) => where === 'createGuard')?.names.length).toBeGreaterThan(20)
  })

  it.each(checked.map(({ where, names, file }) => [where, names, file] as const))('names every option of %s', (_, names) => {
    expect(names.filter((name) => !page.includes(`\`${name}\``) && !new RegExp(`\\b${name}\\??: `).test(page))).toEqual([])
  })

  it('says of every option what it is', () => {
    const silent = [...guardOptions(root)].flatMap(([title, fields]) =>
      fields.filter(({ means }) => means === '').map(({ name }) => `${title}.${name}`),
    )
    expect(silent).toEqual([])
  })

  it('has a section for every table, with something in it', () => {
    for (const [title, fields] of guardOptions(root)) expect(fields.length, title).toBeGreaterThan(0)
  })
})

describe('reading a type of options', () => {
  const source = `
/** Something. */
export type Other = { readonly wrong: string }

/** What it takes. */
export type GoodOptions<T = string> = Base & {
  /** the first; 5 */
  readonly first?: number
  readonly second: { readonly inner?: string; readonly other: readonly T[] }
  /**
   * Over two
   * lines, see {@link Other}.
   */
  readonly third?: (a: number, b: { readonly c: string }) => Promise<void>
  readonly fourth?:
    | 'a'
    | 'b'
  readonly fifth?: Omit<OtherOptions, 'x' | 'y'>
}
export type OneLine = { readonly a?: number; readonly b: 'x' | 'y' }
`

  it('finds names, types and comments, and nothing of a type beside it', () => {
    expect(readOptionFields(source, 'GoodOptions')).toEqual([
      { name: 'first', optional: true, type: 'number', means: 'the first; 5' },
      { name: 'second', optional: false, type: '{ inner?: string; other: T[] }', means: '' },
      { name: 'third', optional: true, type: '(a: number, b: { c: string }) => Promise<void>', means: 'Over two lines, see `Other`.' },
      { name: 'fourth', optional: true, type: "'a' | 'b'", means: '' },
      { name: 'fifth', optional: true, type: 'some of OtherOptions', means: '' },
    ])
  })

  it('reads one in a line, and refuses a name that is not there', () => {
    expect(readOptionFields(source, 'OneLine').map(({ name, optional }) => [name, optional])).toEqual([
      ['a', true],
      ['b', false],
    ])
    expect(() => readOptionFields(source, 'Good')).toThrow('there is no type Good')
  })
})
