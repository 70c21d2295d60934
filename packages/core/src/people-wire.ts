import type { Level } from './alerts.js'
import type { Decision } from './decisions.js'
import type { PersonRef } from './detection-wire.js'
import type { AlertView, StoredEvent } from './wire.js'

// ---- subjects ----

/** What is in force on a subject. */
export type SubjectFlag = {
  readonly kind: 'require_mfa' | 'require_reset' | 'suspend' | 'deny'
  readonly until: number
  readonly decisionId: string
}

/** A user of a protected application, as lists show him. Names may be hints for who may not see them. Times in ms UTC. */
export type SubjectView = {
  readonly id: string
  readonly name: string | null
  readonly email: string | null
  readonly roles: readonly string[]
  readonly source: PersonRef
  readonly firstSeen: number
  readonly lastSeen: number | null
  readonly lastSignIn: number | null
  /** 0 to 100, and what it is made of, the weightiest first */
  readonly risk: number
  readonly riskWhy: readonly string[]
  readonly flags: readonly SubjectFlag[]
  readonly alerts7d: number
}

/** A session of a subject, as events tell of it. */
export type SubjectSession = {
  readonly id: string
  readonly device: string | null
  readonly address: string | null
  readonly country: string | null
  readonly startedAt: number
  readonly seenAt: number
  readonly endedAt: number | null
  readonly endedWhy: string | null
}

/** `GET /v1/subjects/{id}` */
export type SubjectDetail = {
  readonly subject: SubjectView
  readonly sessions: readonly SubjectSession[]
  readonly decisions: readonly Decision[]
  readonly alerts: readonly AlertView[]
  /** newest first, at most 200 */
  readonly events: readonly StoredEvent[]
  readonly addresses: readonly {
    readonly address: string
    readonly country: string | null
    readonly events: number
    readonly last: number
  }[]
  readonly incidents: readonly { readonly id: string; readonly title: string }[]
}

/** `POST /v1/subjects/{id}/act` */
export type SubjectAct = {
  readonly act: 'suspend' | 'require_mfa' | 'require_reset' | 'end_sessions' | 'clear'
  /** `1h`, `7d`; at most 30 days; not of `end_sessions` and `clear` */
  readonly duration?: string
  readonly reason: string
}

/** `POST /v1/subjects/import`, from an application: who its users are; the same id again changes. At most 5,000 a request. */
export type SubjectImport = {
  readonly subjects: readonly { readonly id: string; readonly name?: string; readonly email?: string; readonly roles?: readonly string[] }[]
}

/** Whom a reset is for. */
export type ResetScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'role'; readonly role: string }
  | { readonly kind: 'users'; readonly ids: readonly string[] }

/** `POST /v1/resets`; with `dryRun` nothing is done and the counts are answered. */
export type ResetRequest = {
  readonly scope: ResetScope
  readonly reason: string
  readonly mail: boolean
  /** mails a minute, 60 by default */
  readonly perMinute?: number
  readonly dryRun?: boolean
}

/** A campaign of resets and how far it is. Times in ms UTC. */
export type ResetCampaign = {
  readonly id: string
  readonly scope: ResetScope
  readonly reason: string
  readonly by: PersonRef
  readonly startedAt: number
  readonly endedAt: number | null
  readonly subjects: number
  readonly done: number
  readonly mails: { readonly queued: number; readonly sent: number; readonly failed: number; readonly noAddress: number }
  readonly sessionsEnded: number
  readonly state: 'running' | 'done' | 'cancelled'
}

// ---- notifications ----

/** What a channel is. */
export const CHANNEL_KINDS = ['email', 'slack', 'teams', 'matrix', 'ntfy', 'webhook'] as const
/** One of {@link CHANNEL_KINDS}. */
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** A channel as it is shown: what is secret of it never leaves the server. */
export type ChannelView = {
  readonly id: string
  readonly kind: ChannelKind
  readonly name: string
  /** where it goes, with secrets left out */
  readonly target: string
  readonly settings: Readonly<Record<string, string | number | boolean | readonly string[]>>
  readonly enabled: boolean
  readonly lastSentAt: number | null
  readonly lastError: string | null
}

