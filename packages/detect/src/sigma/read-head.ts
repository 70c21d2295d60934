import { createHash } from 'node:crypto'
import { LEVELS, type Level } from '@parapet/core'
import { oneEditApart } from './near-miss.js'
import { quote, RuleFault } from './problem.js'
import { entryOf, textOf, textsOf } from './read-node.js'
import { readExamples } from './read-examples.js'
import { readRespond } from './read-respond.js'
import type { RelatedRule, RuleHead, RuleStatus } from './rule.js'
import type { YamlMap } from './yaml-tree.js'

/** Attributes of the rules specification 2.1 and of the correlations specification 2.1. */
const KNOWN = (
  'title id name related taxonomy status description license author references date modified logsource detection correlation fields ' +
  'falsepositives level tags scope version generate'
).split(' ')
/** How far a rule may be. Source: Sigma rules specification 2.1, "Status". */
export const STATUSES: readonly RuleStatus[] = ['stable', 'test', 'experimental', 'deprecated', 'unsupported']
/** Our attributes. */
export const OURS: readonly string[] = ['x-respond', 'x-tests', 'x-words', 'x-except', 'x-novelty', 'x-travel']

const ATTRIBUTES = 256

/** Sigma allows attributes of one's own, so only ours and misspelt ones are refused. */
const checkKeys = (map: YamlMap): void => {
  if (map.entries.length > ATTRIBUTES) throw new RuleFault(map.line, `a rule has at most ${ATTRIBUTES} attributes`)
  for (const { key, line } of map.entries) {
    if (KNOWN.includes(key) || OURS.includes(key)) continue
    if (key.startsWith('x-')) throw new RuleFault(line, `unknown attribute ${quote(key)}; ours are ${OURS.join(', ')}`)
    const meant = KNOWN.find((known) => oneEditApart(known, key.toLowerCase()))
    if (meant !== undefined) throw new RuleFault(line, `unknown attribute ${quote(key)}; did you mean ${quote(meant)}?`)
  }
}

/** What a rule says of itself and nobody computes with: taken as far as it can be read. */
const readAbout = (whole: YamlMap): Pick<RuleHead, 'author' | 'license' | 'status' | 'related' | 'fields' | 'scope'> => {
  const map = { ...whole, entries: whole.entries.filter(({ value }) => value.kind !== 'scalar' || value.value !== null) }
  const status = STATUSES.find((item) => item === textOf(map, 'status')?.toLowerCase())
  const [author, license] = [textOf(map, 'author'), textOf(map, 'license')]
  const list = entryOf(map, 'related')?.value
  const related = (list?.kind === 'list' ? list.items : []).flatMap((item): RelatedRule[] => {
    const [id, type] = item.kind === 'map' ? [textOf(item, 'id'), textOf(item, 'type')] : []
    return id === undefined || type === undefined ? [] : [{ id, type }]
  })
  const [fields, scope] = [textsOf(map, 'fields'), textsOf(map, 'scope')]
  return {
    ...(status === undefined ? {} : { status }),
    ...(author === undefined ? {} : { author }),
    ...(license === undefined ? {} : { license }),
    ...(related.length === 0 ? {} : { related }),
    ...(fields.length === 0 ? {} : { fields }),
    ...(scope.length === 0 ? {} : { scope }),
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
    ...readAbout(map),
    ...(respond === undefined ? {} : { respond: readRespond(respond.value) }),
    ...(words === undefined ? {} : { words }),
    examples: () => examples,
  }
}
