/** A number in [0, 1); passed in so that tests are repeatable. */
export type Chance = () => number

const FIRST_MS = 250
const MOST_MS = 30_000

/**
 * How long to wait after the n-th failure in a row (from 1), ms: doubles up to `mostMs` (30 s), half of it by chance, so that a
 * thousand clients do not come back in one moment.
 */
export const backoffMs = (failures: number, chance: Chance, mostMs: number = MOST_MS): number => {
  const full = Math.min(mostMs, FIRST_MS * 2 ** Math.min(20, Math.max(0, failures - 1)))
  return Math.round(full / 2 + (full / 2) * chance())
}

/** Longest wait that a server may ask for, ms: a wrong header must not silence a guard for a day. */
const MOST_ASKED_MS = 300_000

/** Reads `Retry-After`, seconds or a date, as ms from now. Source: RFC 9110, section 10.2.3. */
export const retryAfterMs = (header: string | null, now: number): number | undefined => {
  if (header === null || header.length > 64) return undefined
  const text = header.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return Number.isFinite(ms) ? Math.min(MOST_ASKED_MS, Math.max(0, ms)) : undefined
}
