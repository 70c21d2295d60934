import { type AuditEntry, type Clock, HOUR, type Keyring, MINUTE } from '@parapet/core'
import {
  createClientAddress,
  createCsrf,
  createHeaders,
  createLimiter,
  createLogin,
  createSessions,
  type RequestLike,
  type Session,
} from '@parapet/guard'
import { createMfa } from '@parapet/guard/mfa'
import { createPasskeys } from '@parapet/guard/passkeys'
import type { Logger } from 'pino'
import type { Services } from '../app/services.js'
import { type Config, isLoopbackHost } from '../config/index.js'
import type { Database } from '../db/types.js'
import { createOutbound } from '../http/outbound/index.js'
import type { Principal } from '../http/principal.js'
import { DOOR_LIMIT, RATE_LIMITS, REFUSAL_LIMIT } from '../http/rate-limits.js'
import { loadStaticSite } from '../http/static-site.js'
import { createStreamHub } from '../http/stream-hub.js'
import { createAlertStore } from '../modules/alerts/index.js'
import { createAudit } from '../modules/audit/index.js'
import { createDecisionStore } from '../modules/decisions/index.js'
import {
  type AlertIntake,
  createAlertIntake,
  createDetectionWorker,
  createTraffic,
  type DetectionWorker,
} from '../modules/detection/index.js'
import { createEnforcers } from '../modules/enforcers/index.js'
import { createEventStore } from '../modules/events/index.js'
import { createFactors, createFactorStore } from '../modules/factors/index.js'
import { createIncidents } from '../modules/incidents/index.js'
import { createMetrics } from '../modules/metrics/index.js'
import { createHintedView, NAMED } from '../modules/names/index.js'
import { createNotices } from '../modules/notices/index.js'
import { createNotifications, type NotificationWorker, tellNotice } from '../modules/notifications/index.js'
import { createOperators, createPasswordHasher, createPresence, createResets } from '../modules/operators/index.js'
import {
  createEntrance,
  createOperatorSessions,
  createPostgresStore,
  createSignIn,
  createWelcome,
  type PostgresStore,
} from '../modules/sessions/index.js'
import { readResealing } from '../modules/sealing/index.js'
import { createSources } from '../modules/sources/index.js'
import { createTokens } from '../modules/tokens/index.js'
import { createConceal, type Vault } from '../vault/index.js'
import { createDesk, type Desk } from './create-desk.js'
import { createEdge, type Edge } from './create-edge.js'
import { createPeople, type People } from './create-people.js'
import { createEnforcement, type Enforcement } from './create-enforcement.js'
import type { Engines } from './engines.js'
import { liftFor } from './lift-protected.js'
import { createLocalTokenCheck } from './local-token.js'
import { createLoginReport, createSubjects } from './login-shield.js'
import { createSessionReport } from './session-report.js'
import { readOwnNetwork } from './own-network.js'
import { createLiveProtectedTargets } from './protected.js'
import { isSetupLink, removeSetupLink } from './setup-link.js'

/** What the services are built from. */
export type ServiceDeps = {
  readonly config: Config
  readonly database: Database
  readonly keyring: Keyring
  readonly vault: Vault
  readonly engines: Engines
  readonly localToken: string
  readonly log: Logger
  readonly clock: Clock
}

/** The services, and the parts that the lifecycle itself starts, sweeps and stops. */
export type BuiltServices = {
  readonly services: Services
  readonly worker: DetectionWorker
  readonly sharedState: PostgresStore
  readonly desk: Desk
  readonly edge: Edge
  readonly people: People
  readonly enforcement: Enforcement
  /** tells people */
  readonly notifier: NotificationWorker
  readonly intake: AlertIntake
}

const originsOf = (config: Config): string[] => {
  const scheme = config.tls === undefined ? 'http' : 'https'
  const own = isLoopbackHost(config.host) ? [`${scheme}://localhost:${config.port}`] : []
  return [...new Set([new URL(config.publicUrl).origin, ...own])]
}

/** A session that looked like somebody else's proves nothing until its next sign-in: least of all may it add a factor. */
const isFlagged = (session: Session): boolean => session.flag !== undefined

