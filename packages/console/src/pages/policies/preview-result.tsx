import type { PolicyPreview } from '@parapet/core'
import { clsx } from 'clsx'
import { TriangleAlert } from 'lucide-react'

import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { Facts } from '../../components/page-title.js'
import { StateMark } from '../../components/state-mark.js'
import { Moment } from '../../components/time.js'
import type { Tone } from '../../lib/enforcers.js'
import { actionInWords, count } from '../../lib/format.js'
import { previewInWords } from '../../lib/policies.js'

type Example = PolicyPreview['examples'][number] & { readonly id: string }

const OUTCOME: Readonly<Record<Example['outcome'], { readonly tone: Tone; readonly word: string }>> = {
  enforced: { tone: 'good', word: 'Done' },
  observed: { tone: 'watch', word: 'Watched' },
  protected: { tone: 'warn', word: 'Protected' },
  over_budget: { tone: 'bad', word: 'Over budget' },
  merged: { tone: 'idle', word: 'Was so already' },
}

const columns: Columns<Example> = [
  { id: 'at', header: 'When', cell: ({ row }) => <Moment at={row.original.at} /> },
  { id: 'outcome', header: 'Outcome', cell: ({ row }) => <StateMark {...OUTCOME[row.original.outcome]} /> },
  {
    id: 'target',
    header: 'Target',
    cell: ({ row: { original: example } }) => (
      <>
        <HostileText text={example.target.value} limit={64} className="font-mono text-[0.93rem]" />
        {example.signedIn ? (
          <span className="mt-0.5 block font-medium text-high">
            <TriangleAlert size={13} aria-hidden className="mr-1 inline align-[-1px]" />
            signed in from there
          </span>
        ) : null}
      </>
    ),
  },
  {
    id: 'what',
    header: 'What',
    cell: ({ row: { original: example } }) => (
      <>
        {actionInWords({ action: example.action, scope: 'all', mode: 'enforce' }).replace(/ everywhere$/, '')}
        <span className="block text-[0.93rem] text-ink-2 wrap-anywhere">
          <HostileText text={example.rule} limit={100} />
          {example.detail === '' ? null : (
            <>
              : <HostileText text={example.detail} limit={200} />
            </>
          )}
        </span>
      </>
    ),
  },
]

const layout: CellLayout = {
  at: { className: 'lg:w-36 text-ink-2' },
  outcome: { className: 'lg:w-36' },
  target: { wide: true, className: 'lg:w-64' },
  what: { wide: true },
}

/** What a policy would have done with the alerts of some days, and to whom by mistake. */
export const PreviewResult = ({ preview, short = false }: { readonly preview: PolicyPreview; readonly short?: boolean }) => (
  <div className={clsx(preview.whole || 'border-l-3 border-medium pl-3')}>
    <p className={clsx('flex gap-2 text-[1.05rem] font-medium', preview.signedIn > 0 && 'text-high')} data-preview="">
      {preview.signedIn > 0 ? <TriangleAlert size={17} aria-hidden className="mt-1 shrink-0" /> : null}
      {previewInWords(preview)}
    </p>
    <p className="text-[0.93rem] text-ink-2">
      Since <Moment at={preview.since} />. {preview.whole ? '' : 'There is more history than was looked at. '}Nothing was done.
    </p>
    {preview.alerts === 0 || short ? null : (
      <>
        <div className="mt-3">
          <Facts
            facts={[
              ['Alerts', count(preview.alerts)],
              ['Decisions', count(preview.decisions)],
              ['Spared as protected', count(preview.protected)],
              [
                'Over the budget',
                <span key="over" className={preview.overBudget > 0 ? 'font-semibold text-critical' : ''}>
                  {count(preview.overBudget)}
                </span>,
              ],
            ]}
          />
        </div>
        {preview.examples.length === 0 ? null : (
          <div className="mt-4">
            <DataTable
              label="What it would have done"
              columns={columns}
              rows={preview.examples.map((example, at): Example => ({ ...example, id: `example-${at}` }))}
              layout={layout}
            />
          </div>
        )}
      </>
    )}
  </div>
)
