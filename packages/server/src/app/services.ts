import type { AlertDetail, AuditEntry, Clock, Masker } from '@parapet/core'
import type { createClientAddress, Limiter, RequestLike, SecurityHeaders } from '@parapet/guard'
import type { ProtectedTargets } from '@parapet/respond'
import type { Logger } from 'pino'
import type { Config } from '../config/index.js'
import type { Database } from '../db/types.js'
import type { Principal } from '../http/principal.js'
import type { StaticSite } from '../http/static-site.js'
import type { StreamHub } from '../http/stream-hub.js'
import type { AlertStore } from '../modules/alerts/index.js'
import type { Audit } from '../modules/audit/index.js'
import type { DecisionStore } from '../modules/decisions/index.js'
import type { DetectionWorker } from '../modules/detection/index.js'
import type { EventStore } from '../modules/events/index.js'
import type { Metrics } from '../modules/metrics/index.js'
import type { NameView } from '../modules/names/index.js'
import type { Operators, Presence } from '../modules/operators/index.js'
import type { OperatorSessions, SignIn } from '../modules/sessions/index.js'
import type { Sources } from '../modules/sources/index.js'
import type { Tokens } from '../modules/tokens/index.js'

/** The one-time link of the first operator. */
export type SetupLinks = { readonly isValid: (link: string) => Promise<boolean>; readonly remove: () => Promise<void> }

/** Everything that routes may use. Built once in `lifecycle`, handed to every handler; nothing is global. */
export type Services = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly database: Pick<Database, 'pool'>
  readonly events: EventStore
  readonly alerts: AlertStore
  readonly decisions: DecisionStore
  readonly detection: Pick<DetectionWorker, 'lag'>
  /** a rule in words; one that is gone says so */
  readonly describeRule: (id: string) => AlertDetail['rule']
  readonly budgetTrippedAt: () => number | null
  readonly protectedTargets: ProtectedTargets
  readonly operators: Operators
  readonly presence: Presence
  readonly sessions: OperatorSessions
  readonly signIn: SignIn
  /** stands for a name that may be a mistyped password: the same for the same name, and not the name */
  readonly pseudonym: (name: string) => string
  /** how records look to a principal: operators of role viewer may be shown hints instead of names */
  readonly namesFor: (principal: Principal) => NameView
  /** hides personal data and secrets in what is shown of errors */
  readonly masker: Masker
  readonly tokens: Tokens
  readonly sources: Sources
  readonly audit: Audit
  /** records an act; one that cannot be written is logged without what it was about, and counted, the answer stays what it is */
  readonly recordAct: (entry: AuditEntry) => Promise<void>
  readonly setup: SetupLinks
  readonly isLocalToken: (presented: string) => boolean
  readonly clientAddress: ReturnType<typeof createClientAddress>
  readonly isCrossSite: (request: RequestLike) => string | undefined
  readonly limiter: Limiter
  readonly headers: { readonly page: SecurityHeaders; readonly api: SecurityHeaders }
  readonly streams: StreamHub
  readonly metrics: Metrics
  readonly site: StaticSite
  /** batches that wait for the database now */
  readonly inFlight: { count: number }
}
