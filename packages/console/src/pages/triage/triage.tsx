import type { Page, TriageGroup } from '@parapet/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useCallback, useMemo, useState } from 'react'
import { Link, useSearch } from 'wouter'

import { detect } from '../../app/detect-api.js'
import { scopeName } from '../../app/live.js'
import { focusedRow } from '../../app/shortcuts.js'
import { Answer } from '../../components/answer.js'
import { DataTable, More } from '../../components/data-table.js'
import { useTitle } from '../../components/page-title.js'
import { SelectionBar, SelectionContext, useSelection } from '../../components/row-select.js'
import { Empty } from '../../components/states.js'
import type { Pages } from '../../lib/live-lists.js'
import { keepPlaces, readTriage } from '../../lib/triage.js'
import { ActButtons } from './act-buttons.js'
import type { Row } from './columns.js'
import { columns, layout } from './columns.js'
import { Filters } from './filters.js'
import type { Asking } from './group-dialogs.js'
import { GroupDialogs } from './group-dialogs.js'
import { useTriageKeys } from './use-triage-keys.js'

const EMPTY = {
  waiting: ['Nothing waits for you', 'Alerts of one rule about one thing become one line here, the moment they come.'],
  open: ['Nothing is open', 'What comes in stands here until somebody takes it up.'],
  acknowledged: ['Nothing is in work', 'What somebody acknowledged stands here until it is closed.'],
  snoozed: ['Nothing is put away', 'What was snoozed comes back by itself, when its time is over or when it gets worse.'],
  closed: ['Nothing was closed yet', 'With a verdict on each, the rules know how precise they are.'],
  all: ['No alerts', 'Either nothing has happened, or no source sends events yet.'],
} as const

const rowFreshness = (row: Row): string => scopeName({ rule: row.rule, scope: row.scope })

const inPlace = (before: unknown, after: unknown): unknown => {
  const [old, fresh] = [before, after] as readonly (Pages<TriageGroup> | undefined)[]
  if (old === undefined || fresh === undefined) return after
  const groups = keepPlaces(
    old.pages.flatMap(({ items }) => items),
    fresh.pages.flatMap(({ items }) => items),
  )
  let from = 0
  const pages = fresh.pages.map((page): Page<TriageGroup> => {
    const items = groups.slice(from, from + page.items.length)
    from += page.items.length
    return { ...page, items }
  })
  return { ...fresh, pages }
}

/** The page an analyst lives in: alerts that stand for one thing as one line, and what to do with them. */
export const Triage = () => {
  useTitle('Triage')
  const search = useSearch()
  const filters = useMemo(() => readTriage(search), [search])
  const query = useInfiniteQuery({
    queryKey: ['triage', filters],
    queryFn: ({ pageParam, signal }) => detect.triage(filters, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 60_000,
    structuralSharing: inPlace,
  })
  const rows = useMemo<readonly Row[]>(
    () => query.data?.pages.flatMap((page) => page.items.map((group) => ({ ...group, id: group.key }))) ?? [],
    [query.data],
  )
  const selection = useSelection(rows)
  const { selected, toggle } = selection
  const [asking, setAsking] = useState<Asking>()
  const chosen = useCallback((): readonly TriageGroup[] => {
    if (selected.length > 0) return selected
    const key = focusedRow()
    return rows.filter((row) => row.key === key)
  }, [rows, selected])
  const more = useMemo(
    () => ({
      select: () => {
        const key = focusedRow()
        if (key !== undefined) toggle(key)
      },
    }),
    [toggle],
  )
  const { acts, may, busy } = useTriageKeys(chosen, setAsking, more)
  const narrowed = filters.level !== undefined || filters.rule !== undefined || filters.mine
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-x-8 gap-y-1">
        <h1 className="text-3xl font-semibold tracking-tight">Triage</h1>
        <Link href="/alerts" className="link">
          Alerts one by one
        </Link>
      </div>
      <Filters filters={filters} groups={rows} />
      <Answer query={query} what="groups of alerts">
        {() =>
          rows.length > 0 ? (
            <SelectionContext value={selection}>
              <DataTable
                label="Groups of alerts"
                columns={columns}
                rows={rows}
                layout={layout}
                freshAs={rowFreshness}
                selected={selection.keys}
              />
              <More query={query} total={rows.length} noun="groups" />
            </SelectionContext>
          ) : (
            <div className="pt-4">
              {narrowed ? (
                <Empty title="No group matches">
                  <Link href="/triage" className="link">
                    Show all that waits
                  </Link>
                </Empty>
              ) : (
                <Empty title={EMPTY[filters.tab][0]}>{EMPTY[filters.tab][1]}</Empty>
              )}
            </div>
          )
        }
      </Answer>
      {may ? (
        <SelectionBar selection={selection} rows={rows} noun="group">
          <ActButtons groups={selected} acts={acts} busy={busy} />
        </SelectionBar>
      ) : null}
      <GroupDialogs asking={asking} onClose={() => setAsking(undefined)} />
    </>
  )
}
