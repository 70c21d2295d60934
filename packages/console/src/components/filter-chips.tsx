import { X } from 'lucide-react'

import type { FieldFilter } from '../lib/event-search.js'
import { writeFilter } from '../lib/event-search.js'
import { flattenHostile } from '../lib/hostile.js'
import { HostileText } from './hostile-text.js'

/** Conditions on fields: the first part of each turns it round, the second takes it away. */
export const FilterChips = ({
  filters,
  onTurn,
  onRemove,
}: {
  readonly filters: readonly FieldFilter[]
  readonly onTurn: (filter: FieldFilter) => void
  readonly onRemove: (filter: FieldFilter) => void
}) =>
  filters.length === 0 ? null : (
    <ul className="flex min-w-0 flex-wrap gap-2" aria-label="Filters">
      {filters.map((filter) => {
        const words = `${filter.field} ${filter.out ? 'is not' : 'is'} ${flattenHostile(filter.value, 60)}`
        return (
          <li key={writeFilter(filter)} className="chip" data-out={filter.out ? '' : undefined}>
            <button
              type="button"
              title="Turn round"
              aria-label={`${words}. Turn round`}
              onClick={() => onTurn({ ...filter, out: !filter.out })}
            >
              <span className="text-ink-2">{filter.field}</span>{' '}
              <span className={filter.out ? 'font-semibold text-high' : 'text-ink-3'}>{filter.out ? 'is not' : 'is'}</span>{' '}
              <HostileText text={filter.value} limit={60} expandable={false} className="font-mono" />
            </button>
            <button type="button" aria-label={`Remove: ${words}`} className="border-l border-line" onClick={() => onRemove(filter)}>
              <X size={14} aria-hidden />
            </button>
          </li>
        )
      })}
    </ul>
  )
