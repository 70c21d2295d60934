import {
  type Clock,
  HOUR,
  ParapetError,
  type RandomSource,
  randomToken,
  type Store,
  systemClock,
  systemRandom,
  uuidv7,
} from '@parapet/core'
import { type ClientAddress, createClientAddress } from '../client-address/client-address.js'
import { booleanOption, choiceOption, integerOption, knownOptions, optionError } from '../options/check.js'
import { type CookieShape, cookieName, readCookie, writeCookie } from '../request/cookies.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { groupOfSubject, keyOfToken, type LiveRecord, parseRecord, readToken, type Session, type SessionData, toSession } from './record.js'

/** What a request's cookie stands for. `degraded`: the store does not answer, so that nobody knows. */
export type SessionVerdict =
  | { readonly kind: 'none' }
  | { readonly kind: 'active'; readonly session: Session }
  /** a rotated id was used after its grace: somebody else has had it. All that came of it is revoked */
  | { readonly kind: 'replayed'; readonly session: { readonly id: string; readonly subject: string } }
  | { readonly kind: 'degraded'; readonly reason: string }

/** `cookie` is a Set-Cookie value for the answer. */
export type SessionStart =
  | { readonly kind: 'started'; readonly session: Session; readonly cookie: string }
  | { readonly kind: 'degraded'; readonly reason: string }
export type SessionRotation =
  | SessionStart
  | { readonly kind: 'kept'; readonly session: Session }
  | Exclude<SessionVerdict, { kind: 'active' }>
/** `headers` belong on the answer whatever the store said. */
export type SessionEnd = { readonly kind: 'ended' | 'degraded'; readonly headers: readonly (readonly [string, string])[] }

/** What {@link createSessions} takes. Times in ms. */
export type SessionsOptions = {
  readonly store: Store
  /** `secure: false` is for plain http on localhost: browsers refuse `__Host-` there */
  readonly cookie?: { readonly name?: string; readonly secure?: boolean; readonly sameSite?: 'strict' | 'lax' }
  /** unused for this long, it is over; 1 h */
  readonly idleMs?: number
  /** over whatever happens; 12 h */
  readonly absoluteMs?: number
  /** how long a rotated id still works, for requests under way; 10 s */
  readonly graceMs?: number
  /** sessions of one subject at a time; 10. The one unused for longest goes */
  readonly maxPerSubject?: number
  readonly clientAddress?: (request: RequestLike) => ClientAddress
  readonly clock?: Clock
  readonly random?: RandomSource
  /** told of every replay */
  readonly onReplay?: (session: { readonly id: string; readonly subject: string }, request: GuardRequest) => void
}

/** Sessions over any store. Nothing here throws for trouble with the store: it is `degraded`. */
export type Sessions = {
  /** Signs a subject in under a new id; ends the session that the request carried, against fixation. */
  start: (subject: string, data: SessionData, request: RequestLike) => Promise<SessionStart>
  read: (request: RequestLike) => Promise<SessionVerdict>
  /** A new id for the same session, data kept: after step-up or a change of privilege. `kept`: a parallel request has just done it. */
  rotate: (request: RequestLike, change?: { readonly data?: SessionData; readonly authenticated?: boolean }) => Promise<SessionRotation>
  end: (request: RequestLike) => Promise<SessionEnd>
  /** ends every session of a subject: on a change of credentials; rejects when the store does not answer */
  endAll: (subject: string) => Promise<number>
  /** ends one of a subject's sessions by its public id; rejects when the store does not answer */
  revoke: (subject: string, id: string) => Promise<boolean>
  /** a subject's sessions, last used first; rejects when the store does not answer */
  list: (subject: string) => Promise<readonly Session[]>
  /** the Set-Cookie value for a token of ours */
  cookieFor: (token: string) => string
  clearCookie: () => string
  readonly cookieName: string
}

const NAMES = [
  'store',
  'cookie',
  'idleMs',
  'absoluteMs',
  'graceMs',
  'maxPerSubject',
  'clientAddress',
  'clock',
  'random',
  'onReplay',
] as const
/** Characters of a user agent that are kept. */
const AGENT = 256
const MOST_DATA = 16_384
/** Rounds until nothing is left of a session that is ended. */
const MOST_ROUNDS = 8

const degraded = (reason: string): { readonly kind: 'degraded'; readonly reason: string } => ({ kind: 'degraded', reason })

