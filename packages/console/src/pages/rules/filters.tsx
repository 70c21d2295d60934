import { useCallback } from 'react'
import { useLocation } from 'wouter'

import { Select } from '../../components/field.js'
import { SearchField } from '../../components/search-field.js'
import type { RuleFilters, RuleOrder } from '../../lib/rule-list.js'
import { rulesPath } from '../../lib/rule-list.js'

const STATES: readonly (readonly [key: NonNullable<RuleFilters['state']> | '', name: string])[] = [
  ['', 'Any state'],
  ['on', 'On'],
  ['off', 'Off'],
  ['broken', 'Broken'],
  ['learning', 'Learning'],
]
const ORDERS: readonly (readonly [key: RuleOrder, name: string])[] = [
  ['hits', 'Most alerts'],
  ['level', 'Worst level'],
  ['precision', 'Least precise'],
  ['last', 'Newest alert'],
  ['title', 'By title'],
]

/** What narrows and orders the list of rules; every change is in the URL at once. */
export const Filters = ({ filters }: { readonly filters: RuleFilters }) => {
  const [, navigate] = useLocation()
  const go = useCallback(
    (change: Partial<RuleFilters>): void => navigate(rulesPath({ ...filters, ...change }), { replace: true }),
    [filters, navigate],
  )
  const search = useCallback((text: string): void => go({ text }), [go])
  return (
    <search aria-label="Rules">
      <form onSubmit={(event) => event.preventDefault()} className="grid gap-2 sm:flex">
        <SearchField label="Search rules" placeholder="Title, id, tag, file" value={filters.text} onChange={search} wait={150} />
        <div className="grid grid-cols-2 gap-2 sm:flex">
          <Select
            label="State"
            value={filters.state ?? ''}
            onChange={(state) => go({ state: state === '' ? undefined : state })}
            options={STATES}
          />
          <Select label="Order" value={filters.order} onChange={(order) => go({ order })} options={ORDERS} />
        </div>
      </form>
    </search>
  )
}
