import type { TriageGroup } from '@parapet/core'
import { X } from 'lucide-react'
import { useLocation } from 'wouter'

import { HostileText } from '../../components/hostile-text.js'
import { LevelSelect } from '../../components/level-select.js'
import { Tabs } from '../../components/tabs.js'
import type { TriageFilters, TriageTab } from '../../lib/triage.js'
import { triagePath } from '../../lib/triage.js'

const TABS: readonly { readonly id: TriageTab; readonly name: string }[] = [
  { id: 'waiting', name: 'Waiting' },
  { id: 'open', name: 'Open' },
  { id: 'acknowledged', name: 'In work' },
  { id: 'snoozed', name: 'Snoozed' },
  { id: 'closed', name: 'Closed' },
  { id: 'all', name: 'All' },
]

/** What narrows the list; every change is in the URL at once. Rules are those of the groups that are shown. */
export const Filters = ({ filters, groups }: { readonly filters: TriageFilters; readonly groups: readonly TriageGroup[] }) => {
  const [, navigate] = useLocation()
  const go = (change: Partial<TriageFilters>): void => navigate(triagePath({ ...filters, ...change }), { replace: true })
  const rules = new Map(groups.map((group) => [group.rule.id, group.rule.title]))
  const chosen = filters.rule
  return (
    <div className="mb-3 flex flex-wrap items-end justify-between gap-x-8 gap-y-2">
      <Tabs label="Groups by state" tabs={TABS} current={filters.tab} href={(tab) => triagePath({ ...filters, tab })} />
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            className="accent-accent"
            checked={filters.mine}
            onChange={(event) => go({ mine: event.target.checked })}
          />
          Mine
        </label>
        <LevelSelect value={filters.level} onChange={(level) => go({ level })} />
        {chosen === undefined ? (
          <label className="block min-w-0 max-w-full">
            <span className="sr-only">Rule</span>
            <select className="field max-w-64" value="" onChange={(event) => go({ rule: event.target.value || undefined })}>
              <option value="">Any rule</option>
              {[...rules]
                .toSorted(([, a], [, b]) => a.localeCompare(b, 'en'))
                .map(([id, title]) => (
                  <option key={id} value={id}>
                    {title.slice(0, 80)}
                  </option>
                ))}
            </select>
          </label>
        ) : (
          <span className="chip">
            <button
              type="button"
              aria-label={`Any rule again, not only ${rules.get(chosen) ?? chosen}`}
              onClick={() => go({ rule: undefined })}
            >
              <HostileText text={rules.get(chosen) ?? chosen} limit={60} expandable={false} />
              <X size={14} aria-hidden className="ml-1.5 inline align-[-2px]" />
            </button>
          </span>
        )}
      </div>
    </div>
  )
}
