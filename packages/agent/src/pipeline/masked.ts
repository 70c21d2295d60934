import type { SecurityEvent } from '@parapet/core'

/** Fields that hold what somebody typed or a program said, and may hold secrets and personal data. */
const TEXTS = [
  'message',
  'event.original',
  'process.command_line',
  'db.query.text',
  'url.query',
  'url.original',
  'http.request.referrer',
] as const

/**
 * The event as it may leave the host: its texts masked. Names and addresses stay: the control plane seals names and keeps addresses for a
 * time. Rules have seen the event before.
 */
export const createMaskEvent = (mask: (text: string) => string): ((event: SecurityEvent) => SecurityEvent) => {
  // most lines of a host repeat: what was clean once is clean
  const clean = new Set<string>()
  const masked = (text: string): string => {
    if (clean.has(text)) return text
    const out = mask(text)
    if (out === text && text.length < 512) {
      if (clean.size >= 4_096) clean.clear()
      clean.add(text)
    }
    return out
  }
  return (event) => {
    let out = event
    for (const field of TEXTS) {
      const value = event[field]
      if (typeof value !== 'string' || value === '') continue
      const safe = masked(value)
      if (safe === value) continue
      if (out === event) out = { ...event }
      out[field] = safe
    }
    return out
  }
}
