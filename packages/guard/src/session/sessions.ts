import { describeDevice, ParapetError, randomToken, readAgent, uuidv7 } from '@parapet/core'
import { cookieName, readCookie, writeCookie } from '../request/cookies.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { assess, type NextRecord, nextRecord, type Sighting, sight, whereabouts } from './assess.js'
import { createFamilies, type Stored } from './families.js'
import { isFresh, proveFactors, provenSince } from './factors.js'
import { readSessionsOptions, type SessionsOptions } from './options.js'
import { keyOfToken, type LiveRecord, readToken, type Session, type SessionData, toSession } from './record.js'
import { learnNetwork } from './risk.js'
import { readDevice } from './traits.js'
import type { SessionReport, SessionRisk } from './types.js'

/** What a request's cookie stands for. `degraded`: the store does not answer, so that nobody knows. */
export type SessionVerdict =
  | { readonly kind: 'none' }
  /**
   * `risk` is what this request looks like; `session.flag` what it has to answer for: ask it to prove who it is before it does anything of
   * weight. `cookie`: the id was replaced, and this Set-Cookie value belongs on the answer.
   */
  | { readonly kind: 'active'; readonly session: Session; readonly risk: SessionRisk; readonly cookie?: string }
  /** a rotated id was used after its grace: somebody else has had it. All that came of it is revoked */
  | { readonly kind: 'replayed'; readonly session: { readonly id: string; readonly subject: string } }
  /** the request looked so much like somebody else's that the session was ended; clear its cookie */
  | { readonly kind: 'revoked'; readonly session: { readonly id: string; readonly subject: string }; readonly risk: SessionRisk }
  | { readonly kind: 'degraded'; readonly reason: string }

/** `cookie` is a Set-Cookie value for the answer. */
export type SessionStart =
  | { readonly kind: 'started'; readonly session: Session; readonly cookie: string }
  | { readonly kind: 'degraded'; readonly reason: string }
export type SessionRotation =
  | SessionStart
  | { readonly kind: 'kept'; readonly session: Session }
  | Exclude<SessionVerdict, { kind: 'active' | 'revoked' }>
/** `headers` belong on the answer whatever the store said. */
export type SessionEnd = { readonly kind: 'ended' | 'degraded'; readonly headers: readonly (readonly [string, string])[] }

/** `factors` are what was proven just now, such as `password` or `totp`; they imply `authenticated`, which lifts the flag of a session at risk. */
export type SessionChange = { readonly data?: SessionData; readonly authenticated?: boolean; readonly factors?: readonly string[] }

/** Sessions over any store. Nothing here throws for trouble with the store: it is `degraded`. */
export type Sessions = {
  /** Signs a subject in under a new id; ends the session that the request carried, against fixation. */
  start: (
    subject: string,
    data: SessionData,
    request: RequestLike,
    proof?: { readonly factors?: readonly string[] },
  ) => Promise<SessionStart>
  read: (request: RequestLike) => Promise<SessionVerdict>
  /** the same without a promise where the store is in this process and nothing has to be written: most requests */
  look: (request: RequestLike) => SessionVerdict | Promise<SessionVerdict>
  /** A new id for the same session, data kept: after step-up or a change of privilege. `kept`: a parallel request has just done it. */
  rotate: (request: RequestLike, change?: SessionChange) => Promise<SessionRotation>
  end: (request: RequestLike) => Promise<SessionEnd>
  /** ends every session of a subject; rejects when the store does not answer */
  endAll: (subject: string) => Promise<number>
  /** ends all sessions of a subject but the one with this public id; rejects when the store does not answer */
  endOthers: (subject: string, keep: string) => Promise<number>
  /** To be called when a password, mail address or factor was changed: ends all sessions but `keep`, a public id. Rejects like `endAll`. */
  credentialChanged: (subject: string, options?: { readonly keep?: string }) => Promise<number>
  /** ends one of a subject's sessions by its public id; rejects when the store does not answer */
  revoke: (subject: string, id: string) => Promise<boolean>
  /** a subject's sessions, last used first; rejects when the store does not answer */
  list: (subject: string) => Promise<readonly Session[]>
  /** whether the last proof is at most `maxAgeMs` old: what acts of weight ask. Never for a session at risk */
  isFresh: (session: Session, maxAgeMs: number) => boolean
  /** whether one of `factors` (any, when left out) was proven in this session after `since`, ms UTC. Never for a session at risk */
  provenSince: (session: Session, since: number, factors?: readonly string[]) => boolean
  /** the Set-Cookie value for a token of ours */
  cookieFor: (token: string) => string
  clearCookie: () => string
  readonly cookieName: string
}

