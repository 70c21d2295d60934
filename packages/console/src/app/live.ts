import type { AlertView, Decision, Overview } from '@parapet/core'
import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'

import type { AlertFilters } from '../lib/alert-filters.js'
import { createBatcher } from '../lib/batch.js'
import type { LiveInput, LiveState } from '../lib/live.js'
import { liveStart, liveStep, wantsStream } from '../lib/live.js'
import type { DecisionTab, Pages } from '../lib/live-lists.js'
import { linkDecisions, linkPages, patchActive, patchAlerts, patchDecisions, patchOverview } from '../lib/live-lists.js'

/** The line to the control plane, as the pages see it. */
export type Live = {
  readonly state: LiveState
  /** what binds now, by id */
  readonly active: ReadonlyMap<string, Decision>
  /** ids (and {@link scopeName}s) that arrived while the page was open, for the highlight, and when (ms UTC) */
  readonly fresh: ReadonlyMap<string, number>
}

/** What alerts of one rule about one thing have in common: a group in Triage knows its news by it. */
export const scopeName = (of: { readonly rule: { readonly id: string }; readonly scope: AlertView['scope'] }): string =>
  `${of.rule.id} ${of.scope.kind} ${of.scope.value}`

const FLUSH_MS = 150
const HIDDEN_MS = 30_000
const FRESH_ROWS = 200
const REFETCH_MS = 1_000
/** What tells of alerts and decisions without being a list of them. */
const COUNTED = ['overview', 'triage', 'triage-group', 'subjects', 'subject', 'incidents', 'incident', 'notifications'] as const

const parse = (data: unknown): unknown => {
  try {
    return typeof data === 'string' ? JSON.parse(data) : undefined
  } catch {
    return undefined
  }
}

let current: Live = { state: liveStart(Date.now()), active: new Map(), fresh: new Map() }
const listeners = new Set<() => void>()
const publish = (change: Partial<Live>): void => {
  current = { ...current, ...change }
  for (const listener of listeners) listener()
}

/** Subscribes a component to one part of the line. */
export const useLive = <T>(select: (live: Live) => T): T =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => select(current),
  )

/** What the lists hold is changed where it stands; counts are asked for again, at most once a second. */
const createAppliers = (
  client: QueryClient,
): { alerts: (list: readonly AlertView[]) => void; decisions: (list: readonly Decision[]) => void; stop: () => void } => {
  let refetch: ReturnType<typeof setTimeout> | undefined
  const refreshCounts = (): void => {
    refetch ??= setTimeout(() => {
      refetch = undefined
      for (const name of COUNTED) void client.invalidateQueries({ queryKey: [name] })
    }, REFETCH_MS)
  }
  const markFresh = (ids: readonly string[]): void => {
    const fresh = new Map(current.fresh)
    for (const id of ids) fresh.set(id, Date.now())
    publish({ fresh: new Map([...fresh].slice(-FRESH_ROWS)) })
  }
  return {
    alerts: (arrived) => {
      const now = Date.now()
      const changed = arrived.map((alert) => linkDecisions(alert, current.active.values()))
      markFresh(changed.flatMap((alert) => [alert.id, scopeName(alert)]))
      for (const [key, list] of client.getQueriesData<Pages<AlertView>>({ queryKey: ['alerts'] })) {
        if (list !== undefined) client.setQueryData(key, patchAlerts(list, changed, key[1] as AlertFilters, now))
      }
      client.setQueryData<Overview>(['overview'], (overview) => (overview === undefined ? undefined : patchOverview(overview, changed)))
      for (const alert of changed) void client.invalidateQueries({ queryKey: ['alert', alert.id] })
      refreshCounts()
    },
    decisions: (changed) => {
      const now = Date.now()
      markFresh(changed.map((decision) => decision.id))
      publish({ active: patchActive(current.active, changed, now) })
      for (const [key, list] of client.getQueriesData<Pages<Decision>>({ queryKey: ['decisions'] })) {
        const [, tab, target] = key as readonly [string, DecisionTab, string]
        const mine = target === '' ? changed : changed.filter((decision) => decision.target.value === target)
        if (list !== undefined) client.setQueryData(key, patchDecisions(list, mine, tab, now))
      }
      const forAlerts = changed.filter((decision) => decision.alertId !== undefined)
      client.setQueriesData<Pages<AlertView>>({ queryKey: ['alerts'] }, (list) =>
        list === undefined ? undefined : linkPages(list, forAlerts),
      )
      client.setQueryData<Overview>(['overview'], (overview) =>
        overview === undefined ? undefined : { ...overview, latest: overview.latest.map((alert) => linkDecisions(alert, forAlerts)) },
      )
      for (const id of new Set(changed.flatMap((decision) => decision.alertId ?? [])))
        void client.invalidateQueries({ queryKey: ['alert', id] })
      for (const { id } of changed) void client.invalidateQueries({ queryKey: ['decision', id] })
      if (changed.some(({ action }) => action === 'lockdown')) void client.invalidateQueries({ queryKey: ['lockdown'] })
      refreshCounts()
    },
    stop: () => clearTimeout(refetch),
  }
}

