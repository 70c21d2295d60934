import { type Clock, HOUR, MINUTE, systemClock } from '@parapet/core'
import { visibleText } from '../events/security-events.js'
import { booleanOption, integerOption, knownOptions, optionError } from '../options/check.js'
import { administratorsMail, type MailFrame, TEMPLATES, userMail } from './templates.js'
import type { Notice, NoticeInput, NoticeKind, Notices, NoticeVerdict } from './types.js'

/** What {@link createNotices} takes. Times in ms. */
export type NoticesOptions = {
  /** sends one notice, to the address that the application itself holds for the subject; a rejection is counted, not thrown */
  readonly onNotice: (notice: Notice) => unknown
  /** how mails call the application; default `this site` */
  readonly site?: string
  /** the page of the account, an absolute https URL; never made from `Host`. Without it mails have no link */
  readonly accountUrl?: string
  /** administrators get a notice of their own where it matters; default true */
  readonly administrators?: boolean
  /** an equal notice within this time is held back; 10 min */
  readonly repeatMs?: number
  /** notices of one subject in an hour that a stranger can cause (failed sign-ins, asking for a reset); 3 */
  readonly strangersPerHour?: number
  /** all others of one subject in an hour; 20 */
  readonly ownPerHour?: number
  readonly clock?: Clock
}

/** What anybody can cause without signing in: it must not crowd out what the owner has to know, nor fill his mailbox. */
const BY_STRANGERS: ReadonlySet<NoticeKind> = new Set(['locked_out', 'reset_requested'])
/** Subjects that are remembered. */
const MOST_SUBJECTS = 20_000

/** What was sent about one subject in the last hour. */
type Sent = { readonly kind: NoticeKind; readonly what: string; readonly at: number }
type Memory = { sent: Sent[]; held: number }

const siteOption = (value: unknown): string => {
  if (value === undefined) return 'this site'
  // it stands in the subject line of mails
  if (typeof value !== 'string' || value === '' || value.length > 80 || visibleText(value, 80) !== value)
    throw optionError('notices.site', value, 'give the name of the application, at most 80 characters on one line')
  return value
}

const accountUrlOption = (value: unknown): string | undefined => {
  if (value === undefined) return undefined
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  const local = url !== undefined && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === undefined || url.username !== '' || (url.protocol !== 'https:' && !(local && url.protocol === 'http:')))
    throw optionError('notices.accountUrl', value, 'give an absolute https URL, such as https://app.example/account')
  return url.href
}

/**
 * Whether a notice goes out, given what was sent about its subject. Pure. Equal ones are held back for `repeatMs`; then each of two budgets
 * counts by itself: what strangers can cause, and all else.
 */
export const judgeNotice = (
  sent: readonly Sent[],
  now: number,
  notice: { readonly kind: NoticeKind; readonly what: string },
  bounds: { readonly repeatMs: number; readonly strangersPerHour: number; readonly ownPerHour: number },
): 'send' | 'repeated' | 'limited' => {
  // by the distance: a clock that was set back must not keep notices waiting until the old time comes again
  const within = (at: number, ms: number): boolean => Math.abs(now - at) < ms
  if (sent.some(({ kind, what, at }) => kind === notice.kind && what === notice.what && within(at, bounds.repeatMs))) return 'repeated'
  const strangers = BY_STRANGERS.has(notice.kind)
  const same = sent.filter(({ kind, at }) => BY_STRANGERS.has(kind) === strangers && within(at, HOUR)).length
  return same >= (strangers ? bounds.strangersPerHour : bounds.ownPerHour) ? 'limited' : 'send'
}

/** Builds the notices: templates in English, held back when they repeat, never thrown at a request. Throws `PPT_CONFIG_INVALID`. */
export const createNotices = (options: NoticesOptions): Notices => {
  knownOptions('notices', options, [
    'onNotice', 'site', 'accountUrl', 'administrators', 'repeatMs', 'strangersPerHour', 'ownPerHour', 'clock',
  ]) // prettier-ignore
  if (typeof options.onNotice !== 'function')
    throw optionError('notices.onNotice', typeof options.onNotice, 'give a function that sends a notice')
  const frame: MailFrame = { site: siteOption(options.site), accountUrl: accountUrlOption(options.accountUrl) }
  const forAdministrators = booleanOption('notices.administrators', options.administrators, true)
  const bounds = {
    repeatMs: integerOption('notices.repeatMs', options.repeatMs, 10 * MINUTE, 0, HOUR),
    strangersPerHour: integerOption('notices.strangersPerHour', options.strangersPerHour, 3, 1, 100),
    ownPerHour: integerOption('notices.ownPerHour', options.ownPerHour, 20, 1, 1_000),
  }
  const clock = options.clock ?? systemClock
  const memory = new Map<string, Memory>()
  let [sentCount, heldCount, failed] = [0, 0, 0]

  const memoryOf = (subject: string): Memory => {
    const held = memory.get(subject) ?? { sent: [], held: 0 }
    // the one told of last stays longest
    memory.delete(subject)
    if (memory.size >= MOST_SUBJECTS) memory.delete(memory.keys().next().value ?? '')
    memory.set(subject, held)
    return held
  }

  const send = (notice: Notice): void => {
    sentCount++
    const lost = (): void => {
      failed++
    }
    try {
      const sending: unknown = options.onNotice(notice)
      if (sending instanceof Promise) sending.catch(lost)
    } catch {
      lost()
    }
  }

  const tell = (input: NoticeInput): NoticeVerdict => {
    if (input.subject === '' || !Object.hasOwn(TEMPLATES, input.kind)) return { kind: 'held', reason: 'limited' }
    const now = clock()
    const about = memoryOf(input.subject)
    about.sent = about.sent.filter(({ at }) => Math.abs(now - at) < HOUR)
    const strangers = BY_STRANGERS.has(input.kind)
    // what somebody who is signed in did is another thing when somebody else does it; strangers would only have to change their address
    const from = strangers ? '' : `${input.address ?? ''} ${input.userAgent ?? ''} `
    const what = visibleText(`${from}${input.detail ?? input.country ?? ''}`, 400)
    const judged = judgeNotice(about.sent, now, { kind: input.kind, what }, bounds)
    if (judged !== 'send') {
      about.held++
      heldCount++
      return { kind: 'held', reason: judged }
    }
    about.sent.push({ kind: input.kind, what, at: now })
    const { kind, subject, at = now } = input
    const common = { kind, subject, at, held: about.held }
    about.held = 0
    send({ ...common, audience: 'user', mail: userMail({ ...input, at }, frame) })
    const second = forAdministrators ? administratorsMail({ ...input, at }, frame) : undefined
    if (second !== undefined) send({ ...common, audience: 'administrators', mail: second })
    return { kind: 'sent', notices: second === undefined ? 1 : 2 }
  }

  return { tell, stats: () => ({ sent: sentCount, held: heldCount, failed }) }
}

/** Notices of a guard whose application takes none. */
export const NO_NOTICES: Notices = {
  tell: () => ({ kind: 'held', reason: 'limited' }),
  stats: () => ({ sent: 0, held: 0, failed: 0 }),
}
