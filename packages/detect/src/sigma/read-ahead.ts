import { textHash, type ReadAhead } from './builtin.js'
import { withoutExamples } from './late-examples.js'
import type { RuleSource } from './problem.js'
import { readYaml } from './yaml-tree.js'

/**
 * The text of `rules/read-ahead`: what the YAML of each rule file says without its examples, under the hash of the file's text.
 * `npm run reference` writes it; a start that uses it does not load the YAML library.
 */
export const readAheadText = (sources: readonly RuleSource[]): string => {
  const lines = sources.map(({ file, text }) => {
    const ahead: ReadAhead = { sha256: textHash(text), documents: readYaml(withoutExamples(text)).documents }
    return `${JSON.stringify(file)}:${JSON.stringify(ahead)}`
  })
  return `{\n${lines.join(',\n')}\n}\n`
}
