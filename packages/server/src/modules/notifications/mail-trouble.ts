import { MINUTE } from '@parapet/core'
import type { SendResult } from './types.js'

/** What a code of the transport says to a person. */
const WORDS: Readonly<Record<string, string>> = {
  EAUTH: 'it did not accept the user and the password: check notifications.smtp',
  ENOAUTH: 'it asks for a user and a password: set notifications.smtp.user and passwordFile',
  EDNS: 'its name could not be looked up: check notifications.smtp.host',
  ETIMEDOUT: 'it did not answer in time: is the port right, and open in the firewall?',
  ECONNECTION: 'it cut the connection',
  connect: 'nobody listens there: check host and port of notifications.smtp',
  ETLS: 'it does not offer TLS, or its certificate is not right: without TLS nothing is sent unless notifications.smtp.tls is none',
  ESOCKET: 'the connection failed; on port 465 it has to speak TLS at once, on others STARTTLS',
  EPROTOCOL: 'it answered with something that is not SMTP',
}

/** What a reply says to a person, where its code alone tells. Source: RFC 5321, 4.2.3. */
const REPLIES: Readonly<Record<number, string>> = {
  421: 'it is closing for now',
  450: 'the mailbox is busy',
  451: 'it has trouble of its own',
  452: 'it has no room, or takes no more recipients now',
  530: 'it asks for TLS or a sign-in first',
  534: 'it asks for a stronger way to sign in',
  535: 'it did not accept the user and the password: check notifications.smtp',
  550: 'there is no such mailbox, or it does not take mail from us',
  551: 'the mailbox is not here',
  552: 'the mailbox is full',
  553: 'the address is not allowed',
  554: 'it refused the mail',
}

/** Trouble of this machine's settings that the next mail meets as well, but that somebody may put right at any time. */
const LATER = new Set(['EAUTH', 'ENOAUTH', 'ETLS'])

const codeOf = (error: unknown): string | undefined => {
  const code: unknown = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Puts trouble with a mail into a sentence. A 5xx reply is final, everything else is tried again. What the server wrote is never repeated. */
export const explainMailTrouble = (error: unknown, host: string): SendResult => {
  const code = codeOf(error) ?? 'no code'
  const reply: unknown = error instanceof Error ? (error as Error & { responseCode?: unknown }).responseCode : undefined
  // the transport puts its own code over that of the system, and leaves what was being done
  const doing = error instanceof Error ? (error as NodeJS.ErrnoException).syscall : undefined
  if (LATER.has(code)) return { ok: false, retry: true, detail: `${host}: ${WORDS[code]}`, afterMs: MINUTE }
  if (typeof reply === 'number')
    return {
      ok: false,
      retry: reply < 500,
      detail: `${host} answered ${reply}: ${REPLIES[reply] ?? 'it did not take the mail'}`,
      afterMs: null,
    }
  const words = WORDS[doing ?? ''] ?? WORDS[code] ?? `the mail was not sent (${code.slice(0, 40)})`
  return { ok: false, retry: code !== 'EENVELOPE' && code !== 'EMESSAGE', detail: `${host}: ${words}`, afterMs: null }
}
