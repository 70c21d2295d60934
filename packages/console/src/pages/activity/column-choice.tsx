import { Columns3 } from 'lucide-react'
import { useState } from 'react'

import { Dialog } from '../../components/dialog.js'
import type { EventSearch } from '../../lib/event-search.js'
import { TOP_FIELDS, toggled } from '../../lib/event-search.js'

/** Which fields are columns; at most eight. */
export const ColumnChoice = ({
  search,
  present,
  onChange,
}: {
  readonly search: EventSearch
  readonly present: readonly string[]
  readonly onChange: (search: EventSearch) => void
}) => {
  const [open, setOpen] = useState(false)
  const offered = [...new Set([...search.columns, ...present, ...TOP_FIELDS])].filter((field) => !field.startsWith('@'))
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Columns3 size={15} aria-hidden />
        Columns
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Columns" description="At most eight beside the time and what happened.">
        <ul className="grid gap-1 sm:grid-cols-2">
          {offered.map((field) => (
            <li key={field}>
              <label className="flex items-baseline gap-2.5 wrap-anywhere">
                <input
                  type="checkbox"
                  className="accent-accent"
                  checked={search.columns.includes(field)}
                  disabled={search.columns.length === 1 && search.columns.includes(field)}
                  onChange={() => onChange({ ...search, columns: toggled(search.columns, field) })}
                />
                <span className="min-w-0">{field}</span>
              </label>
            </li>
          ))}
        </ul>
      </Dialog>
    </>
  )
}
