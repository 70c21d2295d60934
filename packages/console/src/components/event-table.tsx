/* oxlint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/prefer-tag-over-role -- what scrolls must be reachable with the keyboard */
import type { StoredEvent } from '@parapet/core'
import { ChevronRight } from 'lucide-react'
import { createContext, use, useMemo, useState } from 'react'

import { fieldsOf, textOf } from '../lib/event-fields.js'
import { summarize } from '../lib/event-summary.js'
import { clockTime } from '../lib/format.js'
import { safeJson } from '../lib/hostile.js'
import { CellValue } from './cell-menu.js'
import { CopyButton } from './copy-button.js'
import type { CellLayout, Columns } from './data-table.js'
import { DataTable } from './data-table.js'
import { HostileText } from './hostile-text.js'
import { Clock, Moment } from './time.js'

type Opened = { readonly id: string | undefined; readonly toggle: (id: string) => void }
const OpenedContext = createContext<Opened>({ id: undefined, toggle: () => undefined })

const Details = ({ stored }: { readonly stored: StoredEvent }) => {
  const json = safeJson(stored.event)
  return (
    <div className="pb-2">
      <dl className="fields">
        {fieldsOf(stored.event).map(([field, value]) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>
              {field === '@timestamp' ? (
                <Moment at={stored.event['@timestamp']} />
              ) : Array.isArray(value) || field === 'event.original' || field === 'message' ? (
                <HostileText text={textOf(value)} limit={400} />
              ) : (
                <CellValue field={field} value={textOf(value)} limit={300} />
              )}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-2 flex flex-wrap items-center gap-3 text-[0.87rem] text-ink-2">
        <CopyButton text={json} label="Copy JSON" />
        <span className="wrap-anywhere">
          event <HostileText text={stored.id} limit={64} />, received <Clock at={stored.receivedAt} /> from{' '}
          <HostileText text={stored.source.name} limit={60} />
        </span>
      </div>
    </div>
  )
}

const Toggle = ({ stored }: { readonly stored: StoredEvent }) => {
  const opened = use(OpenedContext)
  const open = opened.id === stored.id
  return (
    <button
      type="button"
      className="button px-1!"
      data-kind="quiet"
      data-open=""
      aria-expanded={open}
      aria-label={`All fields of the event of ${clockTime(stored.event['@timestamp'])}`}
      onClick={() => opened.toggle(stored.id)}
    >
      <ChevronRight size={16} aria-hidden className={open ? 'rotate-90' : ''} />
    </button>
  )
}

const What = ({ stored }: { readonly stored: StoredEvent }) => {
  return <HostileText text={summarize(stored.event).what} limit={140} />
}

const SHORT: Readonly<Record<string, string>> = {
  'source.ip': 'From',
  'user.name': 'User',
  'host.name': 'Host',
  'url.path': 'Path',
  'user_agent.original': 'Agent',
  'event.outcome': 'Outcome',
}

const WIDTH: Readonly<Record<string, string>> = {
  // as wide as the longest address of the list: a full one of IPv6 in one line
  'source.ip': 'lg:w-36 xl:w-px xl:whitespace-nowrap',
  'user.name': 'lg:w-36',
  'host.name': 'lg:w-28',
  'event.outcome': 'lg:w-24',
}

const columnOf = (field: string): Columns<StoredEvent>[number] => ({
  id: `f:${field}`,
  header: SHORT[field] ?? field,
  cell: ({ row }) => {
    const text = textOf(row.original.event[field])
    return text === '' ? <span className="text-ink-3">–</span> : <CellValue field={field} value={text} />
  },
})

const FIRST: Columns<StoredEvent>[number] = {
  id: 'open',
  header: () => <span className="sr-only">All fields</span>,
  cell: ({ row }) => <Toggle stored={row.original} />,
}
const TIME: Columns<StoredEvent>[number] = {
  id: 'time',
  header: 'Time',
  cell: ({ row }) => <Clock at={row.original.event['@timestamp']} />,
}
const DATED: Columns<StoredEvent>[number] = { ...TIME, cell: ({ row }) => <Moment at={row.original.event['@timestamp']} /> }
const WHAT: Columns<StoredEvent>[number] = { id: 'what', header: 'What', cell: ({ row }) => <What stored={row.original} /> }

const detailsOf = (stored: StoredEvent, open: string | undefined) => (stored.id === open ? <Details stored={stored} /> : null)

/** Events as a table with the fields somebody chose; each opens to all of its fields. Values open the menu of {@link CellMenu}. */
export const EventTable = ({
  events,
  fields,
  dated = false,
}: {
  readonly events: readonly StoredEvent[]
  readonly fields: readonly string[]
  /** with the day, where a list may span several */
  readonly dated?: boolean
}) => {
  const [open, setOpen] = useState<string>()
  const opened = useMemo<Opened>(() => ({ id: open, toggle: (id) => setOpen(open === id ? undefined : id) }), [open])
  const columns = useMemo<Columns<StoredEvent>>(() => [FIRST, dated ? DATED : TIME, WHAT, ...fields.map(columnOf)], [fields, dated])
  const layout = useMemo<CellLayout>(
    () => ({
      open: { className: 'lg:w-8' },
      time: { className: dated ? 'lg:w-36 text-ink-2' : 'lg:w-22 text-ink-2' },
      what: { wide: true },
      ...Object.fromEntries(
        fields.map((field) => [`f:${field}`, { label: SHORT[field] ?? field, className: `${WIDTH[field] ?? 'lg:w-44'} text-[0.93rem]` }]),
      ),
    }),
    [fields, dated],
  )
  return (
    <OpenedContext value={opened}>
      <DataTable label="Events" columns={columns} rows={events} layout={layout} below={(stored) => detailsOf(stored, open)} />
    </OpenedContext>
  )
}
