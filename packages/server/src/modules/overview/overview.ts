import { type AlertView, atLeast, DAY, HOUR, type Overview } from '@parapet/core'
import type { AlertStore } from '../alerts/index.js'
import type { DecisionStore } from '../decisions/index.js'
import type { EventStore } from '../events/index.js'
import type { Sources } from '../sources/index.js'
import { describeSituation } from './sentence.js'
import { type SourceView, sourceViews } from './sources.js'

/** What the page Now is made of. */
export type OverviewDeps = {
  readonly clock: () => number
  readonly events: Pick<EventStore, 'countsByHour' | 'lastEventPerSource'>
  readonly alerts: Pick<AlertStore, 'list' | 'countsByHour' | 'countsByLevel'>
  readonly decisions: Pick<DecisionStore, 'countInForce' | 'countSince'>
  readonly sources: Pick<Sources, 'list'>
  /** when the budget of decisions was last hit, ms UTC */
  readonly budgetTrippedAt: () => number | null
}

type Needs = Overview['needsYou'][number]

/** Alerts that somebody should look at: bad, of the last day, and nothing was done about them. */
const openAlerts = (alerts: readonly AlertView[]): Needs[] =>
  alerts
    .filter((alert) => atLeast(alert.rule.level, 'high') && alert.decisionIds.length === 0)
    .slice(0, 10)
    .map((alert) => ({
      kind: 'alert',
      id: alert.id,
      title: alert.rule.title,
      detail: alert.why,
      href: `/alerts/${encodeURIComponent(alert.id)}`,
    }))

const sourceNeeds = (sources: readonly SourceView[]): Needs[] => {
  if (sources.length === 0) {
    return [
      {
        kind: 'setup',
        id: 'first-source',
        title: 'Connect your first application',
        detail: 'Nothing sends events yet, so nothing can be detected.',
        href: '/sources',
      },
    ]
  }
  return sources
    .filter(({ state, demo }) => state === 'silent' && !demo)
    .slice(0, 10)
    .map(({ id, name }) => ({
      kind: 'source',
      id,
      title: `${name} is silent`,
      detail: 'It sent events before and has sent none for an hour.',
      href: '/sources',
    }))
}

const budgetNeeds = (trippedAt: number | null, now: number): Needs[] =>
  trippedAt === null || now - trippedAt > DAY
    ? []
    : [
        {
          kind: 'budget',
          id: 'budget',
          title: 'The budget of decisions is spent',
          detail: 'Further decisions only observe until you have looked at those in force.',
          href: '/decisions',
        },
      ]

/** 24 hours, oldest first, ending with the one that runs. */
const hoursOf = (
  now: number,
  events: readonly { at: number; events: number }[],
  alerts: readonly { at: number; alerts: number }[],
): { at: number; events: number; alerts: number }[] => {
  const current = Math.floor(now / HOUR) * HOUR
  return Array.from({ length: 24 }, (_, i) => {
    const at = current - (23 - i) * HOUR
    return { at, events: events.find((hour) => hour.at === at)?.events ?? 0, alerts: alerts.find((hour) => hour.at === at)?.alerts ?? 0 }
  })
}

/** Everything on the page Now, at one moment. */
export const overviewOf = async (deps: OverviewDeps): Promise<Overview> => {
  const now = deps.clock()
  const since = Math.floor(now / HOUR) * HOUR - 23 * HOUR
  const [eventHours, alertHours, levels, inForce, made, recent, sources] = await Promise.all([
    deps.events.countsByHour(since),
    deps.alerts.countsByHour(since),
    deps.alerts.countsByLevel(now - DAY),
    deps.decisions.countInForce(now),
    deps.decisions.countSince(now - DAY),
    deps.alerts.list({ since: now - DAY }, null, 200),
    sourceViews(deps),
  ])
  const hours = hoursOf(now, eventHours, alertHours)
  const events = hours.reduce((sum, hour) => sum + hour.events, 0)
  const needsYou = [...openAlerts(recent.items), ...budgetNeeds(deps.budgetTrippedAt(), now), ...sourceNeeds(sources)]
  const serious = recent.items.filter((alert) => atLeast(alert.rule.level, 'medium'))
  const lastAlertAt = serious.length === 0 ? null : Math.max(...serious.map(({ updatedAt }) => updatedAt))
  return {
    now,
    status: describeSituation({
      now,
      events24h: events,
      lastAlertAt,
      blocked: inForce.blocked,
      lockdown: inForce.lockdown,
      needsYou: needsYou.length,
    }),
    needsYou,
    last24h: { events, alerts: levels, decisions: made, hours },
    // as the tab of them counts: what is only observed stands under one of its own
    activeDecisions: inForce.decisions,
    sources: sources.map(({ id, name, lastEventAt, state }) => ({ id, name, lastEventAt, state })),
    latest: recent.items.slice(0, 10),
  }
}
