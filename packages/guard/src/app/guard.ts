import { createClient } from '@parapet/client'
import { createDecisionSet, type DecisionSet, type SecurityEvent, uuidv7 } from '@parapet/core'
import { type ClientAddress, createClientAddress } from '../client-address/client-address.js'
import { createCsrf, isSafeMethod } from '../csrf/csrf.js'
import { createEnforcement } from '../enforcement/enforcement.js'
import { maskEvent, maskText } from '../events/mask-event.js'
import { loginEvent, replayEvent, requestEvent } from '../events/security-events.js'
import { createHeaders, type SecurityHeaders } from '../headers/headers.js'
import { limitHeaders } from '../limiter/answer.js'
import { createLimiter, type Limiter } from '../limiter/limiter.js'
import { createLogin, type Login } from '../login/login.js'
import { asGuardRequest, type GuardRequest, type RequestLike, splitUrl } from '../request/guard-request.js'
import { readCookie } from '../request/cookies.js'
import { pooledRandom } from '../request/pooled-random.js'
import { createSessions, type Sessions, type SessionVerdict } from '../session/sessions.js'
import { createDiagnostics, type Diagnostic } from './diagnostics.js'
import { createOneAddress } from './one-address.js'
import { type GuardOptions, readGuardOptions } from './options.js'
import { blockedRefusal, csrfRefusal, errorRefusal, limitedRefusal, maskRefusal, type Refusal } from './refusal.js'

/** What the guard knows of a request that it let pass. */
export type GuardContext = {
  /** for logs and answers; time-ordered */
  readonly id: string
  readonly client: ClientAddress
  readonly session: SessionVerdict
  /** for `<script nonce>` of this answer */
  readonly nonce: string
}

/** What becomes of a request: headers for the answer, and the answer itself when the guard refuses. */
export type Passage = {
  readonly context: GuardContext
  readonly headers: readonly (readonly [string, string])[]
  readonly refusal: Refusal | undefined
  /** to be called once, with the status that was sent */
  readonly done: (status: number) => void
}

/** How the guard itself is. */
export type GuardStatus = {
  readonly mode: 'enforce' | 'observe'
  /** `away`: decisions stand as they were, events wait in the spool */
  readonly controlPlane: 'off' | 'connecting' | 'live' | 'away'
  readonly decisions: number
  /** actions in force that this guard cannot do */
  readonly unsupported: readonly string[]
  readonly deviceCookies: 'on' | 'off'
  readonly events: { readonly sent: number; readonly waiting: number; readonly dropped: number; readonly rejected: number }
  readonly limiter: ReturnType<Limiter['stats']>
  readonly diagnostics: readonly Diagnostic[]
}

/** The guard of one application. */
export type Guard = {
  /** judges a request; never rejects. For adapters: applications use `express(guard)` or `node(guard)` */
  readonly enter: (request: RequestLike) => Promise<Passage>
  readonly sessions: Sessions
  readonly login: Login
  readonly headers: SecurityHeaders
  readonly limiter: Limiter
  readonly clientAddress: (request: RequestLike) => ClientAddress
  /** the decisions held, by the control plane or put there by tests and scripts */
  readonly decisions: DecisionSet
  /** what is known of a request that an adapter has let pass */
  readonly of: (request: object) => GuardContext | undefined
  /** for adapters */
  readonly remember: (request: object, context: GuardContext) => void
  readonly status: () => GuardStatus
  /** sends what waits and stops following decisions */
  readonly close: () => Promise<void>
}

/** What is found out about one request on its way. */
type Noted = {
  client: ClientAddress
  session: SessionVerdict
  refusal: Refusal | undefined
  /** what would have been refused, were it not only watched */
  watched: Refusal | undefined
  readonly headers: (readonly [string, string])[]
}

const NOBODY: SessionVerdict = { kind: 'none' }

/**
 * Builds the guard: client address, decisions, limits, cross-site check and session for every request, in that order; the
 * login shield for credentials. Works alone; with a control plane, events go up and decisions come down. Throws `PPT_CONFIG_INVALID`.
 */
