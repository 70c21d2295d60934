import type { Target } from './targets.js'

/** What the stored events behind an alert say, beside the alert itself. Values as they stand in the events; each list at most 100 long. */
export type AlertFacts = {
  /** `user.id`, else `user.name`, of every event that names a user, each once */
  readonly users: readonly string[]
  /** those of them whose sign-in succeeded in one of these events */
  readonly signedIn: readonly string[]
  /** `session.id` */
  readonly sessions: readonly string[]
  /** `event.dataset` */
  readonly datasets: readonly string[]
}

/** What is known of one address (a /64 over IPv6) or range. All counts are of stored events of every source. */
export type AddressFacts = {
  /** requests that went well (answered below 400, or an outcome of `success`) within the last hour */
  readonly requests: number
  /** successful sign-ins within the last hour */
  readonly signIns: number
  /** different users that signed in from there within the last 24 hours */
  readonly users: number
  /** users that passed a second factor from there within the last 24 hours, as decisions name users; at most 8 */
  readonly mfaUsers: readonly string[]
}

/** The traffic that automatic decisions are weighed against: numbers that the caller reads before it asks. */
export type TrafficFacts = {
  /** requests that went well within the last hour, from everywhere */
  readonly requests: number
  /** successful sign-ins within the last hour, from everywhere */
  readonly signIns: number
  /** what is known of a target of `targetsOf`; undefined when nothing is */
  readonly of: (target: Target) => AddressFacts | undefined
}

/** Nothing beyond the alert is known. */
export const NO_FACTS: AlertFacts = { users: [], signedIn: [], sessions: [], datasets: [] }
