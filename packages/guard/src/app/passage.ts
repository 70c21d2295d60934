import { type Clock, type Decision, type Masker, type RandomSource, type SecurityEvent, uuidv7 } from '@parapet/core'
import type { Access, AccessAudit } from '../access-audit/access-audit.js'
import type { ClientAddress } from '../client-address/client-address.js'
import { isSafeMethod } from '../csrf/csrf.js'
import { requestEvent } from '../events/security-events.js'
import type { SecurityHeaders } from '../headers/headers.js'
import { asGuardRequest, type RequestLike, splitUrl } from '../request/guard-request.js'
import { type Case, NOBODY } from './case.js'
import type { Counts } from './counts.js'
import type { DiagnosticCode } from './diagnostics.js'
import type { OneAddress } from './one-address.js'
import type { GuardSettings } from './options.js'
import { errorRefusal, maskRefusal, type Refusal } from './refusal.js'
import type { Answered, Guard, GuardContext, Passage, SetHeaders } from './types.js'

/** What the entrance needs of the parts. */
export type EntranceDeps = {
  readonly judge: (c: Case) => Promise<unknown> | undefined
  readonly headers: Pick<SecurityHeaders, 'nonce' | 'apply' | 'plain' | 'page'>
  readonly clock: Clock
  readonly random: RandomSource
  readonly settings: Pick<GuardSettings, 'logins' | 'requestEvents'>
  readonly masker: Pick<Masker, 'text'> | undefined
  readonly counts: Counts
  readonly audit: AccessAudit | undefined
  readonly release: (c: Case) => void
  readonly oneAddress: OneAddress
  /** left out where nobody listens: then no event is made */
  readonly emit: ((event: SecurityEvent) => void) | undefined
  readonly tell: (code: DiagnosticCode, detail: string) => void
}

const UNKNOWN: ClientAddress = { kind: 'unknown', reason: 'no_peer' }
const NO_DECISIONS: readonly Decision[] = []

/** Where a context keeps the case that it shows; not for spreading, and not for logs. */
const CASE = Symbol('case')

/** What the application gets to know. Shared by all contexts, so that one costs little: id and nonce are made when they are read. */
const CONTEXT = {
  get id(): string {
    return (this as unknown as { readonly [CASE]: Case })[CASE].id()
  },
  get nonce(): string {
    return (this as unknown as { readonly [CASE]: Case })[CASE].nonce()
  },
}

const contextOf = (c: Case): GuardContext => {
  const context = Object.create(CONTEXT) as { client: ClientAddress; session: Case['session']; [CASE]: Case }
  context.client = c.client
  context.session = c.session
  context[CASE] = c
  return context as unknown as GuardContext
}

/** Sent again by several parts, each beside the others; all else is sent once. */
const REPEATED: ReadonlySet<string> = new Set(['Set-Cookie', 'Vary'])

/** The headers of an answer of ours: what the refusal says takes the place of what is said of every answer. */
const mergeHeaders = (all: readonly (readonly [string, string])[], refusal: Refusal): (readonly [string, string])[] => {
  const own = new Set(refusal.headers.map(([name]) => name).filter((name) => !REPEATED.has(name)))
  // a second policy that reports would tell of a page that is ours
  if (own.has('Content-Security-Policy')) own.add('Content-Security-Policy-Report-Only')
  return [...all.filter(([name]) => !own.has(name)), ...refusal.headers]
}

/** Answers of ours that refuse nothing: a puzzle was solved, a report was taken. */
const SERVED: ReadonlySet<string> = new Set(['challenge_solved', 'csp_report', 'assessment'])

