import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compileRules, lintRules, testRules, type RuleSource } from '@parapet/detect'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAsPrinted, readBlocks, runBlock, typeCheck, writePrograms, type Block } from './guide-programs.js'
import { root } from './imports.js'

const WRITE = 'docs/guides/detect-write-a-rule.md'
const BRING = 'docs/guides/detect-bring-sigma-rules.md'

/** YAML blocks name their file in their first line: `# rules/name.yml`, `# pipelines/…`, `# refused/…`. */
const nameOf = (block: Block): string => /^# ([\w/-]+\.yml)\n/.exec(block.code)?.[1] ?? ''
const filesOf = (page: string, folder: string): (RuleSource & { readonly prints: string | undefined })[] =>
  readBlocks(page)
    .filter((block) => block.language === 'yaml' && nameOf(block).startsWith(`${folder}/`))
    // the line that names the file is not part of it
    .map((block) => ({ file: nameOf(block), text: block.code.slice(block.code.indexOf('\n') + 1), prints: block.prints }))

let place = ''
beforeAll(() => {
  mkdirSync(join(root, '.cache'), { recursive: true })
  place = mkdtempSync(join(root, '.cache/detect-guides-'))
})
afterAll(() => rmSync(place, { recursive: true, force: true }))

const folderOf = (page: string): string => {
  const folder = join(place, page.replaceAll(/\W/g, '-'))
  for (const { file, text } of [...filesOf(page, 'rules'), ...filesOf(page, 'pipelines')]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  return folder
}

describe('the guides of rules', () => {
  it('name the file of every YAML block', () => {
    for (const page of [WRITE, BRING])
      for (const block of readBlocks(page).filter(({ language }) => language === 'yaml'))
        expect(nameOf(block), block.code.slice(0, 60)).toMatch(/^(?:rules|pipelines|refused)\//)
  })

  it('show rules that run, and whose examples hold', () => {
    const { rules, problems } = compileRules(filesOf(WRITE, 'rules'))
    expect(problems).toEqual([])
    const results = testRules(rules)
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    const alone = rules.rules.filter((rule) => rule.alerts && !results.some(({ ruleId }) => ruleId === rule.id))
    expect(alone.map((rule) => rule.title)).toEqual([])
  })

  it('show rules that are written as they advise', () => {
    const found = [...lintRules(filesOf(WRITE, 'rules')), ...lintRules(filesOf(BRING, 'rules'), { pipelines: filesOf(BRING, 'pipelines') })]
    expect(found.filter(({ severity, code }) => severity === 'error' || (severity === 'warning' && code !== 'missing-tests'))).toEqual([])
  })

  it('run rules from elsewhere with their pipeline', () => {
    const { rules, problems } = compileRules(filesOf(BRING, 'rules'), { pipelines: filesOf(BRING, 'pipelines') })
    expect(problems).toEqual([])
    expect(rules.rules).toHaveLength(3)
    expect(rules.rules[0]).toMatchObject({ author: 'A. Writer', license: 'MIT' })
  })

  it('say of what is refused what is really said', () => {
    const refused = filesOf(BRING, 'refused')
    expect(refused.length).toBeGreaterThan(3)
    for (const { file, text, prints } of refused) {
      const { problems } = compileRules([{ file, text }])
      expect(`${problems.map(({ line, reason }) => `${line}: ${reason}`).join('\n')}\n`, file).toBe(prints)
    }
  })

  it('show a program that type-checks and prints what it says', async () => {
    const blocks = readBlocks(BRING)
    const folder = folderOf(BRING)
    const programs = writePrograms(folder, blocks)
    expect(typeCheck(folder, programs)).toBe('')
    for (const block of blocks.filter(({ language }) => language === 'ts')) {
      const printed = await runBlock(folder, block, {})
      expect(isAsPrinted(printed, block.prints ?? '') ? block.prints : printed).toBe(block.prints)
    }
  }, 120_000)

  it.each([WRITE, BRING])(
    'show commands of %s that work',
    async (page) => {
      const folder = folderOf(page)
      mkdirSync(folder, { recursive: true })
      for (const block of readBlocks(page).filter(({ language }) => language === 'sh')) {
        const printed = await runBlock(folder, block, {})
        expect(printed, block.code).toMatch(
          page === WRITE ? /Looks at .*url\.path begins with/ : /Looks at .*process\.executable ends with/,
        )
      }
    },
    120_000,
  )
})
