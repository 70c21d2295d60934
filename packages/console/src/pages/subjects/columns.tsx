import type { SubjectView } from '@parapet/core'
import { Link } from 'wouter'

import type { CellLayout, Columns } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { SelectRow } from '../../components/row-select.js'
import { Ago } from '../../components/time.js'
import { count } from '../../lib/format.js'
import { nameOf } from '../../lib/subjects.js'
import { FlagMark, RiskMark, Who } from './marks.js'

const Person = ({ subject }: { readonly subject: SubjectView }) => (
  <>
    <Link href={`/subjects/${encodeURIComponent(subject.id)}`} data-open="" className="font-medium hover:underline">
      <Who subject={subject} />
    </Link>
    <span className="mt-0.5 block text-[0.93rem] text-ink-2">
      {subject.name === null || subject.email === null ? null : (
        <>
          <HostileText text={subject.email} limit={80} expandable={false} />
          {' · '}
        </>
      )}
      {subject.roles.length === 0 ? null : (
        <>
          <HostileText text={subject.roles.join(', ')} limit={60} expandable={false} />
          {' · '}
        </>
      )}
      <HostileText text={subject.source.name} limit={40} expandable={false} />
    </span>
  </>
)

const Risk = ({ subject: { risk, riskWhy } }: { readonly subject: SubjectView }) => (
  <>
    <RiskMark risk={risk} />
    {riskWhy.length === 0 ? null : (
      <span className="mt-0.5 block text-[0.93rem] text-ink-2">
        <HostileText text={riskWhy[0] ?? ''} limit={110} expandable={false} />
        {riskWhy.length > 1 ? <span className="ml-1.5 whitespace-nowrap text-ink-3">and {riskWhy.length - 1} more</span> : null}
      </span>
    )}
  </>
)

/** The columns of the list of users. */
export const columns: Columns<SubjectView> = [
  {
    id: 'select',
    header: () => <span className="sr-only">Selected</span>,
    cell: ({ row }) => <SelectRow id={row.original.id} name={nameOf(row.original)} />,
  },
  { id: 'who', header: 'Who', cell: ({ row }) => <Person subject={row.original} /> },
  { id: 'risk', header: 'Risk, and why', cell: ({ row }) => <Risk subject={row.original} /> },
  {
    id: 'flags',
    header: 'In force',
    cell: ({ row: { original: subject } }) =>
      subject.flags.length === 0 ? (
        <span className="text-ink-3">nothing</span>
      ) : (
        <span className="grid gap-1">
          {subject.flags.map((flag) => (
            <FlagMark key={flag.decisionId} flag={flag} />
          ))}
        </span>
      ),
  },
  {
    id: 'alerts',
    header: 'Alerts, 7 days',
    cell: ({ row }) => (row.original.alerts7d === 0 ? <span className="text-ink-3">0</span> : count(row.original.alerts7d)),
  },
  {
    id: 'seen',
    // sign-ins that failed are anybody's: they do not count
    header: 'Last active',
    cell: ({ row: { original: subject } }) => (
      <>
        {subject.lastSeen === null ? <span className="text-ink-3">never</span> : <Ago at={subject.lastSeen} />}
        {subject.lastSignIn === null ? null : (
          <span className="block text-[0.87rem] text-ink-3 max-md:ml-1.5 max-md:inline">
            signed in <Ago at={subject.lastSignIn} />
          </span>
        )}
      </>
    ),
  },
]

/** How its cells are set. */
export const layout: CellLayout = {
  select: { className: 'lg:w-7' },
  who: { className: 'max-[56rem]:min-w-[80%] max-[56rem]:grow max-[56rem]:basis-0' },
  risk: { wide: true, className: 'lg:w-96' },
  flags: { label: 'In force', className: 'lg:w-60' },
  alerts: { label: 'Alerts in 7 days', className: 'lg:w-28' },
  seen: { label: 'Last active', className: 'lg:w-32' },
}
