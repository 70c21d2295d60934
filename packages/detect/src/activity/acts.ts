import type { SecurityEvent } from '@parapet/core'

/** Actions that change who may do what, how a system is set up, or are done with another's rights. */
const ADMIN_CATEGORIES: ReadonlySet<string> = new Set(['iam', 'configuration'])
const ADMIN_ACTIONS: ReadonlySet<string> = new Set([
  'sudo-command',
  'sudo-refused',
  'sudo',
  'su',
  'service-stopped',
  'log-cleared',
  'account-changed',
  'config-changed',
  'crontab-changed',
  'command-refused',
])
const NOT_ADMIN: ReadonlySet<string> = new Set(['guard-diagnostic'])

/** The text of a field; what is no text, as logs of applications have it, is none. */
export const text = (event: SecurityEvent, field: string): string | undefined => {
  const value = event[field]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** True for an act of administration. */
export const isAdminAct = (event: SecurityEvent): boolean => {
  const action = text(event, 'event.action') ?? ''
  if (NOT_ADMIN.has(action)) return false
  return ADMIN_CATEGORIES.has(text(event, 'event.category') ?? '') || ADMIN_ACTIONS.has(action)
}

/** True for a record that was seen, changed or taken out: `resource-view`, `resource-export`, ... */
export const isDataAccess = (event: SecurityEvent): boolean => text(event, 'event.action')?.startsWith('resource-') === true

/** What was acted on, as far as the event says. */
export const targetOf = (event: SecurityEvent): string | null =>
  text(event, 'process.command_line') ??
  text(event, 'user.target.name') ??
  text(event, 'group.name') ??
  text(event, 'file.path') ??
  text(event, 'service.name') ??
  null

/** Who did it: the name, else the id, else the address. */
export const actorOf = (event: SecurityEvent): string | undefined =>
  text(event, 'user.name') ?? text(event, 'user.id') ?? text(event, 'source.ip')

/** Which kind of record: the resource's type, else the first part of the path. */
export const kindOf = (event: SecurityEvent): string =>
  text(event, 'parapet.resource') ?? (text(event, 'url.path') ?? '').split('/', 3).join('/')
