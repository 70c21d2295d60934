import { types } from 'node:util'

/** What a walk makes of an object that is not plain: a marker, other values in its place, or nothing special. */
export type Opaque =
  | { readonly kind: 'marker'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** a value to walk in the object's place */
  | { readonly kind: 'instead'; readonly value: unknown }
  /** name and value pairs, such as headers and form fields; a name may come twice */
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [string, unknown])[] }

const MOST_PAIRS = 10_000

const nameOf = (value: object): string => {
  const constructor: unknown = (value as { constructor?: unknown }).constructor
  const name = typeof constructor === 'function' ? constructor.name : ''
  return /^[A-Za-z_$][\w$]{0,39}$/.test(name) ? name : 'Object'
}

const has = (value: object, name: string): boolean => typeof (value as Record<string, unknown>)[name] === 'function'

/** The first of them, so that an endless iterator ends. */
const take = (entries: Iterable<readonly [string, unknown]>): readonly (readonly [string, unknown])[] => {
  const pairs: (readonly [string, unknown])[] = []
  for (const [name, value] of entries) {
    if (pairs.length >= MOST_PAIRS) break
    pairs.push([name, value])
  }
  return pairs
}

const INNER_NAMES =
  /^(?:.*(?:Socket|Agent|Server|Pool|Dispatcher|Parser|Handle|Wrap)|Client|Connection|Session|Cluster|Worker|Domain|AbortSignal|AbortController)$/

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

const ofTag = (value: object, tag: string): Opaque | undefined => {
  switch (tag) {
    case 'URLSearchParams':
    case 'Headers':
    case 'FormData':
      if (has(value, 'entries')) return { kind: 'pairs', pairs: take((value as URLSearchParams).entries()) }
      return undefined
    case 'Request': {
      const { method, url, headers } = value as Request
      return { kind: 'instead', value: { method, url, headers } }
    }
    case 'Response': {
      const { status, url, headers } = value as Response
      return { kind: 'instead', value: { status, url, headers } }
    }
    case 'URL':
      return { kind: 'text', text: (value as URL).href }
    case 'Blob':
    case 'File':
      return { kind: 'marker', text: `[${tag} ${numberOf((value as Blob).size)} bytes]` }
    default:
      return undefined
  }
}

/** The request and the answer of node:http by what they have; sockets, bodies and what a framework hangs on them stay out. */
const ofMessage = (value: object): Opaque | undefined => {
  const message = value as Readonly<Record<string, unknown>>
  if (has(value, 'getHeaders') && has(value, 'setHeader')) {
    if (!('statusCode' in value)) return { kind: 'marker', text: `[${nameOf(value)}]` }
    return { kind: 'instead', value: { statusCode: message['statusCode'], headers: (message['getHeaders'] as () => unknown).call(value) } }
  }
  if (typeof message['headers'] === 'object' && 'httpVersion' in value) {
    const { method, url, originalUrl, statusCode, headers, rawHeaders } = message
    const isAnswer = typeof statusCode === 'number'
    return {
      kind: 'instead',
      value: isAnswer ? { statusCode, headers, rawHeaders } : { method, url: originalUrl ?? url, headers, rawHeaders },
    }
  }
  return undefined
}

/**
 * Recognises what must not be walked: bytes, streams, sockets, agents, servers, promises, keys; and what hides its content from
 * a walk: headers, forms, URLs, requests. May throw when the object does: the caller then shows a marker.
 */
export const describeOpaque = (value: object): Opaque | undefined => {
  if (ArrayBuffer.isView(value))
    return { kind: 'marker', text: `[${Buffer.isBuffer(value) ? 'Buffer' : nameOf(value)} ${value.byteLength} bytes]` }
  if (types.isAnyArrayBuffer(value)) return { kind: 'marker', text: `[ArrayBuffer ${value.byteLength} bytes]` }
  if (types.isRegExp(value)) return { kind: 'text', text: String(value) }
  if (types.isBoxedPrimitive(value)) return { kind: 'instead', value: (value as { valueOf: () => unknown }).valueOf() }
  if (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isKeyObject(value) ||
    types.isCryptoKey(value) ||
    types.isExternal(value) ||
    types.isGeneratorObject(value) ||
    types.isMapIterator(value) ||
    types.isSetIterator(value) ||
    types.isModuleNamespaceObject(value)
  )
    return { kind: 'marker', text: `[${nameOf(value)}]` }
  const tag: unknown = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
  const tagged = typeof tag === 'string' ? ofTag(value, tag) : undefined
  if (tagged !== undefined) return tagged
  const message = ofMessage(value)
  if (message !== undefined) return message
  const isStream = has(value, 'pipe') || has(value, 'getReader') || has(value, 'getWriter') || (has(value, 'write') && has(value, 'end'))
  if (isStream || '_events' in value || INNER_NAMES.test(nameOf(value))) return { kind: 'marker', text: `[${nameOf(value)}]` }
  return undefined
}
