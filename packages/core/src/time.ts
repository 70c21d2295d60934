/** A source of the current time in ms UTC; passed in so that decisions stay pure and tests own the clock. */
export type Clock = () => number

/** The machine's clock. */
export const systemClock: Clock = () => Date.now()

export const SECOND = 1_000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY }

/**
 * Reads `90s`, `15m`, `1h`, `7d`, `250ms` (and sums such as `1h30m`) as ms; `undefined` for anything else.
 * Sigma's timespans (`s`, `m`, `h`, `d`) are a subset.
 */
export const parseDuration = (text: string): number | undefined => {
  if (text.length > 32) return undefined
  const parts = /^(?:\d{1,9}(?:ms|[smhdw]))+$/.test(text) ? text.matchAll(/(\d+)(ms|[smhdw])/g) : undefined
  if (parts === undefined) return undefined
  let total = 0
  for (const [, amount, unit] of parts) total += Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
  return Number.isSafeInteger(total) ? total : undefined
}

/** Writes ms as the two largest units: `1h 30m`, `45s`, `0s`. */
export const formatDuration = (ms: number): string => {
  const parts: string[] = []
  let rest = Math.max(0, Math.round(ms / SECOND)) * SECOND
  for (const [unit, size] of [
    ['d', DAY],
    ['h', HOUR],
    ['m', MINUTE],
    ['s', SECOND],
  ] as const) {
    if (rest >= size && parts.length < 2) {
      parts.push(`${Math.floor(rest / size)}${unit}`)
      rest %= size
    }
  }
  return parts.join(' ') || '0s'
}
