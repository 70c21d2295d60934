import type { OutgoingMail } from './types.js'

/**
 * The mail that asks for a new password. It holds no token: the application's own verified reset is the only way back, so that nobody gains
 * anything by a mail of ours. Pure.
 */
export const resetMail = (about: {
  readonly campaign: string
  readonly subject: string
  readonly to: string
  readonly site: string
  readonly url: string | null
}): OutgoingMail => {
  const site = about.site.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 100)
  return {
    id: `reset-${about.campaign}-${about.subject.replaceAll(/[^A-Za-z0-9]/g, '-')}`,
    to: about.to,
    subject: `${site}: please set a new password`,
    text: [
      `Your account at ${site} needs a new password before it can be used again. You were signed out everywhere, and your old password does not work any more.`,
      about.url === null
        ? `Open ${site} as you always do and choose that you forgot your password.`
        : `Open this page of ${site} and follow it, or open ${site} as you always do and choose that you forgot your password.`,
      'This mail holds no password and no code, and nobody will ask you for yours.',
    ].join('\n\n'),
    links: about.url === null ? [] : [{ label: 'Set a new password', url: about.url }],
  }
}
