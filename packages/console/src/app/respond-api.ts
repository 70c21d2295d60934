import type {
  ChannelKind,
  ChannelView,
  DecisionDetail,
  DecisionMode,
  DecisionPreview,
  DecisionRequest,
  EnforcerView,
  IncidentAct,
  IncidentDetail,
  IncidentRequest,
  IncidentStatus,
  IncidentView,
  Level,
  Lockdown,
  LockdownMode,
  LockdownPreflight,
  NotificationRoute,
  NotificationView,
  Page,
  PolicyPreview,
  PolicyView,
  ResetCampaign,
  ResetRequest,
  SubjectAct,
  SubjectDetail,
  SubjectFlag,
  SubjectView,
} from '@parapet/core'

import { send, type Operator } from './api.js'

type Items<T> = { readonly items: readonly T[] }

/** What a lockdown is begun with; `duration` as `15m`: how long each confirmation holds. */
export type LockdownRequest = {
  readonly mode: LockdownMode
  readonly duration: string
  readonly reason: string
  readonly incidentId?: string
}

/** A channel as it is made or changed. `secrets` by name: those that are left out when it is changed stay as they are. */
export type ChannelRequest = {
  readonly kind: ChannelKind
  readonly name: string
  readonly enabled: boolean
  readonly settings: ChannelView['settings']
  readonly secrets?: Readonly<Record<string, string>>
}

/** What the list of subjects is narrowed to. */
export type SubjectFilters = { readonly q: string; readonly role: string; readonly flag: SubjectFlag['kind'] | null }

/** What the list of incidents is narrowed to. */
export type IncidentFilters = { readonly status: IncidentStatus | null; readonly severity: Level | null }

/** How a channel answered a test message; `ms` is the time that it took. */
export type ChannelTest = { readonly ok: boolean; readonly detail: string; readonly ms: number }

const may =
  (permission: string) =>
  (operator: Operator): boolean =>
    operator.permissions.includes(permission)

/** True when an operator may promote and demote policies. */
export const mayChangePolicies: (operator: Operator) => boolean = may('policies.manage')
/** True when an operator may act on users of the protected application. */
export const mayChangeSubjects: (operator: Operator) => boolean = may('subjects.write')
/** True when an operator may change channels and routes of notifications. */
export const mayChangeNotifications: (operator: Operator) => boolean = may('notifications.manage')
/** True when an operator may work on incidents. */
export const mayChangeIncidents: (operator: Operator) => boolean = may('incidents.write')

const PAGE_ROWS = 50

const path = (...parts: readonly string[]): string => `/v1/${parts.map(encodeURIComponent).join('/')}`

/** A path with what is set of its parameters; empty ones and nulls are left out. */
const list = (base: string, query: Readonly<Record<string, string | null>>): string => {
  const params = new URLSearchParams({ limit: String(PAGE_ROWS) })
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== '') params.set(name, value)
  return `${base}?${params.toString()}`
}

