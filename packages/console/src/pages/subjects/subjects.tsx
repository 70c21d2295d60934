import { useInfiniteQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link, useSearch } from 'wouter'

import { mayChangeSubjects, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { focusedRow, usePageCommands } from '../../app/shortcuts.js'
import { Answer } from '../../components/answer.js'
import { DataTable, More } from '../../components/data-table.js'
import { PageHead } from '../../components/page-title.js'
import { SelectionBar, SelectionContext, useSelection } from '../../components/row-select.js'
import { Empty } from '../../components/states.js'
import { byRisk, readSubjects } from '../../lib/subjects.js'
import { columns, layout } from './columns.js'
import { Filters } from './filters.js'
import { ResetSheet } from './reset-sheet.js'

const READ_ONLY = columns.filter(({ id }) => id !== 'select')

/** The users of the protected applications, those at risk first. */
export const Subjects = () => {
  const may = mayChangeSubjects(useOperator())
  const text = useSearch()
  const search = useMemo(() => readSubjects(text), [text])
  const [resetting, setResetting] = useState(false)
  const query = useInfiniteQuery({
    queryKey: ['subjects', search],
    queryFn: ({ pageParam, signal }) => respond.subjects(search, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 60_000,
  })
  const rows = useMemo(() => byRisk(query.data?.pages.flatMap((page) => page.items) ?? []), [query.data])
  const roles = useMemo(() => [...new Set(rows.flatMap((row) => row.roles))].toSorted((a, b) => a.localeCompare(b, 'en')), [rows])
  const selection = useSelection(rows)
  const { selected, toggle } = selection
  const commands = useMemo(
    () => ({
      select: () => {
        const id = focusedRow()
        if (id !== undefined && may) toggle(id)
      },
    }),
    [toggle, may],
  )
  usePageCommands(commands)
  const narrowed = search.q !== '' || search.role !== '' || search.flag !== null
  return (
    <>
      <PageHead title="Subjects">
        <div className="flex flex-wrap items-center gap-x-5 gap-y-2">
          <Link href="/subjects/resets" className="link">
            Resets so far
          </Link>
          {may ? (
            <button type="button" className="button" onClick={() => setResetting(true)}>
              <KeyRound size={15} aria-hidden />
              Reset passwords…
            </button>
          ) : null}
        </div>
      </PageHead>
      <Filters search={search} roles={roles} />
      <Answer query={query} what="users">
        {() =>
          rows.length > 0 ? (
            <SelectionContext value={selection}>
              <DataTable
                label="Subjects, the riskiest first"
                columns={may ? columns : READ_ONLY}
                rows={rows}
                layout={layout}
                selected={selection.keys}
              />
              <More query={query} total={rows.length} noun="users" />
            </SelectionContext>
          ) : narrowed ? (
            <Empty title="Nobody matches">
              A name is found when all of it is typed: names are sealed, and only the whole can be looked up.{' '}
              <Link href="/subjects" className="link">
                Show everybody
              </Link>
            </Empty>
          ) : (
            <Empty title="Nobody is known yet">
              Users appear here with their first event from a guarded application. An application can also tell of all of them at once:{' '}
              <code className="font-mono text-[0.9em]">POST /v1/subjects/import</code> with the token of its source.
            </Empty>
          )
        }
      </Answer>
      {may ? (
        <SelectionBar selection={selection} rows={rows} noun="user">
          <button type="button" className="button" onClick={() => setResetting(true)}>
            Reset their passwords…
          </button>
        </SelectionBar>
      ) : null}
      {resetting ? <ResetSheet chosen={selected} roles={roles} role={search.role} onClose={() => setResetting(false)} /> : null}
    </>
  )
}
