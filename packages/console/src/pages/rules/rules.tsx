import type { RuleView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { Link, useSearch } from 'wouter'

import { detect } from '../../app/detect-api.js'
import { Answer } from '../../components/answer.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { PageHead } from '../../components/page-title.js'
import { Precision } from '../../components/precision.js'
import { RuleState } from '../../components/rule-state.js'
import { Empty } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { count, plural } from '../../lib/format.js'
import { listRules, readRules } from '../../lib/rule-list.js'
import { Filters } from './filters.js'
import { UnreadFiles } from './unread-files.js'

const columns: Columns<RuleView> = [
  { id: 'state', header: 'State', cell: ({ row }) => <RuleState rule={row.original} /> },
  { id: 'level', header: 'Level', cell: ({ row }) => <LevelMark level={row.original.level} /> },
  {
    id: 'rule',
    header: 'Rule',
    cell: ({ row: { original: rule } }) => (
      <>
        <Link href={`/rules/${encodeURIComponent(rule.id)}`} data-open="" className="font-medium hover:underline">
          <HostileText text={rule.title} limit={120} expandable={false} />
        </Link>
        <span className="mt-0.5 block text-[0.87rem] text-ink-3">
          <HostileText text={rule.name ?? rule.id} limit={80} expandable={false} className="font-mono" /> · {rule.kind.replaceAll('_', ' ')}
          {rule.origin === 'builtin' ? null : (
            <>
              {' '}
              · <HostileText text={rule.origin} limit={80} expandable={false} />
            </>
          )}
        </span>
        {rule.problem === null ? null : (
          <span className="alarm mt-1 block text-[0.93rem]">
            <HostileText text={rule.problem} limit={240} expandable={false} />
          </span>
        )}
      </>
    ),
  },
  {
    id: 'hits',
    header: 'Alerts, 7 days',
    cell: ({ row: { original: rule } }) => (
      <>
        <span className={rule.alerts7d === 0 ? 'text-ink-3' : ''}>{count(rule.alerts7d)}</span>
        <span className="block text-[0.87rem] text-ink-3 max-md:ml-1.5 max-md:inline">
          {rule.lastAlertAt === null ? 'never' : <Ago at={rule.lastAlertAt} />}
        </span>
      </>
    ),
  },
  { id: 'precision', header: 'Precision', cell: ({ row }) => <Precision rule={row.original} /> },
  {
    id: 'exceptions',
    header: 'Exceptions',
    cell: ({ row: { original: rule } }) => (rule.exceptions === 0 ? <span className="text-ink-3">0</span> : count(rule.exceptions)),
  },
  {
    id: 'respond',
    header: 'Responds',
    cell: ({ row: { original: rule } }) =>
      rule.respond === null ? (
        <span className="text-ink-3">alerts only</span>
      ) : (
        <>
          {rule.respond.action.replaceAll('_', ' ')} <span className="text-ink-3">{rule.respond.mode}</span>
        </>
      ),
  },
]

const layout: CellLayout = {
  state: { className: 'lg:w-32' },
  level: { className: 'lg:w-26' },
  rule: { wide: true },
  hits: { label: 'Alerts in 7 days', className: 'lg:w-28' },
  precision: { label: 'Precision', className: 'lg:w-36' },
  exceptions: { label: 'Exceptions', className: 'lg:w-24' },
  respond: { label: 'Responds', className: 'lg:w-36' },
}

const Summary = ({ rules }: { readonly rules: readonly RuleView[] }) => {
  const broken = rules.filter(({ state }) => state === 'broken').length
  const off = rules.filter(({ state }) => state === 'off').length
  const learning = rules.filter((rule) => rule.learning).length
  return (
    <p className="mb-3 text-ink-2">
      {plural(rules.length - broken - off, 'rule')} on
      {off === 0 ? '' : `, ${off} off`}
      {learning === 0 ? '' : `, ${learning} learning`}
      {broken === 0 ? null : (
        <>
          , <span className="font-semibold text-critical">{broken} broken</span>
        </>
      )}
      .
    </p>
  )
}

/** Every rule: whether it runs, what it found, how often it was right. */
export const Rules = () => {
  const search = useSearch()
  const filters = useMemo(() => readRules(search), [search])
  const query = useQuery({ queryKey: ['rules'], queryFn: ({ signal }) => detect.rules(signal) })
  const rules = query.data?.items
  const rows = useMemo(() => (rules === undefined ? [] : listRules(rules, filters)), [rules, filters])
  return (
    <>
      <PageHead title="Rules">
        <Filters filters={filters} />
      </PageHead>
      <Answer query={query} what="rules">
        {({ items, problems = [] }) =>
          items.length === 0 ? (
            <Empty title="No rules">The detection part has not started yet, or its rules could not be read.</Empty>
          ) : (
            <>
              <Summary rules={items} />
              <UnreadFiles problems={problems} />
              {rows.length === 0 ? (
                <Empty title="No rule matches">
                  <Link href="/rules" className="link">
                    Show all rules
                  </Link>
                </Empty>
              ) : (
                <DataTable label="Rules" columns={columns} rows={rows} layout={layout} />
              )}
            </>
          )
        }
      </Answer>
    </>
  )
}
