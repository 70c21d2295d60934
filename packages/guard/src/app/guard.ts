import { createClient } from '@parapet/client'
import { createDecisionSet, type Decision, type SecurityEvent } from '@parapet/core'
import { createAssessment } from '../assessment/assessment.js'
import { createChallenge } from '../challenge/challenge.js'
import { createClientAddress } from '../client-address/client-address.js'
import { createCsrf } from '../csrf/csrf.js'
import { createAccountMarks } from '../enforcement/accounts.js'
import { createAliases } from '../enforcement/aliases.js'
import { createEnforcement } from '../enforcement/enforcement.js'
import { createLockdowns } from '../enforcement/lockdown.js'
import { createThrottle } from '../enforcement/throttle.js'
import { maskEvent, maskText } from '../events/mask-event.js'
import { credentialEvent, endedEvent } from '../events/part-events.js'
import { replayEvent } from '../events/security-events.js'
import { createHeaders } from '../headers/headers.js'
import { createLimiter } from '../limiter/limiter.js'
import { createLogin, type Login } from '../login/login.js'
import { createKnownPlaces } from '../notices/known-places.js'
import { createNotices, NO_NOTICES } from '../notices/notices.js'
import { createAttached } from '../request/attached.js'
import { asGuardRequest } from '../request/guard-request.js'
import { pooledRandom } from '../request/pooled-random.js'
import { createSessions } from '../session/sessions.js'
import { createAccounts, watchedSet } from './accounts.js'
import { createCounts } from './counts.js'
import { createDiagnostics } from './diagnostics.js'
import { createEnforcerReporter } from './enforcer-report.js'
import { createEnrolment } from './enrolment.js'
import { createJudge } from './judge.js'
import { createLimits } from './limits.js'
import { createLoginHold } from './login-hold.js'
import { createOneAddress } from './one-address.js'
import { type GuardOptions, readGuardOptions } from './options.js'
import { createLightParts } from './parts.js'
import { createEntrance } from './passage.js'
import { createReports } from './reports.js'
import { sharedLimits } from './shared-limits.js'
import type { Guard, GuardContext, GuardStatus } from './types.js'

export type { Answered, Guard, GuardContext, GuardCounts, GuardParts, GuardStatus, Passage } from './types.js'

/**
 * Builds the guard: client address, decisions, limits, cross-site check and session for every request, in that order; the
 * login shield for credentials. Works alone; with a control plane, events go up and decisions come down. Throws `PPT_CONFIG_INVALID`.
 */
