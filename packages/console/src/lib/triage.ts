import type { Level, TriageAct, TriageGroup, TriageStatus } from '@parapet/core'
import { TRIAGE_STATUSES } from '@parapet/core'

import { isLevel } from './levels.js'

/** Which groups the page lists: what waits for somebody, one status, or all. */
export type TriageTab = 'waiting' | TriageStatus | 'all'

/** What the list is narrowed to; it lives in the URL. */
export type TriageFilters = {
  readonly tab: TriageTab
  readonly level: Level | undefined
  readonly rule: string | undefined
  readonly mine: boolean
}

const isStatus = (text: string | null): text is TriageStatus => text !== null && (TRIAGE_STATUSES as readonly string[]).includes(text)

/** Reads the filters from a query string; what is not known is as if it were not there. */
export const readTriage = (search: string): TriageFilters => {
  const params = new URLSearchParams(search)
  const status = params.get('status')
  const level = params.get('level')
  return {
    tab: isStatus(status) || status === 'all' ? status : 'waiting',
    level: isLevel(level) ? level : undefined,
    rule: params.get('rule')?.slice(0, 200) ?? undefined,
    mine: params.get('mine') === '1',
  }
}

/** The path of the page with these filters, shortest form. */
export const triagePath = (filters: TriageFilters): string => {
  const params = new URLSearchParams()
  if (filters.tab !== 'waiting') params.set('status', filters.tab)
  if (filters.level !== undefined) params.set('level', filters.level)
  if (filters.rule !== undefined) params.set('rule', filters.rule)
  if (filters.mine) params.set('mine', '1')
  const text = params.toString()
  return text === '' ? '/triage' : `/triage?${text}`
}

/** The query of `GET /v1/triage`. */
export const triageQuery = (filters: TriageFilters, cursor: string | null, limit: number): string => {
  const params = new URLSearchParams({ limit: String(limit) })
  if (filters.tab === 'waiting') for (const status of ['open', 'acknowledged']) params.append('status', status)
  else if (filters.tab !== 'all') params.append('status', filters.tab)
  if (filters.level !== undefined) params.set('level', filters.level)
  if (filters.rule !== undefined) params.set('rule', filters.rule)
  if (filters.mine) params.set('assignee', 'me')
  if (cursor !== null) params.set('cursor', cursor)
  return params.toString()
}

/** True while a group belongs under a tab, after somebody did something with it. */
export const belongsToTriageTab = (group: TriageGroup, tab: TriageTab): boolean =>
  tab === 'all' || (tab === 'waiting' ? group.status === 'open' || group.status === 'acknowledged' : group.status === tab)

/**
 * A list as it is now, in the places that its rows had: what is known stays where it stands, what is new comes first, so that nothing jumps
 * under the hand of who works on it. What the server lists after all that is known is older, and stays there.
 */
export const keepPlaces = (before: readonly TriageGroup[], after: readonly TriageGroup[]): readonly TriageGroup[] => {
  const place = new Map(before.map((group, index) => [group.key, index]))
  const end = after.findLastIndex((group) => place.has(group.key))
  const older = new Set(after.slice(end + 1).map((group) => group.key))
  const placeOf = ({ key }: TriageGroup): number => place.get(key) ?? (older.has(key) ? before.length : -1)
  return after.toSorted((a, b) => placeOf(a) - placeOf(b))
}

/** What brings a group back to how it was: the acts in their order; none when nothing changed. `now` in ms UTC. */
export const actsBack = (before: TriageGroup, after: TriageGroup, now: number): readonly TriageAct[] => {
  const acts: TriageAct[] = []
  if (before.status !== after.status || before.snoozedUntil !== after.snoozedUntil || before.verdict !== after.verdict) {
    if (before.status === 'closed' && before.verdict !== null) acts.push({ act: 'close', verdict: before.verdict })
    else if (before.status === 'snoozed' && before.snoozedUntil !== null && before.snoozedUntil > now)
      acts.push({ act: 'snooze', until: before.snoozedUntil })
    else {
      if (after.status !== 'open') acts.push({ act: 'reopen' })
      if (before.status === 'acknowledged') acts.push({ act: 'acknowledge' })
    }
  }
  if (before.assignee?.id !== after.assignee?.id) acts.push({ act: 'assign', operatorId: before.assignee?.id ?? null })
  return acts
}

/** The same acts for several groups, each kind of act with the keys that it is for, in an order that can be sent one after the other. */
export const bundleActs = (
  list: readonly { readonly key: string; readonly acts: readonly TriageAct[] }[],
): readonly { readonly keys: readonly string[]; readonly act: TriageAct }[] => {
  const bundles: { keys: string[]; act: TriageAct }[] = []
  const longest = Math.max(0, ...list.map(({ acts }) => acts.length))
  for (let step = 0; step < longest; step++) {
    const ofStep = new Map<string, { keys: string[]; act: TriageAct }>()
    for (const { key, acts } of list) {
      const act = acts[step]
      if (act === undefined) continue
      const name = JSON.stringify(act)
      const bundle = ofStep.get(name)
      if (bundle === undefined) ofStep.set(name, { keys: [key], act })
      else bundle.keys.push(key)
    }
    bundles.push(...ofStep.values())
  }
  return bundles
}

const DAY = 86_400_000

/** How long something may be put away, with its end in ms UTC; the morning is 9 o'clock in the viewer's zone. */
export const snoozeChoices = (now: number): readonly { readonly name: string; readonly until: number }[] => {
  const morning = new Date(now)
  morning.setDate(morning.getDate() + 1)
  morning.setHours(9, 0, 0, 0)
  return [
    { name: '1 hour', until: now + 3_600_000 },
    { name: '4 hours', until: now + 4 * 3_600_000 },
    { name: 'Tomorrow, 09:00', until: morning.getTime() },
    { name: '3 days', until: now + 3 * DAY },
    { name: '7 days', until: now + 7 * DAY },
    { name: '30 days', until: now + 30 * DAY - 60_000 },
  ]
}
