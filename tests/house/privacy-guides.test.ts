import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAsPrinted, readBlocks, runBlock, typeCheck, writePrograms } from './guide-programs.js'
import { root } from './imports.js'

const PAGES = [
  ...readdirSync(join(root, 'docs/guides'))
    .filter((name) => name.startsWith('privacy-'))
    .map((name) => `docs/guides/${name}`),
  'packages/privacy/README.md',
]
const usesDatabase = (page: string): boolean => readFileSync(join(root, page), 'utf8').includes('DATABASE_URL')
/** Pages that say what their code prints; the others are run by a test of their own below. */
const PRINTING = PAGES.filter((page) => readBlocks(page).some(({ prints }) => prints !== undefined))

let place = ''
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  place = mkdtempSync(join(root, '.cache/privacy-guides-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const folderOf = (page: string): string => join(place, page.replaceAll(/\W/g, '-'))

/** Makes a process take its time for later: what a guide waits for passes at once. */
const LATER = `const now = Date.now\nDate.now = () => now() + Number(process.env.LATER_MS)\n`

/** Runs every block of a page that says what it prints, in order; later ones find what earlier ones left. */
const runPage = async (page: string, env: Readonly<Record<string, string>>): Promise<void> => {
  const blocks = readBlocks(page)
  const folder = folderOf(page)
  writePrograms(folder, blocks)
  for (const block of blocks) {
    if (block.prints === undefined) continue
    const printed = (await runBlock(folder, block, env)).replaceAll(folder, '.')
    if (!isAsPrinted(printed, block.prints)) expect(printed, `${page}: ${block.file}`).toBe(block.prints)
  }
}

describe('the guides of privacy', () => {
  it('hold code that type-checks as strictly as our own, against what the packages export', () => {
    const files = PAGES.flatMap((page) => writePrograms(folderOf(page), readBlocks(page)))
    expect(files.length).toBeGreaterThan(PAGES.length)
    expect(typeCheck(place, files)).toBe('')
  }, 120_000)

  it.each(PAGES.filter((page) => page.startsWith('docs/')))('%s ends with what it stops and what it does not', (page) => {
    const [, last = ''] = readFileSync(join(root, page), 'utf8').split('\n## What it stops, and what it does not\n')
    expect(last).not.toContain('\n## ')
    const rows = last.split('\n').filter((line) => line.startsWith('| '))
    expect(rows[0]).toBe('| threat | stopped? |')
    expect(rows.slice(2).filter((row) => /\| (?:yes|as far as)/.test(row)).length).toBeGreaterThan(1)
    expect(rows.slice(2).filter((row) => /\| \*\*no\*\*/.test(row)).length).toBeGreaterThan(1)
  })

  it('name commands and options that exist', async () => {
    const lines = PAGES.flatMap(readBlocks).flatMap(({ language, code }) => (language === 'sh' ? code.split('\n') : []))
    const wanted = new Map<string, Set<string>>()
    for (const [, words = ''] of lines.join('\n').matchAll(/npx parapet ([^#|>\n]+)/g)) {
      const all = words.trim().split(/\s+/)
      const command = all.slice(0, all[0] === 'keys' ? 2 : all[1] === 'rules' ? 3 : 1).join(' ')
      const options = wanted.get(command) ?? new Set()
      for (const word of all) if (word.startsWith('--')) options.add(word)
      wanted.set(command, options)
    }
    expect(wanted.size).toBeGreaterThan(5)
    const folder = join(place, 'commands')
    mkdirSync(folder)
    for (const [command, options] of wanted) {
      const help = await runBlock(folder, { language: 'sh', code: `npx parapet ${command} --help`, file: '', prints: undefined }, {})
      expect(help).toContain(`parapet ${command}`)
      for (const option of options) expect(help, `parapet ${command}`).toMatch(new RegExp(`${option}\\b`))
    }
  }, 120_000)

  it('name pages that exist', () => {
    for (const page of PAGES)
      for (const [, target = ''] of readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g))
        expect(existsSync(join(root, page, '..', target)), `${page}: ${target}`).toBe(true)
  })

  it.each(PRINTING.filter((page) => !usesDatabase(page)))('%s does what it says', (page) => runPage(page, {}), 120_000)
})

const here = needs('root', 'postgres', 'initdb', 'psql')

describe.skipIf(!here.ok)(`the guides of privacy that need a database${here.note}`, () => {
  let folder = ''
  let cluster: SystemPostgres
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-guides-')))
    writeFileSync(join(folder, 'kek'), randomBytes(32), { mode: 0o600 })
    writeFileSync(join(folder, 'next-kek'), randomBytes(32), { mode: 0o600 })
    cluster = await startSystemPostgres(join(folder, 'cluster'))
  }, 60_000)
  afterAll(async () => {
    await cluster?.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 30_000)

  const database = (name: string): Readonly<Record<string, string>> => {
    cluster.query(`create database ${name} owner parapet`)
    return {
      DATABASE_URL: cluster.url.replace(/\/parapet$/, `/${name}`),
      PARAPET_KEYSET: 'database',
      PARAPET_KEK: `file:${join(folder, 'kek')}`,
      NEXT_KEK: `file:${join(folder, 'next-kek')}`,
    }
  }

  it.each(PRINTING.filter(usesDatabase))(
    '%s does what it says, on a real PostgreSQL',
    (page) => runPage(page, database(page.replaceAll(/\W/g, '_').slice(-40))),
    120_000,
  )

  it('rotate a key in the steps that the guide says, each refused when it comes too early, and the drill opens all', async () => {
    const page = 'docs/guides/privacy-rotate-a-key.md'
    const [at, env] = [folderOf(page), database('rotation')]
    const blocks = [...readBlocks(page), ...readBlocks('docs/guides/privacy-lose-a-key.md')]
    writePrograms(at, blocks)
    writeFileSync(join(at, 'later.mjs'), LATER)
    const run = (file: string, minutes: number, ...args: readonly string[]): Promise<string> => {
      const block = blocks.find((one) => one.file === file)
      if (block === undefined) throw new Error(`no block is called ${file}`)
      return runBlock(
        at,
        block,
        { ...env, NODE_OPTIONS: `--import ${pathToFileURL(join(at, 'later.mjs')).href}`, LATER_MS: String(minutes * 60_000) },
        args,
      )
    }
    expect(await run('set-up.ts', 0)).toBe('')
    expect(await run('rotate.ts', 0, 'add')).toBe('primary \npending \n')
    expect(await run('rotate.ts', 9, 'promote')).toMatch(/^key \d+ is pending since .*: it may become primary at .*\nprimary \npending \n$/)
    expect(await run('rotate.ts', 11, 'promote')).toBe('enabled \nprimary \n')
    expect(await run('rotate.ts', 11, 'reseal')).toBe(
      'public.users.phone: 100 sealed again\npublic.users.phone: finished\nenabled \nprimary \n',
    )
    expect(await run('rotate.ts', 12, 'disable')).toBe('disabled \nprimary \n')
    expect(await run('rotate.ts', 13, 'destroy')).toMatch(/^key \d+ is disabled since .*: a scan proves .*\ndisabled \nprimary \n$/)
    expect(await run('rotate.ts', 23, 'destroy')).toBe('destroyed (gone)\nprimary \n')
    expect(await run('drill.ts', 24)).toBe(
      'public.users.phone: 100 opened, 0 did not\n1 columns hold sealed values, 0 unknown keys, 0 not read\n',
    )
  }, 120_000)
})
