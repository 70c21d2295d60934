/* oxlint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role, jsx-a11y/control-has-associated-label -- the
   roles keep it a table for screen readers when the style sheet stacks its rows; the cells get their words from FlexRender */
import type { ColumnDef } from '@tanstack/react-table'
import { tableFeatures, useTable } from '@tanstack/react-table'
import { clsx } from 'clsx'
import type { ReactNode } from 'react'

import { useLive } from '../app/live.js'

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
}

/** A table of rows with ids; `j` and `k` walk it, new rows light up. Stacks below 900 px. */
export const DataTable = <T extends { readonly id: string }>({ label, columns, rows, layout, below }: Props<T>) => {
  const fresh = useLive((live) => live.fresh)
  const table = useTable({ features, columns, data: rows, getRowId: (row) => row.id })
  return (
    <table className="table" data-stack="" role="table" aria-label={label}>
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
      <tbody role="rowgroup">
        {table.getRowModel().rows.flatMap((row) => {
          const extra = below?.(row.original)
          const main = (
            <tr key={row.id} role="row" data-row={row.id} tabIndex={-1} className={clsx(fresh.has(row.id) && 'fresh')}>
              {row.getAllCells().map((cell) => {
                const place = layout[cell.column.id]
                return (
                  <td
                    key={cell.id}
                    role="cell"
                    className={place?.className}
                    data-align={place?.end === true ? 'end' : undefined}
                    data-wide={place?.wide === true ? '' : undefined}
                    data-label={place?.label}
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
        })}
      </tbody>
    </table>
  )
}

/** The button under a list that has more; says when everything is shown. */
export const More = ({
  has,
  busy,
  onMore,
  total,
  noun,
}: {
  readonly has: boolean
  readonly busy: boolean
  readonly onMore: () => void
  readonly total: number
  readonly noun: string
}) => (
  <div className="mt-4 flex items-center gap-4 text-ink-3">
    {has ? (
      <button type="button" className="button" onClick={onMore} disabled={busy}>
        {busy ? 'Loading…' : `Older ${noun}`}
      </button>
    ) : null}
    <span>{has ? `${total} shown` : `All ${total} shown`}</span>
  </div>
)
