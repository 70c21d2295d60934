import { hash } from 'node:crypto'
import { canonicalAddress, type Clock, DAY, DEMO_TAG, HOUR, type SecurityEvent, uuidv7 } from '@parapet/core'
import { columnText } from '../../db/paging.js'
import type { Cell, Concealed, Vault } from '../../vault/index.js'

/** An event ready to be stored: its columns, and the key under which a repetition is recognised. */
export type EventRow = {
  readonly key: string
  readonly id: string
  readonly address: string | null
  /** the id itself where it is opaque, else its blind index */
  readonly userId: string | null
  /** blind indexes */
  readonly userName: string | null
  readonly userEmail: string | null
  readonly demo: boolean
  /** masked JSON, without the fields that name people */
  readonly body: string
  /** those fields, sealed */
  readonly sealed: string | null
}

/** The day of receipt, days since 1970-01-01 UTC: the partition. */
export const dayOf = (at: number): number => Math.floor(at / DAY)
/** The week in which repetitions are looked for, and the one before. */
export const weekOf = (at: number): number => Math.floor(dayOf(at) / 7)
/** The hour that counts are kept by, ms UTC of its start. */
export const hourOf = (at: number): number => Math.floor(at / HOUR) * HOUR

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const PLAIN_ID = /^[\x21-\x7e]{1,128}$/

const sha256 = (text: string): string => hash('sha256', text, 'hex')

/** The id as it is stored: the sender's own where that is short and plain, else a digest of it. */
export const storedId = (id: string): string => (PLAIN_ID.test(id) ? id : `sha256:${sha256(id)}`)

const HIDDEN_ID = 'hidden:'

/** The same for an id that tells something about a person: a keyed digest, since a plain one could be guessed. */
const concealedId = (vault: Pick<Vault, 'masker' | 'keyed'>, id: string): string =>
  UUID.test(id) || vault.masker.content(id) === id ? storedId(id) : `${HIDDEN_ID}${vault.keyed('event-id', id)}`

/** Where the fields of an event that name people are sealed. */
export const sealedCell = (sourceId: string, id: string): Cell => ({
  table: 'events',
  column: 'sealed',
  row: [sourceId, id],
  type: 'json',
})

/**
 * The key of (source, id), 128 bits as a UUID. It begins with the first 48 bits of an id that is a UUID, the time in version 7,
 * so that the index grows at one end; the other 80 bits are a digest of both, which nobody can aim at another source's events.
 */
export const eventKey = (sourceId: string, id: string): string => {
  const digest = sha256(`${sourceId.length}:${sourceId}:${id}`)
  const front = UUID.test(id) ? (id.slice(0, 8) + id.slice(9, 13)).toLowerCase() : digest.slice(20, 32)
  return `${front.slice(0, 8)}-${front.slice(8)}-${digest.slice(0, 4)}-${digest.slice(4, 8)}-${digest.slice(8, 20)}`
}

/** What an event that does not name its dataset counts as: rules count within one dataset, so that a failure that two logs tell of is one. */
const UNNAMED_DATASET = 'application'

/** How far ahead of its receipt an event may say that it happened, ms: clocks that are set to local time are off by less. */
export const MAX_AHEAD = DAY
/** Where the time stands that an event claimed, when it could not be. */
export const CLAIMED_TIME = 'parapet.claimed_timestamp'

/**
 * An event with a time that can be. Detection's own clock is the latest time it was told: one event of next year would push everything
 * that happens now out of every window. Such an event counts as happening when it came, and keeps what it claimed beside.
 */
const withPossibleTime = (event: SecurityEvent, receivedAt: number): SecurityEvent =>
  event['@timestamp'] > receivedAt + MAX_AHEAD ? { ...event, '@timestamp': receivedAt, [CLAIMED_TIME]: event['@timestamp'] } : event

/** What turns an event into its row needs: the clock, the vault and its way of taking events apart. */
export type RowDeps = {
  readonly clock: Clock
  readonly vault: Vault
  readonly conceal: (event: SecurityEvent) => Concealed
  /** ids of events that came without one; UUID version 7 by default */
  readonly newId?: (now: number) => string
}

/** The columns that hold, or stand for, what an event says. */
export type ConcealedColumns = Pick<EventRow, 'userId' | 'userName' | 'userEmail' | 'body' | 'sealed'>

/** Hides what an event says of people: text is masked, names are sealed for the row of (source, id), look-ups get blind indexes. */
export const concealEvent = (
  { vault, conceal }: Pick<RowDeps, 'vault' | 'conceal'>,
  sourceId: string,
  id: string,
  event: SecurityEvent,
): ConcealedColumns => {
  const { open, personal, userId, userName, userEmail } = conceal(event)
  const term = (value: string | undefined): string | null => (value === undefined ? null : vault.term('events.user', value))
  return {
    userId: userId === undefined ? null : personal?.['user.id'] === undefined ? columnText(userId) : term(userId),
    userName: term(userName),
    userEmail: term(userEmail),
    body: JSON.stringify(open),
    sealed: personal === undefined ? null : vault.seal(JSON.stringify(personal), sealedCell(sourceId, id)),
  }
}

/** Turns an event into its row. One without an id gets a UUID of version 7, so that it can be named; one without a dataset a common one. */
export const toEventRow = (sourceId: string, sent: SecurityEvent, receivedAt: number, deps: RowDeps): EventRow => {
  const { clock, vault, newId = uuidv7 } = deps
  const event = withPossibleTime(sent, receivedAt)
  const given = event['event.id']
  const named = typeof given === 'string' && given !== '' ? given : newId(clock())
  const id = concealedId(vault, named)
  const address = event['source.ip']
  return {
    key: eventKey(sourceId, named),
    id,
    address: typeof address === 'string' ? (canonicalAddress(address) ?? null) : null,
    demo: Array.isArray(event.tags) && event.tags.includes(DEMO_TAG),
    ...concealEvent(deps, sourceId, id, {
      ...event,
      'event.id': id.startsWith(HIDDEN_ID) ? id : named,
      'event.dataset': event['event.dataset'] ?? UNNAMED_DATASET,
    }),
  }
}
