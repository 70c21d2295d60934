import type { AlertView, IncidentEntry, IncidentRequest, IncidentStatus, IncidentView, Level, TriageGroup } from '@parapet/core'
import { INCIDENT_STATUSES } from '@parapet/core'

import { isLevel } from './levels.js'

/** What the list of incidents is narrowed to; it lives in the URL. */
type IncidentSearch = { readonly status: IncidentStatus | null; readonly severity: Level | null }

const isStatus = (text: string | null): text is IncidentStatus => text !== null && (INCIDENT_STATUSES as readonly string[]).includes(text)

/** Reads the search from a query string; what is not known is as if it were not there. */
export const readIncidents = (search: string): IncidentSearch => {
  const params = new URLSearchParams(search)
  const status = params.get('status')
  const severity = params.get('severity')
  return { status: isStatus(status) ? status : null, severity: isLevel(severity) ? severity : null }
}

/** The path of the list with this search, shortest form. */
export const incidentsPath = (search: IncidentSearch): string => {
  const params = new URLSearchParams()
  if (search.status !== null) params.set('status', search.status)
  if (search.severity !== null) params.set('severity', search.severity)
  const text = params.toString()
  return text === '' ? '/incidents' : `/incidents?${text}`
}

/** What an incident is called when people speak: `INC-7`. */
export const incidentName = (incident: Pick<IncidentView, 'number'>): string => `INC-${incident.number}`

/** Where an incident stands, in a word. */
export const STATUS_WORD: Readonly<Record<IncidentStatus, string>> = {
  open: 'Open',
  contained: 'Contained',
  resolved: 'Resolved',
  closed: 'Closed',
}

/** What each status means to who reads it at night. */
export const STATUS_MEANS: Readonly<Record<IncidentStatus, string>> = {
  open: 'it is going on, or nobody knows yet',
  contained: 'it goes no further; what it did is not undone yet',
  resolved: 'it is over and undone; what is left is to write down what was learned',
  closed: 'nothing is left to do',
}

/** Where a line of the timeline leads; null: nowhere but here. */
export const entryHref = (entry: Pick<IncidentEntry, 'kind' | 'ref'>): string | null => {
  if (entry.ref === null) return null
  if (entry.kind === 'alert') return `/alerts/${encodeURIComponent(entry.ref)}`
  if (entry.kind === 'decision') return `/decisions/${encodeURIComponent(entry.ref)}`
  return entry.kind === 'notification' ? '/notifications' : null
}

/** How long after the beginning something was: `+0`, `+45 s`, `+12 min`, `+3 h 05`, `+2 d`. Times in ms UTC. */
export const sinceStart = (at: number, start: number): string => {
  const seconds = Math.max(0, Math.floor((at - start) / 1_000))
  if (seconds === 0) return '+0'
  if (seconds < 60) return `+${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `+${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `+${hours} h ${String(minutes % 60).padStart(2, '0')}` : `+${Math.floor(hours / 24)} d`
}

/** The lines of a timeline by the day of the viewer; `dayOf` names the day of a time in ms UTC. */
export const byDay = (
  entries: readonly IncidentEntry[],
  dayOf: (at: number) => string,
): readonly { readonly day: string; readonly entries: readonly IncidentEntry[] }[] => {
  const days: { day: string; entries: IncidentEntry[] }[] = []
  for (const entry of entries) {
    const day = dayOf(entry.at)
    const last = days.at(-1)
    if (last?.day === day) last.entries.push(entry)
    else days.push({ day, entries: [entry] })
  }
  return days
}

/** The day of a time in the viewer's zone: `Saturday, 21 November 2026`. */
export const dayName = (at: number, zone?: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(at)

/** Most of each that an incident is opened with. */
const LINKED = 50

/** What an incident that is opened for a group of alerts begins with. */
export const incidentOf = (group: TriageGroup, alerts: readonly Pick<AlertView, 'id' | 'targets'>[]): IncidentRequest => ({
  title: group.why,
  severity: group.level,
  alertIds: alerts.slice(0, LINKED).map(({ id }) => id),
  subjects: group.scope.kind === 'user' ? [group.scope.value] : [],
  addresses: [...new Set([...(group.scope.kind === 'ip' ? [group.scope.value] : []), ...alerts.flatMap(({ targets }) => targets)])].slice(
    0,
    LINKED,
  ),
})
