import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { ParapetError, SECOND } from '@parapet/core'
import { createTransport } from 'nodemailer'
import { type Config, isMailAddress, readSender } from '../../config/index.js'
import { type MailRequest, mailHtml, mailText, messageIdOf } from './channels/email.js'
import { explainMailTrouble } from './mail-trouble.js'
import type { Mail, SendResult } from './types.js'
import { oneLine } from './words.js'

/** How long each step of a mail may take, and all of it, ms. */
const STEP_MS = 10 * SECOND
const WHOLE_MS = 45 * SECOND

/** The settings of the mail server. */
export type SmtpSettings = NonNullable<Config['notifications']['smtp']>

/** What sends mails. Never throws. */
export type Mailer = {
  /** the domain that Message-IDs are made with */
  readonly domain: string
  readonly send: (mail: MailRequest) => Promise<SendResult>
  readonly sendMail: (mail: Mail) => Promise<SendResult>
}

const REFUSED = (detail: string): SendResult => ({ ok: false, retry: false, detail, afterMs: null })

const readPassword = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/, 1)[0] ?? ''
  } catch (cause) {
    throw new ParapetError('PPT_CONFIG_INVALID', `notifications.smtp.passwordFile: the file ${file} cannot be read`, { cause })
  }
}

/** Where and as whom to connect. A user without a password, or a password without TLS, is refused. Errors: `PPT_CONFIG_INVALID`. */
const readServer = async (smtp: SmtpSettings) => {
  const url = smtp.url === undefined ? undefined : new URL(smtp.url)
  const host = url === undefined ? (smtp.host ?? '') : url.hostname.replaceAll(/[[\]]/g, '')
  const secure = url === undefined ? smtp.port === 465 : url.protocol === 'smtps:'
  const port = url === undefined ? smtp.port : Number(url.port || (secure ? 465 : 587))
  const user = url === undefined ? smtp.user : decodeURIComponent(url.username) || undefined
  const pass =
    url === undefined
      ? smtp.passwordFile === undefined
        ? undefined
        : await readPassword(smtp.passwordFile)
      : decodeURIComponent(url.password) || undefined
  if ((user === undefined) !== (pass === undefined))
    throw new ParapetError('PPT_CONFIG_INVALID', 'notifications.smtp: a user and a password belong together; give both or none')
  return { host, port, secure, auth: user === undefined || pass === undefined ? undefined : { user, pass } }
}

/**
 * Opens the way out for mails; nothing connects yet. TLS is required and its certificate is checked, unless `tls: none` says otherwise. A
 * connection is made for each mail: none is left open that a firewall could forget. Errors: `PPT_CONFIG_INVALID`. `ca`: PEM trusted instead
 * of the system's; `stepMs`: how long each step may take, 10 s by default.
 */
export const createMailer = async (
  smtp: SmtpSettings,
  options: { readonly ca?: string; readonly stepMs?: number } = {},
): Promise<Mailer> => {
  const { stepMs = STEP_MS } = options
  const { auth, ...server } = await readServer(smtp)
  const from = readSender(smtp.from)
  if (from === undefined) throw new ParapetError('PPT_CONFIG_INVALID', 'notifications.smtp.from: an address, or a name and <an address>')
  const domain = from.address.slice(from.address.indexOf('@') + 1)
  const transport = createTransport({
    ...server,
    ...(auth === undefined ? {} : { auth }),
    requireTLS: smtp.tls === 'required',
    name: hostname() || 'localhost',
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    dnsTimeout: stepMs,
    socketTimeout: 2 * stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    tls: { minVersion: 'TLSv1.2', ...(options.ca === undefined ? {} : { ca: options.ca }) },
  })

  const deliver = async (mail: MailRequest): Promise<SendResult> => {
    const info = await transport.sendMail({
      from,
      to: mail.to.map((address) => ({ name: '', address })),
      envelope: { from: from.address, to: [...mail.to] },
      subject: mail.subject,
      text: mail.text,
      ...(mail.html === undefined ? {} : { html: mail.html }),
      messageId: mail.messageId,
      ...(mail.inReplyTo === undefined ? {} : { references: [mail.inReplyTo] }),
      priority: mail.urgent ? 'high' : 'normal',
      // nobody's holiday answers it. Source: RFC 3834
      headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
    })
    const refused = info.rejected?.length ?? 0
    const detail =
      refused === 0
        ? 'taken by the mail server'
        : `taken for ${mail.to.length - refused} of ${mail.to.length}; the mail server refused the others`
    return { ok: true, detail, id: mail.messageId.slice(1, -1) }
  }

  const send = async (mail: MailRequest): Promise<SendResult> => {
    if (mail.to.length === 0 || !mail.to.every(isMailAddress)) return REFUSED('there is no mail address to send it to')
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<SendResult>((resolve) => {
      timer = setTimeout(
        () =>
          resolve({ ok: false, retry: true, detail: `${server.host} did not take the mail within ${WHOLE_MS / SECOND}s`, afterMs: null }),
        WHOLE_MS,
      )
    })
    try {
      return await Promise.race([deliver(mail), late])
    } catch (error) {
      return explainMailTrouble(error, server.host)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    domain,
    send,
    sendMail: ({ id, to, subject, text, links }) =>
      send({
        to: [to],
        subject: oneLine(subject, 200),
        text: links === undefined ? text : mailText('', [text], links, ''),
        ...(links === undefined ? {} : { html: mailHtml('', text.split(/\n{2,}/), links, '') }),
        messageId: messageIdOf(id, domain),
        urgent: false,
      }),
  }
}
