import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { RuleSource } from './problem.js'

/** The folder of the built-in rules: beside `src` in the checkout and beside `dist` in the package. */
const FOLDER = new URL('../../rules/', import.meta.url)

/** Reads the rules that come with this package, in the order of their paths. Our own tests play their examples, so a start does not read them. */
export const builtinRules = async (): Promise<readonly RuleSource[]> => {
  const names = await readdir(fileURLToPath(FOLDER), { recursive: true })
  const files = names.map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.yml'))
  return Promise.all(
    files
      .toSorted()
      .map(async (file) => ({ file: `rules/${file}`, text: await readFile(new URL(file, FOLDER), 'utf8'), tested: true as const })),
  )
}