/** Builds everything that routes use. Nothing runs yet but what a constructor starts. */
export const createServices = async (deps: ServiceDeps): Promise<BuiltServices> => {
  const { config, database, keyring, vault, engines, log, clock } = deps
  const { pool } = database
  const secure = new URL(config.publicUrl).protocol === 'https:'
  const clientAddress = createClientAddress(config.trustedProxies.length === 0 ? 'direct' : { trusted: config.trustedProxies })
  const events = createEventStore({ database, clock, vault })
  const alerts = createAlertStore({ database, clock, vault, log })
  const decisions = createDecisionStore({ database, clock, vault, log })
  const operators = createOperators({ pool, clock, passwords: createPasswordHasher(), vault })
  const tokens = createTokens({ pool, clock })
  const sharedState = createPostgresStore({ pool, clock, vault })
  const audit = createAudit({ pool, vault })
  const outbound = createOutbound({ allowPrivate: config.notifications.allowPrivate })
  const { notifications, worker: notifier } = await createNotifications({ database, vault, keyring, outbound, config, clock, log })
  const idleMs = config.sessions.idleMinutes * MINUTE

  const presence = createPresence({
    clock,
    keepMs: idleMs,
    persist: (operator, address) => {
      operators.noteSeen(operator, address).catch((error: unknown) => log.warn({ err: error }, 'presence was not noted'))
      // whoever has proved who he is must not stand before a ban of the address that he works from
      protectedTargets.refresh()
      liftFor(decisions, protectedTargets, address, clock()).catch((error: unknown) =>
        log.warn({ err: error }, 'decisions on the address of an operator could not be looked for'),
      )
    },
    forgotten: (operator) =>
      void operators.forgetSeen(operator).catch((error: unknown) => log.warn({ err: error }, 'an absence was not noted')),
  })
  presence.load(await operators.recentAddresses(clock() - idleMs))
  const enforcers = createEnforcers({ database, vault, clock, notifications })
  const protectedTargets = createLiveProtectedTargets({
    config,
    presence,
    clock,
    readNetwork: readOwnNetwork,
    network: await readOwnNetwork(),
    readEnforcers: enforcers.addresses,
  })

  const notices = createNotices({ pool, clock })
  const tell: Services['tell'] = (operatorId, notice) => {
    const write = async (): Promise<void> => {
      await notices.add(operatorId, notice)
      const operator = await operators.get(operatorId)
      if (operator !== undefined) await notifications.enqueue(tellNotice(operator.name, notice))
    }
    write().catch((error: unknown) => log.warn({ err: error, kind: notice.kind }, 'a notice could not be written'))
  }

  const guardSessions = createSessions({
    store: sharedState,
    cookie: { name: 'parapet-session', secure, sameSite: 'strict' },
    idleMs,
    absoluteMs: config.sessions.absoluteHours * HOUR,
    clientAddress,
    clock,
    onReplay: ({ subject }) => {
      log.warn({ operator: subject }, 'a rotated session id came back; the session is revoked')
      tell(subject, { kind: 'session_replayed' })
    },
    report: createSessionReport({ log, clock, recordAct: (entry) => recordAct(entry), tell, suspect: presence.forget }),
  })
  const sessions = createOperatorSessions({
    sessions: guardSessions,
    clock,
    idleMs,
    onEnded: (session) => streams.closeFor(`session:${session}`),
    generationOf: operators.generationOf,
  })
  const isLive = async (principal: Principal): Promise<boolean> => {
    if (principal.kind === 'operator') return sessions.isLive(principal.id, principal.session)
    return principal.kind === 'token' ? tokens.isLive(principal.id) : true
  }
  const streams = createStreamHub({ clock, isLive })
  tokens.onRevoked((id) => streams.closeFor(`token:${id}`))

  const metrics = createMetrics({
    lag: () => worker.lag(),
    streams: () => streams.size,
    activeDecisions: () => decisions.countActive(clock()),
    enforcers: enforcers.list,
    resealing: () => readResealing(pool),
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  })
  const incidents = createIncidents({ pool, clock, vault, alerts, notifications })
  const budget = { perMinute: config.budgets.perMinute, active: config.budgets.total }
  const enforcement = createEnforcement({
    database,
    vault,
    engines,
    decisions,
    enforcers,
    protectedTargets,
    operators,
    incidents,
    notifications,
    budget,
    idleMs,
    clock,
    log,
  })
  const answering = {
    ...engines,
    database,
    vault,
    protectedTargets,
    modes: enforcement.modes,
    traffic: createTraffic(clock),
    intents: { notifications, incidents, lockdowns: enforcement.lockdowns },
    budget,
    clock,
    log,
  }
  const intake = createAlertIntake(answering)
  const worker = createDetectionWorker({
    ...answering,
    metrics: {
      onBatch: (batch) => {
        metrics.alerts(batch.alerts)
        metrics.decisions(batch.decisions)
      },
    },
  })

  const recordAct = async (entry: AuditEntry): Promise<void> => {
    try {
      await audit.record(entry)
    } catch (error) {
      metrics.auditLost()
      // without what it was about, which may name a subject: the log is no record
      const { reason: _reason, detail: _detail, ...rest } = entry
      log.error({ err: error, entry: rest }, 'an act could not be recorded')
    }
  }

  const login = createLogin({
    store: sharedState,
    keyring,
    clock,
    clientAddress,
    cookie: { name: 'parapet-device', secure },
    canonicalSubject: createSubjects(operators),
    maxVerifying: 2,
    maxWaiting: 64,
    report: createLoginReport({ operators, log, clock, recordAct, tell, suspect: presence.forget }),
  })
  const factorParts = {
    store: sharedState,
    factors: createFactorStore({ pool, clock, vault }),
    login,
    mayEnrol: async (_operator: string, request: RequestLike) => {
      const verdict = await guardSessions.read(request)
      return verdict.kind === 'active' && !isFlagged(verdict.session)
    },
    clock,
  }
  const passkeys = createPasskeys({
    ...factorParts,
    rpName: 'Parapet',
    origins: originsOf(config),
    rpId: new URL(config.publicUrl).hostname,
    cookie: { name: 'parapet-passkey', secure },
    report: (report) => {
      if (report.kind === 'clone_suspected') log.warn({ operator: report.subject }, 'a second copy of a passkey is in use')
      if (report.kind === 'refused') log.info({ operator: report.subject, reason: report.reason }, 'a passkey was refused')
    },
  })
  const mfa = createMfa({
    ...factorParts,
    issuer: 'Parapet',
    keyring,
    sessions: guardSessions,
    passkeys,
    // a password that was right before it was changed opens nothing
    credentialsSince: async (operator) => (await operators.passwordChangedAt(operator)) ?? undefined,
    cookie: { name: 'parapet-sign-in', secure },
    report: (report) => {
      if (report.kind === 'refused')
        log.info({ operator: report.subject, factor: report.factor, reason: report.reason }, 'a second factor was refused')
    },
  })
  const factors = createFactors({ mfa, passkeys })

  const sources = createSources({ pool, clock })
  const desk = await createDesk({ database, vault, engines, events, sources, tokens, takeAlerts: intake.takeAlerts, clock, log })
  const edge = createEdge({ config, database, decisions, tokens, events, protectedTargets, outbound, enforcers, keyring, clock, log })
  const people = createPeople({ database, vault, engines, decisions, alerts, events, incidents, mailer: notifications, clock, log })
  const hinted = createHintedView({ vault, conceal: createConceal(vault) })
  const services: Services = {
    ...desk.services,
    ...enforcement.services,
    ...edge.services,
    ...people.services,
    outbound,
    notifications,
    config,
    clock,
    log,
    database,
    events,
    alerts,
    decisions,
    incidents,
    detection: worker,
    budgetTrippedAt: () => worker.budgetTrippedAt(),
    protectedTargets,
    operators,
    presence,
    sessions,
    signIn: createSignIn({ login, operators, log }),
    enter: createEntrance({ config, sessions, operators, presence, factors, tell }),
    welcome: createWelcome(login),
    forgetDevices: login.forgetDevices,
    factors,
    resets: createResets({ pool, clock, publicUrl: config.publicUrl }),
    notices,
    tell,
    pseudonym: vault.pseudonym,
    masker: vault.masker,
    namesFor: (principal) =>
      !config.privacy.viewersSeeNames && principal.kind === 'operator' && principal.role === 'viewer' ? hinted : NAMED,
    tokens,
    sources,
    audit,
    recordAct,
    setup: { isValid: (link) => isSetupLink(config, link, clock()), remove: () => removeSetupLink(config) },
    isLocalToken: createLocalTokenCheck(deps.localToken),
    clientAddress,
    isCrossSite: csrfReason(config),
    limiter: createLimiter({
      policies: Object.fromEntries(
        [...Object.entries(RATE_LIMITS), ['door', DOOR_LIMIT] as const, ['refusal', REFUSAL_LIMIT] as const].map(
          ([name, { limit, periodMs }]) => [name, { limit, windowMs: periodMs }],
        ),
      ),
      clock,
      maxKeys: 100_000,
    }),
    headers: { page: createHeaders('app', { https: secure }), api: createHeaders('api', { https: secure }) },
    streams,
    metrics,
    site: await loadStaticSite(config.consoleDir),
    inFlight: { count: 0 },
  }
  return { services, worker, sharedState, desk, edge, people, enforcement, notifier, intake }
}

const csrfReason = (config: Config): Services['isCrossSite'] => {
  const judge = createCsrf({ origins: originsOf(config), sessionCookies: ['parapet-session', '__Host-parapet-session'] })
  return (request) => {
    const verdict = judge(request)
    return verdict.kind === 'refused' ? verdict.reason : undefined
  }
}
