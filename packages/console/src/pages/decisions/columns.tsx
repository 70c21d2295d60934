import type { Decision } from '@parapet/core'
import { createContext, use } from 'react'
import { Link } from 'wouter'

import type { CellLayout, Columns } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Ago, Countdown } from '../../components/time.js'
import { UndoButton } from '../../components/undo.js'
import { actionInWords, authorInWords, count } from '../../lib/format.js'
import type { DecisionTab } from '../../lib/live-lists.js'

const When = ({ decision, tab }: { readonly decision: Decision; readonly tab: DecisionTab }) => {
  if (decision.lifted !== undefined) {
    return (
      <>
        lifted <Ago at={decision.lifted.at} />
        <span className="block text-[0.93rem] text-ink-2">
          <HostileText text={authorInWords(decision.lifted.by)} limit={60} />: <HostileText text={decision.lifted.reason} limit={120} />
        </span>
      </>
    )
  }
  return tab === 'expired' ? (
    <Ago at={decision.expiresAt} />
  ) : (
    <span className="font-medium">
      <Countdown until={decision.expiresAt} />
    </span>
  )
}

const Target = ({ decision }: { readonly decision: Decision }) => (
  <>
    {decision.target.kind === 'ip' || decision.target.kind === 'cidr' ? null : (
      <span className="mr-1.5 text-ink-3">{decision.target.kind}</span>
    )}
    <Link href={`/decisions/${encodeURIComponent(decision.id)}`} data-open="" className="hover:underline">
      <HostileText text={decision.target.value} limit={64} expandable={false} className="font-mono text-[0.93rem] font-medium" />
    </Link>
  </>
)

/**
 * How many decisions of each batch are in sight. A context and no column: a column that is made anew draws every cell anew, and the keyboard
 * falls out of the table each time that a decision arrives.
 */
export const BatchSizes = createContext<ReadonlyMap<string, number>>(new Map())

const Together = ({ decision }: { readonly decision: Decision }) => {
  const together = use(BatchSizes).get(decision.batch) ?? 1
  return together > 1 ? (
    <Link href={`/decisions/${encodeURIComponent(decision.id)}#batch`} className="link whitespace-nowrap text-ink-2!">
      one of {count(together)} made together
    </Link>
  ) : null
}

const Reason = ({ decision }: { readonly decision: Decision }) => (
  <>
    <HostileText text={decision.reason} limit={180} />
    <span className="mt-0.5 block text-[0.93rem]">
      {decision.alertId === undefined ? null : (
        <>
          {decision.rule === undefined ? null : <LevelMark level={decision.rule.level} bare />}{' '}
          <Link href={`/alerts/${encodeURIComponent(decision.alertId)}`} className="link">
            {decision.rule === undefined ? 'The alert' : <HostileText text={decision.rule.title} limit={80} expandable={false} />}
          </Link>{' '}
        </>
      )}
      <Together decision={decision} />
    </span>
  </>
)

/** The sizes of the batches among some decisions, for {@link BatchSizes}. */
export const batchSizes = (decisions: readonly Decision[]): ReadonlyMap<string, number> => {
  const sizes = new Map<string, number>()
  for (const { batch } of decisions) sizes.set(batch, (sizes.get(batch) ?? 0) + 1)
  return sizes
}

/** The columns of one tab of decisions. */
export const columnsOf = (tab: DecisionTab): Columns<Decision> => [
  { id: 'target', header: 'Target', cell: ({ row }) => <Target decision={row.original} /> },
  { id: 'what', header: 'What', cell: ({ row }) => actionInWords(row.original) },
  { id: 'reason', header: 'Why', cell: ({ row }) => <Reason decision={row.original} /> },
  { id: 'author', header: 'By', cell: ({ row }) => <HostileText text={authorInWords(row.original.author)} limit={60} /> },
  { id: 'since', header: 'Since', cell: ({ row }) => <Ago at={row.original.startsAt} /> },
  {
    id: 'end',
    header: tab === 'lifted' ? 'Taken back' : tab === 'expired' ? 'Ended' : 'Ends in',
    cell: ({ row }) => <When decision={row.original} tab={tab} />,
  },
  ...(tab === 'active'
    ? ([
        { id: 'undo', header: () => <span className="sr-only">Undo</span>, cell: ({ row }) => <UndoButton decisions={[row.original]} /> },
      ] satisfies Columns<Decision>)
    : []),
]

/** How the columns stand, wide and narrow. */
export const layout: CellLayout = {
  target: { wide: true, className: 'lg:w-40 xl:w-52' },
  what: { className: 'lg:w-32 xl:w-44' },
  reason: { wide: true },
  author: { label: 'By', className: 'lg:w-28 xl:w-44 text-ink-2' },
  since: { label: 'Since', className: 'lg:w-22 xl:w-24 text-ink-2' },
  end: { label: 'Ends', className: 'lg:w-26 xl:w-32' },
  undo: { end: true, className: 'lg:w-24' },
}
