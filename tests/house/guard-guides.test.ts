import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAsPrinted, readBlocks, runBlock, typeCheck, writePrograms } from './guide-programs.js'
import { root } from './imports.js'

const FOLDER = 'docs/guides'
/** One page for each part of the guard, and one that lists all guides. */
const PAGES = readdirSync(join(root, FOLDER))
  .filter((name) => name.startsWith('guard-'))
  .map((name) => `${FOLDER}/${name}`)

/** Where a part's options are read, for pages that are not named like their folder. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'login-shield': ['login'],
  sessions: ['session'],
  'headers-and-csp': ['headers'],
  'csp-reports': ['csp-collector'],
  redirects: ['redirect'],
  'signed-urls': ['signed-url'],
  'public-ids': ['public-id'],
  decisions: ['app', 'enforcement', 'challenge'],
  stores: ['store', 'stores/redis', 'stores/postgres', 'app'],
}

const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')
const partOf = (page: string): string => /guard-(.+)\.md$/.exec(page)?.[1] ?? ''

let place = ''
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  // inside the checkout, so that imports resolve as they do for an application beside the packages
  place = mkdtempSync(join(root, '.cache/guard-guides-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const folderOf = (page: string): string => join(place, page.replaceAll(/\W/g, '-'))

/** The cells of every row of the tables of a page whose first line begins so. */
const rowsOf = (page: string, head: string): readonly (readonly string[])[] => {
  const rows: string[][] = []
  let inside = false
  for (const line of textOf(page).split('\n')) {
    if (line.startsWith(head)) inside = true
    else if (!line.startsWith('|')) inside = false
    else if (inside && !line.startsWith('| ---')) rows.push(line.split(/(?<!\\)\|/).map((cell) => cell.trim()).slice(1, -1)) // prettier-ignore
  }
  return rows
}

/** Every source of a part, tests left out. */
const sourceOf = (page: string): string =>
  (FOLDERS[partOf(page)] ?? [partOf(page)])
    .flatMap((folder) => {
      const at = join(root, 'packages/guard/src', folder)
      return existsSync(at) ? readdirSync(at).filter((name) => /^[\w-]+\.ts$/.test(name)).map((name) => join(at, name)) : [] // prettier-ignore
    })
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')

describe('the pages of the parts of the guard', () => {
  it('hold code that type-checks as strictly as our own, against what the packages export', () => {
    const files = PAGES.flatMap((page) => writePrograms(folderOf(page), readBlocks(page)))
    expect(files.length).toBeGreaterThanOrEqual(PAGES.length)
    expect(typeCheck(place, files)).toBe('')
  }, 120_000)

  it.each(PAGES)('%s has a program that prints, defaults, what is seen, how to change it, and what it does not stop', (page) => {
    const text = textOf(page)
    expect(readBlocks(page).some(({ language, prints }) => language === 'ts' && prints !== undefined)).toBe(true)
    for (const heading of ['## Defaults', '## What you see when it acts', '## Looser, tighter']) expect(text).toContain(`\n${heading}\n`)
    const [, last = ''] = text.split('\n## What it stops, and what it does not\n')
    expect(last).not.toContain('\n## ')
    expect(last).toMatch(/\nSources: .+\n$/)
    const rows = rowsOf(page, '| threat | stopped? |')
    expect(rows.filter(([, stopped = '']) => /^(?:yes|as far as)/.test(stopped)).length).toBeGreaterThan(1)
    expect(rows.filter(([, stopped = '']) => stopped.includes('**no**')).length).toBeGreaterThan(1)
  })

  it.each(PAGES)('%s names options that there are', (page) => {
    const source = sourceOf(page)
    const options = rowsOf(page, '| option | default |').flatMap(([cell = '']) =>
      [...cell.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name),
    )
    expect(options.length).toBeGreaterThan(0)
    for (const option of options)
      for (const name of option.split('.')) expect(source, `${page}: ${option}`).toMatch(new RegExp(`\\b${name}\\b`))
  })

  it('name pages that exist', () => {
    for (const page of PAGES)
      for (const [, target = ''] of textOf(page).matchAll(/\]\((?!https?:)([^)#]+)/g))
        expect(existsSync(join(root, page, '..', target)), `${page}: ${target}`).toBe(true)
  })

  it('are listed, each once, with every other guide', () => {
    const list = textOf(`${FOLDER}/README.md`)
    const names = readdirSync(join(root, FOLDER)).filter((name) => name !== 'README.md')
    for (const name of names) expect(list.split(`](${name})`), name).toHaveLength(2)
  })

  it.each(PAGES)(
    '%s does what it says',
    async (page) => {
      const folder = folderOf(page)
      const blocks = readBlocks(page)
      writePrograms(folder, blocks)
      for (const block of blocks) {
        if (block.prints === undefined) continue
        const printed = (await runBlock(folder, block, {})).replaceAll(folder, '.')
        expect(isAsPrinted(printed, block.prints) ? block.prints : printed, `${page}: ${block.file}`).toBe(block.prints)
      }
    },
    120_000,
  )
})
