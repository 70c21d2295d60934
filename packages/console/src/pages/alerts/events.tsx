import type { StoredEvent } from '@parapet/core'
import { Braces } from 'lucide-react'
import { useState } from 'react'

import { CopyButton } from '../../components/copy-button.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { Clock } from '../../components/time.js'
import { summarize } from '../../lib/event-summary.js'
import { safeJson } from '../../lib/hostile.js'

const ROWS = 25

const layout: CellLayout = {
  time: { className: 'w-24 text-ink-2' },
  what: { wide: true },
  from: { className: 'lg:w-44 font-mono text-[0.87rem]' },
  user: { label: 'User', className: 'lg:w-36' },
  raw: { end: true, className: 'w-24' },
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

/** The events behind an alert, newest first; each can be read as it was stored. */
export const Events = ({ events }: { readonly events: readonly StoredEvent[] }) => {
  const [open, setOpen] = useState<string>()
  const [all, setAll] = useState(false)
  const columns: Columns<StoredEvent> = [
    { id: 'time', header: 'Time', cell: ({ row }) => <Clock at={row.original.event['@timestamp']} /> },
    {
      id: 'what',
      header: 'What',
      cell: ({ row }) => {
        const { what, outcome } = summarize(row.original.event)
        return <HostileText text={what} limit={140} className={outcome === 'success' ? 'font-medium text-high' : ''} />
      },
    },
    { id: 'from', header: 'From', cell: ({ row }) => <HostileText text={row.original.event['source.ip'] ?? '–'} limit={48} /> },
    {
      id: 'user',
      header: 'User',
      cell: ({ row }) => <HostileText text={row.original.event['user.name'] ?? row.original.event['user.id'] ?? '–'} limit={48} />,
    },
    {
      id: 'raw',
      header: () => <span className="sr-only">Raw</span>,
      cell: ({ row }) => (
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-open=""
          aria-expanded={open === row.original.id}
          onClick={() => setOpen(open === row.original.id ? undefined : row.original.id)}
        >
          <Braces size={15} aria-hidden />
          Raw
        </button>
      ),
    },
  ]
  if (events.length === 0)
    return <p className="py-2 text-ink-2">The events are older than the retention and gone; the alert keeps what it says.</p>
  return (
    <>
      <DataTable
        label="Events"
        columns={columns}
        rows={all ? events : events.slice(0, ROWS)}
        layout={layout}
        below={(event) => (event.id === open ? <Raw event={event} /> : null)}
      />
      {!all && events.length > ROWS ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {events.length} events
        </button>
      ) : null}
    </>
  )
}
