const two = (value: number): string => String(value).padStart(2, '0')

/** A time as a `datetime-local` field holds it, in the viewer's zone: `2026-11-21T21:04`. `at` in ms UTC. */
export const toLocalField = (at: number): string => {
  const date = new Date(at)
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`
}

/** What a `datetime-local` field holds, in ms UTC; undefined while it is empty or half written. */
export const fromLocalField = (text: string): number | undefined => {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? new Date(text).getTime() : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
