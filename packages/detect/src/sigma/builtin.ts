import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { RuleSource } from './problem.js'
import type { YamlNode } from './yaml-tree.js'

/** The folder of the built-in rules: beside `src` in the checkout and beside `dist` in the package. */
const FOLDER = new URL('../../rules/', import.meta.url)

/** Which documents a file holds, as long as its text has this SHA-256. */
export type ReadAhead = { readonly sha256: string; readonly documents: readonly YamlNode[] }

/** SHA-256 of a rule file's text, in hex. */
export const textHash = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Reads the rules that come with this package, in the order of their paths. `rules/read-ahead` holds their YAML as it was read before, since reading
 * YAML takes longer than all the rest of a start; a file that was changed since is read anew. Written by `npm run reference`. Files are read one after
 * the other: there are two hundred small ones, and asking a thread for each costs three times as much.
 */
export const builtinRules = async (): Promise<readonly RuleSource[]> => {
  const names = readdirSync(fileURLToPath(FOLDER), { recursive: true, encoding: 'utf8' })
  const files = names.map((name) => name.replaceAll('\\', '/')).filter((name) => name.endsWith('.yml'))
  const known = JSON.parse(readFileSync(new URL('read-ahead', FOLDER), 'utf8')) as Partial<Record<string, ReadAhead>>
  return files.toSorted().map((name): RuleSource => {
    const text = readFileSync(new URL(name, FOLDER), 'utf8')
    const file = `rules/${name}`
    const ahead = known[file]
    return ahead?.sha256 === textHash(text) ? { file, text, readAhead: ahead.documents } : { file, text }
  })
}
