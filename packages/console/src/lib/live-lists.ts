import type { AlertView, Decision, Overview, Page } from '@parapet/core'

import type { AlertFilters } from './alert-filters.js'
import { matchesFilters } from './alert-filters.js'

/** The tabs of the page of decisions. */
export type DecisionTab = 'active' | 'expired' | 'lifted' | 'observe'
/** What an infinite list holds in the query cache. */
export type Pages<T> = { readonly pages: readonly Page<T>[]; readonly pageParams: readonly unknown[] }

/** Rows that a list may grow to by what arrives live; older ones are loaded again when asked for. */
export const LIVE_ROWS = 500

const patch = <T extends { readonly id: string }>(list: Pages<T>, changed: readonly T[], belongs: (item: T) => boolean): Pages<T> => {
  const byId = new Map(changed.map((item) => [item.id, item]))
  const pages = list.pages.map((page) => ({
    ...page,
    items: page.items.flatMap((item) => {
      const fresh = byId.get(item.id)
      if (fresh === undefined) return [item]
      byId.delete(item.id)
      return belongs(fresh) ? [fresh] : []
    }),
  }))
  const added = [...byId.values()].filter(belongs).toReversed()
  const [first, ...others] = pages
  if (first === undefined || added.length === 0) return { ...list, pages }
  return { ...list, pages: [{ ...first, items: [...added, ...first.items].slice(0, LIVE_ROWS) }, ...others] }
}

/** A list of alerts after new and updated ones arrived; an update stays in its place so that rows do not jump under the reader. */
export const patchAlerts = (list: Pages<AlertView>, changed: readonly AlertView[], filters: AlertFilters, now: number): Pages<AlertView> =>
  patch(list, changed, (alert) => matchesFilters(alert, filters, now))

/** True when a decision belongs under a tab; each belongs under exactly one. `now` in ms UTC. */
export const belongsToTab = (decision: Decision, tab: DecisionTab, now: number): boolean => {
  if (decision.lifted !== undefined) return tab === 'lifted'
  if (decision.expiresAt <= now) return tab === 'expired'
  return tab === (decision.mode === 'observe' ? 'observe' : 'active')
}

/** A tab of decisions after some were made, lifted or changed. */
export const patchDecisions = (list: Pages<Decision>, changed: readonly Decision[], tab: DecisionTab, now: number): Pages<Decision> =>
  patch(list, changed, (decision) => belongsToTab(decision, tab, now))

/** The decisions that bind now, by id, after some changed; lifted ones leave. Bounded to `limit`. */
export const patchActive = (
  active: ReadonlyMap<string, Decision>,
  changed: readonly Decision[],
  now: number,
  limit = 20_000,
): ReadonlyMap<string, Decision> => {
  const next = new Map(active)
  for (const decision of changed) {
    const held = next.get(decision.id)
    // a late message must not bring back what a newer one ended
    if (held !== undefined && held.revision > decision.revision) continue
    if (decision.lifted !== undefined || decision.expiresAt <= now) next.delete(decision.id)
    else if (next.size < limit || held !== undefined) next.set(decision.id, decision)
  }
  return next
}

/** The page Now after alerts arrived: the newest first, twelve at most. Counts come with the next answer of the server. */
export const patchOverview = (overview: Overview, changed: readonly AlertView[]): Overview => {
  const byId = new Map(changed.map((alert) => [alert.id, alert]))
  const kept = overview.latest.map((alert) => {
    const fresh = byId.get(alert.id)
    byId.delete(alert.id)
    return fresh ?? alert
  })
  return { ...overview, latest: [...[...byId.values()].toReversed(), ...kept].slice(0, 12) }
}

/** An alert that knows the decisions made for it, also those that came after it was read. */
export const linkDecisions = (alert: AlertView, decisions: Iterable<Decision>): AlertView => {
  const missing: string[] = []
  for (const decision of decisions) if (decision.alertId === alert.id && !alert.decisionIds.includes(decision.id)) missing.push(decision.id)
  return missing.length === 0 ? alert : { ...alert, decisionIds: [...alert.decisionIds, ...missing] }
}

/** A list of alerts after decisions were made for some of them. */
export const linkPages = (list: Pages<AlertView>, decisions: readonly Decision[]): Pages<AlertView> => ({
  ...list,
  pages: list.pages.map((page) => ({ items: page.items.map((alert) => linkDecisions(alert, decisions)), next: page.next })),
})

/** What became of an alert: is something enforced for it, was it only watched, has it ended. */
export type AlertOutcome =
  | { readonly kind: 'enforced'; readonly until: number; readonly scope: Decision['scope'] }
  | { readonly kind: 'observed' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'none' }

/** Reads the outcome of an alert from the decisions that bind now. */
export const outcomeOf = (alert: AlertView, active: ReadonlyMap<string, Decision>, now: number): AlertOutcome => {
  const mine = alert.decisionIds.flatMap((id) => active.get(id) ?? []).filter((decision) => decision.expiresAt > now)
  const enforced = mine.filter((decision) => decision.mode === 'enforce')
  if (enforced.length > 0) {
    return {
      kind: 'enforced',
      until: Math.max(...enforced.map((decision) => decision.expiresAt)),
      scope: enforced.some((decision) => decision.scope === 'all') ? 'all' : 'login',
    }
  }
  if (mine.length > 0) return { kind: 'observed' }
  return alert.decisionIds.length > 0 ? { kind: 'ended' } : { kind: 'none' }
}
