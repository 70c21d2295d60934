import type { IncidentStatus, IncidentView, Level } from '@parapet/core'
import { INCIDENT_STATUSES } from '@parapet/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'

import { mayChangeIncidents, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import { Answer } from '../../components/answer.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable, More } from '../../components/data-table.js'
import { Select } from '../../components/field.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { PageHead } from '../../components/page-title.js'
import { Empty } from '../../components/states.js'
import { Tabs } from '../../components/tabs.js'
import { Ago } from '../../components/time.js'
import { plural } from '../../lib/format.js'
import { incidentName, incidentsPath, readIncidents, STATUS_WORD } from '../../lib/incidents.js'
import { LEVEL_WORD, LEVELS_DOWN } from '../../lib/levels.js'
import { OpenIncident } from './open-incident.js'
import { Assignee, StatusMark } from './marks.js'

const TABS: readonly { readonly id: IncidentStatus | 'all'; readonly name: string }[] = [
  { id: 'all', name: 'All' },
  ...INCIDENT_STATUSES.map((status) => ({ id: status, name: STATUS_WORD[status] })),
]

const about = (incident: IncidentView): string =>
  [
    ...(incident.subjects.length === 0 ? [] : [plural(incident.subjects.length, 'user')]),
    ...(incident.addresses.length === 0 ? [] : [plural(incident.addresses.length, 'address', 'addresses')]),
    ...(incident.alerts === 0 ? [] : [plural(incident.alerts, 'alert')]),
    ...(incident.decisions === 0 ? [] : [plural(incident.decisions, 'decision')]),
  ].join(', ')

const columns: Columns<IncidentView> = [
  { id: 'severity', header: 'Severity', cell: ({ row }) => <LevelMark level={row.original.severity} /> },
  {
    id: 'title',
    header: 'Incident',
    cell: ({ row: { original: incident } }) => (
      <>
        <Link href={`/incidents/${encodeURIComponent(incident.id)}`} data-open="" className="line-clamp-3 font-medium hover:underline">
          <span className="mr-2 font-normal text-ink-3">{incidentName(incident)}</span>
          <HostileText text={incident.title} limit={200} expandable={false} />
        </Link>
        <span className="mt-0.5 block text-[0.93rem] text-ink-2">{about(incident)}</span>
      </>
    ),
  },
  { id: 'status', header: 'Status', cell: ({ row }) => <StatusMark status={row.original.status} /> },
  { id: 'assignee', header: 'Who works on it', cell: ({ row }) => <Assignee incident={row.original} /> },
  { id: 'opened', header: 'Opened', cell: ({ row }) => <Ago at={row.original.openedAt} /> },
  { id: 'updated', header: 'Last change', cell: ({ row }) => <Ago at={row.original.updatedAt} /> },
]

const layout: CellLayout = {
  severity: { className: 'lg:w-28' },
  title: { wide: true },
  status: { className: 'lg:w-32' },
  assignee: { label: 'Worked on by', className: 'lg:w-44' },
  opened: { label: 'Opened', className: 'lg:w-28 text-ink-2' },
  updated: { label: 'Changed', className: 'lg:w-28 text-ink-2' },
}

/** What went wrong so far that people work on together. */
export const Incidents = () => {
  const may = mayChangeIncidents(useOperator())
  const [, navigate] = useLocation()
  const text = useSearch()
  const search = useMemo(() => readIncidents(text), [text])
  const [opening, setOpening] = useState(false)
  const query = useInfiniteQuery({
    queryKey: ['incidents', search],
    queryFn: ({ pageParam, signal }) => respond.incidents(search, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 30_000,
  })
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  return (
    <>
      <PageHead title="Incidents">
        {may ? (
          <button type="button" className="button" data-kind="primary" onClick={() => setOpening(true)}>
            <Plus size={15} aria-hidden />
            Open an incident
          </button>
        ) : null}
      </PageHead>
      <div className="mb-3 flex flex-wrap items-end justify-between gap-x-8 gap-y-2">
        <Tabs
          label="Incidents by status"
          tabs={TABS}
          current={search.status ?? 'all'}
          href={(id) => incidentsPath({ ...search, status: id === 'all' ? null : id })}
        />
        <Select<Level | ''>
          label="Severity at least"
          value={search.severity ?? ''}
          onChange={(severity) => navigate(incidentsPath({ ...search, severity: severity === '' ? null : severity }), { replace: true })}
          options={[
            ['', 'Any severity'],
            ...LEVELS_DOWN.slice(0, -1).map(
              (level) => [level, level === 'critical' ? 'Critical only' : `${LEVEL_WORD[level]} or worse`] as const,
            ),
          ]}
        />
      </div>
      <Answer query={query} what="incidents">
        {() =>
          rows.length > 0 ? (
            <>
              <DataTable label="Incidents" columns={columns} rows={rows} layout={layout} />
              <More query={query} total={rows.length} noun="incidents" />
            </>
          ) : search.status !== null || search.severity !== null ? (
            <Empty title="No incident matches">
              <Link href="/incidents" className="link">
                Show all
              </Link>
            </Empty>
          ) : (
            <Empty title="No incident yet">
              The response to a data-breach alert opens one by itself, with everything that it did. You can open one from a group of alerts
              in{' '}
              <Link href="/triage" className="link">
                Triage
              </Link>
              , or here.
            </Empty>
          )
        }
      </Answer>
      {opening ? <OpenIncident onClose={() => setOpening(false)} /> : null}
    </>
  )
}
