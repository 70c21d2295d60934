import { useCallback } from 'react'
import { useLocation } from 'wouter'

import { Select } from '../../components/field.js'
import { LevelSelect } from '../../components/level-select.js'
import { SearchField } from '../../components/search-field.js'
import type { AlertFilters, RangeName } from '../../lib/alert-filters.js'
import { TEXT_LIMIT, writeFilters } from '../../lib/alert-filters.js'

const RANGES: readonly (readonly [RangeName, string])[] = [
  ['all', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
]

/** What narrows the list; every change is in the URL at once, text when the typing pauses. */
export const Filters = ({ filters }: { readonly filters: AlertFilters }) => {
  const [, navigate] = useLocation()
  const go = useCallback(
    (change: Partial<AlertFilters>): void => navigate(`/alerts${writeFilters({ ...filters, ...change })}`, { replace: true }),
    [filters, navigate],
  )
  const search = useCallback((text: string): void => go({ text }), [go])
  return (
    <search aria-label="Alerts">
      <form onSubmit={(event) => event.preventDefault()} className="grid w-full gap-2 sm:flex sm:w-auto">
        <SearchField
          label="Search alerts"
          placeholder="Address, user, rule, words"
          maxLength={TEXT_LIMIT}
          value={filters.text}
          onChange={search}
        />
        <div className="grid grid-cols-2 gap-2 sm:flex">
          <LevelSelect value={filters.level} onChange={(level) => go({ level })} />
          <Select label="Time" value={filters.range} onChange={(range) => go({ range })} options={RANGES} />
        </div>
      </form>
    </search>
  )
}
