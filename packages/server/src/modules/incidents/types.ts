import type {
  IncidentAct,
  IncidentDetail,
  IncidentEntry,
  IncidentRequest,
  IncidentStatus,
  IncidentView,
  Level,
  Page,
  PersonRef,
} from '@parapet/core'
import type { PoolClient } from 'pg'

/** What an incident is opened with, or what joins the one that is open. Times in ms UTC. */
export type IncidentOpening = {
  readonly title: string
  readonly severity: Level
  /** user names or ids as alerts have them */
  readonly subjects: readonly string[]
  readonly addresses: readonly string[]
  readonly alertIds: readonly string[]
  readonly decisionIds: readonly string[]
  /** null: a policy; `by` of the timeline */
  readonly by: PersonRef | null
  readonly at: number
  /** a lockdown is offered on its page */
  readonly lockdownOffered?: boolean
}

/** One line for the timeline. `ref` is the id of what it is about. */
export type NewIncidentEntry = {
  /** written once for each incident and key; kind and ref of an alert, a decision and a notification by default, others always */
  readonly once?: string
  readonly kind: IncidentEntry['kind']
  readonly text: string
  readonly ref: string | null
  readonly by: PersonRef | null
  readonly at: number
}

/** Which incidents to list: severity means this one or worse, `assignee` an operator's id. */
export type IncidentFilter = {
  readonly statuses?: readonly IncidentStatus[] | undefined
  readonly severity?: Level | undefined
  readonly assignee?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

/** Incidents: a record that only grows. */
export type Incidents = {
  /**
   * Opens an incident, or joins the newest open one that shares a subject or an address with it and began within the last 24 hours; answers
   * its id. The caller's transaction; the same alert never joins twice. Waits for other openings, so that two at once do not make two.
   */
  readonly openIn: (client: PoolClient, opening: IncidentOpening) => Promise<string>
  /** Adds a line to its timeline, in the caller's transaction; nothing for an id that is not there, or for what stands there. */
  readonly appendIn: (client: PoolClient, id: string, entry: NewIncidentEntry) => Promise<void>
  /** By hand. Errors: `PPT_NOT_FOUND` for an alert that is not there. */
  readonly open: (request: IncidentRequest, by: PersonRef) => Promise<IncidentDetail>
  readonly list: (filter: IncidentFilter) => Promise<Page<IncidentView>>
  /** Errors: `PPT_NOT_FOUND`. `id` may be the number. */
  readonly get: (id: string) => Promise<IncidentDetail>
  /** Errors: `PPT_NOT_FOUND`, `PPT_INVALID`. */
  readonly act: (id: string, act: IncidentAct, by: PersonRef) => Promise<IncidentDetail>
  /** Incidents that hold an alert, a decision or a subject, newest first, at most 20: for pages that link to them. */
  readonly linkedTo: (what: {
    readonly alertIds?: readonly string[]
    readonly decisionIds?: readonly string[]
    readonly subject?: string
    readonly address?: string
  }) => Promise<readonly { readonly id: string; readonly title: string }[]>
}
