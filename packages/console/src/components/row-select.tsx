import type { ReactNode } from 'react'
import { createContext, use, useCallback, useMemo, useState } from 'react'

import { plural } from '../lib/format.js'
import { flattenHostile } from '../lib/hostile.js'

type Selection = { readonly keys: ReadonlySet<string>; readonly toggle: (key: string) => void }

/** Which rows of a list are selected; only the check boxes draw anew when it changes. */
export const SelectionContext = createContext<Selection>({ keys: new Set(), toggle: () => undefined })

type RowSelection<T> = Selection & { readonly selected: readonly T[]; readonly set: (keys: Iterable<string>) => void }

/** The selection of a list; what is no longer listed is not selected either. */
export const useSelection = <T extends { readonly id: string }>(rows: readonly T[]): RowSelection<T> => {
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set())
  const selected = useMemo(() => rows.filter((row) => marked.has(row.id)), [rows, marked])
  const toggle = useCallback(
    (key: string) =>
      setMarked((before) => {
        const next = new Set(before)
        if (!next.delete(key)) next.add(key)
        return next
      }),
    [],
  )
  const set = useCallback((keys: Iterable<string>) => setMarked(new Set(keys)), [])
  return useMemo(() => ({ keys: new Set(selected.map(({ id }) => id)), toggle, selected, set }), [selected, toggle, set])
}

/** Stays in sight while rows are selected: how many, what can be done with them (`children`), all and none. */
export const SelectionBar = <T extends { readonly id: string }>({
  selection,
  rows,
  noun,
  children,
}: {
  readonly selection: RowSelection<T>
  readonly rows: readonly T[]
  /** what a row is; `s` makes it many */
  readonly noun: string
  readonly children: ReactNode
}) => {
  const { selected, set } = selection
  return selected.length === 0 ? null : (
    <section
      aria-label={`Selected ${noun}s`}
      className="sticky bottom-0 z-10 -mx-1 mt-4 flex flex-wrap items-center gap-x-5 gap-y-2 border-t border-edge bg-paper px-1 py-3"
    >
      <span className="font-medium" aria-live="polite">
        {plural(selected.length, noun)} selected
      </span>
      {children}
      <span className="flex gap-3">
        {selected.length < rows.length ? (
          <button type="button" className="link" onClick={() => set(rows.map(({ id }) => id))}>
            Select all {rows.length} shown
          </button>
        ) : null}
        <button type="button" className="link" onClick={() => set([])}>
          Select none
        </button>
      </span>
    </section>
  )
}

/** The check box of a row; `name` is hostile. */
export const SelectRow = ({ id, name }: { readonly id: string; readonly name: string }) => {
  const { keys, toggle } = use(SelectionContext)
  return (
    <input
      type="checkbox"
      className="size-4 accent-accent align-[-2px]"
      aria-label={`Select: ${flattenHostile(name, 80)}`}
      checked={keys.has(id)}
      onChange={() => toggle(id)}
    />
  )
}