/** Builds the way in: opens a case, has it judged, and says what becomes of it. Nothing here throws or rejects. */
export const createEntrance = (deps: EntranceDeps): { readonly enter: Guard['enter']; readonly close: () => Promise<void> } => {
  const { judge, headers, clock, random, settings, counts, audit, tell, emit } = deps

  const open = (request: Case['request'], late: SetHeaders | undefined): Case => {
    const { path } = splitUrl(request.url)
    const atLogin = settings.logins.covers(request.method, path)
    let id: string | undefined
    let nonce: string | undefined
    return {
      request,
      id: () => (id ??= uuidv7(clock(), random)),
      nonce: () => {
        if (nonce !== undefined) return nonce
        nonce = headers.nonce()
        // a page with a nonce in it must not be kept: from a cache it would come with the nonce of another answer
        late?.(headers.page(nonce))
        return nonce
      },
      freshNonce: headers.nonce,
      path,
      atLogin,
      signsIn: atLogin && settings.logins.opens(request.method, path),
      client: UNKNOWN,
      session: NOBODY,
      carried: false,
      network: NO_DECISIONS,
      lockdown: undefined,
      refusal: undefined,
      watched: undefined,
      acted: undefined,
      receipt: undefined,
      headers: [],
    }
  }

  /** The guard itself failed. A page may be read without us, by nobody; anything that changes something, and every sign-in, may not. */
  const fail = (c: Case, error: unknown): void => {
    tell('guard_error', `the guard failed: ${error instanceof Error ? error.message : 'unknown'}`)
    counts.degraded('guard')
    // who was recognised before it failed has not been judged to the end
    if (c.session.kind === 'active') c.session = { kind: 'degraded', reason: 'the guard failed' }
    if (c.refusal === undefined && (!isSafeMethod(c.request.method) || c.atLogin || c.network.length > 0)) c.refusal = errorRefusal(c.id())
  }

  const accessOf = (c: Case, refusal: Refusal | undefined, status: number, route: string | undefined): Access => ({
    id: c.id(),
    method: c.request.method,
    path: c.path,
    status,
    route,
    actor:
      c.session.kind === 'active'
        ? { kind: 'subject', id: c.session.session.subject, session: c.session.session.id }
        : { kind: c.session.kind === 'degraded' ? 'unknown' : 'anonymous' },
    address: c.client.kind === 'known' ? c.client.address : undefined,
    userAgent: c.request.header('user-agent'),
    reason: refusal?.reason,
  })

  const settle = (c: Case, late: SetHeaders | undefined): Passage => {
    const refusal = c.refusal === undefined ? undefined : maskRefusal(c.refusal, deps.masker)
    const { watched } = c
    counts.note(refusal === undefined || SERVED.has(refusal.reason) ? undefined : refusal.reason, watched?.reason)
    // what is refused is not counted: a flood from one address is no proxy
    const single = refusal === undefined && watched === undefined ? deps.oneAddress.note(c.client) : undefined
    if (single !== undefined) {
      tell(
        'one_address',
        `nearly all of 1,000 requests come from ${single}: if it is a proxy, clientAddress must name it, or everybody shares one limit and one ban`,
      )
    }
    const covered = audit !== undefined && audit.covers(c.request.method, c.path)
    let recorded = false

    const done = (status: number, route?: string): void => {
      deps.release(c)
      if (covered && !recorded) audit.note(accessOf(c, refusal, status, route))
      // ASVS 16.3.2, 16.3.3: a refusal is told of whatever else is not
      if (emit === undefined) return
      if (!settings.requestEvents && refusal === undefined && watched === undefined && c.acted === undefined) return
      const reason = refusal?.reason ?? c.acted?.reason ?? (watched === undefined ? undefined : `${watched.reason}_observed`)
      emit(
        requestEvent({
          at: clock(),
          request: c.request,
          client: c.client,
          status,
          reason,
          decisionId: refusal?.decisionId ?? c.acted?.decisionId ?? watched?.decisionId,
          session: c.session.kind === 'active' ? c.session.session : undefined,
        }),
      )
    }
    // an answer of ours has its own nonce or none, and is never kept
    const common = late === undefined && refusal === undefined ? headers.apply(c.nonce()) : headers.plain
    const sent = c.headers.length === 0 ? common : [...common, ...c.headers]
    const passage = {
      context: contextOf(c),
      headers: refusal === undefined || refusal.headers.length === 0 ? sent : mergeHeaders(sent, refusal),
      refusal,
      done,
    }
    if (!covered || !audit.holds || refusal !== undefined) return passage
    const hold = async (answered: Answered): Promise<Refusal | undefined> => {
      recorded = true
      if (await audit.write(accessOf(c, refusal, answered.status, answered.route))) return undefined
      tell('access_records_lost', 'the record of an access could not be written: the answer was held back')
      return errorRefusal(c.id(), 'access_audit')
    }
    return { ...passage, hold }
  }

  /** When not even a case can be opened: nothing is known, and nothing goes on. */
  const broken = (error: unknown): Passage => {
    tell('guard_error', `the guard failed: ${error instanceof Error ? error.message : 'unknown'}`)
    const refusal = errorRefusal('')
    return {
      context: { id: '', client: { kind: 'unknown', reason: 'no_peer' }, session: NOBODY, nonce: '' },
      headers: refusal.headers,
      refusal,
      done: () => undefined,
    }
  }

  const settleSafely = (c: Case, late: SetHeaders | undefined): Passage => {
    try {
      return settle(c, late)
    } catch (error) {
      return broken(error)
    }
  }

  const enter = (like: RequestLike, late?: SetHeaders): Passage | Promise<Passage> => {
    let c: Case
    try {
      c = open(asGuardRequest(like), late)
    } catch (error) {
      return broken(error)
    }
    try {
      const judging = judge(c)
      if (judging !== undefined)
        return judging.then(
          () => settleSafely(c, late),
          (error: unknown) => {
            fail(c, error)
            return settleSafely(c, late)
          },
        )
    } catch (error) {
      fail(c, error)
    }
    return settleSafely(c, late)
  }

  return { enter, close: async () => audit?.close() }
}
