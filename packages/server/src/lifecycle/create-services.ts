import { type AuditEntry, type Clock, HOUR, type Keyring, MINUTE } from '@parapet/core'
import { createClientAddress, createCsrf, createHeaders, createLimiter, createLogin, createSessions } from '@parapet/guard'
import type { Logger } from 'pino'
import type { Services } from '../app/services.js'
import { type Config, isLoopbackHost } from '../config/index.js'
import type { Database } from '../db/types.js'
import type { Principal } from '../http/principal.js'
import { DOOR_LIMIT, RATE_LIMITS, REFUSAL_LIMIT } from '../http/rate-limits.js'
import { loadStaticSite } from '../http/static-site.js'
import { createStreamHub } from '../http/stream-hub.js'
import { createAlertStore } from '../modules/alerts/index.js'
import { createAudit } from '../modules/audit/index.js'
import { createDecisionStore } from '../modules/decisions/index.js'
import { createDetectionWorker, type DetectionWorker } from '../modules/detection/index.js'
import { createEventStore } from '../modules/events/index.js'
import { createMetrics } from '../modules/metrics/index.js'
import { createHintedView, NAMED } from '../modules/names/index.js'
import { createOperators, createPasswordHasher, createPresence } from '../modules/operators/index.js'
import { createOperatorSessions, createPostgresStore, createSignIn, type PostgresStore } from '../modules/sessions/index.js'
import { readResealing } from '../modules/sealing/index.js'
import { createSources } from '../modules/sources/index.js'
import { createTokens } from '../modules/tokens/index.js'
import { createConceal, type Vault } from '../vault/index.js'
import type { Engines } from './engines.js'
import { createLocalTokenCheck } from './local-token.js'
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
export type BuiltServices = { readonly services: Services; readonly worker: DetectionWorker; readonly sharedState: PostgresStore }

const originsOf = (config: Config): string[] => {
  const scheme = config.tls === undefined ? 'http' : 'https'
  const own = isLoopbackHost(config.host) ? [`${scheme}://localhost:${config.port}`] : []
  return [...new Set([new URL(config.publicUrl).origin, ...own])]
}

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
  const idleMs = config.sessions.idleMinutes * MINUTE

  const presence = createPresence({
    clock,
    keepMs: idleMs,
    persist: (operator, address) =>
      void operators.noteSeen(operator, address).catch((error: unknown) => log.warn({ err: error }, 'presence was not noted')),
  })
  presence.load(await operators.recentAddresses(clock() - idleMs))
  const protectedTargets = createLiveProtectedTargets({
    config,
    presence,
    clock,
    readNetwork: readOwnNetwork,
    network: await readOwnNetwork(),
  })

  const sessions = createOperatorSessions({
    sessions: createSessions({
      store: sharedState,
      cookie: { name: 'parapet-session', secure, sameSite: 'strict' },
      idleMs,
      absoluteMs: config.sessions.absoluteHours * HOUR,
      clientAddress,
      clock,
      onReplay: ({ subject }) => log.warn({ operator: subject }, 'a rotated session id came back; the session is revoked'),
    }),
    clock,
    idleMs,
    onEnded: (session) => streams.closeFor(`session:${session}`),
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
    resealing: () => readResealing(pool),
    connections: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  })
  const worker = createDetectionWorker({
    ...engines,
    database,
    vault,
    protectedTargets,
    budget: { perMinute: config.budgets.perMinute, active: config.budgets.total },
    clock,
    log,
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

  const hinted = createHintedView({ vault, conceal: createConceal(vault) })
  const services: Services = {
    config,
    clock,
    log,
    database,
    events,
    alerts,
    decisions,
    detection: worker,
    describeRule: engines.describeRule,
    budgetTrippedAt: () => worker.budgetTrippedAt(),
    protectedTargets,
    operators,
    presence,
    sessions,
    signIn: createSignIn({
      login: createLogin({
        store: sharedState,
        keyring,
        clock,
        clientAddress,
        cookie: { name: 'parapet-device', secure },
        maxVerifying: 2,
        maxWaiting: 64,
        report: ({ outcome, reason, lock, client }) =>
          log.info({ outcome, reason, lock, address: client.kind === 'known' ? client.address : undefined }, 'sign-in attempt'),
      }),
      operators,
      log,
    }),
    pseudonym: vault.pseudonym,
    masker: vault.masker,
    namesFor: (principal) =>
      !config.privacy.viewersSeeNames && principal.kind === 'operator' && principal.role === 'viewer' ? hinted : NAMED,
    tokens,
    sources: createSources({ pool, clock }),
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
  return { services, worker, sharedState }
}

const csrfReason = (config: Config): Services['isCrossSite'] => {
  const judge = createCsrf({ origins: originsOf(config), sessionCookies: ['parapet-session', '__Host-parapet-session'] })
  return (request) => {
    const verdict = judge(request)
    return verdict.kind === 'refused' ? verdict.reason : undefined
  }
}
