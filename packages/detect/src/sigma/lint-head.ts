import { LEVELS } from '@parapet/core'
import { remark, type Remark } from './lint-finding.js'
import { oneEditApart } from './near-miss.js'
import { quote } from './problem.js'
import { STATUSES } from './read-head.js'
import { entryOf } from './read-node.js'
import type { YamlMap, YamlNode } from './yaml-tree.js'

const TAG = /^[a-z0-9_-]+(?:\.[a-z0-9_.-]+)+$/
const NAMESPACES = ['attack', 'car', 'cve', 'd3fend', 'detection', 'stp', 'tlp', 'parapet']
const RELATED = ['derived', 'obsolete', 'merged', 'renamed', 'similar']
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DATE = /^\d{4}-\d{2}-\d{2}$/

const textIn = (node: YamlNode | undefined): string | undefined =>
  node?.kind === 'scalar' && node.value !== null ? (typeof node.value === 'string' ? node.value : node.source) : undefined

const itemsOf = (node: YamlNode | undefined): readonly YamlNode[] => (node === undefined ? [] : node.kind === 'list' ? node.items : [node])

const lintTags = (map: YamlMap): Remark[] =>
  itemsOf(entryOf(map, 'tags')?.value).flatMap((item) => {
    const tag = textIn(item) ?? ''
    const [namespace = ''] = tag.split('.')
    if (!TAG.test(tag)) {
      const written = tag.toLowerCase().replaceAll(/\s+/g, '-')
      const fix = TAG.test(written) ? `write ${written}` : 'write namespace.name, such as attack.t1110'
      return [remark('warning', 'bad-tag', item.line, `tag ${quote(tag)} is not namespace.name in lower case`, fix)]
    }
    if (NAMESPACES.includes(namespace)) {
      if (namespace === 'attack' && /^attack\.t\d/.test(tag) && !/^attack\.t\d{4}(?:\.\d{3})?$/.test(tag))
        return [
          remark('warning', 'bad-tag', item.line, `tag ${quote(tag)} is no technique of ATT&CK`, 'write attack.t1110 or attack.t1110.003'),
        ]
      return []
    }
    const near = NAMESPACES.find((known) => oneEditApart(known, namespace))
    return near === undefined
      ? [remark('info', 'unknown-tag-namespace', item.line, `tag ${quote(tag)} is of a namespace that is none of ${NAMESPACES.join(', ')}`)]
      : [
          remark(
            'warning',
            'bad-tag',
            item.line,
            `tag ${quote(tag)} is of no known namespace`,
            `write ${near}${tag.slice(namespace.length)}`,
          ),
        ]
  })

const lintRelated = (map: YamlMap): Remark[] =>
  itemsOf(entryOf(map, 'related')?.value).flatMap((item) => {
    const type = item.kind === 'map' ? textIn(entryOf(item, 'type')?.value) : undefined
    const id = item.kind === 'map' ? textIn(entryOf(item, 'id')?.value) : undefined
    if (type === undefined || id === undefined)
      return [remark('warning', 'bad-related', item.line, 'related holds an item without id and type', 'write {id: ..., type: derived}')]
    return RELATED.includes(type)
      ? []
      : [remark('warning', 'bad-related', item.line, `related type is ${quote(type)}`, `write one of ${RELATED.join(', ')}`)]
  })

const lintTests = (map: YamlMap): Remark[] => {
  const tests = entryOf(map, 'x-tests')
  if (tests === undefined)
    return [
      remark(
        'warning',
        'missing-tests',
        map.line,
        'no x-tests: nothing shows that it finds what it should, and spares what it should',
        'add an example that must match and one that must not',
      ),
    ]
  const verdicts = new Set(itemsOf(tests.value).map((item) => (item.kind === 'map' ? textIn(entryOf(item, 'match')?.value) : undefined)))
  const missing = verdicts.has('true') ? (verdicts.has('false') ? undefined : 'must not match') : 'must match'
  return missing === undefined
    ? []
    : [remark('warning', 'one-sided-tests', tests.line, `x-tests holds no example that ${missing}`, `add an example that ${missing}`)]
}

/** Remarks on what a rule says about itself. */
export const lintHead = (map: YamlMap): Remark[] => {
  const found: Remark[] = [...lintTags(map), ...lintRelated(map), ...lintTests(map)]
  const missing = (key: string, severity: Remark['severity'], why: string, fix: string): void => {
    if (textIn(entryOf(map, key)?.value) === undefined && itemsOf(entryOf(map, key)?.value).length === 0)
      found.push(remark(severity, `missing-${key}`, map.line, `no ${key}: ${why}`, fix))
  }
  missing('id', 'warning', 'alerts, exceptions and filters refer to it; now it hangs on the title', 'add an id, a UUID that never changes')
  missing('level', 'warning', 'it counts as low', `add level: one of ${LEVELS.join(', ')}`)
  missing('description', 'info', 'whoever gets the alert reads it', 'add a sentence of what it finds')
  missing('status', 'info', 'readers cannot tell how far it is', 'add status: stable, test or experimental')
  missing('tags', 'info', 'policies and reports go by tags', 'add the technique of ATT&CK, such as attack.t1110')
  const level = textIn(entryOf(map, 'level')?.value)
  if (level !== undefined && level !== 'informational')
    missing('falsepositives', 'info', 'whoever judges the alert reads them', 'add what innocent thing may look like it')

  const status = entryOf(map, 'status')
  const said = textIn(status?.value)?.toLowerCase()
  if (status !== undefined && said !== undefined && !STATUSES.some((known) => known === said)) {
    const near = STATUSES.find((known) => oneEditApart(known, said))
    found.push(remark('warning', 'bad-status', status.line, `status is ${quote(said)}`, `write ${near ?? `one of ${STATUSES.join(', ')}`}`))
  }
  const id = entryOf(map, 'id')
  const ident = textIn(id?.value)
  if (id !== undefined && ident !== undefined && !UUID.test(ident))
    found.push(
      remark(
        'info',
        'id-no-uuid',
        id.line,
        'the id is no UUID: two authors may choose the same',
        'take a UUID, and give the rule a name to refer to it',
      ),
    )
  for (const key of ['date', 'modified']) {
    const entry = entryOf(map, key)
    const text = textIn(entry?.value)
    if (entry !== undefined && text !== undefined && !DATE.test(text))
      found.push(remark('info', 'bad-date', entry.line, `${key} is ${quote(text)}`, 'write it as 2026-11-22'))
  }
  return found
}
