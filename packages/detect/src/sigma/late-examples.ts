import { readExamples, type RuleExample } from './read-examples.js'
import { entryOf } from './read-node.js'
import { readYaml } from './yaml-tree.js'

/** `x-tests:` at the start of a line and all that belongs to it: indented lines, items of a list, comments, empty lines */
const BLOCK = /^x-tests:.*\n(?:(?: |- |#).*\n|\n)*/gm

/** A rule file of which the examples are left out, each line as an empty one, so that lines keep their numbers. Examples are half of the text. */
export const withoutExamples = (text: string): string => text.replaceAll(BLOCK, (block) => block.replaceAll(/[^\n]+/g, ''))

/** Reads the examples of a file when they are first asked for, by the number of the document. */
export const createLateExamples = (text: string): ((document: number) => readonly RuleExample[]) => {
  let read: (readonly RuleExample[])[] | undefined
  return (document) => {
    read ??= readYaml(text).documents.map((node) => {
      const tests = node.kind === 'map' ? entryOf(node, 'x-tests') : undefined
      return tests === undefined ? [] : readExamples(tests.value)
    })
    return read[document] ?? []
  }
}
