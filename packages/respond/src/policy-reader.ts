import { DAY, ENFORCER_KINDS, HOUR, LEVELS, LOCKDOWN_MODES, MINUTE, SECOND, type ThrottleLimit } from '@parapet/core'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { POLICY_LOCKDOWN } from './lockdown.js'
import {
  ALERT_SCOPES,
  type Policy,
  type PolicyAction,
  type PolicyLockdown,
  type PolicyStep,
  POLICY_ACTIONS,
  POLICY_TARGETS,
  RULE_FIELDS,
} from './policy.js'
import {
  fieldsOf,
  listed,
  type Place,
  quote,
  readChoice,
  readChoices,
  readDuration,
  readList,
  readText,
  readWhole,
  type Report,
} from './read-yaml.js'

/** Longest a decision may last: nothing is permanent. ms */
export const LONGEST_DECISION: number = 30 * DAY
/** Shortest decision that means anything to an enforcer. ms */
export const SHORTEST_DECISION: number = MINUTE

const MAX_STEPS = 16
const MAX_ACTIONS = 8

const LASTING = { least: SHORTEST_DECISION, most: LONGEST_DECISION, words: 'a duration from 1m to 30d, such as 15m or 6h' }

/** What acts on users and sessions by its nature: a ban of the address is another action. */
const OF_USERS: ReadonlySet<string> = new Set(['require_mfa', 'require_reset', 'suspend', 'end_sessions'])

const isMilder = (step: PolicyStep, before: PolicyStep): string | undefined => {
  if (step.duration < before.duration) return 'shorter'
  if (before.scope === 'all' && step.scope === 'login') return 'of a narrower scope'
  if (before.enforcers === undefined && step.enforcers !== undefined) return 'carried out by fewer enforcers'
  const lost = before.enforcers?.find((kind) => step.enforcers !== undefined && !step.enforcers.includes(kind))
  return lost === undefined ? undefined : `no longer carried out by ${lost}`
}

const readStep = (item: YAMLMap, name: string, action: string, before: PolicyStep | undefined, report: Report): PolicyStep => {
  const field = fieldsOf(item, `${name}.`, ['scope', 'duration', 'enforcers'], report)
  const enforcers = readChoices(field('enforcers'), ENFORCER_KINDS, report)
  const step: PolicyStep = {
    scope: readChoice(field('scope'), ['login', 'all'], report, item),
    duration: readDuration(field('duration'), LASTING, report, item),
    ...(enforcers === undefined ? {} : { enforcers }),
  }
  if (enforcers?.every((kind) => kind === 'nftables') === true && (action !== 'deny' || step.scope !== 'all'))
    report(item, `${name}: nftables only takes deny with scope all`)
  const milder = before === undefined ? undefined : isMilder(step, before)
  if (milder !== undefined) report(item, `${name}: a step may not be milder than the one before it, and this one is ${milder}`)
  return step
}

const readSteps = (place: Place, action: string, report: Report, parent: Node): PolicyStep[] => {
  if (!isSeq(place.node) || place.node.items.length === 0 || place.node.items.length > MAX_STEPS) {
    report(place.node ?? parent, `${place.name} takes a list of 1 to ${MAX_STEPS} steps, each with scope and duration`)
    return []
  }
  const steps: PolicyStep[] = []
  for (const item of place.node.items) {
    if (isMap(item)) steps.push(readStep(item, place.name, action, steps.at(-1), report))
    else report(item as Node, `${place.name} takes steps such as { scope: login, duration: 15m }`)
  }
  return steps
}

const readLimit = (place: Place, action: string, report: Report): ThrottleLimit | undefined => {
  if (place.node === undefined) return undefined
  if (!isMap(place.node) || action !== 'throttle') {
    report(place.node, `${place.name} is of a throttle, such as { limit: 10, window: 1m }`)
    return undefined
  }
  const field = fieldsOf(place.node, `${place.name}.`, ['limit', 'window'], report)
  return {
    limit: readWhole(field('limit'), 1, 100_000, report, place.node),
    windowMs: readDuration(field('window'), { least: SECOND, most: HOUR, words: 'a duration from 1s to 1h' }, report, place.node),
  }
}

const readAction = (item: YAMLMap, name: string, report: Report): PolicyAction => {
  const field = fieldsOf(item, `${name}.`, ['action', 'target', 'limit', 'steps'], report)
  const action = readChoice(field('action'), POLICY_ACTIONS, report, item)
  const target = readChoice(field('target'), POLICY_TARGETS, report, item)
  if (target === 'ip' && OF_USERS.has(action))
    report(field('target').node, `${name}: ${action} acts on a user or a session, not on an address`)
  if (target === 'session' && (action === 'suspend' || action === 'require_reset'))
    report(field('target').node, `${name}: ${action} acts on a user`)
  const limit = readLimit(field('limit'), action, report)
  return { action, target, ...(limit === undefined ? {} : { limit }), steps: readSteps(field('steps'), action, report, item) }
}

