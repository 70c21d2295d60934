import type { Alert, Level } from '../alerts.js'
import type { FieldValue, SecurityEvent } from '../events.js'
import { activityFor, classFor, type OcsfClass } from './classes.js'
import { pathsOf, type FieldPath } from './paths.js'
import { OCSF_VERSION, type OcsfEvent, type OcsfObject, type OcsfValue } from './types.js'

const STATUS: Readonly<Record<string, number>> = { unknown: 0, success: 1, failure: 2 }
const SEVERITY: Readonly<Record<Level, number>> = { informational: 1, low: 2, medium: 3, high: 4, critical: 5 }
const SEVERITY_NAMES = ['Unknown', 'Informational', 'Low', 'Medium', 'High', 'Critical'] as const

const metadata = (more: OcsfObject = {}): OcsfObject => ({
  version: OCSF_VERSION,
  product: { name: 'Parapet', vendor_name: 'Parapet' },
  ...more,
})

const put = (into: OcsfObject, path: readonly string[], value: OcsfValue): void => {
  let place = into
  for (const name of path.slice(0, -1)) {
    const next = place[name]
    if (typeof next === 'object' && next !== null && !Array.isArray(next)) place = next
    else place = place[name] = {}
  }
  place[path.at(-1) as string] = value
}

const paths = new Map<number, ReadonlyMap<string, FieldPath>>()
const pathsFor = (into: OcsfClass): ReadonlyMap<string, FieldPath> => {
  const known = paths.get(into.uid) ?? new Map(pathsOf(into).map((each) => [each.field, each]))
  paths.set(into.uid, known)
  return known
}

const isList = (value: FieldValue): value is readonly (string | number | boolean)[] => Array.isArray(value)

/**
 * An event of ours as OCSF 1.4: Authentication, Account Change, HTTP, Network, Process or File System Activity, else a Base Event. Fields
 * without a place in the class travel in `unmapped` under their own names, so that nothing is lost.
 */
export const toOcsf = (event: SecurityEvent): OcsfEvent => {
  const into = classFor(event)
  const activity = activityFor(into, event)
  const out: OcsfEvent = {
    category_uid: into.category,
    category_name: into.categoryName,
    class_uid: into.uid,
    class_name: into.name,
    activity_id: activity,
    type_uid: into.uid * 100 + activity,
    severity_id: 1,
    severity: 'Informational',
    time: event['@timestamp'],
    metadata: metadata(),
  }
  const outcome = event['event.outcome']
  if (outcome !== undefined) out['status_id'] = STATUS[outcome] ?? 0
  const unmapped: OcsfObject = {}
  const known = pathsFor(into)
  for (const [field, value] of Object.entries(event)) {
    if (value === undefined || field === '@timestamp' || field === 'event.outcome' || field === '__proto__') continue
    const place = known.get(field)
    if (place !== undefined && (place.type === 'number' ? typeof value === 'number' : typeof value === 'string'))
      put(out, place.path, value as OcsfValue)
    else unmapped[field] = isList(value) ? [...value] : value
  }
  if (Object.keys(unmapped).length > 0) out['unmapped'] = unmapped
  return out
}

/** `attack.t1110.003` names a technique, `attack.credential-access` a tactic. Source: MITRE ATT&CK, Sigma's tags. */
const attacksOf = (tags: readonly string[]): OcsfObject[] =>
  tags.flatMap((tag) => {
    const technique = /^attack\.(t\d{4}(?:\.\d{3})?)$/.exec(tag)?.[1]
    return technique === undefined ? [] : [{ technique: { uid: technique.toUpperCase() }, version: '17' }]
  })

/**
 * An alert as a Detection Finding (2004). `isNew` is false for one that grew; `events` counts what is behind it, and up to a hundred of
 * their ids stand in `finding_info.related_events`.
 */
export const alertToOcsf = (alert: Alert, isNew: boolean): OcsfEvent => {
  const severity = SEVERITY[alert.rule.level]
  const attacks = attacksOf(alert.rule.tags)
  return {
    category_uid: 2,
    category_name: 'Findings',
    class_uid: 2004,
    class_name: 'Detection Finding',
    activity_id: isNew ? 1 : 2,
    activity_name: isNew ? 'Create' : 'Update',
    type_uid: 200_400 + (isNew ? 1 : 2),
    severity_id: severity,
    severity: SEVERITY_NAMES[severity] ?? 'Unknown',
    time: alert.last,
    start_time: alert.first,
    end_time: alert.last,
    count: alert.count,
    status_id: 1,
    status: 'New',
    message: alert.why,
    metadata: metadata({ uid: alert.id, labels: [...alert.rule.tags] }),
    finding_info: {
      uid: alert.id,
      title: alert.rule.title,
      desc: alert.why,
      first_seen_time: alert.first,
      last_seen_time: alert.last,
      analytic: { type_id: 1, type: 'Rule', uid: alert.rule.id, name: alert.rule.title, version: alert.rule.version },
      ...(attacks.length === 0 ? {} : { attacks }),
      related_events: alert.events.slice(0, 100).map((id) => ({ uid: String(id) })),
    },
    observables: [
      ...alert.targets.map((value) => ({ name: 'src_endpoint.ip', type_id: 2, type: 'IP Address', value })),
      ...(alert.scope.kind === 'user' ? [{ name: 'actor.user.name', type_id: 4, type: 'User Name', value: alert.scope.value }] : []),
    ],
    unmapped: { scope: { ...alert.scope }, group: { ...alert.group } },
  }
}
