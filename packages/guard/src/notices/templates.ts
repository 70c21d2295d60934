import { escapeHtml } from '../errors/page.js'
import { visibleText } from '../events/security-events.js'
import type { NoticeInput, NoticeKind, NoticeMail } from './types.js'

/** What a mail says. `{site}` is the application's name. */
type Template = {
  readonly title: string
  readonly said: string
  /** what to do when it was not the owner */
  readonly advice: string
  /** what administrators read; left out, they are not told */
  readonly administrators?: string
}

const CHANGE_PASSWORD = 'If this was not you, change your password now and sign out your other sessions.'
const NOT_YOU = 'If this was not you, contact the operator of {site} now.'

/** The text of each notice. Sources: ASVS 5.0 6.3.7 (notify of changes and suspicious sign-ins), 7.4.3. */
export const TEMPLATES: Readonly<Record<NoticeKind, Template>> = {
  new_device: {
    title: 'New sign-in to {site}',
    said: 'Somebody signed in to your account on {site} from a device that we have not seen before.',
    advice: CHANGE_PASSWORD,
  },
  new_country: {
    title: 'Sign-in to {site} from another country',
    said: 'Somebody signed in to your account on {site} from a country that we have not seen before.',
    advice: CHANGE_PASSWORD,
  },
  password_changed: {
    title: 'Your password for {site} was changed',
    said: 'The password of your account on {site} was changed.',
    advice: NOT_YOU,
  },
  mail_changed: {
    title: 'Your mail address for {site} was changed',
    said: 'The mail address of your account on {site} was changed. This message goes to the old address as well.',
    advice: NOT_YOU,
  },
  factor_added: {
    title: 'A second factor was added on {site}',
    said: 'A second factor was added to your account on {site}.',
    advice: NOT_YOU,
  },
  factor_removed: {
    title: 'A second factor was removed on {site}',
    said: 'A second factor was removed from your account on {site}.',
    advice: NOT_YOU,
    administrators: 'A second factor of this account was removed.',
  },
  locked_out: {
    title: 'Too many failed sign-ins to {site}',
    said: 'Somebody tried to sign in to your account on {site} too often with a wrong password. Sign-in from unknown devices pauses for a while; devices that you have used before still work.',
    advice: 'You need not do anything. If you have used the same password elsewhere, change it.',
    administrators: 'Sign-in to this account is locked on unknown devices after too many failures.',
  },
  session_revoked: {
    title: 'A session on {site} was ended',
    said: 'A session of your account on {site} was ended.',
    advice: 'If you did not expect this, change your password and look at your list of sessions.',
  },
  session_hijack: {
    title: 'A session on {site} may have been stolen',
    said: 'A session of your account on {site} was used in a way that does not look like you, and was ended or has to be confirmed.',
    advice: 'If you did not use {site} at that time, change your password and sign out your other sessions.',
    administrators: 'A session of this account was used in a way that does not look like its owner.',
  },
  reset_requested: {
    title: 'A new password for {site} was asked for',
    said: 'Somebody asked for a new password for your account on {site}.',
    advice: 'If this was not you, you need not do anything: your password stays as it is.',
  },
  recovery_code_used: {
    title: 'A recovery code for {site} was used',
    said: 'A recovery code of your account on {site} was used. It does not work a second time.',
    advice: NOT_YOU,
    administrators: 'A recovery code of this account was used.',
  },
  suspended: {
    title: 'Your account on {site} was suspended',
    said: 'Your account on {site} was suspended and its sessions were ended.',
    advice: 'If you think that this is a mistake, contact the operator of {site}.',
    administrators: 'This account was suspended.',
  },
}

/** Characters of one value that a mail shows. */
const LONGEST = 160

/** Text that a mail program shows as text: bounded, no control characters, and nothing that it would turn into a link. */
const plain = (text: string): string =>
  visibleText(text, LONGEST)
    .replaceAll('://', ': //')
    .replaceAll('@', ' (at) ')
    // `evil.example/reset` alone is a link for many programs; versions and addresses of IPv4 have no letter behind a dot
    .replaceAll(/(?<=www)\.|[.\u3002\uff0e\uff61](?=\p{L})/giu, ' $&')

/** `2026-11-22 04:05 UTC`. */
const time = (at: number): string => {
  const date = new Date(at)
  return Number.isFinite(date.getTime()) ? `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'unknown'
}

const facts = (input: NoticeInput & { readonly at: number }): (readonly [string, string])[] => {
  const list: (readonly [string, string])[] = [['When', time(input.at)]]
  if (input.address !== undefined) list.push(['Address', plain(input.address)])
  if (input.country !== undefined) list.push(['Country', plain(input.country)])
  if (input.userAgent !== undefined) list.push(['Browser', plain(input.userAgent)])
  if (input.detail !== undefined) list.push(['Detail', plain(input.detail)])
  return list
}

/** What the mails of one application have in common. */
export type MailFrame = { readonly site: string; readonly accountUrl: string | undefined }

const mail = (
  title: string,
  paragraphs: readonly string[],
  rows: readonly (readonly [string, string])[],
  link: string | undefined,
): NoticeMail => {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2
  const text = [
    ...paragraphs.slice(0, -1),
    rows.map(([name, value]) => `${`${name}:`.padEnd(width)}${value}`).join('\n'),
    ...paragraphs.slice(-1),
    ...(link === undefined ? [] : [`Your account: ${link}`]),
  ].join('\n\n')
  const table = rows
    .map(([name, value]) => `<tr><th align="left" scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('')
  const html =
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${escapeHtml(title)}</title></head><body>` +
    paragraphs
      .slice(0, -1)
      .map((one) => `<p>${escapeHtml(one)}</p>`)
      .join('') +
    `<table cellpadding="4">${table}</table>` +
    paragraphs
      .slice(-1)
      .map((one) => `<p>${escapeHtml(one)}</p>`)
      .join('') +
    (link === undefined ? '' : `<p><a href="${escapeHtml(link)}">Your account</a></p>`) +
    '</body></html>'
  return { subject: title, text: `${text}\n`, html }
}

/** The mail to the owner of the account. Its only link is the configured one. */
export const userMail = (input: NoticeInput & { readonly at: number }, frame: MailFrame): NoticeMail => {
  const template = TEMPLATES[input.kind]
  const fill = (text: string): string => text.replaceAll('{site}', () => frame.site)
  return mail(fill(template.title), [fill(template.said), fill(template.advice)], facts(input), frame.accountUrl)
}

/** The mail to administrators, `undefined` where they are not told. Names the subject, and has no link at all. */
export const administratorsMail = (input: NoticeInput & { readonly at: number }, frame: MailFrame): NoticeMail | undefined => {
  const { administrators } = TEMPLATES[input.kind]
  if (administrators === undefined) return undefined
  const rows = [['Account', plain(input.subject)] as const, ...facts(input)]
  const title = `[${frame.site}] ${administrators.slice(0, -1)}`
  return mail(title, [administrators, 'The events of the account are in the control plane.'], rows, undefined)
}
