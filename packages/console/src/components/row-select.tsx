import { createContext, use, useCallback, useMemo, useState } from 'react'

import { flattenHostile } from '../lib/hostile.js'

type Selection = { readonly keys: ReadonlySet<string>; readonly toggle: (key: string) => void }

/** Which rows of a list are selected; only the check boxes draw anew when it changes. */
export const SelectionContext = createContext<Selection>({ keys: new Set(), toggle: () => undefined })

/** The selection of a list; what is no longer listed is not selected either. */
export const useSelection = <T extends { readonly id: string }>(
  rows: readonly T[],
): Selection & { readonly selected: readonly T[]; readonly set: (keys: Iterable<string>) => void } => {
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