/** Builds sessions: 256-bit ids, only their hash at rest. Throws `PPT_CONFIG_INVALID`. Source: ASVS 5.0 V7. */
export const createSessions = (options: SessionsOptions): Sessions => {
  knownOptions('session', options, NAMES)
  const { store } = options
  if (typeof store !== 'object' || store === null || typeof store.read !== 'function')
    throw optionError('session.store', typeof store, 'give a store, such as memoryStore()')
  knownOptions('session.cookie', options.cookie ?? {}, ['name', 'secure', 'sameSite'])
  const name = options.cookie?.name ?? 'session'
  if (!/^[a-z][\w-]{0,40}$/i.test(name) || /^__(?:host|secure)-/i.test(name))
    throw optionError('session.cookie.name', name, 'give letters, digits, - and _; the prefix is added')
  const shape: CookieShape = {
    name,
    secure: booleanOption('session.cookie.secure', options.cookie?.secure, true),
    sameSite: choiceOption('session.cookie.sameSite', options.cookie?.sameSite, 'lax', ['strict', 'lax']),
  }
  const absoluteMs = integerOption('session.absoluteMs', options.absoluteMs, 12 * HOUR, 1_000, 90 * 24 * HOUR)
  const idleMs = integerOption('session.idleMs', options.idleMs, Math.min(HOUR, absoluteMs), 1_000, absoluteMs)
  const graceMs = integerOption('session.graceMs', options.graceMs, 10_000, 0, 60_000)
  const maxPerSubject = integerOption('session.maxPerSubject', options.maxPerSubject, 10, 1, 1_000)
  const clientAddress = options.clientAddress ?? createClientAddress('direct')
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  /** last use is written at most this often, so that reading pages does not write to the store */
  const touchMs = Math.min(60_000, Math.floor(idleMs / 10))

  const tokenOf = (request: GuardRequest): string | undefined => readToken(readCookie(request.header('cookie'), cookieName(shape)))

  const save = async (key: string, record: LiveRecord, ifVersion: string | null): Promise<boolean> => {
    const value = JSON.stringify(record)
    if (value.length > MOST_DATA) throw new ParapetError('PPT_INVALID', `session data: at most ${MOST_DATA} characters as JSON`)
    const ttlMs = Math.min(idleMs, record.expiresAt - clock())
    return ttlMs > 0 && store.write(key, value, { ttlMs, ifVersion, group: groupOfSubject(record.subject) })
  }

  const live = async (subject: string): Promise<(LiveRecord & { readonly key: string })[]> => {
    const now = clock()
    const found: (LiveRecord & { readonly key: string })[] = []
    for (const item of await store.list(groupOfSubject(subject))) {
      const record = parseRecord(item)
      if (record?.kind === 'live' && record.subject === subject && isOpen(record, now)) found.push({ ...record, key: item.key })
    }
    return found.toSorted((a, b) => b.seenAt - a.seenAt || b.createdAt - a.createdAt)
  }

  const isOpen = (record: LiveRecord, now: number): boolean => now < record.expiresAt && now < record.seenAt + idleMs

  /** Ends whatever came of one sign-in, under every id that it has had. */
  const endFamily = async (subject: string, id: string): Promise<void> => {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const left = (await store.list(groupOfSubject(subject))).filter((item) => parseRecord(item)?.id === id)
      if (left.length === 0) return
      for (const { key } of left) await store.remove(key)
      // looked at again: a rotation under way between list and remove has left a successor that nobody removed
    }
    throw new Error('the session changes while it is ended')
  }

  type Found =
    | { readonly kind: 'found'; readonly key: string; readonly version: string; readonly record: LiveRecord }
    | Exclude<SessionVerdict, { kind: 'active' }>

  const find = async (request: GuardRequest): Promise<Found> => {
    const token = tokenOf(request)
    if (token === undefined) return { kind: 'none' }
    let key = keyOfToken(token)
    // within the grace of several rotations one may lead to the next
    for (let step = 0; step < 4; step++) {
      const stored = await store.read(key)
      const record = stored === undefined ? undefined : parseRecord(stored)
      if (stored === undefined || record === undefined) return { kind: 'none' }
      const now = clock()
      if (record.kind === 'live') return isOpen(record, now) ? { kind: 'found', key, version: stored.version, record } : { kind: 'none' }
      if (now >= record.at + graceMs) {
        const replayed = { id: record.id, subject: record.subject }
        await endFamily(record.subject, record.id)
        options.onReplay?.(replayed, request)
        return { kind: 'replayed', session: replayed }
      }
      key = record.to
    }
    return { kind: 'none' }
  }

  const about = (request: GuardRequest): { readonly userAgent?: string; readonly address?: string } => {
    const agent = request.header('user-agent')?.slice(0, AGENT)
    const client = clientAddress(request)
    return { ...(agent === undefined ? {} : { userAgent: agent }), ...(client.kind === 'known' ? { address: client.address } : {}) }
  }

  const start = async (subject: string, data: SessionData, request: GuardRequest): Promise<SessionStart> => {
    if (subject === '') throw new ParapetError('PPT_INVALID', 'session subject: not empty')
    const now = clock()
    const carried = await find(request)
    const token = randomToken(32, random)
    const key = keyOfToken(token)
    const record: LiveRecord = {
      kind: 'live',
      id: uuidv7(now, random),
      subject,
      data,
      createdAt: now,
      authenticatedAt: now,
      seenAt: now,
      expiresAt: now + absoluteMs,
      ...about(request),
    }
    if (!(await save(key, record, null))) return degraded('the store did not take the session')
    if (carried.kind === 'found') await endFamily(carried.record.subject, carried.record.id)
    const others = (await live(subject)).filter((other) => other.id !== record.id)
    for (const surplus of others.slice(maxPerSubject - 1)) await endFamily(subject, surplus.id)
    return { kind: 'started', session: toSession(record), cookie: writeCookie(shape, token) }
  }

  const read = async (request: GuardRequest): Promise<SessionVerdict> => {
    const found = await find(request)
    if (found.kind !== 'found') return found
    const now = clock()
    if (now - found.record.seenAt < touchMs) return { kind: 'active', session: toSession(found.record) }
    const record = { ...found.record, seenAt: now }
    // losing this race, or the write, only means that somebody else noted the use, or that idle time counts from a minute earlier
    await save(found.key, record, found.version).catch(() => false)
    return { kind: 'active', session: toSession(record) }
  }

  const rotate = async (
    request: GuardRequest,
    change: { readonly data?: SessionData; readonly authenticated?: boolean },
    tries = 5,
  ): Promise<SessionRotation> => {
    const found = await find(request)
    if (found.kind !== 'found') return found
    const now = clock()
    const token = randomToken(32, random)
    const to = keyOfToken(token)
    const record: LiveRecord = {
      ...found.record,
      data: change.data ?? found.record.data,
      seenAt: now,
      ...(change.authenticated === true ? { authenticatedAt: now } : {}),
    }
    if (!(await save(to, record, null))) return degraded('the store did not take the session')
    const tombstone = JSON.stringify({ kind: 'rotated', id: record.id, subject: record.subject, at: now, to, expiresAt: record.expiresAt })
    const settings = { ttlMs: record.expiresAt - now, ifVersion: found.version, group: groupOfSubject(record.subject) }
    if (await store.write(found.key, tombstone, settings))
      return { kind: 'started', session: toSession(record), cookie: writeCookie(shape, token) }
    // a parallel request rotated, touched or ended it first: this successor must not stay as a second way in
    await store.remove(to)
    const again = await find(request)
    if (again.kind !== 'found') return again
    if (again.key === found.key) return tries > 0 ? rotate(request, change, tries - 1) : degraded('the session changes too often')
    return { kind: 'kept', session: toSession(again.record) }
  }

  const end = async (request: GuardRequest): Promise<SessionEnd> => {
    // not "cookies": it would take the device cookie too, and with it the user's own budget at the login shield
    const headers = [
      ['Set-Cookie', clearCookie()],
      ['Clear-Site-Data', '"cache", "storage"'],
      ['Cache-Control', 'no-store'],
    ] as const
    try {
      const found = await find(request)
      if (found.kind === 'found') await endFamily(found.record.subject, found.record.id)
      return { kind: 'ended', headers }
    } catch {
      return { kind: 'degraded', headers }
    }
  }

  const clearCookie = (): string => writeCookie(shape, '', 0)

  /** An error of our own (data too large) goes to the caller; anything else is trouble with the store. */
  const orDegraded = async <T>(work: Promise<T>): Promise<T | { readonly kind: 'degraded'; readonly reason: string }> => {
    try {
      return await work
    } catch (error) {
      if (error instanceof ParapetError && error.code === 'PPT_INVALID') throw error
      return degraded('the session store does not answer')
    }
  }

  return {
    start: (subject, data, request) => orDegraded(start(subject, data, asGuardRequest(request))),
    read: (request) => orDegraded(read(asGuardRequest(request))),
    rotate: (request, change = {}) => orDegraded(rotate(asGuardRequest(request), change)),
    end: (request) => end(asGuardRequest(request)),
    endAll: async (subject) => {
      const count = (await live(subject)).length
      await store.removeGroup(groupOfSubject(subject))
      return count
    },
    revoke: async (subject, id) => {
      if (!(await live(subject)).some((session) => session.id === id)) return false
      await endFamily(subject, id)
      return true
    },
    list: async (subject) => (await live(subject)).map(({ key: _key, ...record }) => toSession(record)),
    cookieFor: (token) => writeCookie(shape, token),
    clearCookie,
    cookieName: cookieName(shape),
  }
}
