import type { Alert, AlertDetail, AuditEntry, Clock, Masker, RuleView } from '@parapet/core'
import type { createClientAddress, Limiter, RequestLike, SecurityHeaders } from '@parapet/guard'
import type { ProtectedTargets } from '@parapet/respond'
import type { Logger } from 'pino'
import type { Config } from '../config/index.js'
import type { Database } from '../db/types.js'
import type { Outbound } from '../http/outbound/index.js'
import type { Principal } from '../http/principal.js'
import type { StaticSite } from '../http/static-site.js'
import type { StreamHub } from '../http/stream-hub.js'
import type { Agents, TakenAlerts } from '../modules/agents/index.js'
import type { AlertStore } from '../modules/alerts/index.js'
import type { Audit } from '../modules/audit/index.js'
import type { Authorize } from '../modules/authorize/index.js'
import type { DecisionImpact, DecisionStore } from '../modules/decisions/index.js'
import type { DetectionWorker } from '../modules/detection/index.js'
import type { Enforcers } from '../modules/enforcers/index.js'
import type { Enrolments } from '../modules/enrolments/index.js'
import type { EventStore } from '../modules/events/index.js'
import type { Exceptions } from '../modules/exceptions/index.js'
import type { Factors } from '../modules/factors/index.js'
import type { Feeds } from '../modules/feeds/index.js'
import type { Lockdowns } from '../modules/lockdown/index.js'
import type { Incidents } from '../modules/incidents/index.js'
import type { Metrics } from '../modules/metrics/index.js'
import type { NameView } from '../modules/names/index.js'
import type { NewNotice, Notices } from '../modules/notices/index.js'
import type { Notifications } from '../modules/notifications/index.js'
import type { Operators, Presence, Resets } from '../modules/operators/index.js'
import type { Entrance, OperatorSessions, SignIn, Welcome } from '../modules/sessions/index.js'
import type { PolicyDesk } from '../modules/policies/index.js'
import type { RuleBook, RuleSettingsStore, Trials } from '../modules/rules/index.js'
import type { ResetCampaigns } from '../modules/resets/index.js'
import type { Sources, SourceState } from '../modules/sources/index.js'
import type { Subjects } from '../modules/subjects/index.js'
import type { Tokens } from '../modules/tokens/index.js'
import type { Triage } from '../modules/triage/index.js'
import type { Views } from '../modules/views/index.js'

/** The one-time link of the first operator. */
export type SetupLinks = { readonly isValid: (link: string) => Promise<boolean>; readonly remove: () => Promise<void> }

/** The rules of this server. */
export type RuleServices = {
  readonly book: () => RuleBook
  /** a rule in words; one that is gone says so */
  readonly describe: (id: string) => AlertDetail['rule']
  /** all rules and how they do; or the one of an id */
  readonly views: (only?: string) => Promise<RuleView[]>
  readonly settings: Pick<RuleSettingsStore, 'switch' | 'refresh'>
}

/** Everything that routes may use. Built once in `lifecycle`, handed to every handler; nothing is global. */
export type Services = {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly database: Pick<Database, 'pool'>
  readonly events: EventStore
  readonly alerts: AlertStore
  readonly decisions: DecisionStore
  /** what a decision by hand would meet with */
  readonly decisionImpact: DecisionImpact
  readonly policies: PolicyDesk
  /** what carries decisions out, and what it says it holds */
  readonly enforcers: Enforcers
  readonly lockdown: Lockdowns
  /** forward-auth: answers proxies from memory */
  readonly authorize: Authorize
  /** lists and webhooks for what stands outside */
  readonly feeds: Feeds
  readonly detection: Pick<DetectionWorker, 'lag'>
  readonly incidents: Incidents
  /** users of protected applications */
  readonly subjects: Subjects
  /** campaigns in which they set new passwords */
  readonly resetCampaigns: ResetCampaigns
  /** a rule in words; one that is gone says so */
  readonly describeRule: (id: string) => AlertDetail['rule']
  readonly budgetTrippedAt: () => number | null
  readonly protectedTargets: ProtectedTargets
  readonly operators: Operators
  readonly presence: Presence
  readonly sessions: OperatorSessions
  readonly signIn: SignIn
  /** the last step of every way in */
  readonly enter: Entrance
  /** what a one-time link does for the browser that it was opened in */
  readonly welcome: Welcome
  /** browsers that an operator has signed in with are strangers again */
  readonly forgetDevices: (operatorId: string) => Promise<void>
  readonly factors: Factors
  readonly resets: Resets
  readonly notices: Notices
  /** telling people: the outbox, channels, routes */
  readonly notifications: Notifications
  /** leaves a notice for an operator; one that cannot be written is logged, and the answer stays what it is */
  readonly tell: (operatorId: string, notice: NewNotice) => void
  /** stands for a name that may be a mistyped password: the same for the same name, and not the name */
  readonly pseudonym: (name: string) => string
  /** how records look to a principal: operators of role viewer may be shown hints instead of names */
  readonly namesFor: (principal: Principal) => NameView
  /** hides personal data and secrets in what is shown of errors */
  readonly masker: Masker
  readonly tokens: Tokens
  readonly sources: Sources
  readonly sourceHealth: () => Promise<SourceState[]>
  readonly triage: Triage
  readonly exceptions: Exceptions
  readonly rules: RuleServices
  readonly trials: Trials
  readonly views: Views
  readonly enrolments: Enrolments
  readonly agents: Agents
  /** the way in for alerts that an agent made of its host's events */
  readonly takeAgentAlerts: (source: { readonly id: string; readonly name: string }, alerts: readonly Alert[]) => Promise<TakenAlerts>
  readonly audit: Audit
  /** records an act; one that cannot be written is logged without what it was about, and counted, the answer stays what it is */
  readonly recordAct: (entry: AuditEntry) => Promise<void>
  readonly setup: SetupLinks
  readonly isLocalToken: (presented: string) => boolean
  readonly clientAddress: ReturnType<typeof createClientAddress>
  readonly isCrossSite: (request: RequestLike) => string | undefined
  readonly limiter: Limiter
  readonly headers: { readonly page: SecurityHeaders; readonly api: SecurityHeaders }
  /** the way to other servers: names looked up once, addresses checked and pinned */
  readonly outbound: Outbound
  readonly streams: StreamHub
  readonly metrics: Metrics
  readonly site: StaticSite
  /** batches that wait for the database now */
  readonly inFlight: { count: number }
}
