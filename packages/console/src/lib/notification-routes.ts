import type { ChannelView, Level, NotificationKind, NotificationRoute } from '@parapet/core'
import { NOTIFICATION_KINDS } from '@parapet/core'

import { plural } from './format.js'
import { LEVEL_WORD, LEVELS_DOWN } from './levels.js'

/** What a notification is about, in a few words for lists and sentences. */
export const KIND_WORD: Readonly<Record<NotificationKind, string>> = {
  alert: 'alerts',
  decision: 'decisions',
  user_flagged: 'flagged users',
  breach: 'breaches',
  lockdown: 'lockdowns',
  incident: 'incidents',
  budget: 'spent budgets',
  enforcer: 'enforcers in trouble',
  source_silent: 'silent sources',
  operator: 'changes of operators',
  test: 'tests',
}

/** What can be chosen for a route: a test goes past all of them. */
export const ROUTED_KINDS: readonly NotificationKind[] = NOTIFICATION_KINDS.filter((kind) => kind !== 'test')

/** The days of a week as `weekdays` of quiet hours numbers them, in the order of a working week. */
export const WEEKDAYS = [
  [1, 'Monday'],
  [2, 'Tuesday'],
  [3, 'Wednesday'],
  [4, 'Thursday'],
  [5, 'Friday'],
  [6, 'Saturday'],
  [0, 'Sunday'],
] as const

/** A minute of the day as a clock shows it: `07:30`. */
export const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60) % 24).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** What a time field holds as a minute of the day; undefined while it is empty. */
export const minuteOf = (clock: string): number | undefined => {
  const match = /^(\d\d):(\d\d)/.exec(clock)
  return match === null ? undefined : Number(match[1]) * 60 + Number(match[2])
}

