/** What is done with a field of an event before it is stored. */
export type FieldKind =
  /** numbers of ours and of ECS: nobody can be told from them */
  | 'number'
  /** an address, in clear */
  | 'address'
  /** the event's own id */
  | 'event-id'
  /** an id of a person: in clear while it is opaque */
  | 'id'
  /** names people by name, mail or number: sealed */
  | 'person'
  /** words of a program: masked as text */
  | 'text'
  /** parts of a URL: masked as they are, and with the spaces that `+` stands for */
  | 'url'
  /** a raw line: masked, and without the names that the event itself gives */
  | 'line'
  /** anything that a sender made up: masked with its name in view */
  | 'free'

const KNOWN: ReadonlyMap<string, FieldKind> = new Map<string, FieldKind>([
  ['@timestamp', 'number'],
  ['parapet.claimed_timestamp', 'number'],
  ['event.duration', 'number'],
  ['event.severity', 'number'],
  ['source.port', 'number'],
  ['process.pid', 'number'],
  ['http.request.body.bytes', 'number'],
  ['http.response.body.bytes', 'number'],
  ['http.response.status_code', 'number'],
  ['event.id', 'event-id'],
  ['source.ip', 'address'],
  ['client.ip', 'address'],
  ['destination.ip', 'address'],
  ['host.ip', 'address'],
  ['user.id', 'id'],
  ['event.original', 'line'],
  ['message', 'line'],
  ['url.query', 'url'],
  ['url.original', 'url'],
  ['http.request.referrer', 'url'],
  ...[
    'event.category', 'event.action', 'event.outcome', 'event.reason', 'event.dataset', 'host.name', 'service.name', 'process.name',
    'session.id', 'device.id', 'url.path', 'http.request.method', 'user_agent.original', 'parapet.decision', 'tags',
  ].map((name) => [name, 'text'] as const), // prettier-ignore
])

/** The last part of a name under which senders put people. */
const PERSON = /(?:^|[._-])(?:user(?:[._][a-z]+)?[._](?:name|full_name|email)|related[._]user|user_?name|login_?name|account_?name|full_?name|first_?name|last_?name|display_?name|e-?mail(?:[._]?address)?|phone(?:[._]?number)?|mobile)$/i // prettier-ignore

/** Names of fields that are remembered; senders make up few. */
const MOST = 4_096

/** Tells what is done with a field by its name; remembers what it found out. */
export const createFieldKinds = (): ((name: string) => FieldKind) => {
  const found = new Map<string, FieldKind>(KNOWN)
  return (name) => {
    const known = found.get(name)
    if (known !== undefined) return known
    const kind: FieldKind = PERSON.test(name) ? 'person' : 'free'
    if (found.size < MOST) found.set(name, kind)
    return kind
  }
}

const UNKNOWN = new Set([
  'unknown_user',
  'unknown_subject',
  'unknown_account',
  'unknown_name',
  'user_unknown',
  'user_not_found',
  'account_not_found',
  'no_such_user',
  'no_such_account',
  'invalid_user',
  'invalid_username',
  'nonexistent_user',
  // longer than any name: a pasted secret as likely as not
  'too_long',
])

/** True when the reason of an event says that nobody goes by the name that was given. */
export const isUnknownSubject = (reason: unknown): boolean =>
  typeof reason === 'string' && reason.length < 64 && UNKNOWN.has(reason.toLowerCase().replaceAll(/[ .-]/g, '_'))
