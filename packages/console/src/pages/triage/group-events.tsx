import type { StoredEvent, TopValues } from '@parapet/core'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'

import { CellMenu } from '../../components/cell-menu.js'
import { EventTable } from '../../components/event-table.js'
import { FilterChips } from '../../components/filter-chips.js'
import { Section } from '../../components/page-title.js'
import { TopValueList } from '../../components/top-values.js'
import { fieldsAmong } from '../../lib/event-fields.js'
import type { EventSearch } from '../../lib/event-search.js'
import { activityPath, passes, readSearch, withFilter, withoutFilter } from '../../lib/event-search.js'
import { plural } from '../../lib/format.js'

const FIELDS = ['source.ip', 'user.name', 'url.path', 'process.name', 'user_agent.original', 'host.name']
const COLUMNS = 3
const ROWS = 25
const HOUR = 3_600_000

type Cell = { readonly field: string; readonly value: string }

/** The events of a group and their top values; a click on a value narrows them, or begins an exception. */
export const GroupEvents = ({
  events,
  topValues,
  onExcept,
}: {
  readonly events: readonly StoredEvent[]
  readonly topValues: readonly TopValues[]
  readonly onExcept: ((cell: Cell) => void) | undefined
}) => {
  const [search, setSearch] = useState<EventSearch>(() => readSearch(''))
  const [all, setAll] = useState(false)
  const fields = useMemo(() => {
    const present = new Set(fieldsAmong(events.map(({ event }) => event)))
    return FIELDS.filter((field) => present.has(field)).slice(0, COLUMNS)
  }, [events])
  const shown = events.filter(({ event }) => passes(event, search.filters))
  const times = events.map(({ event }) => event['@timestamp'])
  const inActivity = activityPath({
    ...search,
    ...(times.length === 0 ? {} : { time: { since: Math.min(...times) - HOUR, until: Math.max(...times) + HOUR } }),
  })
  return (
    <CellMenu onFilter={(filter) => setSearch((before) => withFilter(before, filter))} onExcept={onExcept}>
      <Section
        id="events"
        title="Events"
        aside={
          <span className="flex flex-wrap justify-end gap-x-4">
            {search.filters.length === 0 ? plural(events.length, 'event') : `${shown.length} of ${plural(events.length, 'event')}`}
            <Link href={inActivity} className="link">
              In Activity
            </Link>
          </span>
        }
      >
        {events.length === 0 ? (
          <p className="py-2 text-ink-2">The events are older than the retention and gone; the alerts keep what they say.</p>
        ) : (
          <>
            <div className="py-2 empty:hidden">
              <FilterChips
                filters={search.filters}
                onTurn={(filter) => setSearch((before) => withFilter(before, filter))}
                onRemove={(filter) => setSearch((before) => withoutFilter(before, filter))}
              />
            </div>
            {shown.length === 0 ? (
              <p className="py-2 text-ink-2">None of them has that.</p>
            ) : (
              <EventTable events={all ? shown : shown.slice(0, ROWS)} fields={fields} />
            )}
            {!all && shown.length > ROWS ? (
              <button type="button" className="button mt-3" onClick={() => setAll(true)}>
                All {plural(shown.length, 'event')}
              </button>
            ) : null}
          </>
        )}
      </Section>
      {topValues.length === 0 ? null : (
        <Section id="top-values" title="Top values">
          <div className="grid gap-x-8 gap-y-3 pt-2 sm:grid-cols-2">
            {topValues.map((top) => (
              <div key={top.field} className="min-w-0">
                <h3 className="text-[0.87rem] text-ink-3">{top.field}</h3>
                <TopValueList top={top} most={5} />
              </div>
            ))}
          </div>
        </Section>
      )}
    </CellMenu>
  )
}
