import { createHash } from 'node:crypto'
import type { Ref } from './count-buckets.js'

/**
 * The id of an alert: from its rule, its group and the event it began with, so that every run and worker gives the
 * same one. Written as a UUID. Source: RFC 9562, version 8.
 */
export const alertId = (ruleId: string, groupKey: string, first: number, ref: Ref): string => {
  const hash = createHash('sha256')
    .update(JSON.stringify([ruleId, groupKey, first, String(ref)]))
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
