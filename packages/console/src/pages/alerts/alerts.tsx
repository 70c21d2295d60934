import type { AlertView } from '@parapet/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useCallback, useMemo } from 'react'
import { useSearch } from 'wouter'

import { api } from '../../app/api.js'
import { useFill } from '../../app/use-fill.js'
import { Answer } from '../../components/answer.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable, More } from '../../components/data-table.js'
import { DemoTag } from '../../components/demo-tag.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Outcome } from '../../components/outcome.js'
import { useTitle } from '../../components/page-title.js'
import { Empty, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { matchesFilters, readFilters } from '../../lib/alert-filters.js'
import { count } from '../../lib/format.js'
import { AlertLink } from './alert-link.js'
import { Filters } from './filters.js'

const SCOPE_WORD = { ip: 'address', user: 'user', endpoint: 'endpoint', event: 'event' } as const

const columns: Columns<AlertView> = [
  { id: 'level', header: 'Level', cell: ({ row }) => <LevelMark level={row.original.rule.level} /> },
  {
    id: 'alert',
    header: 'Alert',
    cell: ({ row: { original: alert } }) => (
      <>
        <AlertLink alert={alert} />
        {alert.demo ? <DemoTag /> : null}
        <span className="mt-0.5 line-clamp-2 text-[0.93rem] text-ink-2">
          <HostileText text={alert.why} limit={220} expandable={false} />
        </span>
      </>
    ),
  },
  {
    id: 'who',
    header: 'Who or what',
    cell: ({ row: { original: alert } }) => (
      <>
        <HostileText text={alert.scope.value} limit={60} expandable={false} className="font-mono text-[0.9rem]" />
        <span className="block text-[0.87rem] text-ink-3 max-md:inline max-md:ml-2">{SCOPE_WORD[alert.scope.kind]}</span>
      </>
    ),
  },
  { id: 'count', header: 'Count', cell: ({ row }) => count(row.original.count) },
  { id: 'first', header: 'First', cell: ({ row }) => <Ago at={row.original.first} /> },
  { id: 'last', header: 'Last', cell: ({ row }) => <Ago at={row.original.last} /> },
  { id: 'outcome', header: 'Done about it', cell: ({ row }) => <Outcome alert={row.original} /> },
]

const layout: CellLayout = {
  level: { className: 'lg:w-28' },
  alert: { wide: true },
  who: { wide: true, className: 'lg:w-60' },
  count: { end: true, label: 'Count', className: 'lg:w-20' },
  first: { label: 'First', className: 'lg:w-26 text-ink-2' },
  last: { label: 'Last', className: 'lg:w-26 text-ink-2' },
  outcome: { className: 'lg:w-52' },
}

/** Every alert, newest first, narrowed by what stands in the URL; new ones arrive by themselves. */
export const Alerts = () => {
  useTitle('Alerts')
  const search = useSearch()
  const filters = useMemo(() => readFilters(search), [search])
  const query = useInfiniteQuery({
    queryKey: ['alerts', filters],
    queryFn: ({ pageParam, signal }) => api.alerts(filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
  const rows = useMemo(
    () =>
      query.data?.pages
        .flatMap((page) => page.items)
        .filter((alert) => matchesFilters(alert, { ...filters, range: 'all' }, 0, { loaded: true })) ?? [],
    [query.data, filters],
  )
  const { fetchNextPage } = query
  const readOn = useCallback(() => void fetchNextPage(), [fetchNextPage])
  useFill({
    shown: rows.length,
    pages: query.data?.pages.length ?? 0,
    more: query.hasNextPage && filters.text !== '',
    busy: query.isFetching,
    readOn,
  })
  const narrowed = filters.level !== undefined || filters.text !== '' || filters.range !== 'all'
  return (
    <>
      <div className="mb-5 flex flex-wrap items-end justify-between gap-x-8 gap-y-3">
        <h1 className="text-3xl font-semibold tracking-tight">Alerts</h1>
        <Filters filters={filters} />
      </div>
      <Answer query={query} what="alerts">
        {() =>
          rows.length > 0 ? (
            <>
              <DataTable label="Alerts" columns={columns} rows={rows} layout={layout} />
              <More query={query} total={rows.length} noun="alerts" />
            </>
          ) : query.hasNextPage ? (
            query.isFetching ? (
              <Loading what="older alerts" />
            ) : (
              <More query={query} total={0} noun="alerts" />
            )
          ) : narrowed ? (
            <Empty title="No alert matches">
              Widen the time, lower the level, or look for another word. New ones that match appear here by themselves.
            </Empty>
          ) : (
            <Empty title="No alerts">No rule has matched yet. When one does, it appears here within a second.</Empty>
          )
        }
      </Answer>
    </>
  )
}