/** `a`, `a and b`, `a, b and c`. */
export const listInWords = (words: readonly string[], and = 'and'): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1) ?? ''}`

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const atLeast = (level: Level, floor: Level): boolean => LEVELS_DOWN.indexOf(level) <= LEVELS_DOWN.indexOf(floor)

/** Days in words: `every day`, `Monday to Friday`, `Saturday and Sunday`. */
export const daysInWords = (weekdays: readonly number[]): string => {
  const named = WEEKDAYS.flatMap(([day, name], index) => (weekdays.includes(day) ? [{ index, name }] : []))
  const [first] = named
  const last = named.at(-1)
  if (first === undefined || last === undefined || named.length === 7) return 'every day'
  const inARow = last.index - first.index === named.length - 1
  return inARow && named.length > 2 ? `${first.name} to ${last.name}` : listInWords(named.map(({ name }) => name))
}

type Named = Pick<ChannelView, 'id' | 'name' | 'enabled'>

const namesOf = (ids: readonly string[], channels: readonly Named[]): string =>
  ids.length === 0
    ? 'nobody'
    : listInWords(
        ids.map((id) => {
          const channel = channels.find((known) => known.id === id)
          return channel === undefined ? 'a channel that is gone' : channel.enabled ? channel.name : `${channel.name} (switched off)`
        }),
      )

/** What a route does, in sentences that somebody on call understands. Names of channels are hostile. */
export const routeInWords = (route: NotificationRoute, channels: readonly Named[]): readonly string[] => {
  const what = route.kinds.length === 0 ? 'Everything' : upper(listInWords(route.kinds.map((kind) => KIND_WORD[kind])))
  const level =
    route.minLevel === 'informational'
      ? 'of any level'
      : route.minLevel === 'critical'
        ? 'that is critical'
        : `of level ${LEVEL_WORD[route.minLevel].toLowerCase()} or worse`
  const verb = route.kinds.length === 0 ? 'goes' : 'go'
  const { quiet } = route
  return [
    `${what} ${route.minLevel === 'critical' && route.kinds.length > 0 ? 'that are critical' : level} ${verb} to ${namesOf(route.channels, channels)}${
      route.groupMinutes > 0 ? `; like ones within ${plural(route.groupMinutes, 'minute')} become one message` : ''
    }.`,
    ...(quiet === null
      ? []
      : [
          `From ${clockOf(quiet.from)} to ${clockOf(quiet.to)} (${quiet.zone}, ${daysInWords(quiet.weekdays)}) only what is critical is sent at once; the rest waits until ${clockOf(quiet.to)}.`,
        ]),
    ...route.escalate.map(
      (step) =>
        `When nobody has acknowledged it after ${plural(step.afterMinutes, 'minute')}, ${namesOf(step.channels, channels)} ${step.channels.length > 1 ? 'are' : 'is'} told too.`,
    ),
    ...(route.continue ? ['The routes below are looked at as well.'] : []),
  ]
}

const takes = (route: NotificationRoute, kind: NotificationKind, level: Level): boolean =>
  atLeast(level, route.minLevel) && (route.kinds.length === 0 || route.kinds.includes(kind))

/** The channels that something reaches at once, as the control plane walks the routes: the first that takes it ends it unless it goes on. */
export const reachedBy = (
  routes: readonly NotificationRoute[],
  channels: readonly Named[],
  kind: NotificationKind,
  level: Level,
): readonly string[] => {
  const on = new Set(channels.flatMap(({ id, enabled }) => (enabled ? [id] : [])))
  const reached = new Set<string>()
  for (const route of routes) {
    if (!takes(route, kind, level)) continue
    for (const id of route.channels) if (on.has(id)) reached.add(id)
    if (!route.continue) break
  }
  return [...reached]
}

/** What is wrong with routes; `grave`: somebody who should be woken would sleep. `index`: of the route that it is about, null for all. */
export type RouteWarning = { readonly grave: boolean; readonly index: number | null; readonly text: string }

/** Reads routes for what would be missed. */
export const routeWarnings = (routes: readonly NotificationRoute[], channels: readonly Named[]): readonly RouteWarning[] => {
  const lost = ROUTED_KINDS.filter((kind) => reachedBy(routes, channels, kind, 'critical').length === 0)
  const on = new Set(channels.flatMap(({ id, enabled }) => (enabled ? [id] : [])))
  const warnings: RouteWarning[] = []
  if (lost.length === ROUTED_KINDS.length)
    warnings.push({ grave: true, index: null, text: 'Nothing critical would reach anybody: not a breach, not an alert, not a lockdown.' })
  else if (lost.length > 0)
    warnings.push({
      grave: true,
      index: null,
      text: `Critical ${listInWords(lost.map((kind) => KIND_WORD[kind]))} would reach nobody: no route takes them to a channel that is on.`,
    })
  routes.forEach((route, index) => {
    if (!route.channels.some((id) => on.has(id)))
      warnings.push({ grave: false, index, text: 'It has no channel that is on: what it takes goes to nobody.' })
    const kinds = route.kinds.length === 0 ? ROUTED_KINDS : route.kinds
    const covered = routes
      .slice(0, index)
      .findIndex(
        (before) =>
          !before.continue &&
          atLeast(route.minLevel, before.minLevel) &&
          kinds.every((kind) => before.kinds.length === 0 || before.kinds.includes(kind)),
      )
    if (covered !== -1) warnings.push({ grave: false, index, text: `Nothing ever comes here: route ${covered + 1} takes all of it first.` })
  })
  return warnings
}

/** A route to begin with: what is high or worse, to all channels that are on. `id` must be new. */
export const newRoute = (id: string, channels: readonly Named[]): NotificationRoute => ({
  id,
  name: '',
  minLevel: 'high',
  kinds: [],
  channels: channels.flatMap((channel) => (channel.enabled ? [channel.id] : [])),
  quiet: null,
  groupMinutes: 5,
  escalate: [],
  continue: false,
})

/** A list with the item at `from` moved to `to`. */
export const moved = <T>(items: readonly T[], from: number, to: number): readonly T[] => {
  const item = items[from]
  if (item === undefined || to < 0 || to >= items.length) return items
  const rest = items.toSpliced(from, 1)
  return rest.toSpliced(to, 0, item)
}
