import type { SubjectDetail } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import { Activity, LogIn, ShieldCheck, TriangleAlert } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'

import { useNow } from '../../app/clock.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Section } from '../../components/page-title.js'
import { Moment } from '../../components/time.js'
import { count } from '../../lib/format.js'
import type { HistoryKind, HistoryLine } from '../../lib/subjects.js'
import { historyOf } from '../../lib/subjects.js'

const KIND: Readonly<Record<HistoryKind, readonly [word: string, Icon: LucideIcon, colour: string]>> = {
  did: ['Did', Activity, 'text-ink-3'],
  alert: ['Alert', TriangleAlert, 'text-high'],
  done: ['Done about it', ShieldCheck, 'text-accent'],
  session: ['Session', LogIn, 'text-ink-3'],
}
const SHOWN = { all: 'All', did: 'What they did', done: 'What was done' } as const
type Shown = keyof typeof SHOWN
const LINES = 30

const isShown = (line: HistoryLine, shown: Shown): boolean =>
  shown === 'all' || (shown === 'did' ? line.kind !== 'done' : line.kind === 'done' || line.kind === 'alert')

const Line = ({ line }: { readonly line: HistoryLine }) => {
  const [word, Icon, colour] = KIND[line.kind]
  return (
    <li data-row={line.key} tabIndex={-1} className="grid gap-x-4 border-b border-line py-2 sm:grid-cols-[9.5rem_minmax(0,1fr)]">
      <span className="flex items-baseline gap-2 text-[0.93rem] text-ink-2">
        <Icon size={14} aria-hidden className={`relative top-0.5 shrink-0 ${colour}`} />
        <span className="sr-only">{word}</span>
        <Moment at={line.at} />
      </span>
      <span className="min-w-0 wrap-anywhere">
        {line.level === null ? null : (
          <>
            <LevelMark level={line.level} bare />{' '}
          </>
        )}
        {line.href === null ? (
          <HostileText text={line.text} limit={220} className={line.failed ? 'text-ink-2' : line.kind === 'done' ? 'font-medium' : ''} />
        ) : (
          <Link href={line.href} data-open="" className={`hover:underline ${line.kind === 'done' ? 'font-medium' : ''}`}>
            <HostileText text={line.text} limit={220} expandable={false} />
          </Link>
        )}
        {line.count > 1 ? <span className="ml-2 whitespace-nowrap text-ink-2">×&thinsp;{count(line.count)}</span> : null}
        {line.aside === '' ? null : (
          <HostileText text={line.aside} limit={100} expandable={false} className="ml-2 text-[0.93rem] text-ink-3" />
        )}
      </span>
    </li>
  )
}

/** What somebody did and what was done about it, newest first. */
export const History = ({ detail }: { readonly detail: SubjectDetail }) => {
  const [shown, setShown] = useState<Shown>('all')
  const [all, setAll] = useState(false)
  const now = useNow(60_000)
  const lines = useMemo(() => historyOf(detail, now), [detail, now])
  const some = lines.filter((line) => isShown(line, shown))
  return (
    <Section
      id="history"
      title="History"
      aside={
        <span className="flex gap-1">
          {(Object.keys(SHOWN) as Shown[]).map((key) => (
            <button
              key={key}
              type="button"
              aria-pressed={shown === key}
              className={`px-1.5 ${shown === key ? 'font-medium text-ink underline decoration-accent decoration-2 underline-offset-4' : 'hover:text-ink'}`}
              onClick={() => setShown(key)}
            >
              {SHOWN[key]}
            </button>
          ))}
        </span>
      }
    >
      {some.length === 0 ? (
        <p className="py-2 text-ink-2">{shown === 'done' ? 'Nothing was done about them.' : 'Nothing in the time that events are kept.'}</p>
      ) : (
        <ol aria-label="History, newest first">
          {(all ? some : some.slice(0, LINES)).map((line) => (
            <Line key={line.key} line={line} />
          ))}
        </ol>
      )}
      {!all && some.length > LINES ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {count(some.length)}
        </button>
      ) : null}
    </Section>
  )
}
