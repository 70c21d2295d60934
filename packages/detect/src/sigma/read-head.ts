import { createHash } from 'node:crypto'
import { LEVELS, type Level } from '@parapet/core'
import { quote, RuleFault } from './problem.js'
import { entryOf, textOf, textsOf } from './read-node.js'
import { readExamples } from './read-examples.js'
import { readRespond } from './read-respond.js'
import type { RuleHead } from './rule.js'
import type { YamlMap } from './yaml-tree.js'

/** Attributes of the rules specification 2.1 and of the correlations specification 2.1. */
const KNOWN = (
  'title id name related taxonomy status description license author references date modified logsource detection correlation fields ' +
  'falsepositives level tags scope version generate'
).split(' ')
const OURS = ['x-respond', 'x-tests', 'x-words', 'x-except']

/** True when one edit (a letter added, lost, changed, or two swapped) makes the one from the other. */
const oneEditApart = (a: string, b: string): boolean => {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  const rest = (text: string, from: number): string => text.slice(from)
  return (
    rest(a, i + 1) === rest(b, i + 1) ||
    rest(a, i) === rest(b, i + 1) ||
    rest(a, i + 1) === rest(b, i) ||
    (a[i] === b[i + 1] && a[i + 1] === b[i] && rest(a, i + 2) === rest(b, i + 2))
  )
}

/** Sigma allows attributes of one's own, so only ours and misspelt ones are refused. */
const checkKeys = (map: YamlMap): void => {
  for (const { key, line } of map.entries) {
    if (KNOWN.includes(key) || OURS.includes(key)) continue
    if (key.startsWith('x-')) throw new RuleFault(line, `unknown attribute ${quote(key)}; ours are ${OURS.join(', ')}`)
    const meant = KNOWN.find((known) => oneEditApart(known, key.toLowerCase()))
    if (meant !== undefined) throw new RuleFault(line, `unknown attribute ${quote(key)}; did you mean ${quote(meant)}?`)
  }
}

/** The stable id of a rule that has none: from its title, so that moving the file changes nothing. */
const derivedId = (title: string): string => `sha256-${createHash('sha256').update(title).digest('hex').slice(0, 32)}`

/** Reads what single rules and correlations share. */
export const readHead = (map: YamlMap, file: string): RuleHead => {
  checkKeys(map)
  const title = textOf(map, 'title')
  if (title === undefined || title.trim() === '') throw new RuleFault(map.line, 'a rule needs a title')
  if (title.length > 256) throw new RuleFault(map.line, 'a title is at most 256 characters')
  const level = textOf(map, 'level')?.toLowerCase() ?? 'low'
  const known = LEVELS.find((item): item is Level => item === level)
  if (known === undefined)
    throw new RuleFault(entryOf(map, 'level')?.line ?? map.line, `level is ${quote(level)}; it takes ${LEVELS.join(', ')}`)
  const respond = entryOf(map, 'x-respond')
  const tests = entryOf(map, 'x-tests')
  const words = textOf(map, 'x-words')
  const examples = tests === undefined ? [] : readExamples(tests.value)
  const name = textOf(map, 'name')
  const id = textOf(map, 'id') ?? derivedId(title)
  if (id.length > 128 || /[\p{Cc}|]/u.test(id))
    throw new RuleFault(entryOf(map, 'id')?.line ?? map.line, 'an id is at most 128 characters, without | and control characters')
  return {
    id,
    ...(name === undefined ? {} : { name }),
    title,
    description: (textOf(map, 'description') ?? '').trim(),
    level: known,
    tags: textsOf(map, 'tags'),
    version: textOf(map, 'version') ?? textOf(map, 'modified') ?? textOf(map, 'date') ?? '1',
    file,
    line: map.line,
    falsePositives: textsOf(map, 'falsepositives'),
    references: textsOf(map, 'references'),
    ...(respond === undefined ? {} : { respond: readRespond(respond.value) }),
    ...(words === undefined ? {} : { words }),
    examples: () => examples,
  }
}
