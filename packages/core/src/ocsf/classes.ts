import type { SecurityEvent } from '../events.js'

/** One class of OCSF: its place in the schema, and what its activities are by our `event.action`. Source: schema 1.4.0. */
export type OcsfClass = {
  readonly uid: number
  readonly name: string
  readonly category: number
  readonly categoryName: string
  /** `event.category` of events of this class, for what arrives without it */
  readonly ecs: string
  /** activities by `event.action` (or method of HTTP); 99 is Other */
  readonly activities: Readonly<Record<string, number>>
  /** our `event.action` by activity, for what arrives */
  readonly actions: Readonly<Record<number, string>>
}

/** Other, in every class. */
export const OTHER = 99

const actionsOf = (activities: Readonly<Record<string, number>>): Readonly<Record<number, string>> => {
  const actions: Record<number, string> = {}
  // the first name of an activity is the one that it is read as
  for (const [action, activity] of Object.entries(activities)) actions[activity] ??= action
  return actions
}

const classOf = (
  uid: number,
  name: string,
  categoryName: string,
  ecs: string,
  activities: Readonly<Record<string, number>>,
): OcsfClass => ({ uid, name, category: Math.floor(uid / 1000), categoryName, ecs, activities, actions: actionsOf(activities) })

const SYSTEM = 'System Activity'
const IAM = 'Identity & Access Management'
const NETWORK = 'Network Activity'

const METHODS = { CONNECT: 1, DELETE: 2, GET: 3, HEAD: 4, OPTIONS: 5, POST: 6, PUT: 7, TRACE: 8, PATCH: 9 } as const

/** Authentication, 3002. */
export const AUTHENTICATION: OcsfClass = classOf(3002, 'Authentication', IAM, 'authentication', { login: 1, logout: 2, sudo: 1, su: 1 })
/** Account Change, 3001. `user` is the account that is changed, `actor.user` who did it. */
export const ACCOUNT_CHANGE: OcsfClass = classOf(3001, 'Account Change', IAM, 'iam', {
  'user-created': 1,
  'password-changed': 3,
  'password-reset': 4,
  'user-suspended': 5,
  'user-deleted': 6,
  'role-granted': 7,
  'group-member-added': 7,
  'role-revoked': 8,
  'account-locked': 9,
  'factor-enrolled': 10,
  'factor-removed': 11,
})
/** HTTP Activity, 4002; the activity is the method. */
export const HTTP_ACTIVITY: OcsfClass = {
  ...classOf(4002, 'HTTP Activity', NETWORK, 'web', METHODS),
  actions: Object.fromEntries(Object.values(METHODS).map((activity) => [activity, 'http-request'])),
}
/** Network Activity, 4001. */
export const NETWORK_ACTIVITY: OcsfClass = classOf(4001, 'Network Activity', NETWORK, 'network', {
  'connection-opened': 1,
  'connection-closed': 2,
  'connection-refused': 5,
})
/** Process Activity, 1007. */
export const PROCESS_ACTIVITY: OcsfClass = classOf(1007, 'Process Activity', SYSTEM, 'process', {
  'process-started': 1,
  executed: 1,
  'sudo-command': 1,
  'cron-command': 1,
  'process-ended': 2,
})
/** File System Activity, 1001. */
export const FILE_ACTIVITY: OcsfClass = classOf(1001, 'File System Activity', SYSTEM, 'file', {
  added: 1,
  changed: 3,
  'file-changed': 3,
  removed: 4,
})
/** Base Event, 0: everything that none of the others is. */
export const BASE_EVENT: OcsfClass = classOf(0, 'Base Event', 'Uncategorized', '', {})

/** The classes that events travel in. Detection Finding (2004) is made of alerts alone. */
export const OCSF_CLASSES: readonly OcsfClass[] = [
  AUTHENTICATION,
  ACCOUNT_CHANGE,
  HTTP_ACTIVITY,
  NETWORK_ACTIVITY,
  PROCESS_ACTIVITY,
  FILE_ACTIVITY,
  BASE_EVENT,
]

/** The class that an event travels in. */
export const classFor = (event: SecurityEvent): OcsfClass => {
  const category = event['event.category']
  if (category === 'session' && event['event.action'] === 'logout') return AUTHENTICATION
  // an HTTP Activity is a request: what a server says of itself in an error log is not
  if (category === 'web' && event['http.request.method'] === undefined) return BASE_EVENT
  if (category === 'configuration' && event['file.path'] !== undefined) return FILE_ACTIVITY
  return OCSF_CLASSES.find(({ ecs }) => ecs !== '' && ecs === category) ?? BASE_EVENT
}

/** What an event does in its class: 0 is Unknown, 99 Other. */
export const activityFor = (into: OcsfClass, event: SecurityEvent): number => {
  if (into.uid === BASE_EVENT.uid) return OTHER
  const key = into.uid === HTTP_ACTIVITY.uid ? event['http.request.method'] : event['event.action']
  if (key === undefined) return 0
  return Object.hasOwn(into.activities, key) ? (into.activities[key] as number) : OTHER
}