export const createGuard = (options: GuardOptions): Guard => {
  const settings = readGuardOptions(options)
  const { clock, store, loginStore, secure, isLogin, isSensitive, observe } = settings
  const random = pooledRandom(settings.random)
  const clientAddress = createClientAddress(options.clientAddress)
  const headers = createHeaders(options.preset ?? 'app', { ...options.headers, https: secure }, random)
  const limiter = createLimiter({ policies: settings.limits, clock })
  const decisions = createDecisionSet()
  const enforcement = createEnforcement({ set: decisions, clock })
  const oneAddress = createOneAddress(settings)
  const contexts = new WeakMap<object, GuardContext>()
  let link: GuardStatus['controlPlane'] = options.controlPlane === undefined ? 'off' : 'connecting'

  const client =
    options.controlPlane === undefined
      ? undefined
      : createClient({
          ...options.controlPlane,
          clock,
          random,
          onProblem: (problem) => {
            if (problem.kind === 'dropped') diagnostics.tell('events_dropped', `events were dropped: ${problem.detail}`)
            else if (problem.kind === 'rejected')
              diagnostics.tell('events_rejected', `the control plane took ${problem.count} events not: ${problem.items[0]?.code ?? ''}`)
            else if (problem.kind === 'refused')
              diagnostics.tell('control_plane_away', `the control plane refuses the token: ${problem.detail}`)
          },
        })
  const { masker } = options
  const emit = (happened: SecurityEvent): void => {
    const event = masker === undefined ? happened : maskEvent(happened, masker)
    client?.send(event)
    try {
      settings.onEvent(event)
    } catch {
      // whoever listens must not break a request
    }
  }
  const diagnostics = createDiagnostics({ clock, listener: settings.onDiagnostic, send: emit, mask: (text) => maskText(text, masker) })

  const sessions = createSessions({
    store,
    clock,
    random,
    clientAddress,
    ...(({ sameSite: _sameSite, ...rest }) => rest)(options.session ?? {}),
    cookie: { secure, ...(options.session?.sameSite === undefined ? {} : { sameSite: options.session.sameSite }) },
    onReplay: (session, request) => emit(replayEvent(clock(), session, request, clientAddress(request))),
  })
  const csrf = createCsrf({ origins: options.publicOrigins, sessionCookies: [sessions.cookieName], ...options.csrf })
  const login = createLogin({
    ...options.login,
    store: loginStore,
    clock,
    random,
    clientAddress,
    cookie: { secure },
    ...(options.keyring === undefined ? {} : { keyring: options.keyring }),
    ...(options.secret === undefined ? {} : { secret: options.secret }),
    blockedUntil: (subject, typed, from) => {
      if (observe || decisions.size === 0) return undefined
      const address = from.kind === 'known' ? from.address : undefined
      for (const user of new Set([subject, typed])) {
        const verdict = enforcement.judge({ address, user }, true)
        if (verdict.kind === 'denied') return verdict.decision.expiresAt
      }
      return undefined
    },
    report: (report) => {
      emit(loginEvent(report))
      options.login?.report?.(report)
    },
  })

  if (login.status().deviceCookies === 'off') {
    diagnostics.tell(
      'device_cookies_off',
      'without secret or keyring there are no device cookies: whoever fails five times for a name locks its owner out as well',
    )
  }
  for (const origin of settings.cleartext) diagnostics.tell('cleartext', `${origin} is plain http: passwords and cookies travel in clear`)
  if (client?.stats().cleartext === true)
    diagnostics.tell('cleartext', 'controlPlane.url is plain http to another machine: the token travels in clear')
  for (const warning of headers.warnings) diagnostics.tell('headers_weak', warning)

  client?.followDecisions(decisions, {
    state: (state) => {
      const before = link
      link = state.kind
      if (state.kind === 'away')
        diagnostics.tell(
          'control_plane_away',
          `the control plane is away (${state.reason}): ${decisions.size} decisions stay in force, events wait`,
        )
      else if (before === 'away') diagnostics.tell('control_plane_back', 'the control plane is back')
    },
    change: () => {
      const [first] = enforcement.unsupported()
      if (first !== undefined) diagnostics.tell('decision_unsupported', `this guard cannot do: ${enforcement.unsupported().join(', ')}`)
    },
  })

  /** Judges one request; may throw, and then {@link enter} decides. */
  const judge = async (request: GuardRequest, id: string, noted: Noted): Promise<void> => {
    const { path } = splitUrl(request.url)
    const atLogin = isLogin(request.method, path)
    const who = clientAddress(request)
    noted.client = who
    if (who.kind === 'unknown') diagnostics.tell('client_address_unknown', `clientAddress does not fit how requests arrive: ${who.reason}`)
    const address = who.kind === 'known' ? who.address : undefined

    /** In observe mode the first refusal is noted and the request goes on. */
    const refuse = (refusal: Refusal): boolean => {
      noted[observe ? 'watched' : 'refusal'] = refusal
      return !observe
    }
    const decide = (subject: { user?: string; session?: string }): boolean => {
      const verdict = enforcement.judge({ address, ...subject }, atLogin)
      if (verdict.kind === 'denied') return refuse(blockedRefusal(verdict.decision, id))
      if (verdict.observed !== undefined) noted.watched = blockedRefusal(verdict.observed, id)
      return false
    }
    const limit = (session: SessionVerdict): boolean => {
      // sign-in is governed by the login shield alone, and nothing there tells an attacker his budget
      if (atLogin) return false
      const user = session.kind === 'active' ? session.session.subject : undefined
      // an address that cannot be known would be one bucket for everybody: only who asks for that gets it
      if (user === undefined && who.kind === 'unknown' && settings.limits['unknown'] === undefined) return false
      const key = user ?? (who.kind === 'known' ? who.key : (request.peer ?? 'no peer'))
      const anonymous = who.kind === 'unknown' ? 'unknown' : isSensitive(request.method, path) ? 'sensitive' : 'anonymous'
      const policy = user === undefined ? anonymous : 'user'
      const verdict = limiter.check(policy, policy === 'sensitive' ? [key, 'sensitive'] : [key])
      if (verdict.kind === 'limited') return refuse(limitedRefusal(verdict))
      noted.headers.push(...limitHeaders([verdict]))
      return false
    }

    if (decide({})) return
    const carried = readCookie(request.header('cookie'), sessions.cookieName) !== undefined
    if (!carried && limit(NOBODY)) return
    const site = csrf(request)
    if (site.kind === 'refused' && refuse(csrfRefusal(site.reason, id))) return
    if (!carried) return
    const session = await sessions.read(request)
    noted.session = session
    if (session.kind === 'degraded') diagnostics.tell('session_store_away', `${session.reason}: nobody can be recognised as signed in`)
    if (session.kind === 'replayed') noted.headers.push(['Set-Cookie', sessions.clearCookie()])
    if (session.kind === 'active' && decide({ user: session.session.subject, session: session.session.id })) return
    limit(session)
  }

  const enter = async (like: RequestLike): Promise<Passage> => {
    const request = asGuardRequest(like)
    const id = uuidv7(clock(), random)
    const nonce = headers.nonce()
    const noted: Noted = {
      client: { kind: 'unknown', reason: 'no_peer' },
      session: NOBODY,
      refusal: undefined,
      watched: undefined,
      headers: [...headers.apply(nonce)],
    }
    try {
      await judge(request, id, noted)
    } catch (error) {
      diagnostics.tell('guard_error', `the guard failed: ${error instanceof Error ? error.message : 'unknown'}`)
      // a page may be read without us; anything that changes something, and every sign-in, may not
      if (!isSafeMethod(request.method) || isLogin(request.method, splitUrl(request.url).path)) noted.refusal = errorRefusal(id)
    }
    const { client: from, session, watched } = noted
    const refusal = noted.refusal === undefined ? undefined : maskRefusal(noted.refusal, masker)
    // what is refused is not counted: a flood from one address is no proxy
    const single = refusal === undefined && watched === undefined ? oneAddress.note(from) : undefined
    if (single !== undefined) {
      diagnostics.tell(
        'one_address',
        `nearly all of 1,000 requests come from ${single}: if it is a proxy, clientAddress must name it, or everybody shares one limit and one ban`,
      )
    }
    if (refusal !== undefined) noted.headers.push(...refusal.headers)
    return {
      context: { id, client: from, session, nonce },
      headers: noted.headers,
      refusal,
      done: (status) => {
        if (!settings.requestEvents) return
        const reason = refusal?.reason ?? (watched === undefined ? undefined : `${watched.reason}_observed`)
        emit(
          requestEvent({
            at: clock(),
            request,
            client: from,
            status,
            reason,
            decisionId: (refusal ?? watched)?.decisionId,
            session: session.kind === 'active' ? session.session : undefined,
          }),
        )
      },
    }
  }

  return {
    enter,
    sessions,
    login,
    headers,
    limiter,
    clientAddress,
    decisions,
    of: (request) => contexts.get(request),
    remember: (request, context) => {
      contexts.set(request, context)
    },
    status: () => {
      const { sent, waiting, dropped, rejected } = client?.stats() ?? { sent: 0, waiting: 0, dropped: 0, rejected: 0 }
      return {
        mode: observe ? 'observe' : 'enforce',
        controlPlane: link,
        decisions: decisions.size,
        unsupported: enforcement.unsupported(),
        deviceCookies: login.status().deviceCookies,
        events: { sent, waiting, dropped, rejected },
        limiter: limiter.stats(),
        diagnostics: diagnostics.latest(),
      }
    },
    close: async () => client?.close(),
  }
}
