import type { Decision } from '@parapet/core'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** How long ago (or ahead) a time is, in the fewest words: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `in 2 d`. Times in ms UTC. */
export const relative = (at: number, now: number): string => {
  const distance = Math.abs(now - at)
  if (distance < 5 * SECOND) return 'now'
  const text =
    distance < MINUTE
      ? `${Math.floor(distance / SECOND)} s`
      : distance < HOUR
        ? `${Math.floor(distance / MINUTE)} min`
        : distance < 2 * DAY
          ? `${Math.floor(distance / HOUR)} h`
          : `${Math.floor(distance / DAY)} d`
  return at > now ? `in ${text}` : `${text} ago`
}

/** What is left until `at`, two units at most: `59 m 12 s`, `2 h 05 m`, `6 d 4 h`; `ended` when it has passed. Times in ms UTC. */
export const countdown = (at: number, now: number): string => {
  const left = at - now
  if (left <= 0) return 'ended'
  const two = (value: number): string => String(value).padStart(2, '0')
  if (left < MINUTE) return `${Math.ceil(left / SECOND)} s`
  if (left < HOUR) return `${Math.floor(left / MINUTE)} m ${two(Math.floor((left % MINUTE) / SECOND))} s`
  if (left < DAY) return `${Math.floor(left / HOUR)} h ${two(Math.floor((left % HOUR) / MINUTE))} m`
  return `${Math.floor(left / DAY)} d ${Math.floor((left % DAY) / HOUR)} h`
}

/** A span of ms in words, for sentences: `1 hour`, `15 minutes`, `30 days`, `45 seconds`. */
export const spanInWords = (ms: number): string => {
  const of = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`
  if (ms >= 2 * DAY || (ms >= DAY && ms % DAY === 0)) return of(Math.round(ms / DAY), 'day')
  if (ms >= 2 * HOUR || (ms >= HOUR && ms % HOUR === 0)) return of(Math.round(ms / HOUR), 'hour')
  if (ms >= 2 * MINUTE || (ms >= MINUTE && ms % MINUTE === 0)) return of(Math.round(ms / MINUTE), 'minute')
  return of(Math.max(0, Math.round(ms / SECOND)), 'second')
}

/** What is left of a span, as the API takes durations: whole minutes, at least one. */
export const asDuration = (ms: number): string => `${Math.max(1, Math.round(ms / MINUTE))}m`

/** The time of day in the viewer's zone, with seconds: `21:04:11`. */
export const clockTime = (at: number, zone?: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(at)

/** Day and time in the viewer's zone: `21 Nov 2026, 21:04:11`. */
export const dateTime = (at: number, zone?: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(at)

/** The zone of the viewer at a time, in short: `CET`; `UTC+9` where it has no letters. */
export const zoneName = (at: number, zone?: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short', ...(zone === undefined ? {} : { timeZone: zone }) })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')
    ?.value.replace(/^GMT(?=[+-])/, 'UTC') ?? ''

/** Day and time with the zone, for what is told to somebody else: `21 Nov 2026, 21:04:11 CET`. */
export const zonedTime = (at: number, zone?: string): string => `${dateTime(at, zone)} ${zoneName(at, zone)}`

/** Day and time without the year: `21 Nov 21:04:11`. */
export const dayTime = (at: number, zone?: string): string =>
  `${new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...(zone === undefined ? {} : { timeZone: zone }) }).format(at)} ${clockTime(at, zone)}`

/** What a time shows on hover: the viewer's zone by name, and UTC to the millisecond. */
export const bothTimes = (at: number, zone: string = Intl.DateTimeFormat().resolvedOptions().timeZone): string =>
  `${dateTime(at, zone)} ${zone}\n${new Date(at).toISOString().replace('T', ' ').replace('Z', ' UTC')}`

/** A count with thin groups: `1 204`, `12 408 331`. */
export const count = (value: number): string => new Intl.NumberFormat('en-US').format(value).replaceAll(',', '\u202f')

/** A noun with its number: `1 alert`, `3 alerts`. */
export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`

const VERBS: Readonly<Record<Decision['action'], string>> = {
  deny: 'Blocked',
  throttle: 'Slowed down',
  challenge: 'Challenged',
  require_mfa: 'Second factor required',
  require_reset: 'Password reset required',
  suspend: 'Suspended',
  end_sessions: 'Signed out',
  lockdown: 'Locked down',
}

/** Of these it matters where: at sign-in only, or everywhere. The others are about a user as a whole. */
const PLACED: ReadonlySet<Decision['action']> = new Set(['deny', 'throttle', 'challenge', 'require_mfa'])

/** What a decision does, in two or three words: `Blocked at sign-in`, `Blocked everywhere`, `Suspended`. */
export const actionInWords = (decision: Pick<Decision, 'action' | 'scope' | 'mode'>): string => {
  const where = decision.scope === 'login' ? ' at sign-in' : ' everywhere'
  const words = `${VERBS[decision.action]}${PLACED.has(decision.action) ? where : ''}`
  return decision.mode === 'observe' ? `Would be ${words.charAt(0).toLowerCase()}${words.slice(1)}` : words
}

/** Who a decision came from: `policy brute-force`, `ada`. */
export const authorInWords = (author: Decision['author']): string => {
  const name = author.name ?? author.id
  return author.kind === 'policy' ? `policy ${name}` : author.kind === 'operator' ? name : `${author.kind} ${name}`
}