/** Characters of a user agent that are kept. */
const AGENT = 256
/** Rotations within their grace that may lead from one to the next. */
const MOST_STEPS = 4

const NONE = { kind: 'none' } as const

const degraded = (reason: string): { readonly kind: 'degraded'; readonly reason: string } => ({ kind: 'degraded', reason })

/** Builds sessions: 256-bit ids, only their hash at rest. Throws `PPT_CONFIG_INVALID`. Source: ASVS 5.0 V7. */
export const createSessions = (options: SessionsOptions): Sessions => {
  const settings = readSessionsOptions(options)
  const { store, shape, idleMs, absoluteMs, graceMs, maxPerSubject, clientAddress, geo, policy, clock, random } = settings
  const families = createFamilies(store, clock, idleMs)
  /** last use is written at most this often, so that reading pages does not write to the store */
  const touch = { touchMs: Math.min(60_000, Math.floor(idleMs / 10)), enforce: settings.enforceRisk }

  const tokenOf = (request: GuardRequest): string | undefined => readToken(readCookie(request.header('cookie'), cookieName(shape)))

  const tell = (report: SessionReport, request: GuardRequest | undefined): void => {
    try {
      settings.report(report, request)
    } catch {
      // whoever listens must not decide who is signed in
    }
  }
  const tellRevoked = (
    reason: (SessionReport & { kind: 'revoked' })['reason'],
    subject: string,
    ids: readonly string[],
    request?: GuardRequest,
  ): void => {
    if (ids.length > 0) tell({ kind: 'revoked', at: clock(), subject, ids, reason }, request)
  }

  type Found =
    /** `at`: when it was found open, ms UTC */
    | { readonly kind: 'found'; readonly key: string; readonly version: string; readonly record: LiveRecord; readonly at: number }
    | Exclude<SessionVerdict, { kind: 'active' | 'revoked' }>

  const replayed = async ({ id, subject }: Stored['record'], request: GuardRequest): Promise<Found> => {
    await families.end(subject, id)
    settings.onReplay({ id, subject }, request)
    tellRevoked('replayed', subject, [id], request)
    return { kind: 'replayed', session: { id, subject } }
  }

  const follow = (key: string, request: GuardRequest, step: number): Found | Promise<Found> => {
    if (step === MOST_STEPS) return NONE
    const stored = families.read(key)
    return stored instanceof Promise ? stored.then((came) => arrive(key, came, request, step)) : arrive(key, stored, request, step)
  }

  const arrive = (key: string, stored: Stored | undefined, request: GuardRequest, step: number): Found | Promise<Found> => {
    if (stored === undefined) return NONE
    const { record, version } = stored
    const now = clock()
    if (record.kind === 'live') return families.isOpen(record, now) ? { kind: 'found', key, version, record, at: now } : NONE
    return now >= record.at + graceMs ? replayed(record, request) : follow(record.to, request, step + 1)
  }

  const find = (request: GuardRequest): Found | Promise<Found> => {
    const token = tokenOf(request)
    return token === undefined ? NONE : follow(keyOfToken(token), request, 0)
  }

  const see = (record: Pick<LiveRecord, 'id' | 'address' | 'networks' | 'bound'>, request: GuardRequest, now: number): Sighting =>
    sight(record, clientAddress(request), request, now, settings)

  /** What a session takes for its own when its subject has just proven who he is: this browser, this network, no flag. */
  const proven = (record: LiveRecord, request: GuardRequest, now: number, change: SessionChange): LiveRecord => {
    const { flag: _flag, told: _told, ...rest } = record
    const seen = see(record, request, now)
    const agent = request.header('user-agent')?.slice(0, AGENT)
    const device = describeDevice(readDevice(request))
    const bound = seen.bound()
    return {
      ...rest,
      authenticatedAt: now,
      factors: proveFactors(record.factors, change.factors ?? [], now),
      print: seen.print,
      networks: learnNetwork(record.networks ?? [], seen.network),
      ...whereabouts(record, seen.address, geo),
      ...(bound === undefined ? {} : { bound }),
      ...(agent === undefined ? {} : { userAgent: agent }),
      ...(device === undefined ? {} : { device }),
    }
  }

  const start = async (
    subject: string,
    data: SessionData,
    request: GuardRequest,
    proof: { readonly factors?: readonly string[] },
  ): Promise<SessionStart> => {
    if (subject === '') throw new ParapetError('PPT_INVALID', 'session subject: not empty')
    const now = clock()
    const blank: LiveRecord = {
      kind: 'live',
      id: uuidv7(now, random),
      subject,
      data,
      createdAt: now,
      authenticatedAt: now,
      seenAt: now,
      expiresAt: now + absoluteMs,
      factors: [],
    }
    const record = proven(blank, request, now, proof)
    const carried = await find(request)
    const token = randomToken(32, random)
    if (!(await families.save(keyOfToken(token), record, null))) return degraded('the store did not take the session')
    if (carried.kind === 'found') await families.end(carried.record.subject, carried.record.id)
    const surplus = (await families.live(subject)).filter((other) => other.id !== record.id).slice(maxPerSubject - 1)
    for (const { id } of surplus) await families.end(subject, id)
    tellRevoked('too_many', subject, [...new Set(surplus.map(({ id }) => id))], request)
    const { id, device, place, address } = record
    const country = address === undefined ? undefined : geo?.lookup(address)?.country
    tell({ kind: 'started', at: now, id, subject, device, place, country }, request)
    return { kind: 'started', session: toSession(record), cookie: writeCookie(shape, token) }
  }

  /** Puts a session under a new id; `undefined` when a parallel request changed, rotated or ended it first. */
  const replace = async (found: Found & { kind: 'found' }, record: LiveRecord, now: number): Promise<SessionStart | undefined> => {
    const token = randomToken(32, random)
    const to = keyOfToken(token)
    if (!(await families.save(to, record, null))) return degraded('the store did not take the session')
    const { id, subject, expiresAt } = record
    if (await families.bury(found.key, { kind: 'rotated', id, subject, at: now, to, expiresAt }, found.version))
      return { kind: 'started', session: toSession(record), cookie: writeCookie(shape, token) }
    // this successor must not stay as a second way in
    await families.remove(to)
    return undefined
  }

  type Seen = { readonly now: number; readonly seen: Sighting; readonly risk: SessionRisk }

  const reportOf = (record: LiveRecord, request: GuardRequest, { now, seen, risk }: Seen): SessionReport => ({
    kind: 'at_risk',
    at: now,
    id: record.id,
    subject: record.subject,
    risk,
    place: whereabouts({}, seen.address, geo).place,
    placeBefore: record.place,
    device: describeDevice(readDevice(request)),
    deviceBefore: record.device ?? (record.userAgent === undefined ? undefined : describeDevice(readAgent(record.userAgent))),
  })

  const revoke = async (record: LiveRecord, request: GuardRequest, shown: Seen): Promise<SessionVerdict> => {
    const { id, subject } = record
    await families.end(subject, id)
    tell(reportOf(record, request, shown), request)
    tellRevoked(shown.risk.signals.includes('address_changed') ? 'address_changed' : 'risk', subject, [id], request)
    return { kind: 'revoked', session: { id, subject }, risk: shown.risk }
  }

  /** Writes what a request has changed about its session. */
  const note = async (found: Found & { kind: 'found' }, next: NextRecord, request: GuardRequest, shown: Seen): Promise<SessionVerdict> => {
    const { risk } = shown
    // a new id that nobody is told of would be the end of the session
    if (next.rotates && request.takesCookies !== false) {
      const replaced = await replace(found, next.record, shown.now)
      if (replaced?.kind === 'started') {
        if (next.tells) tell(reportOf(found.record, request, shown), request)
        return { kind: 'active', session: replaced.session, risk, cookie: replaced.cookie }
      }
    } else {
      // losing this race, or the write, only means that somebody else noted the use, or that idle time counts from a minute earlier
      const written = await families.save(found.key, next.record, found.version).catch(() => true)
      if (next.tells && written) tell(reportOf(found.record, request, shown), request)
    }
    return { kind: 'active', session: toSession(next.record), risk }
  }

  const weigh = (found: Found, request: GuardRequest): SessionVerdict | Promise<SessionVerdict> => {
    if (found.kind !== 'found') return found
    const { record, at: now } = found
    const seen = see(record, request, now)
    const session = toSession(record)
    const risk = assess(record, now, seen, settings.bindingOf(session, request), policy)
    if (risk.kind === 'revoke' && touch.enforce) return revoke(record, request, { now, seen, risk })
    const next = nextRecord(record, now, seen, risk, touch, geo)
    return next === undefined ? { kind: 'active', session, risk } : note(found, next, request, { now, seen, risk })
  }

  const read = (request: GuardRequest): SessionVerdict | Promise<SessionVerdict> => {
    const found = find(request)
    return found instanceof Promise ? found.then((came) => weigh(came, request)) : weigh(found, request)
  }

  const changed = (record: LiveRecord, request: GuardRequest, now: number, change: SessionChange): LiveRecord => {
    const next = { ...record, data: change.data ?? record.data, seenAt: now }
    return change.authenticated === true || (change.factors ?? []).length > 0 ? proven(next, request, now, change) : next
  }

  const rotate = async (request: GuardRequest, change: SessionChange, tries = 5): Promise<SessionRotation> => {
    const found = await find(request)
    if (found.kind !== 'found') return found
    const now = clock()
    const replaced = await replace(found, changed(found.record, request, now, change), now)
    if (replaced !== undefined) return replaced
    const again = await find(request)
    if (again.kind !== 'found') return again
    if (again.key === found.key) return tries > 0 ? rotate(request, change, tries - 1) : degraded('the session changes too often')
    return keep(request, change, tries)
  }

  /** A parallel request has just given a new id; what this one changes must not be lost for it. */
  const keep = async (request: GuardRequest, change: SessionChange, tries: number): Promise<SessionRotation> => {
    for (let left = tries; left >= 0; left--) {
      const found = await find(request)
      if (found.kind !== 'found') return found
      if (Object.keys(change).length === 0) return { kind: 'kept', session: toSession(found.record) }
      const record = changed(found.record, request, clock(), change)
      if (await families.save(found.key, record, found.version)) return { kind: 'kept', session: toSession(record) }
    }
    return degraded('the session changes too often')
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
      if (found.kind === 'found') {
        const { subject, id } = found.record
        await families.end(subject, id)
        tell({ kind: 'signed_out', at: clock(), id, subject }, request)
      }
      return { kind: 'ended', headers }
    } catch {
      return { kind: 'degraded', headers }
    }
  }

  const clearCookie = (): string => writeCookie(shape, '', 0)

  /** An error of our own (data too large) goes to the caller; anything else is trouble with the store. */
  const troubleOf = (error: unknown): { readonly kind: 'degraded'; readonly reason: string } => {
    if (error instanceof ParapetError && error.code === 'PPT_INVALID') throw error
    return degraded('the session store does not answer')
  }
  const orDegraded = async <T>(work: Promise<T>): Promise<T | { readonly kind: 'degraded'; readonly reason: string }> => {
    try {
      return await work
    } catch (error) {
      return troubleOf(error)
    }
  }

  const look = (request: GuardRequest): SessionVerdict | Promise<SessionVerdict> => {
    try {
      const verdict = read(request)
      return verdict instanceof Promise ? orDegraded(verdict) : verdict
    } catch (error) {
      return troubleOf(error)
    }
  }

  const endAll = async (subject: string, keep: string | undefined, reason: 'revoked' | 'credential_changed'): Promise<number> => {
    const ids = await families.endAll(subject, keep)
    tellRevoked(reason, subject, ids)
    return ids.length
  }

  return {
    start: (subject, data, request, proof = {}) => orDegraded(start(subject, data, asGuardRequest(request), proof)),
    read: async (request) => look(asGuardRequest(request)),
    look: (request) => look(asGuardRequest(request)),
    rotate: (request, change = {}) => orDegraded(rotate(asGuardRequest(request), change)),
    end: (request) => end(asGuardRequest(request)),
    endAll: (subject) => endAll(subject, undefined, 'revoked'),
    endOthers: (subject, keep) => endAll(subject, keep, 'revoked'),
    credentialChanged: (subject, { keep } = {}) => endAll(subject, keep, 'credential_changed'),
    revoke: async (subject, id) => {
      if (!(await families.live(subject)).some((session) => session.id === id)) return false
      await families.end(subject, id)
      tellRevoked('revoked', subject, [id])
      return true
    },
    list: async (subject) => (await families.live(subject)).map(toSession),
    isFresh: (session, maxAgeMs) => isFresh(session, clock(), maxAgeMs),
    provenSince,
    cookieFor: (token) => writeCookie(shape, token),
    clearCookie,
    cookieName: cookieName(shape),
  }
}
