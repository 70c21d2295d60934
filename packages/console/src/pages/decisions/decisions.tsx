import { useInfiniteQuery } from '@tanstack/react-query'
import { clsx } from 'clsx'
import { Ban } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { Link, useSearch } from 'wouter'

import { api, mayDecide } from '../../app/api.js'
import { useNow } from '../../app/clock.js'
import { useOperator } from '../../app/session.js'
import { useFill } from '../../app/use-fill.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { DataTable, More } from '../../components/data-table.js'
import { useTitle } from '../../components/page-title.js'
import { Empty, Failure, Loading } from '../../components/states.js'
import type { DecisionTab } from '../../lib/live-lists.js'
import { belongsToTab } from '../../lib/live-lists.js'
import { columnsOf, layout } from './columns.js'

const TABS: readonly { readonly id: DecisionTab; readonly name: string; readonly empty: string; readonly means: string }[] = [
  { id: 'active', name: 'Active', empty: 'Nothing is blocked', means: 'Blocks appear here the moment a policy or an operator makes them.' },
  {
    id: 'observe',
    name: 'Observe',
    empty: 'Nothing is only watched',
    means: 'Policies in observe would show here what they would have blocked.',
  },
  { id: 'expired', name: 'Expired', empty: 'Nothing has expired', means: 'Every block ends by itself; ended ones are kept here.' },
  {
    id: 'lifted',
    name: 'Lifted',
    empty: 'Nothing was taken back',
    means: 'What somebody undid before its end is kept here, with who and why.',
  },
]

/** What is, was or would have been enforced; one click takes it back. */
export const Decisions = () => {
  useTitle('Decisions')
  const operator = useOperator()
  const asked = new URLSearchParams(useSearch()).get('tab')
  const tab = TABS.find((known) => known.id === asked) ?? TABS[0]
  const [adding, setAdding] = useState(false)
  const now = useNow(1_000)
  const id = tab?.id ?? 'active'
  const query = useInfiniteQuery({
    queryKey: ['decisions', id],
    queryFn: ({ pageParam, signal }) => api.decisions(id, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
  const columns = useMemo(() => columnsOf(id), [id])
  const loaded = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  // one that runs out while it is looked at leaves the tab at that second
  const rows = loaded.filter((decision) => belongsToTab(decision, id, now))
  const { fetchNextPage } = query
  const readOn = useCallback(() => void fetchNextPage(), [fetchNextPage])
  useFill({ shown: rows.length, pages: query.data?.pages.length ?? 0, more: query.hasNextPage, busy: query.isFetching, readOn })
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-4">
        <h1 className="text-3xl font-semibold tracking-tight">Decisions</h1>
        {mayDecide(operator) ? (
          <button type="button" className="button" data-kind="primary" onClick={() => setAdding(true)}>
            <Ban size={15} aria-hidden />
            Block an address
          </button>
        ) : null}
      </div>
      <nav aria-label="Decisions by state" className="mb-3 -ml-2.5 flex flex-wrap">
        {TABS.map((known) => (
          <Link
            key={known.id}
            href={known.id === 'active' ? '/decisions' : `/decisions?tab=${known.id}`}
            aria-current={known.id === id ? 'page' : undefined}
            className={clsx(
              'px-2.5 py-1.5 font-medium',
              known.id === id ? 'text-ink shadow-[inset_0_-2px_0_var(--accent)]' : 'text-ink-2 hover:text-ink',
            )}
          >
            {known.name}
          </Link>
        ))}
      </nav>
      {query.error === null ? null : (
        <div className="mb-6">
          <Failure error={query.error} retry={() => void query.refetch()} compact={rows.length > 0} />
        </div>
      )}
      {query.data === undefined ? (
        query.error === null ? (
          <Loading what="decisions" />
        ) : null
      ) : rows.length === 0 && !query.hasNextPage ? (
        <div className="pt-4">
          <Empty title={tab?.empty ?? ''}>{tab?.means}</Empty>
        </div>
      ) : (
        <>
          <DataTable label={`Decisions, ${id}`} columns={columns} rows={rows} layout={layout} />
          <More has={query.hasNextPage} busy={query.isFetchingNextPage} onMore={readOn} total={rows.length} noun="decisions" />
        </>
      )}
      {adding ? <BlockDialog onClose={() => setAdding(false)} /> : null}
    </>
  )
}
