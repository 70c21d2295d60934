import { formatDuration, MINUTE } from '@parapet/core'

/** What the sentence is made of. Times in ms UTC. */
export type Situation = {
  readonly now: number
  readonly events24h: number
  /** when the newest alert of level medium or worse was last updated */
  readonly lastAlertAt: number | null
  /** targets that an enforced decision keeps out now, by kind */
  readonly blocked: { readonly addresses: number; readonly others: number }
  /** a lockdown is on */
  readonly lockdown: boolean
  readonly needsYou: number
}

/** How things stand, for a colour and for people. */
export type Status = { readonly level: 'quiet' | 'attention' | 'attack'; readonly sentence: string }

/** An alert this young means that it is still going on. */
export const HOT_MS = 15 * MINUTE

const number = new Intl.NumberFormat('en-US')

const count = (n: number, one: string, many: string): string => `${number.format(n)} ${n === 1 ? one : many}`

/** `just now`, `2 minutes ago`, `1 hour ago`. */
const ago = (ms: number): string => {
  if (ms < MINUTE) return 'just now'
  const [amount = '', unit = ''] = /^(\d+)([dhm])/.exec(formatDuration(ms))?.slice(1) ?? []
  const word = { d: 'day', h: 'hour', m: 'minute' }[unit] ?? 'minute'
  return `${count(Number(amount), word, `${word}s`)} ago`
}

const blockedWords = ({ addresses, others }: Situation['blocked']): string => {
  const parts = [
    ...(addresses > 0 ? [count(addresses, 'address', 'addresses')] : []),
    ...(others > 0 ? [count(others, 'other target', 'other targets')] : []),
  ]
  return `${parts.join(' and ')} blocked`
}

const withoutLockdown = (situation: Situation): Status => {
  const { now, lastAlertAt, blocked, needsYou, events24h } = situation
  const held = blocked.addresses + blocked.others
  const hot = lastAlertAt !== null && now - lastAlertAt < HOT_MS
  if (hot && held > 0)
    return { level: 'attack', sentence: `An attack is being held off: ${blockedWords(blocked)}, the last alert ${ago(now - lastAlertAt)}.` }
  if (hot) return { level: 'attack', sentence: `Something is being tried: the last alert ${ago(now - lastAlertAt)}, nothing is blocked.` }
  const events = `${count(events24h, 'event', 'events')} in the last 24 hours`
  const still = held > 0 ? `, ${blockedWords(blocked)}` : ''
  if (needsYou > 0) return { level: 'attention', sentence: `${count(needsYou, 'thing needs', 'things need')} you: ${events}${still}.` }
  return { level: 'quiet', sentence: `All quiet: ${events}${still}, nothing needs you.` }
}

/** The one sentence on the page Now, in plain words. */
export const describeSituation = (situation: Situation): Status => {
  const { level, sentence } = withoutLockdown(situation)
  if (!situation.lockdown) return { level, sentence }
  // people are kept out who are used to come in: that is never quiet, whatever else there is
  const rest = sentence.replace(/^All quiet: /, '').replace(/^[AS](?=n |omething )/, (letter) => letter.toLowerCase())
  return { level: level === 'quiet' ? 'attention' : level, sentence: `A lockdown is on; ${rest}` }
}
