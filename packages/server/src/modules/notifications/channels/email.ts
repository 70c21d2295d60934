import { escapeHtml } from '../words.js'
import { footer, headline, paragraphs } from './text.js'
import type { Message } from './types.js'

/** A mail as the transport takes it. `messageId` is the same at every try. */
export type MailRequest = {
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly html?: string
  readonly messageId: string
  readonly inReplyTo?: string
  readonly urgent: boolean
}

type Link = { readonly label: string; readonly url: string }

const BUTTON =
  'display:inline-block;padding:8px 14px;margin:0 8px 0 0;border:1px solid #57606a;border-radius:6px;color:#0969da;text-decoration:none'

/** A Message-ID for an id: letters, digits, hyphens and dots alone. Source: RFC 5322, 3.6.4. */
export const messageIdOf = (id: string, domain: string): string =>
  `<${id.replaceAll(/[^A-Za-z0-9.-]/g, '').slice(0, 120)}@${domain.replaceAll(/[^A-Za-z0-9.-]/g, '') || 'parapet'}>`

/** A page of paragraphs, a heading and buttons, without pictures, scripts or anything that is fetched. All of it is escaped here. */
export const mailHtml = (heading: string, lines: readonly string[], links: readonly Link[], small: string): string =>
  [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">',
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no"></head>',
    '<body style="font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:1em auto;padding:0 1em">',
    ...(heading === '' ? [] : [`<h1 style="font-size:1.15em">${escapeHtml(heading)}</h1>`]),
    ...lines.map((line) => `<p>${escapeHtml(line).replaceAll('\n', '<br>')}</p>`),
    ...(links.length === 0
      ? []
      : [`<p>${links.map(({ label, url }) => `<a href="${escapeHtml(url)}" style="${BUTTON}">${escapeHtml(label)}</a>`).join('')}</p>`]),
    ...(small === '' ? [] : [`<p style="color:#57606a;font-size:.85em">${escapeHtml(small)}</p>`]),
    '</body></html>',
  ].join('\n')

/** The same as plain text. */
export const mailText = (heading: string, lines: readonly string[], links: readonly Link[], small: string): string =>
  `${[heading, ...lines, ...links.map(({ label, url }) => `${label}:\n${url}`), small].filter((each) => each !== '').join('\n\n')}\n`

/** A mail to one or several people; text and HTML say the same. `domain` stands in the Message-ID. */
export const renderMail = (message: Message, settings: { readonly to: readonly string[] }, domain: string): MailRequest => {
  const links: Link[] = [
    ...(message.link === null ? [] : [{ label: 'Open in Parapet', url: message.link }]),
    ...(message.acknowledgeLink === null ? [] : [{ label: 'Acknowledge: I am looking at it', url: message.acknowledgeLink }]),
  ]
  const parts = [headline(message), paragraphs(message), links, footer(message)] as const
  return {
    to: settings.to,
    subject: headline(message),
    text: mailText(...parts),
    html: mailHtml(...parts),
    messageId: messageIdOf(message.id, domain),
    // what belongs together stands together in a mail program
    inReplyTo: messageIdOf(`notification-${message.notificationId}`, domain),
    urgent: message.level === 'critical',
  }
}