/** Which notifications go where. The first route that matches decides unless it says `continue`. */
export type NotificationRoute = {
  readonly id: string
  readonly name: string
  readonly minLevel: Level
  /** kinds of notifications; all when empty */
  readonly kinds: readonly NotificationKind[]
  readonly channels: readonly string[]
  /** minutes of the day in a time zone in which only `critical` is sent at once; the rest waits */
  readonly quiet: { readonly from: number; readonly to: number; readonly zone: string; readonly weekdays: readonly number[] } | null
  /** like ones within so many minutes are sent as one */
  readonly groupMinutes: number
  /** when nobody acknowledges within so many minutes, the next step's channels are told too */
  readonly escalate: readonly { readonly afterMinutes: number; readonly channels: readonly string[] }[]
  readonly continue: boolean
}

/** What a notification is about. */
export const NOTIFICATION_KINDS = [
  'alert',
  'decision',
  'user_flagged',
  'breach',
  'lockdown',
  'incident',
  'budget',
  'enforcer',
  'source_silent',
  'operator',
  'test',
] as const
/** One of {@link NOTIFICATION_KINDS}. */
export type NotificationKind = (typeof NOTIFICATION_KINDS)[number]

/** A notification with its receipts: `GET /v1/notifications`. Times in ms UTC. */
export type NotificationView = {
  readonly id: string
  readonly kind: NotificationKind
  readonly level: Level
  readonly title: string
  readonly text: string
  readonly href: string | null
  readonly at: number
  /** how many like it are in this one */
  readonly count: number
  readonly state: 'waiting' | 'quiet' | 'sent' | 'failed' | 'acknowledged' | 'no_route'
  readonly acknowledged: { readonly at: number; readonly by: string } | null
  readonly escalations: number
  readonly receipts: readonly {
    readonly channel: PersonRef
    readonly state: 'waiting' | 'sent' | 'failed'
    readonly attempts: number
    readonly at: number | null
    /** the id that the other side gave it, or why it failed */
    readonly detail: string | null
  }[]
}

// ---- incidents ----

/** Where an incident stands. */
export const INCIDENT_STATUSES = ['open', 'contained', 'resolved', 'closed'] as const
/** One of {@link INCIDENT_STATUSES}. */
export type IncidentStatus = (typeof INCIDENT_STATUSES)[number]

/** An incident as lists show it. Times in ms UTC. */
export type IncidentView = {
  readonly id: string
  /** short and rising, for people: INC-7 */
  readonly number: number
  readonly title: string
  readonly severity: Level
  readonly status: IncidentStatus
  readonly openedAt: number
  readonly openedBy: PersonRef
  readonly updatedAt: number
  readonly closedAt: number | null
  readonly assignee: PersonRef | null
  readonly subjects: readonly string[]
  readonly addresses: readonly string[]
  readonly alerts: number
  readonly decisions: number
}

/** One line of an incident's timeline. */
export type IncidentEntry = {
  readonly id: string
  readonly at: number
  readonly by: PersonRef | null
  readonly kind: 'opened' | 'alert' | 'decision' | 'lockdown' | 'notification' | 'note' | 'status' | 'severity' | 'assigned' | 'linked'
  readonly text: string
  /** what it is about: the id of an alert, a decision, a lockdown, a notification */
  readonly ref: string | null
}

/** `GET /v1/incidents/{id}` */
export type IncidentDetail = {
  readonly incident: IncidentView
  /** oldest first */
  readonly timeline: readonly IncidentEntry[]
  readonly alerts: readonly AlertView[]
  readonly decisions: readonly Decision[]
  /** the way to a lockdown is offered while it is open */
  readonly lockdownOffered: boolean
}

/** `POST /v1/incidents` */
export type IncidentRequest = {
  readonly title: string
  readonly severity: Level
  readonly alertIds?: readonly string[]
  readonly subjects?: readonly string[]
  readonly addresses?: readonly string[]
}

/** `POST /v1/incidents/{id}/act` */
export type IncidentAct =
  | { readonly act: 'note'; readonly text: string }
  | { readonly act: 'status'; readonly status: IncidentStatus; readonly text?: string }
  | { readonly act: 'severity'; readonly severity: Level }
  | { readonly act: 'assign'; readonly operatorId: string | null }
  | { readonly act: 'link'; readonly alertId?: string; readonly subject?: string; readonly address?: string }
