import type { Alert, Level } from './alerts.js'
import type { RuleException } from './rule-exceptions.js'
import type { AlertView, StoredEvent } from './wire.js'

/** Where the alerts of a group stand with the people who work on them. */
export const TRIAGE_STATUSES = ['open', 'acknowledged', 'snoozed', 'closed'] as const
/** One of {@link TRIAGE_STATUSES}. */
export type TriageStatus = (typeof TRIAGE_STATUSES)[number]
/** What it turned out to be. */
export const TRIAGE_VERDICTS = ['true_positive', 'false_positive', 'benign'] as const
/** One of {@link TRIAGE_VERDICTS}. */
export type TriageVerdict = (typeof TRIAGE_VERDICTS)[number]

/** Somebody by id and name. */
export type PersonRef = { readonly id: string; readonly name: string }

/**
 * Alerts of one rule that stand for one thing (an address prefix, a user, an endpoint): one line in Triage. Times in ms UTC. A snoozed
 * group opens again when its time is over or when it gets worse: a higher level, or twice the events of when it was put away.
 */
export type TriageGroup = {
  /** opaque, stable while the group has alerts */
  readonly key: string
  readonly rule: Alert['rule']
  readonly scope: Alert['scope']
  /** the newest alert's sentence */
  readonly why: string
  readonly level: Level
  readonly alerts: number
  /** counted events of all its alerts */
  readonly events: number
  readonly first: number
  readonly last: number
  readonly targets: readonly string[]
  readonly sources: readonly PersonRef[]
  readonly status: TriageStatus
  readonly verdict: TriageVerdict | null
  readonly assignee: PersonRef | null
  readonly snoozedUntil: number | null
  /** decisions in force for it now */
  readonly decisions: number
  readonly demo: boolean
}

/** One thing that somebody did with a group. */
export type TriageNote = {
  readonly at: number
  readonly by: PersonRef
  readonly act: TriageAct['act'] | 'reopened'
  readonly text: string
}

/** What an operator does with a group: `POST /v1/triage/{key}`. `until` in ms UTC, at most 30 days ahead. */
export type TriageAct =
  | { readonly act: 'acknowledge' | 'reopen' }
  | { readonly act: 'assign'; readonly operatorId: string | null }
  | { readonly act: 'snooze'; readonly until: number }
  | { readonly act: 'close'; readonly verdict: TriageVerdict }
  | { readonly act: 'note'; readonly text: string }

/** The most frequent values of one field in the events behind something, most frequent first. */
export type TopValues = {
  readonly field: string
  readonly values: readonly { readonly value: string; readonly count: number }[]
  /** events that were looked at, and how many different values they had */
  readonly of: number
  readonly distinct: number
}

/** `GET /v1/triage/{key}` */
export type TriageDetail = {
  readonly group: TriageGroup
  readonly alerts: readonly AlertView[]
  /** newest first, at most 200 */
  readonly events: readonly StoredEvent[]
  readonly topValues: readonly TopValues[]
  readonly notes: readonly TriageNote[]
  readonly exceptions: readonly RuleException[]
  readonly rule: { readonly inWords: string; readonly description: string; readonly falsePositives: readonly string[] }
}

/** `POST /v1/exceptions/preview`: what an exception would have left out of the stored events since `since`. */
export type ExceptionPreview = {
  readonly since: number
  /** alerts of the rule in that time, and those that would not have been */
  readonly alerts: number
  readonly silenced: number
  readonly events: number
  readonly eventsLeftOut: number
  /** of those that would be silenced, newest first, at most 20 */
  readonly examples: readonly AlertView[]
  /** false when there was more history than was looked at */
  readonly whole: boolean
}

