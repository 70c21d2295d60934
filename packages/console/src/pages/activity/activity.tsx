/* oxlint-disable jsx-a11y/prefer-tag-over-role -- an output element may not hold blocks, and a row of links is no form */
import type { Page, StoredEvent } from '@parapet/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, RotateCw } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'

import { detect } from '../../app/detect-api.js'
import { CellMenu } from '../../components/cell-menu.js'
import { More } from '../../components/data-table.js'
import { EventTable } from '../../components/event-table.js'
import { HistogramChart } from '../../components/histogram.js'
import { useTitle } from '../../components/page-title.js'
import { Empty, Failure, Loading } from '../../components/states.js'
import { fieldsAmong } from '../../lib/event-fields.js'
import type { EventSearch } from '../../lib/event-search.js'
import { activityPath, readSearch, timeOf, withFilter, writeSearch } from '../../lib/event-search.js'
import { plural } from '../../lib/format.js'
import { asApiError, mayRetry } from '../../lib/problem.js'
import { ColumnChoice } from './column-choice.js'
import { SearchBar } from './search-bar.js'
import { Side } from './side.js'
import { Views } from './views.js'

const DAY = 86_400_000

const Export = ({ search, at }: { readonly search: EventSearch; readonly at: number }) => (
  <span className="flex gap-1" role="group" aria-label="Export">
    {(['ndjson', 'csv'] as const).map((format) => (
      <a key={format} className="button" href={detect.exportHref(search, at, format)} download={`parapet-events.${format}`}>
        <Download size={15} aria-hidden />
        {format.toUpperCase()}
      </a>
    ))}
  </span>
)

const Chart = ({ search, at }: { readonly search: EventSearch; readonly at: number }) => {
  const query = useQuery({
    queryKey: ['event-histogram', writeSearch({ ...search, columns: [], top: [] }), at],
    queryFn: ({ signal }) => detect.histogram(search, at, signal),
  })
  if (query.data === undefined)
    return query.error === null ? (
      <div className="skeleton h-20!" role="status" aria-label="Loading events by time" />
    ) : (
      <Failure error={query.error} retry={() => void query.refetch()} compact />
    )
  const total = query.data.buckets.reduce((sum, bucket) => sum + bucket.events, 0)
  return (
    <>
      <p className="mb-1 text-ink-2">
        <span className="font-medium text-ink">{plural(total, 'event')}</span>
        {query.data.whole === false ? ' counted before the search stopped; there are more' : null}
      </p>
      <HistogramChart
        histogram={query.data}
        hrefOf={(since, until) => activityPath({ ...search, time: { since: Math.floor(since), until: Math.ceil(until) } })}
      />
    </>
  )
}

const NoEvents = ({ search }: { readonly search: EventSearch }) => {
  const narrowed = search.filters.length > 0 || search.text !== '' || search.source !== undefined
  return (
    <div className="pt-2">
      <Empty title={narrowed ? 'No event matches' : 'No events in this time'}>
        {narrowed ? (
          <Link href={activityPath({ ...search, filters: [], text: '', source: undefined })} className="link">
            Without filters
          </Link>
        ) : (
          'Choose a longer time, or look under Sources whether something sends.'
        )}
      </Empty>
    </div>
  )
}

/** What happened, whether a rule said something or not: a search over every stored event. The URL holds all of it. */
export const Activity = () => {
  useTitle('Activity')
  const [, navigate] = useLocation()
  const text = useSearch()
  const search = useMemo(() => readSearch(text), [text])
  // a range ends at one moment for the whole page: its parts must tell of the same events
  const [at, setAt] = useState(() => Date.now())
  const change = useCallback((next: EventSearch) => navigate(activityPath(next)), [navigate])
  const query = useInfiniteQuery({
    queryKey: ['events', writeSearch({ ...search, columns: [], top: [] }), at],
    queryFn: ({ pageParam, signal }) => detect.events(search, at, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page: Page<StoredEvent>) => page.next,
  })
  const events = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  const stopped = query.data?.pages.at(-1)?.whole === false
  const present = useMemo(() => fieldsAmong(events.map(({ event }) => event)), [events])
  const { since, until } = timeOf(search.time, at)
  // a question that is wrong is wrong for each part of the page: said once
  const refused = query.error !== null && !mayRetry(asApiError(query.error))
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-x-8 gap-y-2">
        <h1 className="text-3xl font-semibold tracking-tight">Activity</h1>
        <div className="flex flex-wrap gap-1">
          <button type="button" className="button" onClick={() => setAt(Date.now())} disabled={'since' in search.time}>
            <RotateCw size={15} aria-hidden />
            Up to now
          </button>
          <Views search={search} />
          <ColumnChoice search={search} present={present} onChange={change} />
          <Export search={search} at={at} />
        </div>
      </div>
      <SearchBar search={search} onChange={change} />
      {refused ? null : (
        <div className="mb-7">
          <Chart search={search} at={at} />
        </div>
      )}
      <CellMenu onFilter={(filter) => change(withFilter(search, filter))}>
        <div className="grid grid-cols-1 gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_minmax(0,17rem)]">
          <div className="min-w-0">
            {query.error === null ? null : (
              <div className="mb-5">
                <Failure error={query.error} retry={() => void query.refetch()} compact={events.length > 0} />
              </div>
            )}
            {query.data === undefined ? (
              query.error === null ? (
                <Loading what="events" />
              ) : null
            ) : (
              <>
                {events.length === 0 && !stopped ? (
                  <NoEvents search={search} />
                ) : (
                  <EventTable events={events} fields={search.columns} dated={until - since > DAY / 2} />
                )}
                {stopped ? (
                  <p className="mt-4 border-l-3 border-medium pl-3" role="status">
                    <span className="font-medium">Stopped early.</span> The search looked at as much as one request may; what is older was
                    not looked at yet. Go on, or ask for less time or more filters.
                  </p>
                ) : null}
                {events.length === 0 && !query.hasNextPage ? null : <More query={query} total={events.length} noun="events" />}
              </>
            )}
          </div>
          {refused ? null : <Side search={search} at={at} present={present} onChange={change} />}
        </div>
      </CellMenu>
      <p className="sr-only" role="status">
        {query.data === undefined ? '' : `${plural(events.length, 'event')} shown`}
      </p>
    </>
  )
}
