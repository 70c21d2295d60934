/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role -- what scrolls must be reachable with the keyboard */
import type { StoredEvent } from '@parapet/core'
import { Braces } from 'lucide-react'
import { createContext, use, useMemo, useState } from 'react'

import { CopyButton } from '../../components/copy-button.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { Clock } from '../../components/time.js'
import { summarize } from '../../lib/event-summary.js'
import { plural } from '../../lib/format.js'
import { safeJson } from '../../lib/hostile.js'

const ROWS = 25

const layout: CellLayout = {
  time: { className: 'lg:w-24 text-ink-2' },
  what: { wide: true },
  from: { className: 'lg:w-36 xl:w-px xl:whitespace-nowrap font-mono text-[0.87rem]' },
  user: { label: 'User', className: 'lg:w-36' },
  raw: { end: true, className: 'lg:w-24' },
}

const Raw = ({ event }: { readonly event: StoredEvent }) => {
  const json = safeJson(event.event)
  return (
    <div className="pb-2">
      <div className="mb-2 flex flex-wrap items-center gap-3 text-[0.87rem] text-ink-2">
        <CopyButton text={json} label="Copy JSON" />
        <span className="wrap-anywhere">
          event {event.id}, received <Clock at={event.receivedAt} /> from <HostileText text={event.source.name} limit={60} />
        </span>
      </div>
      <pre
        className="max-h-96 overflow-auto border border-line bg-sunken p-3 font-mono text-[0.8rem] whitespace-pre-wrap"
        tabIndex={0}
        role="region"
        aria-label="Event as JSON"
      >
        <HostileText text={json} limit={8_000} lines />
      </pre>
    </div>
  )
}

const rawOf = (event: StoredEvent, open: string | undefined) => (event.id === open ? <Raw event={event} /> : null)

type Opened = { readonly id: string | undefined; readonly toggle: (id: string) => void }
const OpenedContext = createContext<Opened>({ id: undefined, toggle: () => undefined })

const RawButton = ({ id }: { readonly id: string }) => {
  const opened = use(OpenedContext)
  return (
    <button
      type="button"
      className="button"
      data-kind="quiet"
      data-open=""
      aria-expanded={opened.id === id}
      onClick={() => opened.toggle(id)}
    >
      <Braces size={15} aria-hidden />
      Raw
    </button>
  )
}

const What = ({ event }: { readonly event: StoredEvent }) => {
  const { what, outcome } = summarize(event.event)
  // who got in is what an alert about sign-ins is read for; a page that was found is nothing
  const got = outcome === 'success' && event.event['event.category'] === 'authentication'
  return <HostileText text={what} limit={140} className={got ? 'font-medium text-high' : ''} />
}

const columns: Columns<StoredEvent> = [
  { id: 'time', header: 'Time', cell: ({ row }) => <Clock at={row.original.event['@timestamp']} /> },
  { id: 'what', header: 'What', cell: ({ row }) => <What event={row.original} /> },
  { id: 'from', header: 'From', cell: ({ row }) => <HostileText text={row.original.event['source.ip'] ?? '–'} limit={48} /> },
  {
    id: 'user',
    header: 'User',
    cell: ({ row }) => <HostileText text={row.original.event['user.name'] ?? row.original.event['user.id'] ?? '–'} limit={48} />,
  },
  { id: 'raw', header: () => <span className="sr-only">Raw</span>, cell: ({ row }) => <RawButton id={row.original.id} /> },
]

/** The events behind an alert, newest first; each can be read as it was stored. */
export const Events = ({ events }: { readonly events: readonly StoredEvent[] }) => {
  const [open, setOpen] = useState<string>()
  const [all, setAll] = useState(false)
  const opened = useMemo<Opened>(() => ({ id: open, toggle: (id) => setOpen(open === id ? undefined : id) }), [open])
  if (events.length === 0)
    return <p className="py-2 text-ink-2">The events are older than the retention and gone; the alert keeps what it says.</p>
  return (
    <OpenedContext value={opened}>
      <DataTable
        label="Events"
        columns={columns}
        rows={all ? events : events.slice(0, ROWS)}
        layout={layout}
        below={(event) => rawOf(event, open)}
      />
      {!all && events.length > ROWS ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {plural(events.length, 'event')}
        </button>
      ) : null}
    </OpenedContext>
  )
}
