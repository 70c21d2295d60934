import { createTransport } from 'nodemailer'
import type { SendMail } from './parts.js'

/** Mails through a server of yours. */
export const smtpMail = (url: string, from: string): SendMail => {
  const transport = createTransport(url)
  return async (message) => void (await transport.sendMail({ from, ...message }))
}

/** Mails shown instead of sent, for this machine. Nothing that somebody typed reaches the terminal as a control character. */
export const shownMail =
  (write: (text: string) => void): SendMail =>
  async ({ to, subject, text }) => {
    const plain = (part: string): string => part.replaceAll(/[^\P{Cc}\n]|\p{Cf}/gu, '')
    const body = plain(text).trimEnd().replaceAll('\n', '\n  │ ')
    write(`\n  ┌ mail to ${plain(to)}: ${plain(subject)}\n  │ ${body}\n  └\n`)
  }
