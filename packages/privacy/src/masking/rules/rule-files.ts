import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { joinRules, readRuleFile } from '../schema.js'
import type { MaskRule } from '../types.js'

/** The folder of the built-in rules: beside `src` in the checkout and beside `dist` in the package. */
const FOLDER: URL = new URL('../../../rules/', import.meta.url)

/** One rule file and what it says. */
export type RuleFile = { readonly file: string; readonly rules: readonly MaskRule[] }

/** Reads every YAML file of `personal` and `secrets`, in the order of their paths. For tests, reference and tools; programs use `builtInRuleSet`. */
export const readRuleFiles = (): readonly RuleFile[] => {
  const files: RuleFile[] = []
  for (const folder of ['personal', 'secrets']) {
    const names = readdirSync(fileURLToPath(new URL(`${folder}/`, FOLDER))).filter((name) => name.endsWith('.yml'))
    for (const name of names.toSorted()) {
      const file = `rules/${folder}/${name}`
      files.push({ file, rules: readRuleFile(readFileSync(new URL(`${folder}/${name}`, FOLDER), 'utf8'), file) })
    }
  }
  joinRules(files.map(({ rules }) => rules))
  return files
}
