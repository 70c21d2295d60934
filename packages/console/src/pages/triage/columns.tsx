import type { TriageGroup } from '@parapet/core'
import { Link } from 'wouter'

import { useOperator } from '../../app/session.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DemoTag } from '../../components/demo-tag.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { SelectRow } from '../../components/row-select.js'
import { Ago } from '../../components/time.js'
import { TriageState } from '../../components/triage-status.js'
import { count, plural } from '../../lib/format.js'

/** A group as a row. */
export type Row = TriageGroup & { readonly id: string }

const SCOPE_WORD = { ip: 'address', user: 'user', endpoint: 'endpoint', event: 'event' } as const

const State = ({ group }: { readonly group: Row }) => {
  const operator = useOperator()
  return (
    <>
      <TriageState group={group} self={operator.id} />
      {group.decisions === 0 ? null : (
        <span className="block text-[0.87rem] text-ink-2 max-md:ml-2 max-md:inline">{count(group.decisions)} in force</span>
      )}
    </>
  )
}

/** The columns of the list. */
export const columns: Columns<Row> = [
  {
    id: 'select',
    header: () => <span className="sr-only">Selected</span>,
    cell: ({ row }) => <SelectRow id={row.original.key} name={row.original.why} />,
  },
  { id: 'level', header: 'Level', cell: ({ row }) => <LevelMark level={row.original.level} /> },
  {
    id: 'why',
    header: 'Why',
    cell: ({ row: { original: group } }) => (
      <>
        <Link href={`/triage/${encodeURIComponent(group.key)}`} data-open="" className="line-clamp-3 font-medium hover:underline">
          <HostileText text={group.why} limit={220} expandable={false} />
        </Link>
        <span className="mt-0.5 block text-[0.93rem] text-ink-2">
          <HostileText text={group.rule.title} limit={120} expandable={false} />
          {group.demo ? <DemoTag /> : null}
        </span>
      </>
    ),
  },
  {
    id: 'who',
    header: 'Who or what',
    cell: ({ row: { original: group } }) => (
      <>
        <HostileText text={group.scope.value} limit={60} expandable={false} className="font-mono text-[0.9rem]" />
        <span className="block text-[0.87rem] text-ink-3 max-md:ml-2 max-md:inline">
          {SCOPE_WORD[group.scope.kind]}
          {group.sources.length === 0 ? null : (
            <>
              {' '}
              seen by <HostileText text={group.sources.map(({ name }) => name).join(', ')} limit={48} expandable={false} />
            </>
          )}
        </span>
      </>
    ),
  },
  {
    id: 'count',
    header: 'Alerts',
    cell: ({ row: { original: group } }) => (
      <>
        {count(group.alerts)}
        <span className="block text-[0.87rem] text-ink-3 max-md:ml-1.5 max-md:inline">{plural(group.events, 'event')}</span>
      </>
    ),
  },
  {
    id: 'last',
    header: 'Last',
    cell: ({ row: { original: group } }) => (
      <>
        <Ago at={group.last} />
        <span className="block text-[0.87rem] text-ink-3 max-md:ml-1.5 max-md:inline">
          first <Ago at={group.first} />
        </span>
      </>
    ),
  },
  { id: 'state', header: 'State', cell: ({ row }) => <State group={row.original} /> },
]

/** How its cells are set. */
export const layout: CellLayout = {
  select: { className: 'lg:w-7' },
  level: { className: 'lg:w-26' },
  why: { wide: true },
  who: { wide: true, className: 'lg:w-52' },
  count: { label: 'Alerts', className: 'lg:w-28' },
  last: { label: 'Last', className: 'lg:w-28' },
  state: { className: 'lg:w-36' },
}
