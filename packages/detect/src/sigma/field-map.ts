import type { Anchoring } from './pattern.js'

/** Where a name of Sigma's taxonomy stands in an event. `whole` is used when the value is anchored at its start. */
type Mapping = { readonly field: string; readonly whole?: string }

/**
 * Sigma's names for web servers and proxies (W3C extended log names) as ECS. Rules in the wild write `cs-uri-query` for the
 * whole request target, so an open match looks at all of it and an anchored one at the query.
 */
const WEB: Readonly<Record<string, Mapping>> = {
  'c-ip': { field: 'source.ip' },
  'c-uri': { field: 'url.original' },
  'c-uri-stem': { field: 'url.path' },
  'c-uri-query': { field: 'url.original', whole: 'url.query' },
  'c-uri-extension': { field: 'url.extension' },
  'c-useragent': { field: 'user_agent.original' },
  'cs-bytes': { field: 'http.request.bytes' },
  'cs-cookie': { field: 'http.request.headers.cookie' },
  'cs-host': { field: 'url.domain' },
  'cs-method': { field: 'http.request.method' },
  'cs-referer': { field: 'http.request.referrer' },
  'cs-referrer': { field: 'http.request.referrer' },
  'cs-uri': { field: 'url.original' },
  'cs-uri-query': { field: 'url.original', whole: 'url.query' },
  'cs-uri-stem': { field: 'url.path' },
  'cs-user-agent': { field: 'user_agent.original' },
  'cs-username': { field: 'user.name' },
  'cs-version': { field: 'http.version' },
  's-ip': { field: 'destination.ip' },
  's-port': { field: 'destination.port' },
  'sc-bytes': { field: 'http.response.body.bytes' },
  'sc-status': { field: 'http.response.status_code' },
  src_ip: { field: 'source.ip' },
  dst_ip: { field: 'destination.ip' },
}

/** The event's field for a name used in a rule; names that are none of Sigma's web names are ECS already. */
export const eventField = (name: string, anchoring: Anchoring): string => {
  const mapping = Object.hasOwn(WEB, name.toLowerCase()) ? WEB[name.toLowerCase()] : undefined
  if (mapping === undefined) return name
  return anchoring === 'contains' || anchoring === 'endswith' ? mapping.field : (mapping.whole ?? mapping.field)
}
