import { atLeast, type Level, MINUTE, type NotificationKind, type NotificationRoute } from '@parapet/core'
import { type QuietHours, quietUntil } from './quiet-hours.js'

/** What planning has to know of a notification. */
export type Plannable = { readonly kind: NotificationKind; readonly level: Level; readonly audience: 'security' | 'administrators' }

/** One message through one channel, not before `dueAt` (ms UTC). */
export type PlannedDelivery = { readonly channelId: string; readonly dueAt: number }

/** Who is told at `at` (ms UTC) when nobody has acknowledged by then. */
export type EscalationStep = { readonly at: number; readonly channels: readonly string[]; readonly quiet: QuietHours | null }

/** What becomes of a notification. `quiet`: all of it waits for the end of quiet hours. `groupMs`: like ones within it are one message. */
export type Plan =
  | { readonly kind: 'no_route' }
  | {
      readonly kind: 'send'
      readonly deliveries: readonly PlannedDelivery[]
      readonly quiet: boolean
      readonly steps: readonly EscalationStep[]
      readonly groupMs: number
    }

const takes = (route: NotificationRoute, { kind, level }: Plannable): boolean =>
  atLeast(level, route.minLevel) && (route.kinds.length === 0 || route.kinds.includes(kind))

/** The routes that take a notification: the first one, and those after it as long as each says `continue`. */
export const routesFor = (routes: readonly NotificationRoute[], notification: Plannable): readonly NotificationRoute[] => {
  const taken: NotificationRoute[] = []
  for (const route of routes) {
    if (!takes(route, notification)) continue
    taken.push(route)
    if (!route.continue) break
  }
  return taken
}

/** The lowest level at which a route takes notifications of a kind; `high` where none does, so that what is grave is seen to have no route. */
export const lowestLevel = (routes: readonly NotificationRoute[], kind: NotificationKind): Level => {
  const levels = routes.filter(({ kinds }) => kinds.length === 0 || kinds.includes(kind)).map(({ minLevel }) => minLevel)
  return levels.length === 0 ? 'high' : levels.reduce((lowest, level) => (atLeast(level, lowest) ? lowest : level))
}

/** When a channel may be told. What is critical waits for nobody. */
const dueAt = (level: Level, quiet: QuietHours | null, now: number): number =>
  level === 'critical' || quiet === null ? now : (quietUntil(quiet, now) ?? now)

const soonest = (deliveries: readonly PlannedDelivery[]): readonly PlannedDelivery[] => {
  const byChannel = new Map<string, number>()
  for (const { channelId, dueAt: at } of deliveries) byChannel.set(channelId, Math.min(at, byChannel.get(channelId) ?? Infinity))
  return Array.from(byChannel, ([channelId, at]) => ({ channelId, dueAt: at }))
}

/**
 * Where a notification goes and when. `enabled`: the channels that are on. What is for administrators and finds no way goes to all of them;
 * of several routes the shortest time of grouping counts.
 */
export const planNotification = (
  notification: Plannable,
  routes: readonly NotificationRoute[],
  enabled: ReadonlySet<string>,
  now: number,
): Plan => {
  const { level, audience } = notification
  const taken = routesFor(routes, notification)
  const routed = taken.flatMap((route) =>
    route.channels.filter((channelId) => enabled.has(channelId)).map((channelId) => ({ channelId, dueAt: dueAt(level, route.quiet, now) })),
  )
  const all =
    routed.length === 0 && audience === 'administrators' ? Array.from(enabled, (channelId) => ({ channelId, dueAt: now })) : routed
  const deliveries = soonest(all)
  if (deliveries.length === 0) return { kind: 'no_route' }
  const steps = taken.flatMap(({ escalate, quiet }) => {
    const begins = dueAt(level, quiet, now)
    return escalate.map(({ afterMinutes, channels }) => ({ at: begins + afterMinutes * MINUTE, channels, quiet }))
  })
  return {
    kind: 'send',
    deliveries,
    quiet: deliveries.every((each) => each.dueAt > now),
    steps: steps.toSorted((a, b) => a.at - b.at),
    groupMs: routed.length === 0 ? 0 : Math.min(...taken.map(({ groupMinutes }) => groupMinutes)) * MINUTE,
  }
}

/** Whom an escalation tells, and when. Channels that are off are passed over. */
export const planStep = (level: Level, step: EscalationStep, enabled: ReadonlySet<string>, now: number): readonly PlannedDelivery[] =>
  soonest(step.channels.filter((id) => enabled.has(id)).map((channelId) => ({ channelId, dueAt: dueAt(level, step.quiet, now) })))

/** The newest like one that heads a message. `begun`: it is out, or on its way, and nothing more can be put into it. Times in ms UTC. */
export type LikeOne = { readonly firstDueAt: number; readonly begun: boolean }

/**
 * What becomes of a notification when there was a like one: it goes into a message that waits still, or becomes the next message, at the end of
 * the time; or it stands for itself. So the first one is told at once, and those that follow come as one message with a count.
 */
export const joinLike = (
  like: LikeOne | undefined,
  groupMs: number,
  now: number,
): { readonly kind: 'join' } | { readonly kind: 'alone' } | { readonly kind: 'hold'; readonly until: number } => {
  if (like === undefined || groupMs === 0) return { kind: 'alone' }
  if (!like.begun) return { kind: 'join' }
  const until = like.firstDueAt + groupMs
  return now < until ? { kind: 'hold', until } : { kind: 'alone' }
}
