import type { Masker, SecurityEvent } from '@parapet/core'

/**
 * Fields of an event that hold what was typed, asked for or sent along. Names and ids of people stay: decisions are made on them, and the
 * control plane seals them.
 */
const TEXTS = [
  'url.path',
  'url.query',
  'url.original',
  'user_agent.original',
  'http.request.referrer',
  'message',
  'event.original',
] as const

/** What stands where a masker failed: the field was there, and nothing of it leaves. */
const HIDDEN = '[not masked]'

/** An event with masked text. A masker that throws hides the field instead of letting it through. */
export const maskEvent = (event: SecurityEvent, masker: Pick<Masker, 'text'>): SecurityEvent => {
  const masked: SecurityEvent = { ...event }
  for (const name of TEXTS) {
    const value = event[name]
    if (value === undefined) continue
    try {
      masked[name] = masker.text(value)
    } catch {
      masked[name] = HIDDEN
    }
  }
  return masked
}

/** Text for people and logs through a masker that may be absent, and may fail. */
export const maskText = (text: string, masker: Pick<Masker, 'text'> | undefined): string => {
  if (masker === undefined) return text
  try {
    return masker.text(text)
  } catch {
    return HIDDEN
  }
}
