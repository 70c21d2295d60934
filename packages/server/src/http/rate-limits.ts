import { MINUTE, SECOND } from '@parapet/core'

/** Requests a period, by class. Counted for each principal; anonymous requests for each client address. */
export const RATE_LIMITS = {
  /** batches of events of one source */
  ingest: { limit: 6_000, periodMs: MINUTE },
  read: { limit: 600, periodMs: MINUTE },
  write: { limit: 120, periodMs: MINUTE },
  /** connections of live streams, which count while they are made */
  stream: { limit: 60, periodMs: MINUTE },
  /** everything that takes a password, a link or hashes */
  credential: { limit: 20, periodMs: 5 * MINUTE },
  /** second steps of a sign-in and of step-up: codes, passkeys and their challenges */
  factor: { limit: 40, periodMs: 5 * MINUTE },
  /** questions of a proxy, one for each request of everybody behind it: far more than a machine can answer, so that none is throttled */
  authorize: { limit: 100_000, periodMs: SECOND },
  /** pages and files of the console, health */
  public: { limit: 1_200, periodMs: MINUTE },
} as const

/** A class of {@link RATE_LIMITS}. */
export type RateLimitClass = keyof typeof RATE_LIMITS

/** Requests of one client address that a known token does not vouch for: what guessing and floods may cost us at all. */
export const DOOR_LIMIT = { limit: 3_000, periodMs: MINUTE } as const

/** Refusals of one principal that are written to the record; those beyond are only answered: the record is for ever, and nobody may fill it. */
export const REFUSAL_LIMIT = { limit: 30, periodMs: MINUTE } as const
