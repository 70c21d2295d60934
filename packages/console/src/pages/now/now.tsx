import type { Overview } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { ArrowRight } from 'lucide-react'
import { Link } from 'wouter'

import { api } from '../../app/api.js'
import { HostileText } from '../../components/hostile-text.js'
import { Section, useTitle } from '../../components/page-title.js'
import { Empty, Failure, Loading } from '../../components/states.js'
import { Ago, Clock } from '../../components/time.js'
import { plural } from '../../lib/format.js'
import { safePath } from '../../lib/safe-path.js'
import { DayChart } from './day-chart.js'
import { Latest } from './latest.js'
import { Sources } from './sources.js'

const Status = ({ overview }: { readonly overview: Overview }) => (
  <div className="mb-9">
    <h1
      className="max-w-[32ch] text-[clamp(1.7rem,4.2vw,2.9rem)] leading-[1.12] font-semibold tracking-[-0.022em] text-balance"
      data-status={overview.status.level}
    >
      <HostileText text={overview.status.sentence} limit={240} />
    </h1>
    <p className="mt-3 text-ink-2">
      {plural(overview.last24h.events, 'event')} in 24 hours ·{' '}
      <Link href="/decisions" className="link">
        {plural(overview.activeDecisions, 'active decision')}
      </Link>{' '}
      · as of <Clock at={overview.now} zoned />
    </p>
  </div>
)

const NeedsYou = ({ items }: { readonly items: Overview['needsYou'] }) => (
  <Section id="needs-you" title="What needs you" aside={items.length === 0 ? undefined : items.length}>
    {items.length === 0 ? (
      <p className="py-2 text-ink-2">Nothing. What was blocked was blocked by policy; you can look, you need not.</p>
    ) : (
      <ul>
        {items.map((item) => (
          <li key={`${item.kind}:${item.id}`} data-row={item.id} tabIndex={-1} className="border-b border-line">
            <Link href={safePath(item.href, '/')} data-open="" className="group grid grid-cols-[1fr_auto] items-center gap-3 py-2.5">
              <span className="min-w-0 wrap-anywhere">
                <span className="font-medium group-hover:underline">
                  <HostileText text={item.title} limit={140} expandable={false} />
                </span>
                <span className="block text-ink-2">
                  <HostileText text={item.detail} limit={200} expandable={false} />
                </span>
              </span>
              <ArrowRight size={17} aria-hidden className="text-ink-3 group-hover:text-accent" />
            </Link>
          </li>
        ))}
      </ul>
    )}
  </Section>
)

const isEmpty = (overview: Overview): boolean =>
  overview.sources.every((source) => source.lastEventAt === null) && overview.latest.length === 0 && overview.last24h.events === 0

/** The first page: is anything wrong, what needs a person, what just happened. */
export const Now = () => {
  useTitle('Now')
  const query = useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => api.overview(signal), refetchInterval: 60_000 })
  const overview = query.data
  if (overview === undefined) {
    return (
      <>
        <h1 className="sr-only">Now</h1>
        {query.error === null ? (
          <Loading what="the overview" rows={8} />
        ) : (
          <Failure error={query.error} retry={() => void query.refetch()} />
        )}
      </>
    )
  }
  return (
    <>
      {query.error === null ? null : (
        <div className="mb-6">
          <Failure error={query.error} retry={() => void query.refetch()} compact />
          <p className="mt-2 text-ink-2">
            What follows is from <Ago at={overview.now} />.
          </p>
        </div>
      )}
      <Status overview={overview} />
      <div className="grid gap-x-12 gap-y-10 lg:grid-cols-[minmax(0,7fr)_minmax(0,5fr)]">
        <div className="grid content-start gap-10">
          <NeedsYou items={overview.needsYou} />
          <Section
            id="latest"
            title="Latest alerts"
            aside={
              <Link href="/alerts" className="link">
                All alerts
              </Link>
            }
          >
            {overview.latest.length === 0 ? (
              isEmpty(overview) ? (
                <div className="py-3">
                  <Empty title="No source has sent anything yet">
                    Add the guard to an application or point the agent at a log. To see how an attack looks here, run{' '}
                    <code className="font-mono text-[0.9em]">npx parapet demo</code>.
                  </Empty>
                </div>
              ) : (
                <p className="py-2 text-ink-2">No alerts yet. They appear here by themselves.</p>
              )
            ) : (
              <Latest alerts={overview.latest} />
            )}
          </Section>
        </div>
        <div className="grid content-start gap-10">
          <DayChart last24h={overview.last24h} />
          <Sources sources={overview.sources} />
        </div>
      </div>
    </>
  )
}
