import type { SourceHealth } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { Plus, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { Link } from 'wouter'

import { mayChangeSources } from '../../app/api.js'
import { detect } from '../../app/detect-api.js'
import { useOperator } from '../../app/session.js'
import { Answer } from '../../components/answer.js'
import { DemoTag } from '../../components/demo-tag.js'
import { HostileText } from '../../components/hostile-text.js'
import { Facts, PageHead } from '../../components/page-title.js'
import { SourceState } from '../../components/source-state.js'
import { Empty } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { activityPath, readSearch } from '../../lib/event-search.js'
import { count, plural } from '../../lib/format.js'
import { flattenHostile } from '../../lib/hostile.js'
import { lag, listSources, lostBy, troubleOf } from '../../lib/source-health.js'
import { AgentHealth } from './agent-health.js'
import { EnrolDialog } from './enrol-dialog.js'
import { Pending } from './pending.js'

const LATE_MS = 60_000

const Source = ({ source }: { readonly source: SourceHealth }) => {
  const lost = lostBy(source)
  return (
    <li
      data-row={source.id}
      tabIndex={-1}
      className={`border-b border-edge py-4 ${lost > 0 ? 'border-l-3 border-l-critical pl-3 sm:pl-4' : ''}`}
    >
      <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1">
        <SourceState state={source.state} className="w-24" />
        <h2 className="min-w-0 text-[1.05rem] font-semibold wrap-anywhere">
          <HostileText text={source.name} limit={80} />
          {source.demo ? <DemoTag /> : null}
        </h2>
        <span className="text-ink-3">{source.kind}</span>
        {lost === 0 ? null : (
          <span className="inline-flex items-baseline gap-1.5 font-semibold text-critical">
            <TriangleAlert size={15} aria-hidden className="relative top-0.5 shrink-0" />
            {count(lost)} lines lost
          </span>
        )}
      </div>
      <div className="mt-2">
        <Facts
          facts={[
            ['Last event', source.lastEventAt === null ? 'none' : <Ago key="last" at={source.lastEventAt} />],
            [
              'Events in 24 hours',
              <Link
                key="events"
                href={activityPath({ ...readSearch(''), source: source.id })}
                data-open=""
                className="link"
                aria-label={`${plural(source.events24h, 'event')} of ${flattenHostile(source.name, 60)} in Activity`}
              >
                {count(source.events24h)}
              </Link>,
            ],
            [
              'Lag',
              <span key="lag" className={(source.lagMs ?? 0) > LATE_MS ? 'font-medium text-high' : ''}>
                {lag(source.lagMs)}
              </span>,
            ],
            ['Added', <Ago key="added" at={source.createdAt} />],
          ]}
        />
      </div>
      {source.agent === null ? null : <AgentHealth agent={source.agent} name={flattenHostile(source.name, 60)} />}
    </li>
  )
}

const Summary = ({ sources }: { readonly sources: readonly SourceHealth[] }) => {
  const trouble = sources.filter((source) => troubleOf(source).length > 0).length
  const lost = sources.filter((source) => lostBy(source) > 0).length
  return (
    <p className="mb-1 text-ink-2">
      {plural(sources.length, 'source')}
      {trouble === 0 ? ', none in trouble.' : `, ${trouble} in trouble`}
      {lost === 0 ? (trouble === 0 ? '' : '.') : null}
      {lost === 0 ? null : (
        <>
          , <span className="font-semibold text-critical">{lost} of them lost lines</span>: what they saw is not all here.
        </>
      )}
    </p>
  )
}

/** Who sends events, how late, what was lost, and how another host comes in. */
export const Sources = () => {
  const may = mayChangeSources(useOperator())
  const [enrolling, setEnrolling] = useState(false)
  const query = useQuery({ queryKey: ['sources'], queryFn: ({ signal }) => detect.sources(signal), refetchInterval: 15_000 })
  return (
    <>
      <PageHead title="Sources">
        {may ? (
          <button type="button" className="button" data-kind="primary" onClick={() => setEnrolling(true)}>
            <Plus size={15} aria-hidden />
            Enrol an agent
          </button>
        ) : null}
      </PageHead>
      <Answer query={query} what="sources">
        {({ items }) => (
          <>
            {may ? (
              <div className="mb-6 empty:hidden">
                <Pending />
              </div>
            ) : null}
            {items.length === 0 ? (
              <Empty title="No source yet">
                Add the guard to an application, or enrol an agent on a host. To see how it looks, run{' '}
                <code className="font-mono text-[0.9em]">npx parapet demo</code>.
              </Empty>
            ) : (
              <>
                <Summary sources={items} />
                <ul className="border-t border-edge">
                  {listSources(items).map((source) => (
                    <Source key={source.id} source={source} />
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </Answer>
      {enrolling ? <EnrolDialog onClose={() => setEnrolling(false)} /> : null}
    </>
  )
}
