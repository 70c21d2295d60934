import { ASSESSMENT_FIELD, describeDevice, type FieldValue, readAgent, type SecurityEvent } from '@parapet/core'
import { decodeUrl, extensionOf } from './url-text.js'

/** Reads one field of an event. */
export type Accessor = (event: SecurityEvent) => FieldValue | undefined

const target = (event: SecurityEvent): string | undefined => {
  const original = event['url.original']
  if (original !== undefined) return original
  const path = event['url.path']
  const query = event['url.query']
  if (path === undefined) return undefined
  return query === undefined || query === '' ? path : `${path}?${query}`
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The kinds of records that one audited event was told by: rules of auditd ask for one of them. */
const auditTypes: Accessor = (event) => {
  const type = textOf(event['auditd.type'])
  if (type === undefined) return undefined
  const executed = event['event.action'] === 'executed' ? ['EXECVE', 'PROCTITLE'] : []
  const path = event['file.path'] === undefined ? [] : ['PATH']
  return [...new Set([type, ...(event['auditd.syscall'] === undefined ? [] : ['SYSCALL']), ...executed, ...path])]
}

/** The words of an audited command, by their number. */
const auditWord =
  (number: number): Accessor =>
  (event) =>
    event['auditd.type'] === undefined ? undefined : textOf(event['process.command_line'])?.split(' ', 10)[number]

/** Fields that are made from others when a rule asks for them. */
const DERIVED: Readonly<Record<string, Accessor>> = {
  'auditd.types': auditTypes,
  ...Object.fromEntries(Array.from({ length: 10 }, (_, number) => [`auditd.a${number}`, auditWord(number)])),
  'url.original': target,
  'url.decoded': (event) => {
    const text = textOf(target(event))
    return text === undefined ? undefined : decodeUrl(text)
  },
  'url.extension': (event) => event['url.extension'] ?? extensionOf(textOf(event['url.path']) ?? ''),
  // the quarter of an hour since 1970: counted, it tells what goes on for long from what comes at once
  'event.quarter_hour': (event) => Math.floor(event['@timestamp'] / 900_000),
  // without versions, which change every few weeks: `Firefox on Windows`, `curl`
  'user_agent.family': (event) => {
    const text = textOf(event['user_agent.original'])
    if (text === undefined || text === '') return undefined
    const agent = readAgent(text)
    return describeDevice(agent) ?? agent.browser
  },
  'event.text': (event) => event['event.original'] ?? event.message ?? target(event),
}

// one function a field, so that each keeps an inline cache of its own: a shared one is several times slower on the hot path
const COMMON: Readonly<Record<string, Accessor>> = {
  'event.category': (event) => event['event.category'],
  'event.action': (event) => event['event.action'],
  'event.outcome': (event) => event['event.outcome'],
  'event.reason': (event) => event['event.reason'],
  'event.dataset': (event) => event['event.dataset'],
  'source.ip': (event) => event['source.ip'],
  'user.id': (event) => event['user.id'],
  'user.name': (event) => event['user.name'],
  'host.name': (event) => event['host.name'],
  'service.name': (event) => event['service.name'],
  'url.path': (event) => event['url.path'],
  'url.query': (event) => event['url.query'],
  'http.request.method': (event) => event['http.request.method'],
  'http.response.status_code': (event) => event['http.response.status_code'],
  'user_agent.original': (event) => event['user_agent.original'],
  'http.request.referrer': (event) => event['http.request.referrer'],
  'session.id': (event) => event['session.id'],
  'process.name': (event) => event['process.name'],
  'process.command_line': (event) => event['process.command_line'],
  'file.path': (event) => event['file.path'],
  'http.version': (event) => event['http.version'],
  'error.type': (event) => event['error.type'],
  'source.geo.country_iso_code': (event) => event['source.geo.country_iso_code'],
  'source.geo.location.lat': (event) => event['source.geo.location.lat'],
  'source.geo.location.lon': (event) => event['source.geo.location.lon'],
  'source.as.number': (event) => event['source.as.number'],
  'parapet.method': (event) => event['parapet.method'],
  'parapet.point': (event) => event['parapet.point'],
  'parapet.resource_id': (event) => event['parapet.resource_id'],
  [ASSESSMENT_FIELD]: (event) => event[ASSESSMENT_FIELD],
  tags: (event) => event['tags'],
  message: (event) => event.message,
}

/** Names of fields that the engine makes itself; documented for writers of rules. */
export const DERIVED_FIELDS: readonly string[] = Object.keys(DERIVED)

/** How to read a field, derived ones included. */
export const accessorOf = (field: string): Accessor => {
  if (Object.hasOwn(DERIVED, field)) return DERIVED[field] as Accessor
  if (Object.hasOwn(COMMON, field)) return COMMON[field] as Accessor
  // an event comes from outside: only its own properties are fields
  return (event) => (Object.hasOwn(event, field) ? event[field] : undefined)
}
