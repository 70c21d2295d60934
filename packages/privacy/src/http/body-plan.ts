/** How the body of an answer is treated. */
export type BodyPlan =
  | { readonly kind: 'pass' }
  | { readonly kind: 'json' | 'lines' | 'text'; readonly encoding: 'utf8' | 'latin1' }
  | { readonly kind: 'refuse'; readonly reason: string }

/** What of an answer decides it. Header values as they were set. */
export type AnswerHead = {
  readonly method: string
  readonly status: number
  readonly contentType: unknown
  readonly contentEncoding: unknown
}

const asText = (value: unknown): string =>
  Array.isArray(value) ? value.join(', ') : typeof value === 'string' || typeof value === 'number' ? String(value) : ''

/** Text that browsers run or draw: masking it would break it, and data has no place in it. */
const CODE = new Set(['text/css', 'text/javascript', 'application/javascript', 'text/ecmascript', 'image/svg+xml'])
const TEXT = new Set([
  'application/xml',
  'application/x-www-form-urlencoded',
  'application/xhtml+xml',
  'application/graphql',
  'application/yaml',
  'application/x-yaml',
  'application/toml',
])
const LINES = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/json-seq',
  'application/stream+json',
  'text/event-stream',
])
const CHARSETS: ReadonlyMap<string, 'utf8' | 'latin1'> = new Map([['', 'utf8'], ['utf-8', 'utf8'], ['utf8', 'utf8'], ['us-ascii', 'utf8'], ['iso-8859-1', 'latin1'], ['latin1', 'latin1']]) // prettier-ignore

const kindOf = (type: string): 'json' | 'lines' | 'text' | 'pass' => {
  if (LINES.has(type)) return 'lines'
  if (type === 'application/json' || type.endsWith('+json') || type === 'text/json') return 'json'
  if (CODE.has(type)) return 'pass'
  // without a type a browser guesses, and so may the reader of the body: it is taken for text
  return type === '' || type.startsWith('text/') || TEXT.has(type) || type.endsWith('+xml') ? 'text' : 'pass'
}

/** True for answers that never have a body (RFC 9110, 6.4.1). */
export const hasNoBody = (method: string, status: number): boolean => method === 'HEAD' || status === 204 || status === 304 || status < 200

/**
 * Decides from the head of an answer. Compressed bodies and parts of bodies cannot be masked: they are refused, or passed
 * where `compressed` says so. Encodings other than UTF-8 and ISO 8859-1 are refused.
 */
export const planBody = (head: AnswerHead, compressed: 'refuse' | 'pass'): BodyPlan => {
  const [type = '', ...parameters] = asText(head.contentType).toLowerCase().split(';').map((part) => part.trim()) // prettier-ignore
  const kind = type === 'multipart/byteranges' ? 'text' : kindOf(type)
  if (kind === 'pass') return { kind: 'pass' }
  const coding = asText(head.contentEncoding).trim().toLowerCase()
  if (coding !== '' && coding !== 'identity')
    return compressed === 'pass'
      ? { kind: 'pass' }
      : { kind: 'refuse', reason: `the body is compressed (${coding.slice(0, 20)}) before it could be masked` }
  if (head.status === 206) return { kind: 'refuse', reason: 'a part of a body cannot be masked' }
  const charset = parameters.find((part) => part.startsWith('charset='))?.slice(8).replaceAll('"', '') ?? '' // prettier-ignore
  const encoding = CHARSETS.get(charset)
  if (encoding === undefined) return { kind: 'refuse', reason: 'the body is in an encoding other than UTF-8 and ISO 8859-1' }
  return { kind, encoding }
}
