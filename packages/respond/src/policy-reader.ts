import { DAY, LEVELS, MINUTE, parseDuration } from '@parapet/core'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { type Policy, type PolicyStep, RULE_FIELDS } from './policy.js'

/** Longest a decision may last: nothing is permanent. ms */
export const LONGEST_DECISION: number = 30 * DAY
/** Shortest decision that means anything to an enforcer. ms */
export const SHORTEST_DECISION: number = MINUTE

const MAX_STEPS = 16
const MAX_ITEMS = 256

/** Collects a reason with the place it is about; a place of `undefined` means the file's start. */
type Report = (node: Node | null | undefined, reason: string) => void
type Place = { readonly name: string; readonly node: Node | null | undefined }

const quote = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? String(value)
const listed = (values: readonly string[]): string => values.join(', ')

/** The children of a mapping by name; what is not asked for by name is reported, a typo must not loosen a policy in silence. */
const fieldsOf = (map: YAMLMap, where: string, known: readonly string[], report: Report): ((name: string) => Place) => {
  const found = new Map<string, Node | null>()
  for (const { key, value } of map.items) {
    const name = isScalar(key) ? String(key.value) : '?'
    if (!known.includes(name)) report(isScalar(key) ? key : map, `${where}${name} is not known; known are ${listed(known)}`)
    else found.set(name, value as Node | null)
  }
  return (name) => ({ name: where + name, node: found.get(name) })
}

const readText = ({ name, node }: Place, max: number, report: Report, parent: Node): string => {
  const value = isScalar(node) ? node.value : undefined
  if (typeof value === 'string' && value.trim() !== '' && value.length <= max) return value.trim()
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} takes text of 1 to ${max} characters`)
  return ''
}

const readChoice = <T extends string>({ name, node }: Place, choices: readonly T[], report: Report, parent: Node): T => {
  const value = isScalar(node) ? node.value : undefined
  const chosen = choices.find((choice) => choice === value)
  if (chosen !== undefined) return chosen
  report(node ?? parent, node === undefined ? `${name} is missing` : `${name} is ${quote(value)}; it takes ${listed(choices)}`)
  return choices[0] as T
}

const readDuration = ({ name, node }: Place, report: Report, parent: Node): number => {
  const value = isScalar(node) ? node.value : undefined
  const ms = typeof value === 'string' ? parseDuration(value) : undefined
  if (ms !== undefined && ms >= SHORTEST_DECISION && ms <= LONGEST_DECISION) return ms
  report(
    node ?? parent,
    node === undefined ? `${name} is missing` : `${name} is ${quote(value)}; it takes a duration from 1m to 30d, such as 15m or 6h`,
  )
  return SHORTEST_DECISION
}

const readList = (place: Place, report: Report): string[] | undefined => {
  if (place.node === undefined) return undefined
  if (!isSeq(place.node) || place.node.items.length === 0 || place.node.items.length > MAX_ITEMS) {
    report(place.node, `${place.name} takes a list of 1 to ${MAX_ITEMS} texts`)
    return undefined
  }
  const texts: string[] = []
  for (const item of place.node.items) {
    if (isScalar(item) && typeof item.value === 'string' && item.value !== '' && item.value.length <= 200) texts.push(item.value)
    else report(item as Node, `${place.name} takes texts of 1 to 200 characters`)
  }
  return texts
}

const readSteps = (place: Place, report: Report, parent: Node): PolicyStep[] => {
  if (!isSeq(place.node) || place.node.items.length === 0 || place.node.items.length > MAX_STEPS) {
    report(place.node ?? parent, `${place.name} takes a list of 1 to ${MAX_STEPS} steps, each with scope and duration`)
    return []
  }
  const steps: PolicyStep[] = []
  for (const item of place.node.items) {
    if (!isMap(item)) {
      report(item as Node, `${place.name} takes steps such as { scope: login, duration: 15m }`)
      continue
    }
    const field = fieldsOf(item, `${place.name}.`, ['scope', 'duration'], report)
    const step = {
      scope: readChoice(field('scope'), ['login', 'all'], report, item),
      duration: readDuration(field('duration'), report, item),
    }
    const before = steps.at(-1)
    if (before !== undefined && (step.duration < before.duration || (before.scope === 'all' && step.scope === 'login'))) {
      report(item, `${place.name}: a step may not be milder than the one before it`)
    }
    steps.push(step)
  }
  return steps
}

const readMatch = (place: Place, report: Report, parent: Node): Policy['match'] => {
  if (!isMap(place.node)) {
    report(place.node ?? parent, 'match takes a mapping with level and, to narrow it, rules or tags')
    return { level: 'critical' }
  }
  const field = fieldsOf(place.node, 'match.', ['rules', 'tags', 'level'], report)
  const rules = readList(field('rules'), report)
  const tags = readList(field('tags'), report)
  return {
    level: readChoice(field('level'), LEVELS, report, place.node),
    ...(rules === undefined ? {} : { rules }),
    ...(tags === undefined ? {} : { tags }),
  }
}

const readRespond = (place: Place, report: Report, parent: Node): Policy['respond'] => {
  const known = ['action', 'target', 'mode', 'memory', 'steps', 'rule-may-set']
  const map = place.node
  if (!isMap(map)) {
    report(map ?? parent, `respond takes a mapping with ${listed(known)}`)
    return { action: 'deny', target: 'ip', mode: 'observe', memory: DAY, steps: [], ruleMaySet: [] }
  }
  const field = fieldsOf(map, 'respond.', known, report)
  const settable = readList(field('rule-may-set'), report) ?? []
  for (const name of settable) {
    if (!RULE_FIELDS.some((known) => known === name)) {
      report(field('rule-may-set').node, `respond.rule-may-set names ${quote(name)}; it takes ${listed(RULE_FIELDS)}`)
    }
  }
  return {
    action: readChoice(field('action'), ['deny'], report, map),
    target: readChoice(field('target'), ['ip'], report, map),
    mode: readChoice(field('mode'), ['observe', 'enforce'], report, map),
    memory: readDuration(field('memory'), report, map),
    steps: readSteps(field('steps'), report, map),
    ruleMaySet: RULE_FIELDS.filter((name) => settable.includes(name)),
  }
}

/** Reads the mapping of one policy file; every fault goes to `report`, and what is returned then must not be used. */
export const readPolicy = (root: YAMLMap, file: string, report: Report): Policy => {
  const field = fieldsOf(root, '', ['id', 'title', 'description', 'order', 'match', 'respond'], report)
  const id = readText(field('id'), 100, report, root)
  if (id !== '' && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))
    report(field('id').node, `id is ${quote(id)}; it takes kebab-case such as brute-force`)
  const orderNode = field('order').node
  const order = orderNode === undefined ? 500 : isScalar(orderNode) ? orderNode.value : undefined
  const validOrder = typeof order === 'number' && Number.isSafeInteger(order) && order >= 0 && order <= 1000
  if (!validOrder) report(orderNode, 'order takes a whole number from 0 to 1000')
  return {
    id,
    title: readText(field('title'), 200, report, root),
    description: readText(field('description'), 4000, report, root),
    order: validOrder ? order : 500,
    file,
    match: readMatch(field('match'), report, root),
    respond: readRespond(field('respond'), report, root),
  }
}
