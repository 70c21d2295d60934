import type { AlertView } from '@parapet/core'
import { clsx } from 'clsx'
import { Link } from 'wouter'

import { useLive } from '../../app/live.js'
import { DemoTag } from '../../components/demo-tag.js'
import { HostileText } from '../../components/hostile-text.js'
import { LevelMark } from '../../components/level-mark.js'
import { Outcome } from '../../components/outcome.js'
import { Ago } from '../../components/time.js'
import { count } from '../../lib/format.js'

/** The newest alerts; new ones arrive at the top by themselves. */
export const Latest = ({ alerts }: { readonly alerts: readonly AlertView[] }) => {
  const fresh = useLive((live) => live.fresh)
  return (
    <ol aria-label="Latest alerts, newest first">
      {alerts.map((alert) => (
        <li
          key={alert.id}
          data-row={alert.id}
          tabIndex={-1}
          className={clsx('border-b border-line py-2.5', fresh.has(alert.id) && 'fresh')}
        >
          <div className="flex flex-wrap items-baseline gap-x-3 sm:flex-nowrap">
            <span className="w-[5.2rem] shrink-0 text-[0.93rem]">
              <LevelMark level={alert.rule.level} />
            </span>
            <Link
              href={`/alerts/${encodeURIComponent(alert.id)}`}
              data-open=""
              className="order-3 min-w-0 grow basis-full font-medium wrap-anywhere hover:underline sm:order-none sm:basis-0"
            >
              <HostileText text={alert.rule.title} limit={100} expandable={false} />
            </Link>
            <span className="ml-auto text-[0.87rem] text-ink-3">
              <Ago at={alert.last} />
            </span>
          </div>
          <div className="mt-0.5 flex flex-wrap items-baseline gap-x-4 text-[0.93rem] text-ink-2 sm:pl-[5.95rem]">
            <HostileText text={alert.scope.value} limit={48} expandable={false} className="font-mono text-[0.92em] wrap-anywhere" />
            <span>×&thinsp;{count(alert.count)}</span>
            <Outcome alert={alert} />
            {alert.demo ? <DemoTag /> : null}
          </div>
        </li>
      ))}
    </ol>
  )
}
