import { hash } from 'node:crypto'
import { canonicalAddress, type Clock, DAY, DEMO_TAG, HOUR, type SecurityEvent, uuidv7 } from '@parapet/core'
import { columnText } from '../../db/paging.js'

/** An event ready to be stored: its columns, and the key under which a repetition is recognised. */
export type EventRow = {
  readonly key: string
  readonly id: string
  readonly address: string | null
  readonly userId: string | null
  readonly userName: string | null
  readonly demo: boolean
  readonly body: string
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

/**
 * The key of (source, id), 128 bits as a UUID. It begins with the first 48 bits of an id that is a UUID, the time in version 7,
 * so that the index grows at one end; the other 80 bits are a digest of both, which nobody can aim at another source's events.
 */
export const eventKey = (sourceId: string, id: string): string => {
  const digest = sha256(`${sourceId.length}:${sourceId}:${id}`)
  const front = UUID.test(id) ? (id.slice(0, 8) + id.slice(9, 13)).toLowerCase() : digest.slice(20, 32)
  return `${front.slice(0, 8)}-${front.slice(8)}-${digest.slice(0, 4)}-${digest.slice(4, 8)}-${digest.slice(8, 20)}`
}

const textField = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? columnText(value) : null)

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

/** Turns an event into its row. One without an id gets a UUID of version 7, so that it can be named; one without a dataset a common one. */
export const toEventRow = (
  sourceId: string,
  sent: SecurityEvent,
  receivedAt: number,
  clock: Clock,
  newId: (now: number) => string = uuidv7,
): EventRow => {
  const event = withPossibleTime(sent, receivedAt)
  const given = event['event.id']
  const id = typeof given === 'string' && given !== '' ? given : newId(clock())
  const address = event['source.ip']
  return {
    key: eventKey(sourceId, id),
    id: storedId(id),
    address: typeof address === 'string' ? (canonicalAddress(address) ?? null) : null,
    userId: textField(event['user.id']),
    userName: textField(event['user.name']),
    demo: Array.isArray(event.tags) && event.tags.includes(DEMO_TAG),
    body: JSON.stringify({ ...event, 'event.id': id, 'event.dataset': event['event.dataset'] ?? UNNAMED_DATASET }),
  }
}
