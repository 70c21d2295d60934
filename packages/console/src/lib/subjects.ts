import type { Decision, Level, SubjectAct, SubjectDetail, SubjectFlag, SubjectView } from '@parapet/core'

import { actionInWords, authorInWords, spanInWords } from './format.js'
import { summarize } from './event-summary.js'

/** What the list of users is narrowed to; it lives in the URL. */
export type SubjectSearch = { readonly q: string; readonly role: string; readonly flag: SubjectFlag['kind'] | null }

/** What may be in force on somebody, the gravest first, in words. */
export const FLAG_WORD: Readonly<Record<SubjectFlag['kind'], string>> = {
  suspend: 'Suspended',
  deny: 'Blocked',
  require_reset: 'Password reset required',
  require_mfa: 'Second factor required',
}

/** {@link FLAG_WORD}s in their order. */
export const FLAGS = Object.keys(FLAG_WORD) as readonly SubjectFlag['kind'][]

const isFlag = (text: string | null): text is SubjectFlag['kind'] => text !== null && Object.hasOwn(FLAG_WORD, text)

/** Longest text that is searched for, in UTF-16 units. */
export const QUERY_LIMIT = 200

/** Reads the search from a query string; what is not known is as if it were not there. */
export const readSubjects = (search: string): SubjectSearch => {
  const params = new URLSearchParams(search)
  const flag = params.get('flag')
  return {
    q: (params.get('q') ?? '').slice(0, QUERY_LIMIT),
    role: (params.get('role') ?? '').slice(0, 64),
    flag: isFlag(flag) ? flag : null,
  }
}

/** The path of the list with this search, shortest form. */
export const subjectsPath = (search: Partial<SubjectSearch>): string => {
  const params = new URLSearchParams()
  if (search.q !== undefined && search.q !== '') params.set('q', search.q)
  if (search.role !== undefined && search.role !== '') params.set('role', search.role)
  if (search.flag !== undefined && search.flag !== null) params.set('flag', search.flag)
  const text = params.toString()
  return text === '' ? '/subjects' : `/subjects?${text}`
}

/** The level whose shape and colour a risk of 0 to 100 has. */
export const riskLevel = (risk: number): Level =>
  risk >= 80 ? 'critical' : risk >= 60 ? 'high' : risk >= 30 ? 'medium' : risk >= 1 ? 'low' : 'informational'

/** A risk in a word. */
export const RISK_WORD: Readonly<Record<Level, string>> = {
  critical: 'Very high',
  high: 'High',
  medium: 'Raised',
  low: 'Low',
  informational: 'None',
}

/**
 * People with the riskiest first, of the same risk as they came. The server lists those that were seen last, and a risk changes by the
 * minute: what is loaded is put in this order.
 */
export const byRisk = (subjects: readonly SubjectView[]): readonly SubjectView[] => subjects.toSorted((a, b) => b.risk - a.risk)

/** What a person is called here: the name, else the address of the mail, else the id; the text is hostile. */
export const nameOf = (subject: Pick<SubjectView, 'name' | 'email' | 'id'>): string => subject.name ?? subject.email ?? subject.id

/** One act on a person, as buttons and its sheet tell of it. */
type ActWords = {
  readonly button: string
  readonly title: string
  readonly doing: string
  /** what the message says when it is done */
  readonly done: string
  /** how long it holds when nobody says otherwise; null: it is over at once */
  readonly duration: string | null
  /** what happens to the person: `span` in words */
  readonly happens: (span: string) => readonly string[]
  readonly danger: boolean
}

/** The acts, the mildest first. */
export const ACTS: Readonly<Record<SubjectAct['act'], ActWords>> = {
  require_mfa: {
    button: 'Require a second factor',
    title: 'Require a second factor?',
    doing: 'Requiring…',
    done: 'Second factor required',
    duration: '1d',
    happens: (span) => [
      `For ${span}, every sign-in asks for a second factor, and so does the next request of a session that has not shown one.`,
      'Somebody without a second factor cannot go on until the application has let them set one up.',
    ],
    danger: false,
  },
  end_sessions: {
    button: 'Sign out everywhere',
    title: 'Sign out everywhere?',
    doing: 'Signing out…',
    done: 'Signed out everywhere',
    duration: null,
    happens: () => [
      'Every session ends at its next request, on every device. Remembered devices are forgotten.',
      'They can sign in again at once, with what they know. If somebody else knows the password too, require a reset instead.',
    ],
    danger: false,
  },
  require_reset: {
    button: 'Require a password reset',
    title: 'Require a password reset?',
    doing: 'Requiring…',
    done: 'Password reset required',
    duration: '30d',
    happens: (span) => [
      'Every session ends, and the password of now is refused, even when it is right.',
      `They come back by the reset of the application, which proves that the mailbox is theirs. Asked for until then, at most ${span}.`,
    ],
    danger: true,
  },
  suspend: {
    button: 'Suspend',
    title: 'Suspend this user?',
    doing: 'Suspending…',
    done: 'Suspended',
    duration: '1d',
    happens: (span) => [
      `For ${span} they cannot sign in, and every session ends. A reset does not help them.`,
      'It ends by itself, and one click undoes it. They see that access is not possible, and not why.',
    ],
    danger: true,
  },
  clear: {
    button: 'Clear everything',
    title: 'Clear everything?',
    doing: 'Clearing…',
    done: 'Cleared',
    duration: null,
    happens: () => [
      'Everything in force on them is lifted: suspension, block, second factor, reset. Sessions that have ended stay ended.',
      'Policies may act again on what comes next.',
    ],
    danger: false,
  },
}

