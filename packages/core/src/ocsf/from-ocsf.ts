import { EVENT_LIMITS, type FieldValue, type SecurityEvent } from '../events.js'
import { isRecord } from '../records.js'
import { OCSF_CLASSES, type OcsfClass } from './classes.js'
import { pathsOf } from './paths.js'

const OUTCOMES: Readonly<Record<number, SecurityEvent['event.outcome']>> = { 0: 'unknown', 1: 'success', 2: 'failure' }

const at = (value: unknown, path: readonly string[]): unknown => {
  let place = value
  for (const name of path) {
    if (!isRecord(place) || !Object.hasOwn(place, name)) return undefined
    place = place[name]
  }
  return place
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))

const fieldValue = (value: unknown): FieldValue | undefined => {
  if (value === null || isScalar(value)) return value
  return Array.isArray(value) && value.length <= EVENT_LIMITS.items && value.every(isScalar) ? value : undefined
}

const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** What became of one event of OCSF. */
export type FromOcsf = { readonly event: SecurityEvent } | { readonly fault: string }

const classOf = (uid: unknown): OcsfClass | undefined => OCSF_CLASSES.find((each) => each.uid === uid)

/**
 * An event of OCSF as one of ours: the attributes that {@link pathsOf} names, what `unmapped` holds in flat names, and category and action
 * by class and activity where nothing else says them. Attributes that have no field of ours are left out; `fault` says why there is no event
 * at all. Never throws; what is too long is for whoever takes events in to judge.
 */
export const fromOcsf = (value: unknown): FromOcsf => {
  if (!isRecord(value)) return { fault: 'an event of OCSF is an object' }
  const time = value['time']
  if (typeof time !== 'number' || !Number.isSafeInteger(time)) return { fault: 'time: takes milliseconds since 1970 as a whole number' }
  const uid = value['class_uid']
  if (typeof uid !== 'number') return { fault: 'class_uid: is missing' }
  const from = classOf(uid)
  if (from === undefined)
    return { fault: `class_uid: ${uid} is none of ${OCSF_CLASSES.map((each) => `${each.uid} (${each.name})`).join(', ')}` }
  const event: SecurityEvent = { '@timestamp': time }
  const unmapped = value['unmapped']
  if (isRecord(unmapped))
    for (const [field, raw] of Object.entries(unmapped)) {
      const known = fieldValue(raw)
      if (known !== undefined && !RESERVED.has(field) && field !== '@timestamp') event[field] = known
    }
  for (const { field, path, type } of pathsOf(from)) {
    const found = at(value, path)
    if (type === 'number' ? typeof found === 'number' && Number.isFinite(found) : typeof found === 'string')
      event[field] = found as FieldValue
  }
  const outcome = typeof value['status_id'] === 'number' ? OUTCOMES[value['status_id']] : undefined
  if (outcome !== undefined) event['event.outcome'] = outcome
  if (from.ecs !== '') event['event.category'] ??= from.ecs
  const activity = value['activity_id']
  const action = typeof activity === 'number' ? from.actions[activity] : undefined
  if (action !== undefined) event['event.action'] ??= action
  event['event.dataset'] ??= 'ocsf'
  return { event }
}
