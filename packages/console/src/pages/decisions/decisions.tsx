import { useInfiniteQuery } from '@tanstack/react-query'
import { Ban, X } from 'lucide-react'
import { useCallback, useMemo, useState } from 'react'
import { Link, useSearch } from 'wouter'

import { api, mayDecide } from '../../app/api.js'
import { useNow } from '../../app/clock.js'
import { useOperator } from '../../app/session.js'
import { useFill } from '../../app/use-fill.js'
import { Answer } from '../../components/answer.js'
import { BlockDialog } from '../../components/block-dialog.js'
import { DataTable, More } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { PageHead } from '../../components/page-title.js'
import { Empty } from '../../components/states.js'
import { Tabs } from '../../components/tabs.js'
import { flattenHostile } from '../../lib/hostile.js'
import type { DecisionTab } from '../../lib/live-lists.js'
import { belongsToTab } from '../../lib/live-lists.js'
import { BatchSizes, batchSizes, columnsOf, layout } from './columns.js'

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

const pathOf = (tab: DecisionTab, address: string): string => {
  const params = new URLSearchParams()
  if (tab !== 'active') params.set('tab', tab)
  if (address !== '') params.set('address', address)
  return params.size === 0 ? '/decisions' : `/decisions?${params.toString()}`
}

/** What is, was or would have been enforced, on everybody or on one address; one click takes it back. */
export const Decisions = () => {
  const operator = useOperator()
  const search = new URLSearchParams(useSearch())
  const asked = search.get('tab')
  const address = (search.get('address') ?? '').slice(0, 128)
  const tab = TABS.find((known) => known.id === asked) ?? TABS[0]
  const [adding, setAdding] = useState(false)
  const now = useNow(1_000)
  const id = tab?.id ?? 'active'
  const query = useInfiniteQuery({
    queryKey: ['decisions', id, address],
    queryFn: ({ pageParam, signal }) => api.decisions(id, address, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  })
  const loaded = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  // one that runs out while it is looked at leaves the tab at that second
  const rows = loaded.filter((decision) => belongsToTab(decision, id, now))
  const columns = useMemo(() => columnsOf(id), [id])
  const sizes = useMemo(() => batchSizes(loaded), [loaded])
  const { fetchNextPage } = query
  const readOn = useCallback(() => void fetchNextPage(), [fetchNextPage])
  useFill({ shown: rows.length, pages: query.data?.pages.length ?? 0, more: query.hasNextPage, busy: query.isFetching, readOn })
  return (
    <>
      <PageHead title="Decisions">
        {mayDecide(operator) ? (
          <button type="button" className="button" data-kind="primary" onClick={() => setAdding(true)}>
            <Ban size={15} aria-hidden />
            Block an address
          </button>
        ) : null}
      </PageHead>
      <div className="mb-3 flex flex-wrap items-center gap-x-6 gap-y-2">
        <Tabs label="Decisions by state" tabs={TABS} current={id} href={(next) => pathOf(next, address)} />
        {address === '' ? null : (
          <Link
            href={pathOf(id, '')}
            className="chip px-2 py-0.5"
            aria-label={`All addresses again, not only ${flattenHostile(address, 60)}`}
          >
            <HostileText text={address} limit={60} expandable={false} className="font-mono" />
            <X size={14} aria-hidden className="ml-1.5 self-center" />
          </Link>
        )}
      </div>
      <Answer query={query} what="decisions">
        {() =>
          rows.length === 0 && !query.hasNextPage ? (
            <div className="pt-4">
              <Empty title={address === '' ? (tab?.empty ?? '') : 'No decision about this address here'}>
                {address === '' ? tab?.means : 'The other tabs may have some.'}
              </Empty>
            </div>
          ) : (
            <BatchSizes value={sizes}>
              <DataTable label={`Decisions, ${id}`} columns={columns} rows={rows} layout={layout} />
              <More query={query} total={rows.length} noun="decisions" />
            </BatchSizes>
          )
        }
      </Answer>
      {adding ? <BlockDialog target={address} onClose={() => setAdding(false)} /> : null}
    </>
  )
}
