import { plural } from './format.js'

/** One hour of the chart as drawn: heights are shares of the plot, 0 to 1. */
export type Bar = {
  readonly at: number
  readonly events: number
  readonly alerts: number
  readonly eventShare: number
  readonly alertShare: number
}

/**
 * Bars of the last day. Events grow with the square root, so that one flood does not flatten the other hours; alerts
 * have their own scale and never vanish: an hour with one alert shows at least a sliver.
 */
export const bars = (hours: readonly { readonly at: number; readonly events: number; readonly alerts: number }[]): readonly Bar[] => {
  const mostEvents = Math.max(1, ...hours.map((hour) => hour.events))
  const mostAlerts = Math.max(1, ...hours.map((hour) => hour.alerts))
  return hours.map((hour) => ({
    ...hour,
    eventShare: hour.events <= 0 ? 0 : Math.max(0.02, Math.sqrt(hour.events / mostEvents)),
    alertShare: hour.alerts <= 0 ? 0 : Math.max(0.12, hour.alerts / mostAlerts),
  }))
}

/** The chart in one sentence, for those who do not see it. */
export const chartInWords = (
  hours: readonly { readonly at: number; readonly events: number; readonly alerts: number }[],
  clock: (at: number) => string,
): string => {
  const events = hours.reduce((sum, hour) => sum + hour.events, 0)
  const alerts = hours.reduce((sum, hour) => sum + hour.alerts, 0)
  if (events === 0 && alerts === 0) return 'Nothing came in during the last 24 hours.'
  const worst = hours.reduce((a, b) => (b.alerts > a.alerts ? b : a), hours[0] ?? { at: 0, events: 0, alerts: 0 })
  return `${plural(events, 'event')} and ${plural(alerts, 'alert')} in 24 hours${worst.alerts > 0 ? `; most alerts (${worst.alerts}) in the hour from ${clock(worst.at)}` : ''}.`
}
