import { DAY, formatDuration, HOUR, type Level, MINUTE, type SubjectFlag } from '@parapet/core'

/** What the risk of a subject is made of. Times in ms UTC. */
export type RiskFacts = {
  readonly now: number
  /** alerts of the last days that name the subject */
  readonly alerts: readonly { readonly level: Level; readonly at: number }[]
  readonly flags: readonly Pick<SubjectFlag, 'kind'>[]
  /** failed sign-ins, as {@link decayed} gives them for now */
  readonly failures: number
  readonly newDeviceAt: number | null
  readonly newCountryAt: number | null
}

/** How much one alert of a level weighs while it is new, of 100. */
const ALERT: Readonly<Record<Level, number>> = { informational: 0, low: 5, medium: 20, high: 45, critical: 70 }
const FLAG: Readonly<Record<SubjectFlag['kind'], { readonly weight: number; readonly words: string }>> = {
  suspend: { weight: 50, words: 'Suspended now.' },
  deny: { weight: 40, words: 'Denied now.' },
  require_reset: { weight: 15, words: 'Has to set a new password.' },
  require_mfa: { weight: 15, words: 'Has to show a second factor.' },
}
const [DEVICE, COUNTRY, FAILURE, MOST_FAILURES] = [15, 25, 4, 40] as const

/** What happened weighs half with each day; failed sign-ins are forgotten sooner. */
const [HALVES, FAILURES_HALVE] = [DAY, 6 * HOUR] as const

const half = (age: number, life: number): number => 2 ** (-Math.max(0, age) / life)

/** What is left at `now` of failures that were counted up to `at`. */
export const decayed = (failures: number, at: number, now: number): number => failures * half(now - at, FAILURES_HALVE)

const ago = (at: number, now: number): string => {
  const minutes = Math.max(1, Math.floor((now - at) / MINUTE))
  return `${formatDuration(minutes < 60 ? minutes * MINUTE : Math.floor(minutes / 60) * HOUR)} ago`
}

/** Several weights as one of 0 to 1: each takes its part of what the others have left, so that many small ones never pass the whole. */
const join = (weights: readonly number[]): number => 1 - weights.reduce((rest, weight) => rest * (1 - weight / 100), 1)

/**
 * The risk of a subject, 0 to 100, and what it is made of, the weightiest first, as sentences. Pure: the same facts give the same risk, more
 * facts never less, and with time it falls.
 */
export const riskOf = (facts: RiskFacts): { readonly risk: number; readonly why: readonly string[] } => {
  const { now } = facts
  const parts: { readonly weight: number; readonly words: string }[] = []
  for (const level of Object.keys(ALERT) as Level[]) {
    const alerts = facts.alerts.filter((alert) => alert.level === level)
    const weight = 100 * join(alerts.map(({ at }) => ALERT[level] * half(now - at, HALVES)))
    const last = Math.max(...alerts.map(({ at }) => at))
    const words = `${alerts.length === 1 ? 'An alert' : `${alerts.length} alerts`} of level ${level}, ${alerts.length === 1 ? '' : 'the last '}`
    parts.push({ weight, words: alerts.length === 0 ? '' : `${words}${ago(last, now)}.` })
  }
  for (const kind of new Set(facts.flags.map((flag) => flag.kind))) parts.push(FLAG[kind])
  if (facts.newCountryAt !== null)
    parts.push({
      weight: COUNTRY * half(now - facts.newCountryAt, HALVES),
      words: `Signed in from a new country, ${ago(facts.newCountryAt, now)}.`,
    })
  if (facts.newDeviceAt !== null)
    parts.push({
      weight: DEVICE * half(now - facts.newDeviceAt, HALVES),
      words: `Signed in with a new device, ${ago(facts.newDeviceAt, now)}.`,
    })
  const failures = Math.round(facts.failures)
  parts.push({
    weight: Math.min(MOST_FAILURES, FAILURE * facts.failures),
    words: `${failures === 1 ? 'A failed sign-in' : `${failures} failed sign-ins`} of late.`,
  })
  return {
    risk: Math.round(100 * join(parts.map(({ weight }) => weight))),
    // what does not show in the number is no reason for it
    why: parts
      .filter(({ weight }) => weight >= 0.5)
      .toSorted((a, b) => b.weight - a.weight)
      .map(({ words }) => words),
  }
}