/** Which acts make sense for somebody: nothing to clear, no clear. */
export const actsFor = (flags: readonly SubjectFlag[]): readonly SubjectAct['act'][] =>
  (Object.keys(ACTS) as readonly SubjectAct['act'][]).filter((act) => act !== 'clear' || flags.length > 0)

/** What one line of a person's history is. */
export type HistoryKind = 'did' | 'alert' | 'done' | 'session'

/** One line of a person's history. The text is hostile. */
export type HistoryLine = {
  readonly key: string
  readonly at: number
  readonly kind: HistoryKind
  readonly text: string
  /** from where, by whom */
  readonly aside: string
  readonly href: string | null
  readonly level: Level | null
  readonly failed: boolean
  /** how many like it came one after the other; it stands for all of them */
  readonly count: number
}

const plain = { href: null, level: null, failed: false, count: 1 } as const

const decisionLines = (decision: Decision, now: number): readonly HistoryLine[] => {
  const href = decision.alertId === undefined ? null : `/alerts/${encodeURIComponent(decision.alertId)}`
  const made: HistoryLine = {
    ...plain,
    key: `${decision.id} made`,
    at: decision.startsAt,
    kind: 'done',
    text: `${actionInWords(decision)} for ${spanInWords(decision.expiresAt - decision.startsAt)}: ${decision.reason}`,
    aside: authorInWords(decision.author),
    href,
  }
  const word = actionInWords({ ...decision, mode: 'enforce' })
  const { lifted } = decision
  if (lifted !== undefined)
    return [
      made,
      {
        ...plain,
        key: `${decision.id} lifted`,
        at: lifted.at,
        kind: 'done',
        text: `Taken back, ${word.charAt(0).toLowerCase()}${word.slice(1)}: ${lifted.reason}`,
        aside: authorInWords(lifted.by),
      },
    ]
  if (decision.expiresAt > now) return [made]
  return [
    made,
    {
      ...plain,
      key: `${decision.id} over`,
      at: decision.expiresAt,
      kind: 'done',
      text: `Ended by itself: ${word.charAt(0).toLowerCase()}${word.slice(1)}`,
      aside: '',
    },
  ]
}

/** The same thing done again and again is one line. */
const merged = (lines: readonly HistoryLine[]): readonly HistoryLine[] => {
  const list: HistoryLine[] = []
  for (const line of lines) {
    const last = list.at(-1)
    if (last !== undefined && last.kind === 'did' && line.kind === 'did' && last.text === line.text && last.aside === line.aside)
      list[list.length - 1] = { ...last, count: last.count + 1 }
    else list.push(line)
  }
  return list
}

/** What somebody did and what was done, in one list, newest first. `now` in ms UTC. */
export const historyOf = (detail: SubjectDetail, now: number): readonly HistoryLine[] =>
  merged(
    [
      ...detail.events.map(({ id, event }): HistoryLine => {
        const { what, outcome } = summarize(event)
        return {
          ...plain,
          key: `event ${id}`,
          at: event['@timestamp'],
          kind: 'did',
          text: what,
          aside: event['source.ip'] ?? '',
          failed: outcome === 'failure',
        }
      }),
      ...detail.alerts.map((alert): HistoryLine => ({
        ...plain,
        key: `alert ${alert.id}`,
        at: alert.last,
        kind: 'alert',
        text: alert.why,
        aside: alert.rule.title,
        href: `/alerts/${encodeURIComponent(alert.id)}`,
        level: alert.rule.level,
      })),
      ...detail.decisions.flatMap((decision) => decisionLines(decision, now)),
      ...detail.sessions.flatMap((session): readonly HistoryLine[] => {
        const aside = [session.device, session.address, session.country].filter((part) => part !== null).join(', ')
        return [
          { ...plain, key: `session ${session.id}`, at: session.startedAt, kind: 'session', text: 'Session began', aside },
          ...(session.endedAt === null
            ? []
            : [
                {
                  ...plain,
                  key: `session ${session.id} end`,
                  at: session.endedAt,
                  kind: 'session' as const,
                  text: `Session ended${session.endedWhy === null ? '' : `: ${session.endedWhy.replaceAll('_', ' ')}`}`,
                  aside,
                },
              ]),
        ]
      }),
    ].toSorted((a, b) => b.at - a.at || (a.key < b.key ? 1 : -1)),
  )