/** One rule as the page Rules lists it. Precision is of closed groups: true positives of all that got a verdict; null without any. */
export type RuleView = {
  readonly id: string
  readonly name: string | null
  readonly title: string
  readonly level: Level
  readonly tags: readonly string[]
  readonly version: string
  readonly kind: string
  /** `builtin`, or the file it came from */
  readonly origin: string
  readonly state: 'on' | 'off' | 'broken'
  /** why it cannot run */
  readonly problem: string | null
  readonly alerts7d: number
  readonly lastAlertAt: number | null
  readonly verdicts: { readonly truePositive: number; readonly falsePositive: number; readonly benign: number }
  readonly precision: number | null
  readonly exceptions: number
  readonly learning: boolean
  readonly respond: { readonly action: string; readonly mode: string } | null
}

/** `GET /v1/rules/{id}` */
export type RuleDetail = {
  readonly rule: RuleView
  readonly description: string
  readonly inWords: string
  readonly falsePositives: readonly string[]
  readonly references: readonly string[]
  /** the rule as written */
  readonly source: string
  readonly exceptions: readonly RuleException[]
  readonly latest: readonly AlertView[]
}

/** `POST /v1/rules/{id}/test`: the rule alone over stored events, nothing kept. */
export type RuleTestResult = {
  readonly since: number
  readonly events: number
  readonly alerts: readonly Alert[]
  /** false when the run ended at its bound of events before it was through */
  readonly whole: boolean
  readonly ms: number
}

/** A search that somebody kept under a name: the query string of the page Activity. */
export type SavedView = {
  readonly id: string
  readonly name: string
  readonly query: string
  readonly shared: boolean
  readonly by: PersonRef
  readonly createdAt: number
}

/** How one input of an agent does. Times in ms UTC, sizes in bytes. */
export type AgentInputHealth = {
  /** `file:/var/log/auth.log`, `journald`, `syslog:udp:514`, `docker:web`, `facts:listeners` */
  readonly name: string
  readonly format: string | null
  readonly lines: number
  readonly events: number
  readonly unknown: number
  readonly cut: number
  /** lines or messages that were lost, and why the last ones were */
  readonly dropped: number
  readonly droppedWhy: string | null
  readonly lastEventAt: number | null
  /** what is known to be there and not read yet; null where it cannot be known */
  readonly behindBytes: number | null
  readonly error: string | null
}

/** `POST /v1/agents/heartbeat`, every 15 s. */
export type AgentHeartbeat = {
  readonly version: string
  readonly host: string
  readonly startedAt: number
  readonly now: number
  readonly inputs: readonly AgentInputHealth[]
  readonly spool: { readonly events: number; readonly bytes: number; readonly oldestAt: number | null; readonly dropped: number }
  readonly rules: { readonly running: number; readonly problems: number }
  readonly alerts: number
}

/** `POST /v1/agents/enrol`: a one-time token for a source's own token. `publicKey` is Ed25519, SPKI, base64url. */
export type AgentEnrolment = { readonly token: string; readonly name: string; readonly publicKey: string; readonly version: string }
/** The answer: shown once, kept by the agent in a file that only it reads. */
export type AgentEnrolled = { readonly sourceId: string; readonly name: string; readonly token: string }

/** `POST /v1/agents/alerts`: alerts that an agent's rules made of this host's events, which it has sent before. */
export type AgentAlerts = { readonly alerts: readonly Alert[] }

/** How a source does: `GET /v1/sources`. Times in ms UTC. */
export type SourceHealth = {
  readonly id: string
  readonly name: string
  readonly kind: 'application' | 'host'
  readonly demo: boolean
  readonly createdAt: number
  readonly lastEventAt: number | null
  readonly state: 'live' | 'silent' | 'new'
  readonly events24h: number
  /** time from an event to its receipt, ms: median of the newest hundred; null without events */
  readonly lagMs: number | null
  /** where its users set a new password; mails about resets link to it */
  readonly resetUrl?: string | null
  readonly agent: (AgentHeartbeat & { readonly receivedAt: number; readonly state: 'live' | 'silent' }) | null
}

/** `POST /v1/enrolments`: the token is shown this once and lets one agent in. */
export type EnrolmentMade = { readonly id: string; readonly token: string; readonly expiresAt: number; readonly command: string }
/** `GET /v1/enrolments`: tokens that wait for their agent. */
export type EnrolmentView = {
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly by: PersonRef
}
