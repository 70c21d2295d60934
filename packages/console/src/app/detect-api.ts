import type {
  EnrolmentMade,
  EnrolmentView,
  ExceptionPreview,
  Page,
  RuleDetail,
  RuleException,
  RuleTestResult,
  RuleView,
  SavedView,
  SourceHealth,
  StoredEvent,
  TopValues,
  TriageAct,
  TriageDetail,
  TriageGroup,
} from '@parapet/core'

import type { EventSearch } from '../lib/event-search.js'
import { eventQuery } from '../lib/event-search.js'
import type { TriageFilters } from '../lib/triage.js'
import { triageQuery } from '../lib/triage.js'
import { send } from './api.js'

type Items<T> = { readonly items: readonly T[] }
/** False when the search ended at its bound before it was through; missing counts as through. */
type Whole = { readonly whole?: boolean }

/** Events by time, oldest first; `step` in ms. */
export type Histogram = Whole & { readonly step: number; readonly buckets: readonly { readonly at: number; readonly events: number }[] }

/** A file of rules, or a rule in it, that cannot be used. */
export type RuleProblem = { readonly file: string; readonly line: number; readonly reason: string }

/** What an exception is made of. */
type ExceptionDraft = { readonly ruleId: string; readonly match: RuleException['match'] }

const PAGE_ROWS = 100
const KEYS_AT_ONCE = 200
const path = (...parts: readonly string[]): string => `/v1/${parts.map(encodeURIComponent).join('/')}`

/** Requests about triage, rules, stored events and sources: loaded with the pages that make them. */
export const detect = {
  triage: (filters: TriageFilters, cursor: string | null, signal?: AbortSignal): Promise<Page<TriageGroup>> =>
    send('GET', `/v1/triage?${triageQuery(filters, cursor, PAGE_ROWS)}`, undefined, signal),
  group: (key: string, signal?: AbortSignal): Promise<TriageDetail> => send('GET', path('triage', key), undefined, signal),
  act: (key: string, act: TriageAct): Promise<TriageGroup> => send('POST', path('triage', key), act),
  /** One act for many groups; the answer holds them as they are afterwards. */
  actOnAll: async (keys: readonly string[], act: TriageAct): Promise<readonly TriageGroup[]> => {
    const changed: TriageGroup[] = []
    for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
      const { items } = await send<Items<TriageGroup>>('POST', '/v1/triage', { keys: keys.slice(from, from + KEYS_AT_ONCE), act })
      changed.push(...items)
    }
    return changed
  },
  // exceptions
  preview: (draft: ExceptionDraft & { readonly since: number }, signal?: AbortSignal): Promise<ExceptionPreview> =>
    send('POST', '/v1/exceptions/preview', draft, signal),
  except: (exception: ExceptionDraft & { readonly until: number; readonly reason: string }): Promise<RuleException> =>
    send('POST', '/v1/exceptions', exception),
  removeException: (id: string): Promise<unknown> => send('DELETE', path('exceptions', id)),
  // rules
  rules: (signal?: AbortSignal): Promise<Items<RuleView> & { readonly problems?: readonly RuleProblem[] }> =>
    send('GET', '/v1/rules', undefined, signal),
  rule: (id: string, signal?: AbortSignal): Promise<RuleDetail> => send('GET', path('rules', id), undefined, signal),
  switchRule: (id: string, state: 'on' | 'off'): Promise<RuleView> => send('PATCH', path('rules', id), { state }),
  testRule: (id: string, since: number): Promise<RuleTestResult> => send('POST', path('rules', id, 'test'), { since }),
  // stored events
  events: (search: EventSearch, now: number, cursor: string | null, signal?: AbortSignal): Promise<Page<StoredEvent> & Whole> => {
    const params = eventQuery(search, now)
    params.set('limit', String(PAGE_ROWS))
    if (cursor !== null) params.set('cursor', cursor)
    return send('GET', `/v1/events?${params.toString()}`, undefined, signal)
  },
  topValues: (search: EventSearch, now: number, field: string, signal?: AbortSignal): Promise<TopValues & Whole> =>
    send('GET', `/v1/events/values?field=${encodeURIComponent(field)}&${eventQuery(search, now).toString()}`, undefined, signal),
  histogram: (search: EventSearch, now: number, signal?: AbortSignal): Promise<Histogram> =>
    send('GET', `/v1/events/histogram?${eventQuery(search, now).toString()}`, undefined, signal),
  exportHref: (search: EventSearch, now: number, format: 'ndjson' | 'csv'): string =>
    `/v1/events/export?format=${format}&${eventQuery(search, now).toString()}`,
  views: (signal?: AbortSignal): Promise<Items<SavedView>> => send('GET', '/v1/views', undefined, signal),
  saveView: (view: Pick<SavedView, 'name' | 'query' | 'shared'>): Promise<SavedView> => send('POST', '/v1/views', view),
  removeView: (id: string): Promise<unknown> => send('DELETE', path('views', id)),
  // sources
  sources: (signal?: AbortSignal): Promise<Items<SourceHealth>> => send('GET', '/v1/sources', undefined, signal),
  enrolments: (signal?: AbortSignal): Promise<Items<EnrolmentView>> => send('GET', '/v1/enrolments', undefined, signal),
  enrol: (name: string): Promise<EnrolmentMade> => send('POST', '/v1/enrolments', { name }),
  revokeEnrolment: (id: string): Promise<unknown> => send('DELETE', path('enrolments', id)),
}
