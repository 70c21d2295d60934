import { hash } from 'node:crypto'
import type { Ref } from './count-buckets.js'

/**
 * The id of an alert: from its rule, its group and the event it began with, so that every run and worker gives the
 * same one. Written as a UUID. Source: RFC 9562, version 8.
 */
export const alertId = (ruleId: string, groupKey: string, first: number, ref: Ref): string => {
  const hex = hash('sha256', JSON.stringify([ruleId, groupKey, first, String(ref)]))
  // version 8 in the upper half of byte 6, the variant in the two upper bits of byte 8
  const variant = '89ab'[Number.parseInt(hex[16] as string, 16) & 3] as string
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
