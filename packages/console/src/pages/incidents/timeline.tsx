import type { IncidentDetail, IncidentEntry } from '@parapet/core'
import type { LucideIcon } from 'lucide-react'
import {
  ArrowUpDown,
  Flag,
  Link2,
  Lock,
  Megaphone,
  MessageSquareText,
  ShieldCheck,
  TriangleAlert,
  UserRound,
  Waypoints,
} from 'lucide-react'
import { useId, useState } from 'react'
import { Link } from 'wouter'

import { mayChangeIncidents, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { useSubmit } from '../../components/submit.js'
import { Clock } from '../../components/time.js'
import { plural, zoneName } from '../../lib/format.js'
import { byDay, dayName, entryHref, sinceStart } from '../../lib/incidents.js'

const KIND: Readonly<Record<IncidentEntry['kind'], readonly [word: string, Icon: LucideIcon, colour: string]>> = {
  opened: ['Opened', Flag, 'text-ink'],
  alert: ['Alert', TriangleAlert, 'text-high'],
  decision: ['Decision', ShieldCheck, 'text-accent'],
  lockdown: ['Lockdown', Lock, 'text-critical'],
  notification: ['Told', Megaphone, 'text-ink-2'],
  note: ['Note', MessageSquareText, 'text-accent'],
  status: ['Status', Waypoints, 'text-ink'],
  severity: ['Severity', ArrowUpDown, 'text-ink'],
  assigned: ['Assigned', UserRound, 'text-ink-2'],
  linked: ['Linked', Link2, 'text-ink-3'],
}

const Line = ({ entry, start }: { readonly entry: IncidentEntry; readonly start: number }) => {
  const [word, Icon, colour] = KIND[entry.kind]
  const href = entryHref(entry)
  const note = entry.kind === 'note'
  return (
    <li
      data-row={entry.id}
      data-kind={entry.kind}
      tabIndex={-1}
      className="grid grid-cols-[1.5rem_minmax(0,1fr)] gap-x-2 py-2 sm:grid-cols-[9.5rem_1.5rem_minmax(0,1fr)] sm:gap-x-3"
    >
      <span className="flex items-baseline justify-between gap-3 text-ink-2 max-sm:col-start-2">
        <Clock at={entry.at} />
        <span className="text-[0.87rem] text-ink-3">{sinceStart(entry.at, start)}</span>
      </span>
      <Icon size={17} aria-hidden className={`mt-0.5 max-sm:row-span-2 max-sm:row-start-1 ${colour}`} />
      <div className="min-w-0 wrap-anywhere max-sm:col-start-2">
        <p className="text-[0.87rem] text-ink-3">
          <span className={`font-medium ${colour}`}>{word}</span>
          {entry.by === null ? null : (
            <>
              {' '}
              · <HostileText text={entry.by.name} limit={48} />
            </>
          )}
        </p>
        {note ? (
          <p className="mt-0.5 border-l-3 border-accent pl-3 whitespace-pre-wrap">
            <HostileText text={entry.text} limit={2_000} lines />
          </p>
        ) : href === null ? (
          <HostileText text={entry.text} limit={320} />
        ) : (
          <Link href={href} data-open="" className="hover:underline">
            <HostileText text={entry.text} limit={320} expandable={false} />
          </Link>
        )}
      </div>
    </li>
  )
}

const AddNote = ({ id, onDone }: { readonly id: string; readonly onDone: () => void }) => {
  const field = useId()
  const [text, setText] = useState('')
  const submit = useSubmit(() => respond.actOnIncident(id, { act: 'note', text: text.trim() }), {
    refresh: [['incident', id], ['incidents']],
    onDone: () => {
      setText('')
      onDone()
    },
  })
  return (
    <form
      className="mt-3 grid gap-2 border-t border-edge pt-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '' && !submit.busy) submit.run()
      }}
    >
      <label htmlFor={field} className="font-medium">
        Add to the timeline
      </label>
      <textarea
        id={field}
        data-note=""
        className="field min-h-20"
        maxLength={2_000}
        placeholder="What you saw, did or decided, and what is next"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit()
        }}
      />
      {submit.error === undefined ? null : <Failure error={submit.error} compact />}
      <div className="flex flex-wrap items-center gap-3">
        <button type="submit" className="button w-fit" disabled={submit.busy || text.trim() === ''}>
          {submit.busy ? 'Adding…' : 'Add the note'}
        </button>
        <span className="text-[0.87rem] text-ink-3 max-sm:hidden">
          <kbd className="key">Ctrl</kbd> <kbd className="key">Enter</kbd>
        </span>
      </div>
    </form>
  )
}

/** Lines shown at each end of a long timeline before somebody asks for all. */
const ENDS = 40

/** What happened, oldest first, by day; and the place to say more at its end. */
export const Timeline = ({ detail: { incident, timeline } }: { readonly detail: IncidentDetail }) => {
  const may = mayChangeIncidents(useOperator())
  const [all, setAll] = useState(false)
  const start = timeline[0]?.at ?? incident.openedAt
  const left = timeline.length - 2 * ENDS
  const short = !all && left > 0
  const draw = (entries: readonly IncidentEntry[]) =>
    byDay(entries, dayName).map(({ day, entries: lines }) => (
      <div key={day}>
        <h3 className="eyebrow mt-3 mb-1">{day}</h3>
        <ol aria-label={day} className="divide-y divide-line">
          {lines.map((entry) => (
            <Line key={entry.id} entry={entry} start={start} />
          ))}
        </ol>
      </div>
    ))
  return (
    <Section
      id="timeline"
      title="What happened, oldest first"
      aside={`${plural(timeline.length, 'entry', 'entries')}, times in ${zoneName(start)}`}
    >
      {draw(short ? timeline.slice(0, ENDS) : timeline)}
      {short ? (
        <>
          <button type="button" className="button my-3" onClick={() => setAll(true)}>
            {plural(left, 'entry', 'entries')} between
          </button>
          {draw(timeline.slice(-ENDS))}
        </>
      ) : null}
      {may ? <AddNote id={incident.id} onDone={() => undefined} /> : null}
    </Section>
  )
}
