import type { DecisionMode, PolicyRuleMode, PolicyView } from '@parapet/core'
import { useMemo } from 'react'
import { Link } from 'wouter'

import { mayChangePolicies, respond } from '../../app/respond-api.js'
import { useOperator } from '../../app/session.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { ModeMark } from '../../components/state-mark.js'
import { useSubmit } from '../../components/submit.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { count } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { isReady, listModes } from '../../lib/policies.js'
import { asApiError } from '../../lib/problem.js'

type Row = PolicyRuleMode & { readonly id: string }

/** Takes back what somebody set for one rule. */
const Own = ({ policyId, row }: { readonly policyId: string; readonly row: Row }) => {
  const back = useSubmit(
    async () => {
      try {
        await respond.clearPolicyMode(policyId, row.rule.id)
        toasts.add({ title: `As the policy says again: ${flattenHostile(row.rule.title, 60)}` })
      } catch (error) {
        const problem = asApiError(error)
        toasts.add({ title: `Not changed: ${problem.message}. ${problem.fix} (${problem.code})`, priority: 'high' })
      }
    },
    { refresh: [['policies']] },
  )
  return (
    <button type="button" className="link text-left" disabled={back.busy} onClick={back.run}>
      as the policy says again
    </button>
  )
}

const Mode = ({ row, policyId, may }: { readonly row: Row; readonly policyId: string; readonly may: boolean }) => (
  <>
    <ModeMark mode={row.mode} />
    {row.setBy === null ? null : (
      <span className="mt-0.5 block text-[0.87rem] text-ink-2">
        set by <HostileText text={row.setBy.name} limit={40} expandable={false} />
        {row.setAt === null ? null : (
          <>
            {' '}
            <Ago at={row.setAt} />
          </>
        )}
        {may ? (
          <>
            {' · '}
            <Own policyId={policyId} row={row} />
          </>
        ) : null}
      </span>
    )}
  </>
)

const Holds = ({ row }: { readonly row: Row }) => {
  if (row.mode === 'enforce') return <span className="text-ink-3">enforced already</span>
  if (isReady(row)) {
    return (
      <span className="font-medium text-accent">
        Nothing: quiet since <Ago at={row.quietSince} />
      </span>
    )
  }
  return (
    <ul className="grid gap-0.5">
      {row.holds.map((hold) => (
        <li key={hold} className="wrap-anywhere">
          <HostileText text={hold} limit={200} />
        </li>
      ))}
    </ul>
  )
}

const columnsOf = (policyId: string, may: boolean, onChange: (rule: PolicyRuleMode, mode: DecisionMode) => void): Columns<Row> => [
  {
    id: 'rule',
    header: 'Rule',
    cell: ({ row: { original: row } }) => (
      <span className="flex items-baseline gap-2">
        <LevelMark level={row.rule.level} bare />
        <Link href={`/rules/${encodeURIComponent(row.rule.id)}`} data-open="" className="min-w-0 font-medium wrap-anywhere hover:underline">
          <HostileText text={row.rule.title} limit={120} expandable={false} />
        </Link>
      </span>
    ),
  },
  { id: 'mode', header: 'Mode', cell: ({ row }) => <Mode row={row.original} policyId={policyId} may={may} /> },
  {
    id: 'hits',
    header: 'Did / would have, 7 days',
    cell: ({ row: { original: row } }) => (
      <>
        <span className={row.decisions7d === 0 ? 'text-ink-3' : ''}>{count(row.decisions7d)}</span>
        <span className="text-ink-3"> / </span>
        <span className={row.observed7d === 0 ? 'text-ink-3' : ''}>{count(row.observed7d)}</span>
      </>
    ),
  },
  {
    id: 'wrong',
    header: 'False positives, 14 days',
    cell: ({ row: { original: row } }) =>
      row.falsePositives === 0 ? <span className="text-ink-3">0</span> : <strong className="text-high">{count(row.falsePositives)}</strong>,
  },
  { id: 'holds', header: 'What speaks against enforcing it', cell: ({ row }) => <Holds row={row.original} /> },
  ...(may
    ? ([
        {
          id: 'act',
          header: () => <span className="sr-only">Change</span>,
          cell: ({ row: { original: row } }) => (
            <button
              type="button"
              className="button"
              aria-label={`${row.mode === 'observe' ? 'Enforce' : 'Only observe'}: ${flattenHostile(row.rule.title, 60)}`}
              onClick={() => onChange(row, row.mode === 'observe' ? 'enforce' : 'observe')}
            >
              {row.mode === 'observe' ? 'Enforce…' : 'Observe…'}
            </button>
          ),
        },
      ] satisfies Columns<Row>)
    : []),
]

const layout: CellLayout = {
  rule: { wide: true },
  mode: { className: 'lg:w-44' },
  hits: { label: 'Did / would have in 7 days', className: 'lg:w-26' },
  wrong: { label: 'False positives in 14 days', className: 'lg:w-26' },
  holds: { wide: true, className: 'lg:w-80' },
  act: { end: true, className: 'lg:w-28' },
}

/** How a policy answers each rule, what came of it, and why a rule is not enforced yet. */
export const RuleModes = ({
  policy,
  onChange,
}: {
  readonly policy: PolicyView
  /** stays the same: the columns are made of it */
  readonly onChange: (rule: PolicyRuleMode, mode: DecisionMode) => void
}) => {
  const may = mayChangePolicies(useOperator())
  const rows = useMemo(() => listModes(policy.rules).map((row): Row => Object.assign({ id: row.rule.id }, row)), [policy.rules])
  const columns = useMemo(() => columnsOf(policy.id, may, onChange), [policy.id, may, onChange])
  if (rows.length === 0) return <p className="py-2 text-ink-2">No rule that is on matches it.</p>
  return <DataTable label="Rules of this policy" columns={columns} rows={rows} layout={layout} />
}
