import type { FieldValue, SecurityEvent } from '@parapet/core'
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

/** Fields that are made from others when a rule asks for them. */
const DERIVED: Readonly<Record<string, Accessor>> = {
  'url.original': target,
  'url.decoded': (event) => {
    const text = textOf(target(event))
    return text === undefined ? undefined : decodeUrl(text)
  },
  'url.extension': (event) => event['url.extension'] ?? extensionOf(textOf(event['url.path']) ?? ''),
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