/** Opens the two streams and keeps them open while somebody looks; returns how to stop. */
export const startLive = (client: QueryClient): (() => void) => {
  publish({ state: liveStart(Date.now()), active: new Map(), fresh: new Map() })
  const appliers = createAppliers(client)
  const later = (run: () => void): (() => void) => {
    const timer = setTimeout(run, FLUSH_MS)
    return () => clearTimeout(timer)
  }
  const alerts = createBatcher<AlertView>({ limit: 500 }, { schedule: later, deliver: appliers.alerts })
  const decisions = createBatcher<Decision>({ limit: 2_000 }, { schedule: later, deliver: appliers.decisions })
  let streams: readonly EventSource[] = []
  let retry: ReturnType<typeof setTimeout> | undefined
  let hide: ReturnType<typeof setTimeout> | undefined

  const step = (input: LiveInput): void => {
    const before = current.state
    const state = liveStep(before, input, Date.now(), Math.random())
    if (state === before) return
    publish({ state })
    if (!wantsStream(state)) close()
    else if (streams.length === 0) open()
    clearTimeout(retry)
    if (state.kind === 'reconnecting') retry = setTimeout(() => step({ kind: 'retry' }), state.retryAt - Date.now())
    // what happened while the line was down was not heard: ask for everything on the page again
    if (state.kind === 'live' && state.resumed) void client.invalidateQueries()
  }
  const close = (): void => {
    for (const stream of streams) stream.close()
    streams = []
  }
  const open = (): void => {
    const alertStream = new EventSource('/v1/alerts/stream')
    const decisionStream = new EventSource('/v1/decisions/stream')
    streams = [alertStream, decisionStream]
    const opened = new Set<EventSource>()
    for (const stream of streams) {
      stream.addEventListener('open', () => {
        opened.add(stream)
        if (opened.size === streams.length) step({ kind: 'opened' })
      })
      // our own backoff, not the browser's: it gives up on a 503 and never tells
      stream.addEventListener('error', () => {
        if (streams.includes(stream)) step({ kind: 'broken' })
      })
    }
    alertStream.addEventListener('alert', (message) => {
      const alert = parse(message.data) as AlertView | undefined
      if (alert !== undefined) alerts.add(alert.id, alert)
    })
    // a long snapshot comes in parts, which only count together
    let parts: ReadonlyMap<string, Decision> = new Map()
    decisionStream.addEventListener('snapshot', (message) => {
      const snapshot = parse(message.data) as { decisions: readonly Decision[]; more?: boolean } | undefined
      if (snapshot === undefined) return
      parts = patchActive(parts, snapshot.decisions, Date.now())
      if (snapshot.more === true) return
      publish({ active: parts })
      parts = new Map()
    })
    decisionStream.addEventListener('decision', (message) => {
      const decision = parse(message.data) as Decision | undefined
      if (decision !== undefined) decisions.add(decision.id, decision)
    })
  }

  const offline = (): void => step({ kind: 'offline' })
  const online = (): void => step({ kind: 'online' })
  const visibility = (): void => {
    clearTimeout(hide)
    if (document.visibilityState === 'visible') step({ kind: 'visible' })
    else hide = setTimeout(() => step({ kind: 'hidden' }), HIDDEN_MS)
  }
  addEventListener('offline', offline)
  addEventListener('online', online)
  document.addEventListener('visibilitychange', visibility)
  open()
  if (!navigator.onLine) offline()
  return () => {
    removeEventListener('offline', offline)
    removeEventListener('online', online)
    document.removeEventListener('visibilitychange', visibility)
    clearTimeout(retry)
    clearTimeout(hide)
    alerts.stop()
    decisions.stop()
    appliers.stop()
    close()
  }
}
