import { canonicalAddress, describeDevice, type FieldValue, readAgent, type SecurityEvent, type StoredEvent } from '@parapet/core'
import { columnText } from '../../db/paging.js'
import { isUnknownSubject } from '../../vault/event-fields.js'
import { MOST_NAME, MOST_ROLE, MOST_ROLES, type Person } from './sealed-subject.js'

/** What some events tell of one session. Times in ms UTC. */
export type SessionNews = {
  startedAt: number
  seenAt: number
  device?: string
  address?: string
  country?: string
  ended?: { readonly at: number; readonly why: string }
}

/** What some events, or an import, tell of one subject. Times in ms UTC. */
export type SubjectNews = {
  readonly source: { readonly id: string; readonly name: string }
  /** not there where only a name is known */
  readonly userId?: string
  person: { -readonly [Name in 'name' | 'email']?: Person[Name] }
  roles?: readonly string[]
  firstSeen: number
  lastSeen?: number
  lastSignIn?: number
  passwordAt?: number
  failures: number
  failuresAt: number
  readonly sessions: Map<string, SessionNews>
  /** everything that began before ended at once */
  endedAll?: { readonly at: number; readonly why: string }
  /** somebody really goes by it: a failed sign-in alone makes nobody known */
  known: boolean
}

/** Sessions of one subject that one batch may tell of. */
const MOST_SESSIONS = 200
const [MOST_SESSION_ID, MOST_WORD] = [128, 64] as const

/** What PostgreSQL takes as text: attackers send NUL and halves of characters. */
const plain = (given: string, most: number): string => columnText(given, most).replaceAll(/\p{Cs}/gu, '\uFFFD')

const text = (value: FieldValue | undefined, most = MOST_NAME): string | undefined => {
  const given = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
  return given === undefined || given === '' ? undefined : plain(given, most)
}

/** Roles as they are kept: short, each once, in order. */
export const readRoles = (value: unknown): readonly string[] | undefined => {
  const list = Array.isArray(value) ? value : typeof value === 'string' ? [value] : undefined
  if (list === undefined) return undefined
  const roles = list.flatMap((role) => (typeof role === 'string' && role !== '' ? [plain(role, MOST_ROLE)] : []))
  return [...new Set(roles)].toSorted().slice(0, MOST_ROLES)
}

const later = (a: number | undefined, b: number): number => (a === undefined ? b : Math.max(a, b))

/** News of nobody yet. */
export const noNews = (source: SubjectNews['source'], at: number, userId?: string): SubjectNews => ({
  source,
  ...(userId === undefined ? {} : { userId }),
  person: {},
  firstSeen: at,
  failures: 0,
  failuresAt: at,
  sessions: new Map(),
  known: userId !== undefined,
})

const noteSession = (news: SubjectNews, event: SecurityEvent, at: number): void => {
  const id = text(event['session.id'], MOST_SESSION_ID)
  if (id === undefined) return
  const held = news.sessions.get(id)
  if (held === undefined && news.sessions.size >= MOST_SESSIONS) return
  const session: SessionNews = held ?? { startedAt: at, seenAt: at }
  session.startedAt = Math.min(session.startedAt, at)
  session.seenAt = Math.max(session.seenAt, at)
  const device = text(event['parapet.device'], MOST_WORD) ?? describeDevice(readAgent(text(event['user_agent.original'], 512)))
  if (device !== undefined) session.device ??= device
  const address = event['source.ip']
  const canonical = typeof address === 'string' ? canonicalAddress(address) : undefined
  if (canonical !== undefined) session.address = canonical
  const country = text(event['source.geo.country_iso_code'], 2)
  if (country !== undefined) session.country = country
  if (event['event.action'] === 'session-ended') session.ended = { at, why: text(event['event.reason'], MOST_WORD) ?? 'ended' }
  news.sessions.set(id, session)
}

const noteEnded = (news: SubjectNews, event: SecurityEvent, at: number): void => {
  const why = text(event['event.reason'], MOST_WORD) ?? 'ended'
  if (event['event.action'] === 'sessions-ended') news.endedAll = { at: later(news.endedAll?.at, at), why }
  if (event['event.action'] !== 'session-revoked') return
  const ids = event['parapet.sessions']
  for (const id of Array.isArray(ids) ? ids : []) {
    if (typeof id !== 'string' || id.length > MOST_SESSION_ID) continue
    const held = news.sessions.get(id)
    if (held !== undefined) held.ended = { at, why }
    else if (news.sessions.size < MOST_SESSIONS) news.sessions.set(id, { startedAt: at, seenAt: at, ended: { at, why } })
  }
}

const note = (news: SubjectNews, event: SecurityEvent, at: number): void => {
  const { 'event.action': action, 'event.outcome': outcome, 'event.category': category } = event
  news.firstSeen = Math.min(news.firstSeen, at)
  const isSignIn = category === 'authentication' && action === 'login'
  if (isSignIn && outcome === 'failure') {
    news.failures++
    news.failuresAt = Math.max(news.failuresAt, at)
  } else news.lastSeen = later(news.lastSeen, at)
  if ((isSignIn && outcome === 'success') || action === 'session-started') news.lastSignIn = later(news.lastSignIn, at)
  if (action === 'password-changed' && outcome === 'success') news.passwordAt = later(news.passwordAt, at)
  noteEnded(news, event, at)
  noteSession(news, event, at)
}

/**
 * Sums up what a batch of events tells of users, by source and id, in the order of the log. Pure. What has a name and no id is told under the
 * name; of the guard's own sign-ins the id comes with the session.
 */
export const observe = (events: readonly StoredEvent[]): readonly SubjectNews[] => {
  const found = new Map<string, SubjectNews>()
  for (const { event, source, receivedAt } of events) {
    // a clock ahead of ours must not make everybody seen tomorrow
    const at = Math.min(event['@timestamp'], receivedAt)
    const userId = text(event['user.id'])
    const name = isUnknownSubject(event['event.reason']) ? undefined : text(event['user.name'])
    if (userId === undefined && name === undefined) continue
    const key = JSON.stringify([source.id, userId === undefined, userId ?? name])
    const news = found.get(key) ?? noNews(source, at, userId)
    found.set(key, news)
    const email = text(event['user.email'])
    if (name !== undefined) news.person.name = name
    if (email !== undefined) news.person.email = email
    const roles = readRoles(event['user.roles'])
    if (roles !== undefined) news.roles = roles
    if (userId === undefined && event['event.outcome'] === 'success' && event['event.category'] === 'authentication')
      news.known ||= !String(event['event.dataset']).startsWith('guard.')
    note(news, event, at)
  }
  return [...found.values()]
}