/** Requests about decisions, policies, enforcers, lockdown, subjects, notifications and incidents: loaded with the pages that make them. */
export const respond = {
  // decisions
  decision: (id: string, signal?: AbortSignal): Promise<DecisionDetail> => send('GET', path('decisions', id), undefined, signal),
  previewDecision: (request: DecisionRequest, signal?: AbortSignal): Promise<DecisionPreview> =>
    send('POST', '/v1/decisions/preview', request, signal),
  // enforcers
  enforcers: (signal?: AbortSignal): Promise<Items<EnforcerView>> => send('GET', '/v1/enforcers', undefined, signal),
  // policies
  policies: (signal?: AbortSignal): Promise<Items<PolicyView>> => send('GET', '/v1/policies', undefined, signal),
  previewPolicy: (
    id: string,
    ask: { readonly mode?: DecisionMode; readonly days?: number; readonly ruleId?: string },
    signal?: AbortSignal,
  ): Promise<PolicyPreview> => send('POST', path('policies', id, 'preview'), ask, signal),
  /** Without a rule the whole policy. */
  setPolicyMode: (id: string, mode: DecisionMode, ruleId?: string): Promise<PolicyView> =>
    send('PUT', path('policies', id, 'mode'), { mode, ...(ruleId === undefined ? {} : { ruleId }) }),
  /** Back to what the policy itself says. */
  clearPolicyMode: (id: string, ruleId: string): Promise<PolicyView> => send('DELETE', path('policies', id, 'mode'), { ruleId }),
  // lockdown
  preflight: (ask: { readonly mode: LockdownMode; readonly duration: string }, signal?: AbortSignal): Promise<LockdownPreflight> =>
    send('POST', '/v1/lockdown/preflight', ask, signal),
  startLockdown: (request: LockdownRequest): Promise<Lockdown> => send('POST', '/v1/lockdown', request),
  confirmLockdown: (): Promise<Lockdown> => send('POST', '/v1/lockdown/confirm', {}),
  endLockdown: (): Promise<Lockdown> => send('DELETE', '/v1/lockdown', {}),
  // subjects
  subjects: (filters: SubjectFilters, cursor: string | null, signal?: AbortSignal): Promise<Page<SubjectView>> =>
    send('GET', list('/v1/subjects', { q: filters.q, role: filters.role, flag: filters.flag, cursor }), undefined, signal),
  subject: (id: string, signal?: AbortSignal): Promise<SubjectDetail> => send('GET', path('subjects', id), undefined, signal),
  actOnSubject: (id: string, act: SubjectAct): Promise<SubjectView> => send('POST', path('subjects', id, 'act'), act),
  // resets
  resets: (signal?: AbortSignal): Promise<Items<ResetCampaign>> => send('GET', '/v1/resets', undefined, signal),
  reset: (id: string, signal?: AbortSignal): Promise<ResetCampaign> => send('GET', path('resets', id), undefined, signal),
  startReset: (request: ResetRequest): Promise<ResetCampaign> => send('POST', '/v1/resets', request),
  cancelReset: (id: string): Promise<ResetCampaign> => send('POST', path('resets', id, 'cancel')),
  // notifications
  channels: (signal?: AbortSignal): Promise<Items<ChannelView>> => send('GET', '/v1/notifications/channels', undefined, signal),
  addChannel: (channel: ChannelRequest): Promise<ChannelView> => send('POST', '/v1/notifications/channels', channel),
  changeChannel: (id: string, channel: Partial<Omit<ChannelRequest, 'kind'>>): Promise<ChannelView> =>
    send('PUT', path('notifications', 'channels', id), channel),
  removeChannel: (id: string): Promise<unknown> => send('DELETE', path('notifications', 'channels', id)),
  testChannel: (id: string): Promise<ChannelTest> => send('POST', path('notifications', 'channels', id, 'test')),
  routes: (signal?: AbortSignal): Promise<Items<NotificationRoute>> => send('GET', '/v1/notifications/routes', undefined, signal),
  /** The whole list, in its order. */
  setRoutes: (items: readonly NotificationRoute[]): Promise<Items<NotificationRoute>> => send('PUT', '/v1/notifications/routes', { items }),
  notifications: (state: NotificationView['state'] | null, cursor: string | null, signal?: AbortSignal): Promise<Page<NotificationView>> =>
    send('GET', list('/v1/notifications', { state, cursor }), undefined, signal),
  acknowledge: (id: string): Promise<NotificationView> => send('POST', path('notifications', id, 'acknowledge')),
  // incidents
  incidents: (filters: IncidentFilters, cursor: string | null, signal?: AbortSignal): Promise<Page<IncidentView>> =>
    send('GET', list('/v1/incidents', { status: filters.status, severity: filters.severity, cursor }), undefined, signal),
  incident: (id: string, signal?: AbortSignal): Promise<IncidentDetail> => send('GET', path('incidents', id), undefined, signal),
  openIncident: (request: IncidentRequest): Promise<IncidentDetail> => send('POST', '/v1/incidents', request),
  actOnIncident: (id: string, act: IncidentAct): Promise<IncidentDetail> => send('POST', path('incidents', id, 'act'), act),
}
