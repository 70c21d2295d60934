import type { TopValues } from '@parapet/core'

import { count, plural } from '../lib/format.js'
import { CellValue } from './cell-menu.js'

/** The most frequent values of one field, each with its share as a bar. Values open the menu of a cell. */
export const TopValueList = ({ top, most = 10 }: { readonly top: TopValues; readonly most?: number }) => {
  const greatest = Math.max(1, ...top.values.map((entry) => entry.count))
  if (top.values.length === 0) return <p className="py-1 text-[0.93rem] text-ink-3">None of the events has it.</p>
  return (
    <>
      <ol className="grid gap-0.5 py-1 text-[0.93rem]">
        {top.values.slice(0, most).map((entry) => (
          <li key={entry.value} className="grid grid-cols-[minmax(0,1fr)_auto] items-baseline gap-x-3">
            <CellValue field={top.field} value={entry.value} limit={80} />
            <span className="text-ink-2 tabular-nums">{count(entry.count)}</span>
            <svg viewBox="0 0 100 2" preserveAspectRatio="none" className="col-span-2 block h-[3px] w-full" aria-hidden>
              <rect width="100" height="2" fill="var(--sunken)" />
              <rect width={(entry.count / greatest) * 100} height="2" fill="var(--edge)" />
            </svg>
          </li>
        ))}
      </ol>
      {top.distinct > Math.min(most, top.values.length) ? (
        <p className="text-[0.87rem] text-ink-3">
          {plural(top.distinct, 'different value')} in {plural(top.of, 'event')}
        </p>
      ) : null}
    </>
  )
}
