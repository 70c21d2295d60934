import type { PolicyView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link } from 'wouter'

import { respond } from '../../app/respond-api.js'
import { Answer } from '../../components/answer.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { PageHead } from '../../components/page-title.js'
import { ModeMark, StateMark } from '../../components/state-mark.js'
import { Empty } from '../../components/states.js'
import { count, plural } from '../../lib/format.js'
import { listPolicies, standingOf } from '../../lib/policies.js'

const columns: Columns<PolicyView> = [
  {
    id: 'mode',
    header: 'Mode',
    cell: ({ row: { original: policy } }) =>
      policy.problem === null ? <ModeMark mode={policy.mode} /> : <StateMark tone="bad" word="Broken" />,
  },
  {
    id: 'policy',
    header: 'Policy',
    cell: ({ row: { original: policy } }) => (
      <>
        <Link href={`/policies/${encodeURIComponent(policy.id)}`} data-open="" className="font-medium hover:underline">
          <HostileText text={policy.title} limit={120} expandable={false} />
        </Link>
        {policy.inWords.length === 0 ? null : (
          <span className="mt-0.5 block text-ink-2">
            <HostileText text={policy.inWords[0] ?? ''} limit={240} expandable={false} />
            {policy.inWords.length > 1 ? <span className="text-ink-3"> And {plural(policy.inWords.length - 1, 'more act')}.</span> : null}
          </span>
        )}
        <span className="mt-0.5 block text-[0.87rem] text-ink-3">
          <HostileText text={policy.id} limit={80} expandable={false} className="font-mono" />
          {policy.origin === 'builtin' ? null : (
            <>
              {' · '}
              <HostileText text={policy.origin} limit={80} expandable={false} />
              {policy.builtinSource === null ? null : ', in place of the built-in one'}
            </>
          )}
        </span>
        {policy.problem === null ? null : (
          <span className="alarm mt-1 block text-[0.93rem]">
            <HostileText text={policy.problem} limit={240} expandable={false} />
          </span>
        )}
      </>
    ),
  },
  {
    id: 'rules',
    header: 'Rules',
    cell: ({ row: { original: policy } }) => {
      const { enforced, observed } = standingOf(policy)
      return (
        <>
          {count(enforced + observed)}
          <span className="block text-[0.87rem] text-ink-3 max-md:ml-1.5 max-md:inline">
            {enforced + observed === 0
              ? 'that are on'
              : observed === 0
                ? 'all enforced'
                : enforced === 0
                  ? 'all observed'
                  : `${count(enforced)} enforced`}
          </span>
        </>
      )
    },
  },
  {
    id: 'did',
    header: 'Did, 7 days',
    cell: ({ row }) => {
      const { decisions7d } = standingOf(row.original)
      return <span className={decisions7d === 0 ? 'text-ink-3' : ''}>{count(decisions7d)}</span>
    },
  },
  {
    id: 'would',
    header: 'Would have',
    cell: ({ row }) => {
      const { observed7d } = standingOf(row.original)
      return <span className={observed7d === 0 ? 'text-ink-3' : ''}>{count(observed7d)}</span>
    },
  },
  {
    id: 'ready',
    header: 'Ready to enforce',
    cell: ({ row }) => {
      const { ready, observed } = standingOf(row.original)
      return ready === 0 ? (
        <span className="text-ink-3">{observed === 0 ? '–' : 'none yet'}</span>
      ) : (
        <strong>{plural(ready, 'rule')}</strong>
      )
    },
  },
]

const layout: CellLayout = {
  mode: { className: 'lg:w-30' },
  policy: { wide: true },
  rules: { label: 'Rules', className: 'lg:w-32' },
  did: { label: 'Did in 7 days', className: 'lg:w-26' },
  would: { label: 'Would have done', className: 'lg:w-26' },
  ready: { label: 'Ready to enforce', className: 'lg:w-34' },
}

const List = ({ policies }: { readonly policies: readonly PolicyView[] }) => {
  const rows = useMemo(() => listPolicies(policies), [policies])
  if (rows.length === 0) return <Empty title="No policies">Alerts are shown, and nothing is decided by itself.</Empty>
  const enforcing = rows.filter(({ mode, problem }) => mode === 'enforce' && problem === null).length
  const broken = rows.filter(({ problem }) => problem !== null).length
  return (
    <>
      <p className="mb-3 max-w-[75ch] text-ink-2">
        Asked from top to bottom; the first that matches an alert answers it. {count(enforcing)} of {count(rows.length)}{' '}
        {enforcing === 1 ? 'is' : 'are'} enforced, the others write down what they would have done.
        {broken === 0 ? null : <strong className="text-critical"> {count(broken)} cannot be read.</strong>}
      </p>
      <DataTable label="Policies" columns={columns} rows={rows} layout={layout} />
    </>
  )
}

/** What answers alerts, in which order, and which of it is only watched yet. */
export const Policies = () => {
  const query = useQuery({ queryKey: ['policies'], queryFn: ({ signal }) => respond.policies(signal) })
  return (
    <>
      <PageHead title="Policies" />
      <Answer query={query} what="policies">
        {({ items }) => <List policies={items} />}
      </Answer>
    </>
  )
}
