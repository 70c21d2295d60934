/* oxlint-disable jsx-a11y/prefer-tag-over-role -- a grey line where values will be, not a result */
import { useQuery } from '@tanstack/react-query'

import { detect } from '../../app/detect-api.js'
import { Section } from '../../components/page-title.js'
import { Failure } from '../../components/states.js'
import { TopValueList } from '../../components/top-values.js'
import type { EventSearch } from '../../lib/event-search.js'
import { TOP_FIELDS, toggled, writeSearch } from '../../lib/event-search.js'

const Values = ({ search, at, field }: { readonly search: EventSearch; readonly at: number; readonly field: string }) => {
  const query = useQuery({
    queryKey: ['event-values', writeSearch({ ...search, columns: [], top: [] }), at, field],
    queryFn: ({ signal }) => detect.topValues(search, at, field, signal),
  })
  if (query.data === undefined)
    return query.error === null ? (
      <div className="skeleton my-2" role="status" aria-label={`Loading the values of ${field}`} />
    ) : (
      <Failure error={query.error} retry={() => void query.refetch()} compact />
    )
  return (
    <>
      <TopValueList top={query.data} />
      {query.data.whole === false ? <p className="text-[0.87rem] text-high">Of the newest events only: there are more.</p> : null}
    </>
  )
}

/** The most frequent values of some fields, beside the events. */
export const Side = ({
  search,
  at,
  present,
  onChange,
}: {
  readonly search: EventSearch
  readonly at: number
  /** fields that the shown events have */
  readonly present: readonly string[]
  readonly onChange: (search: EventSearch) => void
}) => {
  const offered = [...new Set([...search.top, ...TOP_FIELDS, ...present])].filter((field) => !field.startsWith('@'))
  return (
    <Section id="values" title="Top values">
      <ul>
        {search.top.map((field) => (
          <li key={field} className="border-b border-line py-1.5">
            <div className="flex items-baseline justify-between gap-3">
              <h3 className="min-w-0 text-[0.93rem] font-medium wrap-anywhere">{field}</h3>
              <button
                type="button"
                className="text-[0.87rem] text-ink-3 hover:text-ink"
                aria-label={`Hide ${field}`}
                onClick={() => onChange({ ...search, top: toggled(search.top, field) })}
              >
                Hide
              </button>
            </div>
            <Values search={search} at={at} field={field} />
          </li>
        ))}
      </ul>
      <label className="mt-3 block">
        <span className="sr-only">Show the top values of another field</span>
        <select className="field" value="" onChange={(event) => onChange({ ...search, top: toggled(search.top, event.target.value) })}>
          <option value="">Another field…</option>
          {offered
            .filter((field) => !search.top.includes(field))
            .map((field) => (
              <option key={field} value={field}>
                {field}
              </option>
            ))}
        </select>
      </label>
    </Section>
  )
}
