import type { NoticeKind, NoticeView } from '@parapet/core'

/** How a notice weighs: one to look into at once, one to know, one of one's own doing. */
export type NoticeWeight = 'look' | 'know' | 'own'

type Words = { readonly title: string; readonly weight: NoticeWeight; readonly hint?: string }
type About = Pick<NoticeView, 'kind' | 'detail' | 'by'>

const WORDS: Readonly<Record<NoticeKind, (about: About) => Words>> = {
  new_device: () => ({ title: 'Signed in from a new device', weight: 'know' }),
  lockout: () => ({
    title: 'Sign-in paused after wrong passwords or codes',
    weight: 'look',
    hint: 'Devices that you have used before are not held up. If it was not you, somebody is guessing.',
  }),
  password_changed: () => ({ title: 'Password changed', weight: 'know' }),
  factor_added: ({ detail }) => ({ title: `Added: ${detail ?? 'a second factor'}`, weight: 'know' }),
  factor_removed: ({ detail }) => ({ title: `Removed: ${detail ?? 'a second factor'}`, weight: 'know' }),
  recovery_code_used: ({ detail }) => ({ title: `A recovery code was used${detail === null ? '' : `, ${detail}`}`, weight: 'look' }),
  recovery_codes_made: () => ({ title: 'New recovery codes; the old ones ended', weight: 'own' }),
  session_ended: ({ detail, by }) => ({
    title: by === null ? `Signed out elsewhere${detail === null ? '' : `: ${detail}`}` : 'Signed out everywhere',
    weight: 'own',
  }),
  session_replayed: () => ({
    title: 'An old session was used again and ended',
    weight: 'look',
    hint: 'Somebody may have copied your cookie. Change your password, and look at the machine it came from.',
  }),
  session_at_risk: ({ detail }) => ({
    title: 'A session was used as if by somebody else',
    weight: 'look',
    hint: detail ?? 'It has to prove itself before it does anything of weight.',
  }),
  reset_started: () => ({ title: 'Account reset', weight: 'look', hint: 'Sessions, second factors and tokens ended.' }),
  reset_finished: () => ({ title: 'New password set with a one-time link', weight: 'know' }),
  role_changed: ({ detail }) => ({ title: `Role changed to ${detail ?? 'another one'}`, weight: 'know' }),
}

/** What a notice says, and how much it weighs. */
export const noticeWords = (notice: About): Words => WORDS[notice.kind](notice)
