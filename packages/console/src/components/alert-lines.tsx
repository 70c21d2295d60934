import type { AlertView } from '@parapet/core'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'

import { count } from '../lib/format.js'
import { HostileText } from './hostile-text.js'
import { LevelMark } from './level-mark.js'
import { Outcome } from './outcome.js'
import { Moment } from './time.js'

const LINES = 10

/** Alerts one below the other, newest first: when, why, what became of them. */
export const AlertLines = ({ alerts, label }: { readonly alerts: readonly AlertView[]; readonly label: string }) => {
  const [all, setAll] = useState(false)
  // in whatever order they were linked
  const newest = useMemo(() => alerts.toSorted((a, b) => b.last - a.last), [alerts])
  if (alerts.length === 0) return <p className="py-2 text-ink-2">None.</p>
  return (
    <>
      <ol aria-label={label}>
        {(all ? newest : newest.slice(0, LINES)).map((alert) => (
          <li key={alert.id} data-row={alert.id} tabIndex={-1} className="border-b border-line py-2">
            <div className="flex flex-wrap items-baseline gap-x-4 text-[0.93rem] text-ink-2">
              <Moment at={alert.last} />
              <LevelMark level={alert.rule.level} />
              <span>×&thinsp;{count(alert.count)}</span>
              <Outcome alert={alert} />
            </div>
            <Link href={`/alerts/${encodeURIComponent(alert.id)}`} data-open="" className="wrap-anywhere hover:underline">
              <HostileText text={alert.why} limit={200} expandable={false} />
            </Link>
          </li>
        ))}
      </ol>
      {!all && alerts.length > LINES ? (
        <button type="button" className="button mt-3" onClick={() => setAll(true)}>
          All {count(alerts.length)}
        </button>
      ) : null}
    </>
  )
}
