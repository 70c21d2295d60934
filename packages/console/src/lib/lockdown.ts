import type { Lockdown, LockdownMode, LockdownPreflight } from '@parapet/core'
import { LOCKDOWN_MODES } from '@parapet/core'

import { count, plural, spanInWords } from './format.js'

/** Modes of a lockdown with what each means, the mildest first. */
export const LOCKDOWN_WORDS: Readonly<Record<LockdownMode, { readonly name: string; readonly means: string }>> = {
  read_only: { name: 'Read only', means: 'everybody may look, nobody may change anything' },
  known_users: { name: 'Known users only', means: 'only who was signed in before it, or signs in with a second factor' },
  allow_list: { name: 'Allow-list only', means: 'only addresses of the allow-list, signed in or not' },
  all: { name: 'Everybody out', means: 'nobody but those who run it' },
}

/** The modes as the sheet offers them: key, name, meaning. */
export const LOCKDOWN_CHOICES: readonly (readonly [key: LockdownMode, name: string, means: string])[] = LOCKDOWN_MODES.map((mode) => [
  mode,
  LOCKDOWN_WORDS[mode].name,
  LOCKDOWN_WORDS[mode].means,
])

const MINUTE = 60_000

/**
 * Where a lockdown stands. `unconfirmed`: nobody has confirmed yet that the right people still get in; `ending`: the last fifth of its
 * time, at most two minutes; `over`: it has ended by itself, whatever was heard of it last.
 */
export type LockdownStage = 'unconfirmed' | 'holding' | 'ending' | 'over'

/** The stage of a lockdown at `now`, ms UTC. */
export const stageOf = (lockdown: Lockdown, now: number): LockdownStage => {
  const left = lockdown.endsAt - now
  if (lockdown.endedAt !== null || left <= 0) return 'over'
  if (lockdown.confirmations === 0) return 'unconfirmed'
  return left <= Math.min(2 * MINUTE, lockdown.holdsMs / 5) ? 'ending' : 'holding'
}

/** What a lockdown does next when nobody does anything, by its stage, in a sentence. */
export const nextOf = (lockdown: Pick<Lockdown, 'holdsMs'>, stage: LockdownStage): string =>
  ({
    unconfirmed: 'Check that the right people still get in, then confirm. If nobody does, it ends by itself and everything is open again.',
    holding: `If nobody confirms again, it ends by itself. A confirmation holds for ${spanInWords(lockdown.holdsMs)}.`,
    ending: 'It is about to end by itself. Confirm again if it is still needed.',
    over: 'Everything is open again.',
  })[stage]

/** Why the latest lockdown ended when nobody ended it: worth telling for an hour; undefined otherwise. */
export const lapsedLately = (latest: readonly Lockdown[], now: number): Lockdown | undefined => {
  const last = latest.find(({ endedAt }) => endedAt !== null)
  return last !== undefined && last.endedWhy !== 'ended' && last.endedWhy !== null && now - (last.endedAt ?? 0) < 60 * MINUTE
    ? last
    : undefined
}

/** What it would have refused in the last hour, in a sentence. */
export const lastHourInWords = ({ lastHour }: Pick<LockdownPreflight, 'lastHour'>): string => {
  const { requests, refused, users, usersRefused } = lastHour
  if (requests === 0) return 'No request was seen in the last hour: what it would have refused is not known.'
  const people = users === 0 ? 'Nobody was signed in.' : `${count(usersRefused)} of ${plural(users, 'user')} would have been turned away.`
  return `It would have refused ${count(refused)} of ${plural(requests, 'request')}. ${people}`
}