export const createGuard = (options: GuardOptions): Guard => {
  const settings = readGuardOptions(options)
  const { clock, store, loginStore, keyring, secure, watches } = settings
  const { masker, geo } = options
  const random = pooledRandom(settings.random)
  const assessment = options.assessment === undefined ? undefined : createAssessment(options.assessment, clock)
  const resolve = createClientAddress(options.clientAddress, options.clientPrefix ?? {})
  const clientAddress = assessment?.marking(resolve) ?? resolve
  const limiter = createLimiter({ policies: settings.limits, clock })
  const counts = createCounts()
  const contexts = createAttached<GuardContext>()
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
  const emit = (happened: SecurityEvent): void => {
    const told = settings.about === undefined ? happened : { ...happened, ...settings.about }
    const event = masker === undefined ? told : maskEvent(told, masker)
    client?.send(event)
    try {
      settings.onEvent(event)
    } catch {
      // whoever listens must not break a request
    }
  }
  const diagnostics = createDiagnostics({ clock, listener: settings.onDiagnostic, send: emit, mask: (text) => maskText(text, masker) })
  const { tell } = diagnostics

  const headers = createHeaders(
    options.preset ?? 'app',
    { ...(options.reports === undefined ? {} : { reportTo: options.reports.path }), ...options.headers, https: secure },
    random,
  )
  const notices = options.onNotice === undefined ? NO_NOTICES : createNotices({ ...options.notices, onNotice: options.onNotice, clock })
  const canonical = options.login?.canonicalSubject ?? ((name: string): string => name.normalize('NFKC').trim().toLowerCase())

  const set = createDecisionSet({ enforcer: 'guard' })
  const aliases = createAliases(canonical)
  const watched = ({ action }: Decision): boolean => watches('decisions') || watches(action)
  const enforcement = createEnforcement({
    set,
    clock,
    has: { keyring: keyring !== undefined, geo: geo !== undefined },
    watches: watched,
    aliases,
  })

  const reports = createReports({
    emit,
    notices,
    clientAddress,
    canonical,
    deviceCookies: () => login.status().deviceCookies === 'on',
    geo,
    places: createKnownPlaces(store),
  })
  const { sameSite, onOutage: _onOutage, ...sessionOptions } = options.session ?? {}
  const sessions = createSessions({
    store,
    clock,
    random,
    clientAddress,
    ...(geo === undefined ? {} : { geo }),
    ...sessionOptions,
    cookie: { secure, ...(sameSite === undefined ? {} : { sameSite }) },
    onReplay: (session, request) => emit(replayEvent(clock(), session, request, clientAddress(request))),
    report: reports.session,
  })
  const accounts = createAccounts({
    clock,
    marks: createAccountMarks({ store, clock }),
    sessions,
    forgetDevices: (subject) => login.forgetDevices(subject),
    canonical,
    watched: enforcement.watched,
    onCredentialsEnd: (ended) => options.onCredentialsEnd?.(ended),
    ended: (decision, subject) => {
      emit(endedEvent(clock(), decision, subject))
      if (decision.action === 'suspend' && decision.target.kind === 'user') notices.tell({ kind: 'suspended', subject })
    },
    tell,
  })
  const decisions = watchedSet(set, {
    reset: aliases.clear,
    applied: (decision) => {
      aliases.note(decision)
      accounts.applied(decision)
    },
  })

  const csrf = createCsrf({
    origins: options.publicOrigins,
    sessionCookies: [sessions.cookieName],
    ...(keyring === undefined ? {} : { keyring, secure, random }),
    ...options.csrf,
  })
  const login: Login = createLogin({
    ...options.login,
    store: loginStore,
    clock,
    random,
    clientAddress,
    cookie: { secure },
    ...(keyring === undefined ? {} : { keyring }),
    ...(geo === undefined ? {} : { geo }),
    hold: createLoginHold({ enforcement, set, geo, passwordAt: accounts.passwordAt }),
    report: (report) => {
      reports.login(report)
      options.login?.report?.(report)
    },
    onCampaign: (report) => {
      reports.campaign(report)
      options.login?.onCampaign?.(report)
    },
  })

  if (login.status().deviceCookies === 'off') {
    tell(
      'device_cookies_off',
      'without secret or keyring there are no device cookies: whoever fails five times for a name locks its owner out as well',
    )
  }
  for (const origin of settings.cleartext) tell('cleartext', `${origin} is plain http: passwords and cookies travel in clear`)
  if (client?.stats().cleartext === true) tell('cleartext', 'controlPlane.url is plain http to another machine: the token travels in clear')
  for (const warning of headers.warnings) tell('headers_weak', warning)

  const enforcer = createEnforcerReporter({
    set,
    enforcement,
    clock,
    observe: settings.observe,
    cannot: keyring === undefined ? ['challenge'] : [],
    link: () => link,
  })
  const reporting = client?.reportEnforcers(() => [enforcer.report()])
  client?.followDecisions(decisions, {
    state: (state) => {
      const before = link
      link = state.kind
      if (state.kind === 'away')
        tell('control_plane_away', `the control plane is away (${state.reason}): ${set.size} decisions stay in force, events wait`)
      else if (before === 'away') tell('control_plane_back', 'the control plane is back')
    },
    change: (decision) => {
      if (decision === undefined) reporting?.now()
      else enforcer.came(decision)
      const missing = decision === undefined ? enforcement.unsupported() : [enforcement.misses(decision)].filter((one) => one !== undefined)
      if (missing.length > 0) tell('decision_unsupported', `this guard cannot do: ${missing.join(', ')}`)
    },
  })

  const light = createLightParts({ settings, keyring, store, clock, random, emit, tell, clientAddress, assessment })
  const shared = sharedLimits({ settings, random, tell, emit })
  const limits = createLimits({
    limiter,
    shared,
    isSensitive: settings.isSensitive,
    isConcurrent: (policy) => settings.limits[policy]?.kind === 'concurrency',
    hasUnknown: settings.limits['unknown'] !== undefined,
    degraded: () => counts.degraded('limits'),
    tell,
  })
  const judge = createJudge({
    clientAddress,
    geo,
    enforcement,
    lockdowns: createLockdowns(enforcement.watched),
    clock,
    throttle: createThrottle({ clock }),
    challenge:
      keyring === undefined ? undefined : createChallenge({ ...options.challenge, keyring, store, clock, random, cookie: { secure } }),
    sessions,
    csrf,
    limits,
    isOpen: settings.isOpen,
    logins: settings.logins,
    pages: settings.pages,
    own: light.own,
    watches,
    refuseUnread: settings.refuseUnread,
    accounts,
    degraded: counts.degraded,
    tell,
  })
  const { enter, close: closeAudit } = createEntrance({
    judge,
    headers,
    clock,
    random,
    settings,
    masker,
    counts,
    audit: light.audit,
    release: limits.release,
    oneAddress: createOneAddress(settings),
    emit: client === undefined && options.onEvent === undefined ? undefined : emit,
    tell,
  })
  const mayEnrol = createEnrolment({ sessions, enforcement, clientAddress, geo, flaggedUntil: accounts.flaggedUntil, clock })
  const partial = { store, clock, random, clientAddress, emit, login, sessions, cookie: { secure }, report: reports.part }

  return {
    enter,
    holds: light.audit?.holds === true,
    sessions,
    login,
    headers,
    csrf,
    limiter,
    clientAddress,
    decisions,
    notices,
    redirect: light.redirect,
    get url() {
      return light.url()
    },
    get id() {
      return light.id()
    },
    errors: light.errors,
    parts: {
      ...partial,
      // what is not there is left out, so that a part that needs it says so by name
      ...(keyring === undefined ? {} : { keyring }),
      mayEnrol: async (subject, request) => {
        const verdict = await mayEnrol(request, subject)
        return verdict.kind === 'allowed'
      },
    } as Guard['parts'],
    mayEnrol: (request) => mayEnrol(request),
    passwordChanged: async (subject, like) => {
      await accounts.passwordChanged(subject)
      // whoever could reset it is not the one who was locked out for guessing
      await login.unlock(subject)
      const at = clock()
      emit(credentialEvent(at, subject, 'password-changed', 'success'))
      const request = like === undefined ? undefined : asGuardRequest(like)
      const from = request === undefined ? undefined : clientAddress(request)
      notices.tell({
        kind: 'password_changed',
        subject,
        at,
        address: from?.kind === 'known' ? from.address : undefined,
        userAgent: request?.header('user-agent'),
      })
    },
    subjects: { import: async (subjects) => (await client?.importSubjects(subjects)) ?? { taken: 0 } },
    of: contexts.get,
    remember: contexts.set,
    diagnose: tell,
    status: () => {
      const { sent, waiting, dropped, rejected } = client?.stats() ?? { sent: 0, waiting: 0, dropped: 0, rejected: 0 }
      return {
        mode: settings.observe ? 'observe' : 'enforce',
        controlPlane: link,
        decisions: set.size,
        unsupported: enforcement.unsupported(),
        deviceCookies: login.status().deviceCookies,
        events: { sent, waiting, dropped, rejected },
        limiter: limiter.stats(),
        counts: counts.snapshot(),
        notices: notices.stats(),
        accessAudit: light.audit?.stats(),
        diagnostics: diagnostics.latest(),
      }
    },
    close: async () => {
      accounts.close()
      light.close()
      await closeAudit()
      await client?.close()
    },
  }
}
