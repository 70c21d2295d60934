const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const two = (n: number): string => (n < 10 ? `0${n}` : String(n))

const clock = (date: Date): string => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`

/** `Nov  5 03:04:05`, as syslog stamps a second of UTC. */
export const syslogStamp = (seconds: number): string => {
  const date = new Date(Math.floor(seconds) * 1000)
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, ' ')} ${clock(date)}`
}

/** `05/Nov/2026:03:04:05 +0000`, as nginx stamps it. */
export const commonLogStamp = (seconds: number): string => {
  const date = new Date(Math.floor(seconds) * 1000)
  return `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock(date)} +0000`
}
