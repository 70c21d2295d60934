/** What one field of an event may hold. */
export type FieldValue = string | number | boolean | null | readonly (string | number | boolean)[]

/**
 * Something that happened: flat ECS field names, one level, `@timestamp` in integer milliseconds UTC.
 * Source: Elastic Common Schema 8; the fields named here are the ones that Parapet itself reads.
 */
export type SecurityEvent = {
  '@timestamp': number
  'event.id'?: string
  /** `authentication`, `web`, `session`, `iam`, `network`, `process`, `file`, `configuration` */
  'event.category'?: string
  /** what was done, in the past or as a verb: `login`, `http-request`, `logout`, `session-opened` */
  'event.action'?: string
  'event.outcome'?: 'success' | 'failure' | 'unknown'
  /** why, as a short code: `bad_password`, `unknown_user`, `locked`, `decision` */
  'event.reason'?: string
  /** the parser or part that made the event: `sshd`, `nginx.access`, `guard.login` */
  'event.dataset'?: string
  /** the raw line, bounded */
  'event.original'?: string
  message?: string
  'host.name'?: string
  'service.name'?: string
  'process.name'?: string
  'process.pid'?: number
  'source.ip'?: string
  'source.port'?: number
  'user.id'?: string
  'user.name'?: string
  'session.id'?: string
  'device.id'?: string
  'url.path'?: string
  'url.query'?: string
  'url.original'?: string
  'http.request.method'?: string
  'http.request.referrer'?: string
  'http.response.status_code'?: number
  'http.response.body.bytes'?: number
  'user_agent.original'?: string
  /**
   * the run of `parapet attack` that the request belongs to, on events of a guard that has verified its tag; such events ban nobody
   */
  'parapet.assessment'?: string
  /** free labels; `parapet.demo` marks generated data */
  tags?: readonly string[]
  [field: string]: FieldValue | undefined
}

/** The tag of generated data, by which `parapet demo --remove` goes. */
export const DEMO_TAG = 'parapet.demo'

/** Bounds of one event, enforced wherever events enter. Bytes and counts. */
export const EVENT_LIMITS = {
  /** one event as JSON */
  bytes: 65_536,
  fields: 128,
  fieldName: 128,
  /** one string value, in UTF-16 code units */
  text: 8_192,
  /** elements of an array value */
  items: 64,
  /** events in one batch */
  batch: 5_000,
  /** one batch as sent, after decompression */
  batchBytes: 5_242_880,
} as const
