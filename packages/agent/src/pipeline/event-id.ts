import { createHash } from 'node:crypto'

/**
 * The id of what stands at a place of a stream: the same whenever it is read again, so that sending twice is a duplicate and never a second
 * event. A UUID (RFC 9562, version 8) whose first 48 bits grow with the place, as the index of the control plane likes it.
 */
export const eventId = (origin: { readonly id: string; readonly born: number }, offset: number, text: string, nth = 0): string => {
  const time = Math.floor(origin.born) + Math.floor(offset / 1_024)
  const hex = createHash('sha256').update(`${origin.id}\n${offset}\n${nth}\n${text}`).digest('hex')
  const front = time.toString(16).padStart(12, '0').slice(-12)
  const variant = ((Number.parseInt(hex[3] ?? '0', 16) & 3) | 8).toString(16)
  return `${front.slice(0, 8)}-${front.slice(8)}-8${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(8, 20)}`
}