const readActions = (place: Place, report: Report): PolicyAction[] => {
  if (place.node === undefined) return []
  if (!isSeq(place.node) || place.node.items.length > MAX_ACTIONS) {
    report(place.node, `${place.name} takes a list of up to ${MAX_ACTIONS} actions, each with action, target and steps`)
    return []
  }
  const actions: PolicyAction[] = []
  for (const item of place.node.items) {
    if (!isMap(item)) {
      report(item as Node, `${place.name} takes actions such as { action: deny, target: ip, steps: [...] }`)
      continue
    }
    const action = readAction(item, place.name, report)
    if (actions.some((other) => other.action === action.action && other.target === action.target))
      report(item, `${place.name}: ${action.action} on ${action.target} is given already`)
    actions.push(action)
  }
  return actions
}

const readMatch = (place: Place, report: Report, parent: Node): Policy['match'] => {
  if (!isMap(place.node)) {
    report(place.node ?? parent, 'match takes a mapping with level and, to narrow it, rules, tags, datasets or about')
    return { level: 'critical' }
  }
  const field = fieldsOf(place.node, 'match.', ['rules', 'tags', 'datasets', 'about', 'level'], report)
  const rules = readList(field('rules'), report)
  const tags = readList(field('tags'), report)
  const datasets = readList(field('datasets'), report)
  const about = readChoices(field('about'), ALERT_SCOPES, report)
  return {
    level: readChoice(field('level'), LEVELS, report, place.node),
    ...(rules === undefined ? {} : { rules }),
    ...(tags === undefined ? {} : { tags }),
    ...(datasets === undefined ? {} : { datasets }),
    ...(about === undefined ? {} : { about }),
  }
}

const readLockdown = (place: Place, report: Report): PolicyLockdown | undefined => {
  const { node } = place
  if (node === undefined) return undefined
  if (isScalar(node) && node.value === 'offer') return 'offer'
  if (!isMap(node)) {
    report(node, `${place.name} takes offer, or a mapping such as { mode: known_users, for: 15m }`)
    return undefined
  }
  const field = fieldsOf(node, `${place.name}.`, ['mode', 'for'], report)
  const bounds = { least: MINUTE, most: POLICY_LOCKDOWN, words: 'a duration from 1m to 15m: what begins by itself is short' }
  return {
    mode: readChoice(field('mode'), LOCKDOWN_MODES, report, node),
    duration: readDuration(field('for'), bounds, report, node),
  }
}

const KNOWN = ['mode', 'memory', 'actions', 'notify', 'incident', 'lockdown', 'rule-may-set'] as const

const readRespond = (place: Place, report: Report, parent: Node): Policy['respond'] => {
  const map = place.node
  if (!isMap(map)) {
    report(map ?? parent, `respond takes a mapping with ${listed(KNOWN)}`)
    return { mode: 'observe', memory: DAY, actions: [], ruleMaySet: [] }
  }
  const field = fieldsOf(map, 'respond.', KNOWN, report)
  const actions = readActions(field('actions'), report)
  const optional = <T extends string>(name: string, choices: readonly T[]): T | undefined =>
    field(name).node === undefined ? undefined : readChoice(field(name), choices, report, map)
  const notify = optional('notify', ['security', 'administrators'])
  const incident = optional('incident', LEVELS)
  const lockdown = readLockdown(field('lockdown'), report)
  if (actions.length === 0 && notify === undefined && incident === undefined)
    report(map, 'respond does nothing: it takes actions, notify or incident')
  if (lockdown !== undefined && incident === undefined)
    report(field('lockdown').node, 'respond.lockdown needs an incident that it belongs to')
  return {
    mode: readChoice(field('mode'), ['observe', 'enforce'], report, map),
    memory: readDuration(field('memory'), LASTING, report, map),
    actions,
    ...(notify === undefined ? {} : { notify }),
    ...(incident === undefined ? {} : { incident }),
    ...(lockdown === undefined ? {} : { lockdown }),
    ruleMaySet: readChoices(field('rule-may-set'), RULE_FIELDS, report) ?? [],
  }
}

/** Reads the mapping of one policy file; every fault goes to `report`, and what is returned then must not be used. */
export const readPolicy = (root: YAMLMap, file: string, report: Report): Policy => {
  const field = fieldsOf(root, '', ['id', 'title', 'description', 'order', 'match', 'respond'], report)
  const id = readText(field('id'), 100, report, root)
  if (id !== '' && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id))
    report(field('id').node, `id is ${quote(id)}; it takes kebab-case such as brute-force`)
  return {
    id,
    title: readText(field('title'), 200, report, root),
    description: readText(field('description'), 4000, report, root),
    order: field('order').node === undefined ? 500 : readWhole(field('order'), 0, 1000, report, root),
    file,
    match: readMatch(field('match'), report, root),
    respond: readRespond(field('respond'), report, root),
  }
}
