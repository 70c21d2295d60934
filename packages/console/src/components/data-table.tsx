/* oxlint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role, jsx-a11y/control-has-associated-label -- the
   roles keep it a table for screen readers when the style sheet stacks its rows; the cells get their words from FlexRender */
import type { ColumnDef } from '@tanstack/react-table'
import { tableFeatures, useTable } from '@tanstack/react-table'
import { clsx } from 'clsx'
import type { ReactNode } from 'react'

import { useLive } from '../app/live.js'
import { CHUNK, CHUNKED_ABOVE, chunksOf, RowChunk } from './row-chunks.js'

/** The core of TanStack Table and nothing more: order and pages are the server's. */
export const features = tableFeatures({})
/** The columns of a {@link DataTable}. */
export type Columns<T extends object> = readonly ColumnDef<typeof features, T>[]

/** How a cell is set: `wide` takes its own line on a narrow page, `label` is shown before it there. */
export type CellLayout = Readonly<
  Record<string, { readonly wide?: boolean; readonly label?: string; readonly end?: boolean; readonly className?: string }>
>

type Props<T extends { readonly id: string }> = {
  readonly label: string
  readonly columns: Columns<T>
  readonly rows: readonly T[]
  readonly layout: CellLayout
  /** something under a row, over all columns */
  readonly below?: (row: T) => ReactNode
  /** what the live line calls a row, where that is not its id */
  readonly freshAs?: (row: T) => string
  readonly selected?: ReadonlySet<string>
}

/** A table of rows with ids; `j` and `k` walk it, new rows light up. Stacks below 900 px; a long one is drawn where it is looked at. */
export const DataTable = <T extends { readonly id: string }>({ label, columns, rows, layout, below, freshAs, selected }: Props<T>) => {
  const fresh = useLive((live) => live.fresh)
  const table = useTable({ features, columns, data: rows, getRowId: (row) => row.id })
  const long = rows.length > CHUNKED_ABOVE
  const all = table.getRowModel().rows
  const draw = (row: (typeof all)[number], index: number): ReactNode[] => {
    const extra = below?.(row.original)
    const place = long ? { 'aria-rowindex': index + 2 } : {}
    const main = (
      <tr
        key={row.id}
        role="row"
        data-row={row.id}
        data-selected={selected?.has(row.id) === true ? '' : undefined}
        tabIndex={-1}
        className={clsx(fresh.has(freshAs?.(row.original) ?? row.id) && 'fresh')}
        {...place}
      >
        {row.getAllCells().map((cell) => {
          const setting = layout[cell.column.id]
          return (
            <td
              key={cell.id}
              role="cell"
              className={setting?.className}
              data-align={setting?.end === true ? 'end' : undefined}
              data-wide={setting?.wide === true ? '' : undefined}
              data-label={setting?.label}
            >
              <table.FlexRender cell={cell} />
            </td>
          )
        })}
      </tr>
    )
    if (extra === undefined || extra === null) return [main]
    return [
      main,
      <tr key={`${row.id}+`} role="row">
        <td role="cell" colSpan={columns.length} data-wide="">
          {extra}
        </td>
      </tr>,
    ]
  }
  return (
    <table className="table" data-stack="" role="table" aria-label={label} aria-rowcount={long ? rows.length + 1 : undefined}>
      <thead role="rowgroup">
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} role="row">
            {group.headers.map((header) => (
              <th key={header.id} role="columnheader" scope="col" data-align={layout[header.column.id]?.end === true ? 'end' : undefined}>
                <table.FlexRender header={header} />
              </th>
            ))}
          </tr>
        ))}
      </thead>
      {long ? (
        chunksOf(all).map((chunk, part) => (
          <RowChunk
            // by place: a row that comes in on top moves the others, it does not draw them all anew
            // oxlint-disable-next-line react/no-array-index-key -- its place is what a part is
            key={`part-${part}`}
            rows={chunk.length}
            near={part < 2}
            draw={() => chunk.flatMap((row, index) => draw(row, part * CHUNK + index))}
          />
        ))
      ) : (
        <tbody role="rowgroup">{all.flatMap(draw)}</tbody>
      )}
    </table>
  )
}

/** What a list that is read page by page is here. */
type Paged = { readonly hasNextPage: boolean; readonly isFetchingNextPage: boolean; readonly fetchNextPage: () => unknown }

/** The button under a list that has more; says when everything is shown. */
export const More = ({ query, total, noun }: { readonly query: Paged; readonly total: number; readonly noun: string }) => (
  <div className="mt-4 flex items-center gap-4 text-ink-3">
    {query.hasNextPage ? (
      <button type="button" className="button" onClick={() => void query.fetchNextPage()} disabled={query.isFetchingNextPage}>
        {query.isFetchingNextPage ? 'Loading…' : `Older ${noun}`}
      </button>
    ) : null}
    <span>{query.hasNextPage ? `${total} shown` : `All ${total} shown`}</span>
  </div>
)
